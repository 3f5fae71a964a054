"""Two witnesses of what an image shows that never trusted its label.

*Captions*: people described the picture, not the label. A naive Bayes model over the attributes
that captions name says which class they describe; a training image is judged by a model fitted
without its fold.

*Neighbours*: the labels of the nearest training images in pooled space, the image itself left out,
because the network may have memorised the labels that it was trained on.

Both are brought to one scale by a temperature: each speaks as loudly as its own likelihood warrants
on images that it was not fitted to (for neighbours those that the network was not trained on).

A witness is asked block by block: what it says of all images in all classes is never in memory.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.decomposition import PCA
from sklearn.model_selection import StratifiedKFold
from sklearn.naive_bayes import BernoulliNB

from core.batching import blocks
from core.runs.run import Run

N_NEIGHBOURS = 20
N_FOLDS = 5
_MAX_REFERENCE = 20_000  # training images that neighbours are sought among
_MAX_FEATURES = 64  # dimensions of pooled space that neighbours are sought in
_ENTRIES = 1 << 21  # angles worked out at a time

Said = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Testimony:
    """What a witness says of each image.

    Parameters
    ----------
    log_p : callable
        From n images to the log-probability of each class, shape (n, C), float32; all equal where
        the witness has nothing to say.
    speaks : ndarray of shape (X,), bool
        Whether it has something to say of the image and of its label.
    """

    log_p: Said
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
    fitted = np.flatnonzero(is_train & speaks)
    if is_described.sum() < 2:
        silent = np.full(C, -np.log(C), np.float32)
        return Testimony(lambda xs: np.tile(silent, (len(xs), 1)), np.zeros_like(speaks))
    fold = np.full(len(images), N_FOLDS, np.int8)  # N_FOLDS: not fitted to at all
    folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=seed)
    for k, (_, left) in enumerate(folds.split(fitted, labels[fitted])):
        fold[fitted[left]] = k
    models = [_Descriptions(run, fitted[fold[fitted] != k]) for k in range(N_FOLDS + 1)]
    cs = np.flatnonzero(is_described)

    def described(xs: np.ndarray) -> np.ndarray:
        log_p = np.full((len(xs), len(cs)), -np.log(len(cs)))
        for k, model in enumerate(models):
            own = has_captions[xs] & (fold[xs] == k)
            log_p[own] = model.log_p(xs[own])
        return log_p

    loud = loudness(described, np.searchsorted(cs, labels), fitted)

    def log_p(xs: np.ndarray) -> np.ndarray:
        of_described = described(xs)
        full = np.full((len(xs), C), of_described.min(axis=1, keepdims=True))
        full[:, cs] = log_softmax(of_described * loud, axis=1)
        full[~speaks[xs]] = -np.log(C)
        return full.astype(np.float32)

    return Testimony(log_p, speaks)


class _Descriptions:
    """Which class captions describe: naive Bayes over the attributes that they name.

    Parameters
    ----------
    run : Run
    fitted : ndarray of shape (n,)
        Images that it is fitted to.
    """

    def __init__(self, run: Run, fitted: np.ndarray):
        self.run = run
        labels = run.images["true_c"].to_numpy()
        model, cs = BernoulliNB(alpha=0.5), np.unique(labels[fitted])
        for block in blocks(len(fitted)):
            model.partial_fit(run.counts[fitted[block]], labels[fitted[block]], classes=cs)
        absent = np.log(1 - np.exp(model.feature_log_prob_))
        self._weights = np.ascontiguousarray((model.feature_log_prob_ - absent).T)
        self._bias = model.class_log_prior_ + absent.sum(axis=1)

    def log_p(self, xs: np.ndarray) -> np.ndarray:
        """Return the log-probability of each class in what it was fitted to."""
        named = (self.run.counts[xs] > 0).astype(float)
        return log_softmax(named @ self._weights + self._bias, axis=1)


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
    pooled -= mean
    pooled /= spread
    n_features = min(_MAX_FEATURES, *pooled.shape)
    reduction = PCA(n_features, random_state=seed, svd_solver="randomized", copy=False)
    known = -_directions(reduction.fit_transform(pooled))
    k = min(N_NEIGHBOURS, len(reference) - 1)
    found = np.empty((run.sizes["X"], k), np.int32)
    for block in blocks(run.sizes["X"], max(1, _ENTRIES // len(reference))):
        rows = np.arange(block.start, block.stop)
        values = (np.asarray(run.array("pooled")[block], np.float32) - mean) / spread
        far = _directions(reduction.transform(values)) @ known.T
        at = np.searchsorted(reference, rows).clip(max=len(reference) - 1)
        itself = np.flatnonzero(reference[at] == rows)
        far[itself, at[itself]] = np.inf
        near = np.argpartition(far, k - 1, axis=1)[:, :k]
        order = np.argsort(np.take_along_axis(far, near, axis=1), axis=1, kind="stable")
        found[block] = reference[np.take_along_axis(near, order, axis=1)]
    return found


def neighbours_say(run: Run, nearest: np.ndarray) -> Testimony:
    """Return which class the nearest training images are labelled as.

    Parameters
    ----------
    nearest : ndarray of shape (X, k)
        As `neighbours` returns it.
    """
    X, C = run.sizes["X"], run.sizes["C"]
    labels, is_train = (run.images[name].to_numpy() for name in ("true_c", "is_train"))

    def voted(xs: np.ndarray) -> np.ndarray:
        votes = np.full((len(xs), C), 0.5 / C, np.float32)  # half a vote for what was not seen
        for column in labels[nearest[xs]].T:
            votes[np.arange(len(xs)), column] += 1
        return np.log(votes / votes.sum(axis=1, keepdims=True))

    loud = loudness(voted, labels, np.flatnonzero(~is_train if not is_train.all() else is_train))

    def log_p(xs: np.ndarray) -> np.ndarray:
        return log_softmax(voted(xs) * loud, axis=1).astype(np.float32)

    return Testimony(log_p, np.ones(X, dtype=bool))


def loudness(said: Said, labels: np.ndarray, rows: np.ndarray) -> float:
    """Return the factor on log-probabilities with the best likelihood of ``labels[rows]``.

    Parameters
    ----------
    said : callable
        From images to log-probabilities, shape (n, classes).
    labels : ndarray of shape (X,)
    rows : ndarray of int
        Images to judge by; some thousands of them are looked at.
    """
    sample = rows[:: max(1, len(rows) // 5000)]
    log_p, wanted = said(sample), labels[sample][:, None]

    def loss(log_scale: float) -> float:
        scaled = log_softmax(log_p * np.exp(log_scale), axis=1)
        return -np.take_along_axis(scaled, wanted, axis=1).mean()

    return float(np.exp(minimize_scalar(loss, bounds=(-5, 1), method="bounded").x))


def _directions(values: np.ndarray) -> np.ndarray:
    norms = np.linalg.norm(values, axis=1, keepdims=True)
    return values / np.maximum(norms, 1e-12)
