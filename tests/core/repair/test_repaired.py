"""The repaired run, in memory and on disk."""

import json
import shutil

import numpy as np
import pytest
from scipy.special import softmax

from fieldmarks.core.comparison.comparison import compare
from fieldmarks.core.errors import RunError
from fieldmarks.core.explanations.explanation import explain
from fieldmarks.core.head import Head
from fieldmarks.core.repair.preview import halves, head_of
from fieldmarks.core.repair.repaired import (
    before_and_after,
    changed_words,
    repaired,
    write_repaired,
)
from fieldmarks.core.run.files import array_path
from fieldmarks.core.run.reading import read_run
from fieldmarks.core.run.run import Run
from fieldmarks.core.scores.result import read_evaluation


@pytest.fixture
def old(faulty, tmp_path) -> Run:
    """A run of this test alone, whose manifest names stages and a checkpoint."""
    folder = tmp_path / "old"
    shutil.copytree(faulty.folder, folder)
    names = ("attributes", "activations", "tables", "estimates", "explanations")
    stages = {name: {"fingerprint": name} for name in (*names, "diagnoses", "scores")}
    manifest = {**faulty.manifest, "stages": stages, "settings": {"checkpoint": "old.pth"}}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return read_run(folder)


@pytest.fixture(scope="module")
def head(faulty) -> Head:
    rng = np.random.default_rng(0)
    start = head_of(faulty)
    return Head.linear(start.weights + rng.normal(size=start.weights.shape), start.bias + 1)


def test_what_depends_on_the_head_follows_it(faulty, head):
    new = repaired(faulty, head)
    for x in range(0, faulty.sizes["X"], 7):
        pooled = faulty.array("pooled")[x]
        logits = [pooled @ w + b for w, b in zip(head.weights, head.bias, strict=True)]
        p = softmax(logits)
        row = new.images.iloc[x]
        assert row["predicted_c"] == np.argmax(logits)
        assert row["confidence"] == pytest.approx(p.max(), abs=1e-4)
        assert row["p_true"] == pytest.approx(p[row["true_c"]], abs=1e-4)
        np.testing.assert_allclose(new.array("logits")[x], logits, atol=1e-3)
    assert new.classes["n_right"].sum() == (new.is_right & new.is_test).sum()
    assert new.stamp != faulty.stamp
    assert faulty.images["predicted_c"].tolist() != new.images["predicted_c"].tolist()


def test_the_same_head_changes_no_prediction_and_no_word(faulty):
    same = before_and_after(faulty, head_of(faulty), halves(faulty)[1])
    assert set(same.outcome) <= {"both right", "both wrong"}
    assert changed_words(same).empty


def test_a_preview_compares_images_to_judge_by_alone(faulty, head):
    _, judge = halves(faulty)
    comparison = before_and_after(faulty, head, judge)
    np.testing.assert_array_equal(comparison.xs_first, judge)
    logits = faulty.array("pooled")[judge] @ head.weights.T + head.bias
    np.testing.assert_array_equal(comparison.predicted_second, logits.argmax(axis=1))


def test_changed_words_are_those_of_the_two_sentences(faulty, head):
    comparison = before_and_after(faulty, head, halves(faulty)[1])
    changed = {row.x: row.n_changed for row in changed_words(comparison).itertuples()}
    for i, x in enumerate(comparison.xs_first):
        before = explain(faulty, int(x), int(comparison.predicted_first[i])).attributes
        after = explain(comparison.second, int(x), int(comparison.predicted_second[i])).attributes
        assert changed.get(x, 0) == len(set(before) - set(after))


def test_the_new_run_shares_what_is_the_same_and_is_the_same_when_read(old, head):
    new = write_repaired(old, head, "new", {"labels": "drop"})
    expected = repaired(old, head)
    for name in ("class_weights", "class_bias", "logits"):
        np.testing.assert_array_equal(new.array(name), expected.array(name))
    for name in ("images", "classes", "filters"):
        assert new.table(name).equals(expected.table(name)), name
    shared = [array_path(run.folder, "maps").stat().st_ino for run in (old, new)]
    assert shared[0] == shared[1]
    for side in ("predicted", "true"):
        for x in (0, 17, 51):
            c = int(new.images[f"{side}_c"][x])
            top = new.array(f"top_t_{side}")[x][:5]
            assert set(top[top >= 0]) == set(explain(new, x, c).attributes)
    assert compare(old, new).count("fixed") == int(
        (~old.is_right & new.is_right)[old.is_test].sum()
    )


def test_the_new_run_is_no_run_of_the_old_checkpoint(old, head):
    manifest = write_repaired(old, head, "new", {"labels": "drop"}).manifest
    assert manifest["repair"]["of"] == "old"
    assert manifest["repair"]["labels"] == "drop"
    assert manifest["settings"]["checkpoint"] == ""
    stages = manifest["stages"]
    assert stages["attributes"]["fingerprint"] == "attributes"
    for name in ("activations", "tables", "estimates", "explanations"):
        assert stages[name]["fingerprint"] != name
        assert stages[name]["repaired_from"] == name
    assert "diagnoses" not in stages
    assert "scores" not in stages


def test_diagnoses_and_scores_are_left_to_be_computed(old, head):
    (old.folder / "evaluation.json").write_text("{}")
    new = write_repaired(old, head, "new", {})
    assert "diagnoses" not in new.table_names
    assert read_evaluation(new) is None


@pytest.mark.parametrize(
    ("name", "message"),
    [("old", "there is a run 'old' already"), ("../old", "a run's name is letters")],
)
def test_a_name_that_cannot_be_is_refused_and_nothing_written(old, head, name, message):
    before = sorted(old.folder.parent.iterdir())
    with pytest.raises(RunError, match=message):
        write_repaired(old, head, name, {})
    assert sorted(old.folder.parent.iterdir()) == before
