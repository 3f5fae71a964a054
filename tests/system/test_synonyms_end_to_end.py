"""From suggestion to run: a pair is suggested, accepted by a person, and merged by the next run."""

import numpy as np
import pytest

from fieldmarks.__main__ import main
from fieldmarks.core.review.accepted_synonyms import accept_synonym, synonym_file
from fieldmarks.core.run.reading import read_run
from tests.support.tiny_birds import computed, run_tiny, write_tiny_birds

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def birds(tmp_path_factory):
    """Birds whose writers call one thing a bill or a beak, and never both in one caption."""
    folder = write_tiny_birds(tmp_path_factory.mktemp("birds"))
    for path in (folder / "text_c10").rglob("*.txt"):
        shape = "long" if "long" in path.read_text() else "short"
        path.write_text(
            f"a bird with a {shape} snout.\na {shape} nozzle it has.\na {shape} snout.\n"
            f"it has a {shape} nozzle.\na red belly.\na bird with a blue head.\n"
        )
    return folder


def test_an_accepted_pair_is_suggested_accepted_and_merged(birds, monkeypatch):
    runs = birds / "runs"
    monkeypatch.setattr("fieldmarks.precompute.pipeline.chunks.CHUNK", 6)
    run_tiny(birds, runs)
    assert main(["synonyms", "tiny", "--runs", str(runs)]) == 0
    before = read_run(runs / "tiny")
    first = before.table("synonym_candidates").iloc[0]
    assert {first["word"], first["other"]} == {"snout", "nozzle"}

    accept_synonym(synonym_file(before), "noun", "nozzle", "snout")
    unchanged = set(before.attributes["phrase"])
    assert {"long snout", "long nozzle"} <= unchanged, "nothing is merged before the next run"

    said = run_tiny(birds, runs, synonyms=synonym_file(before))
    after = read_run(runs / "tiny")
    assert "attributes" in computed(said)
    assert "activations" not in computed(said)
    phrases = after.attributes["phrase"].tolist()
    assert "long snout" in phrases
    assert not [phrase for phrase in phrases if "nozzle" in phrase]
    t, parts = phrases.index("long snout"), ("long snout", "long nozzle")
    old = [before.attributes["phrase"].tolist().index(phrase) for phrase in parts]
    merged, summed = after.counts[:, [t]].toarray()[:, 0], before.counts[:, old].toarray()
    np.testing.assert_array_equal(merged, summed.sum(axis=1))
