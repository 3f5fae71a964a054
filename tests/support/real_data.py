"""Where the real data lies, for tests that need it."""

import os
from pathlib import Path

import pytest


def folder(name: str) -> Path:
    """Return the folder that an environment variable names; without it the test is skipped."""
    if not os.environ.get(name):
        pytest.skip(f"{name} is not set")
    return Path(os.environ[name])
