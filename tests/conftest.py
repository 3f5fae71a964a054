"""Fixtures that several test files share."""

import os
import sys
from pathlib import Path

import pytest

from fieldmarks.core.causes.diagnosis import write_diagnoses
from fieldmarks.core.comparison.comparison import Comparison, compare
from fieldmarks.core.run.run import Run
from fieldmarks.core.search.vocabulary import Vocabulary
from fieldmarks.precompute.attributes.inflection import plural, with_plurals
from fieldmarks.precompute.data.language import BIRDS
from tests.support.faulty_run import write_faulty_run
from tests.support.phrases import CLASSES, PHRASES
from tests.support.second_run import write_second_run
from tests.support.seen_run import write_seen_run
from tests.support.synthetic_run import write_synthetic_run
from tests.support.wordless_run import write_wordless_run

#: Files that take longest, in this order first: the others fill the cores beside them. Those of the
#: browser come after the first, together, as they share one.
LONGEST = ("test_resume", "test_browser_accessibility", "test_browser", "test_browser_header",
           "test_browser_hostile", "test_browser_images", "test_browser_links",
           "test_browser_words", "test_browser_search", "test_browser_review",
           "test_browser_slices", "test_browser_phrases", "test_proxy", "test_stale",
           "test_libraries", "test_pictures", "test_states", "test_tutorials",
           "test_distributed")  # fmt: skip


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the longest files; without a GPU nothing is asked of one."""
    if not Path("/dev/nvidia0").exists():
        config.hook.pytest_deselected(items=[i for i in items if i.get_closest_marker("gpu")])
        items[:] = [item for item in items if not item.get_closest_marker("gpu")]
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(LONGEST)))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail in CI where a test was skipped for anything but data that is not there."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or "FIELDMARKS_CI" not in os.environ or session.exitstatus:
        return
    reasons = [str(report.longrepr[2]) for report in reporter.stats.get("skipped", [])]
    if unmet := [reason for reason in reasons if "FIELDMARKS_" not in reason]:
        reporter.write_line(f"skipped in CI: {'; '.join(sorted(set(unmet)))}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(autouse=True)
def main_module():
    """Put `__main__` back: AppTest leaves the app there, and a spawned process would run it."""
    before = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = before


@pytest.fixture(scope="session")
def run(tmp_path_factory) -> Run:
    """A small synthetic run; read-only, shared by all tests."""
    return write_synthetic_run(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="session")
def faulty(tmp_path_factory) -> Run:
    """A small run with planted faults, diagnosed; read-only."""
    return write_diagnoses(write_faulty_run(tmp_path_factory.mktemp("faulty")))


@pytest.fixture(scope="session")
def seen(tmp_path_factory) -> Run:
    """A run whose filters are activated by attributes, with presence; read-only."""
    return write_seen_run(tmp_path_factory.mktemp("seen"))


@pytest.fixture(scope="session")
def wordless(run, tmp_path_factory) -> Run:
    """`run` without words, diagnosed; read-only."""
    return write_diagnoses(write_wordless_run(tmp_path_factory.mktemp("wordless"), run))


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
    """What can be typed: `tests.support.phrases`."""
    nouns = [phrase.split()[-1] for phrase in PHRASES]
    return Vocabulary(
        *(PHRASES, nouns, range(1, 10), CLASSES, CLASSES.values()),
        with_plurals(BIRDS.synonym_groups),
        list(map(plural, nouns)),
    )
