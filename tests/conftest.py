"""Fixtures that several test files share."""

import pytest

from core.comparison.comparison import Comparison, compare
from core.diagnosis.diagnosis import write_diagnoses
from core.runs.run import Run
from core.search.vocabulary import Vocabulary
from precompute.datasets.language import BIRDS
from tests.faulty_run import write_faulty_run
from tests.phrases import CLASSES, PHRASES
from tests.second_run import write_second_run
from tests.synthetic_run import write_synthetic_run

#: Files whose tests train, compute runs, start processes or draw many pages; `make quick` leaves
#: them out. A new file is quick until it is named here.
SLOW = frozenset(
    """test_app test_batching test_birds test_browser test_command_sequence test_compare_pages
    test_cross_class_score test_diagnosis test_distributed test_estimators test_evaluation
    test_filters_page test_further_maps test_hostile_visits test_interventions test_layers
    test_models test_pages test_painted_truth test_pipeline test_places test_planted_truth
    test_real_cub test_receptive_field test_repair_page test_report test_resume test_scoreboard
    test_significance test_simulation test_training test_verdicts test_world
    test_zero_shot""".split()
)


def pytest_collection_modifyitems(items):
    """Mark the tests of slow files."""
    for item in items:
        if item.path.stem in SLOW:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def run(tmp_path_factory) -> Run:
    """A small synthetic run; read-only, shared by all tests."""
    return write_synthetic_run(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="session")
def faulty(tmp_path_factory) -> Run:
    """A small run with planted faults, diagnosed; read-only."""
    return write_diagnoses(write_faulty_run(tmp_path_factory.mktemp("faulty")))


@pytest.fixture(scope="session")
def second(run, tmp_path_factory) -> Run:
    """A second network's run over the images of `run`; read-only."""
    return write_second_run(run, tmp_path_factory.mktemp("second"))


@pytest.fixture(scope="session")
def comparison(run, second) -> Comparison:
    """Both runs, joined."""
    return compare(run, second)


@pytest.fixture(scope="session")
def vocabulary() -> Vocabulary:
    """What can be typed: `tests.phrases`."""
    nouns = [phrase.split()[-1] for phrase in PHRASES]
    return Vocabulary(PHRASES, nouns, range(1, 10), CLASSES, CLASSES.values(), BIRDS.synonym_groups)
