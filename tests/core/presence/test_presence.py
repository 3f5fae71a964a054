"""The score of presence says whether an attribute is in an image, whatever the evidence says."""

import numpy as np
import pytest
from scipy import linalg
from sklearn.metrics import roc_auc_score

from fieldmarks.core.errors import DataError
from fieldmarks.core.presence.presence import Presence
from fieldmarks.core.run.run import Run
from tests.support.synthetic_run import write_synthetic_run

X, T = 400, 10


@pytest.fixture(scope="module")
def planted(tmp_path_factory) -> Run:
    """A run in which filter t is activated by attribute t, and whose evidence means nothing."""
    run = write_synthetic_run(tmp_path_factory.mktemp("runs"), X=X, F=12, T=T, C=4)
    n_captions = np.full(X, 10)
    images = run.images.assign(n_captions=n_captions.astype(np.int32))
    images.to_parquet(run.folder / "tables" / "images.parquet")
    pooled = np.random.default_rng(0).exponential(size=(X, 12)).astype(np.float32)
    pooled[:, :T] += 4 * (run.counts.toarray() > 0)
    np.save(run.folder / "arrays" / "pooled.npy", pooled)
    return Run(run.folder)


def aucs(run: Run, score: np.ndarray) -> np.ndarray:
    is_test = ~run.images["is_train"].to_numpy()
    truth = run.counts.toarray()[is_test] > 0
    return np.array([roc_auc_score(truth[:, t], score[is_test, t]) for t in range(T)])


def test_presence_is_found_where_the_evidence_of_the_estimator_fails(planted):
    by_evidence = planted.array("pooled") @ planted.array("evidence")
    assert aucs(planted, by_evidence).mean() < 0.7
    assert aucs(planted, Presence(planted).score(np.arange(X))).min() > 0.9


def test_presence_of_exchanged_images_is_not_found(planted):
    score = Presence(planted).score(np.random.default_rng(1).permutation(X))
    assert aucs(planted, score).mean() < 0.6


def test_the_score_is_a_ridge_regression_on_square_roots(planted):
    presence = Presence(planted)
    is_train = planted.images["is_train"].to_numpy()
    roots = np.sqrt(planted.array("pooled").astype(float))
    z = (roots - roots[is_train].mean(axis=0)) / roots[is_train].std(axis=0)
    share = planted.counts.toarray() / 10
    target = share[is_train] - share[is_train].mean(axis=0)
    penalty = presence.penalty * is_train.sum() * np.eye(z.shape[1])
    weights = linalg.solve(z[is_train].T @ z[is_train] + penalty, z[is_train].T @ target)
    expected = z @ weights + share[is_train].mean(axis=0)
    np.testing.assert_allclose(presence.score(np.arange(X)), expected, atol=1e-4)


def test_the_mean_score_of_a_class_is_over_its_training_images(planted):
    presence = Presence(planted)
    is_train, true_c = planted.images["is_train"], planted.images["true_c"]
    for c in range(planted.sizes["C"]):
        xs = np.flatnonzero(is_train & (true_c == c))
        mean = presence.score(xs).mean(axis=0)
        np.testing.assert_allclose(presence.class_means()[c], mean, atol=1e-4)


def test_without_captions_there_is_nothing_to_fit_to(tmp_path):
    run = write_synthetic_run(tmp_path)
    run.images.assign(n_captions=np.int32(0)).to_parquet(run.folder / "tables" / "images.parquet")
    with pytest.raises(DataError, match="no training image has captions"):
        Presence(Run(run.folder))
