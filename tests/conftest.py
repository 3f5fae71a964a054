"""Fixtures that several test files share."""

import pytest

from core.runs.run import Run
from tests.synthetic_run import write_synthetic_run


@pytest.fixture(scope="session")
def run(tmp_path_factory) -> Run:
    """A small synthetic run; read-only, shared by all tests."""
    return write_synthetic_run(tmp_path_factory.mktemp("runs"))
