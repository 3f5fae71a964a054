"""Fixtures that several test files share."""

import pytest

from core.runs.run import Run
from tests.synthetic_run import write_synthetic_run

#: Files whose tests train, compute runs, start processes or draw many pages; `make quick` leaves
#: them out. A new file is quick until it is named here.
SLOW = frozenset(
    """test_app test_birds test_blocks test_browser test_command_sequence test_compare_pages
    test_distributed test_estimators test_further_maps test_hostile_visits test_interventions
    test_layers test_models test_pages test_painted_truth test_pipeline test_planted_truth
    test_real_cub test_receptive_field test_report test_resume test_scores test_simulation
    test_training test_triage test_trust test_verdicts test_world""".split()
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
