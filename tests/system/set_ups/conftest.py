"""What every set-up has: a cache of its own, and few images by which a guess is judged."""

import pytest

from fieldmarks.precompute.pipeline.stages import feeding


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(feeding, "N_JUDGED", 4)
