"""The evaluation of a run."""

import numpy as np
import pytest

from fieldmarks.core.scores import evaluation as evaluation_module
from fieldmarks.core.scores.evaluation import evaluate
from fieldmarks.core.scores.result import as_json
from fieldmarks.core.scores.text_tables import tables
from fieldmarks.dashboard.scores.board import basis
from tests.support.counts import count_arrays
from tests.support.synthetic_run import write_synthetic_run

pytestmark = pytest.mark.slow


def test_of_many_test_images_some_are_scored_and_accuracy_counts_all(run, monkeypatch):
    whole = evaluate(run).scored
    monkeypatch.setattr(evaluation_module, "N_SCORED", whole.images // 2)
    some = evaluate(run)
    assert whole.images == whole.of == some.scored.of
    assert some.scored.images == whole.images // 2
    assert some.scored.accuracy == whole.accuracy
    assert tables(some).startswith(f"{whole.images // 2} of {whole.of} test images, ")
    assert basis(some).endswith("test images, drawn at random")


def test_a_run_without_keypoints_is_scored_but_for_grounding(run):
    parts = np.empty((run.sizes["X"], 0, 2), np.float32)
    blind = run.changed({"parts": parts}, manifest={**run.manifest, "part_names": []})
    scores = evaluate(blind)
    assert scores.grounding.counts == {"image-attribute pairs": 0}
    assert as_json(scores.retrieval) == as_json(evaluate(run).retrieval)


def test_a_run_with_captions_of_training_images_alone_is_scored(tmp_path):
    run = write_synthetic_run(tmp_path)
    is_train = run.images["is_train"].to_numpy()
    counts = run.counts.toarray() * is_train[:, None]
    n_captions = np.where(is_train, run.images["n_captions"], 0).astype(np.int32)
    images = run.images.assign(n_captions=n_captions)
    scores = evaluate(run.changed(count_arrays(counts), {"images": images}))
    row = scores.retrieval.row(run.default_estimator)
    assert np.isnan(row.scores["mAP"].value)
