"""Two witnesses of what an image shows that never trusted its label.

*Captions*: people described the picture, not the label. A naive Bayes model over the attributes
that captions name says which class they describe; a training image is judged by a model fitted
without its fold.

*Neighbours*: the labels of the nearest training images in pooled space, the image itself left out,
because the network may have memorised the labels that it was trained on.

Both are brought to one scale by a temperature: each speaks as loudly as its own likelihood warrants
on images that it was not fitted to (for neighbours those that the network was not trained on).
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.decomposition import PCA
from sklearn.model_selection import StratifiedKFold
from sklearn.naive_bayes import BernoulliNB

from core.run import Run

N_NEIGHBOURS = 20
N_FOLDS = 5
_MAX_REFERENCE = 20_000  # training images that neighbours are sought among
_MAX_FEATURES = 64  # dimensions of pooled space that neighbours are sought in
_CHUNK = 2048


@dataclass(frozen=True)
class Testimony:
    """What a witness says of each image.

    Parameters
    ----------
    log_p : ndarray of shape (X, C), float32
        Log-probability of each class; all equal where the witness has nothing to say.
    speaks : ndarray of shape (X,), bool
        Whether it has something to say of the image and of its label.
    """

    log_p: np.ndarray
    speaks: np.ndarray


def captions_say(run: Run, seed: int = 0) -> Testimony:
    """Return which class the captions of each image describe, out of sample."""
    images, C = run.images, run.sizes["C"]
    labels = images["true_c"].to_numpy()
    has_captions = (images["n_captions"] > 0).to_numpy()
    is_train = images["is_train"].to_numpy() & has_captions
    n_known = np.bincount(labels[is_train], minlength=C)
    is_described = n_known >= N_FOLDS
    speaks = has_captions & is_described[labels]
    silent = Testimony(np.full((len(images), C), -np.log(C), np.float32), np.zeros_like(speaks))
    fitted = np.flatnonzero(is_train & speaks)
    if is_described.sum() < 2:
        return silent
    named = (run.counts > 0).astype(np.float32).tocsr()
    cs = np.flatnonzero(is_described)
    log_p = np.full((len(images), len(cs)), -np.log(len(cs)))
    folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=seed)
    for kept, left in folds.split(fitted, labels[fitted]):
        log_p[fitted[left]] = _describe(named, labels, fitted[kept], fitted[left])
    others = np.flatnonzero(has_captions & ~np.isin(np.arange(len(images)), fitted))
    for start in range(0, len(others), _CHUNK):
        rows = others[start : start + _CHUNK]
        log_p[rows] = _describe(named, labels, fitted, rows)
    full = np.full((len(images), C), log_p.min(axis=1, keepdims=True))
    full[:, cs] = temper(log_p, np.searchsorted(cs, labels), fitted)
    full[~speaks] = -np.log(C)
    return Testimony(full.astype(np.float32), speaks)


def _describe(named, labels: np.ndarray, fitted: np.ndarray, rows: np.ndarray) -> np.ndarray:
    model = BernoulliNB(alpha=0.5).fit(named[fitted], labels[fitted])
    return model.predict_log_proba(named[rows])


def neighbours(run: Run, seed: int = 0) -> np.ndarray:
    """Return the nearest training images of each image but itself, shape (X, k), nearest first.

    Distance is the angle in standardised pooled space, reduced to its first 64 components.
    """
    reference = np.flatnonzero(run.images["is_train"])
    rng = np.random.default_rng(seed)
    if len(reference) > _MAX_REFERENCE:
        reference = np.sort(rng.choice(reference, _MAX_REFERENCE, replace=False))
    pooled = np.asarray(run.array("pooled")[reference], np.float32)
    mean, spread = pooled.mean(axis=0), pooled.std(axis=0) + 1e-6
    n_features = min(_MAX_FEATURES, *pooled.shape)
    reduction = PCA(n_features, random_state=seed, svd_solver="randomized")
    known = _directions(reduction.fit_transform((pooled - mean) / spread))
    k = min(N_NEIGHBOURS, len(reference) - 1)
    found = np.empty((run.sizes["X"], k), np.int32)
    for start in range(0, run.sizes["X"], _CHUNK):
        rows = np.arange(start, min(start + _CHUNK, run.sizes["X"]))
        values = (np.asarray(run.array("pooled")[rows], np.float32) - mean) / spread
        cosines = _directions(reduction.transform(values)) @ known.T
        at = np.searchsorted(reference, rows).clip(max=len(reference) - 1)
        itself = np.flatnonzero(reference[at] == rows)
        cosines[itself, at[itself]] = -np.inf
        near = np.argpartition(-cosines, k - 1, axis=1)[:, :k]
        order = np.argsort(-np.take_along_axis(cosines, near, axis=1), axis=1, kind="stable")
        found[rows] = reference[np.take_along_axis(near, order, axis=1)]
    return found


def neighbours_say(run: Run, nearest: np.ndarray) -> Testimony:
    """Return which class the nearest training images are labelled as.

    Parameters
    ----------
    nearest : ndarray of shape (X, k)
        As `neighbours` returns it.
    """
    X, C = run.sizes["X"], run.sizes["C"]
    labels = run.images["true_c"].to_numpy()
    votes = np.full((X, C), 0.5 / C, np.float32)  # half a vote for what was not seen
    for column in labels[nearest].T:
        votes[np.arange(X), column] += 1
    log_p = np.log(votes / votes.sum(axis=1, keepdims=True))
    is_train = run.images["is_train"].to_numpy()
    unseen = np.flatnonzero(~is_train if not is_train.all() else is_train)
    return Testimony(temper(log_p, labels, unseen).astype(np.float32), np.ones(X, dtype=bool))


def temper(log_p: np.ndarray, labels: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return log-probabilities at the temperature with the best likelihood of ``labels[rows]``."""
    sample = rows[:: max(1, len(rows) // 5000)]
    wanted = labels[sample][:, None]

    def loss(log_scale):
        scaled = log_softmax(log_p[sample] * np.exp(log_scale), axis=1)
        return -np.take_along_axis(scaled, wanted, axis=1).mean()

    best = minimize_scalar(loss, bounds=(-5, 1), method="bounded").x
    return log_softmax(log_p * np.exp(best), axis=1)


def _directions(values: np.ndarray) -> np.ndarray:
    norms = np.linalg.norm(values, axis=1, keepdims=True)
    return values / np.maximum(norms, 1e-12)
