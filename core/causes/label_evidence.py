"""Two sources of evidence on an image's class that do not depend on its label.

*Captions*: they describe the image, not the label. A naive Bayes classifier over the attributes
that captions name predicts the class (five-fold cross-validation: a training image is classified by
a model fitted without its fold).

*Nearest neighbours*: the labels of the nearest training images in pooled feature space, excluding
the image itself, because the network may have memorised the labels that it was trained on.

Both are calibrated by temperature scaling (Guo, Pleiss, Sun, Weinberger, 2017, "On calibration of
modern neural networks") on images that they were not fitted to; for neighbours these are images
that the network was not trained on.

Log-probabilities are computed block by block, so that the (X, C) matrix is never in memory.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit, log_softmax
from sklearn.decomposition import PCA
from sklearn.model_selection import StratifiedKFold
from sklearn.naive_bayes import BernoulliNB
from sklearn.preprocessing import normalize

from fieldmarks.core.batching import blocks
from fieldmarks.core.run.run import Run

N_NEIGHBOURS = 20
N_FOLDS = 5
_MAX_REFERENCE = 20_000  # training images among which neighbours are searched
_MAX_FEATURES = 64  # principal components of pooled space in which neighbours are searched
_ENTRIES = 1 << 21  # cosine distances computed at a time

_SAMPLE = 5000  # images that a few numbers are fitted to

#: Log of the scale and log-odds of the share of wrong labels that a fit starts from.
_STARTS = ((0.0, -3.0), (0.0, -6.0), (0.7, -3.0), (0.7, -6.0))

LogProbabilities = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class ClassEvidence:
    """Class log-probabilities of each image from one source of evidence.

    Parameters
    ----------
    log_p : callable
        From n images to the log-probability of each class, shape (n, C), float32; uniform where
        there is no evidence.
    is_available : ndarray of shape (X,), bool
        Whether there is evidence on the image and on its labelled class.
    """

    log_p: LogProbabilities
    is_available: np.ndarray


def caption_evidence(run: Run, seed: int = 0) -> ClassEvidence:
    """Return the class that the captions of each image describe, by cross-validation."""
    images, C = run.images, run.sizes["C"]
    labels = images["true_c"].to_numpy()
    has_captions = (images["n_captions"] > 0).to_numpy()
    is_train = images["is_train"].to_numpy() & has_captions
    n_known = np.bincount(labels[is_train], minlength=C)
    is_described = n_known >= N_FOLDS
    is_available = has_captions & is_described[labels]
    fitted = np.flatnonzero(is_train & is_available)
    if is_described.sum() < 2:
        uniform = np.full(C, -np.log(C), np.float32)
        return ClassEvidence(lambda xs: np.tile(uniform, (len(xs), 1)), np.zeros_like(is_available))
    fold = np.full(len(images), N_FOLDS, np.int8)  # N_FOLDS: in no fold
    folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=seed)
    for k, (_, left) in enumerate(folds.split(fitted, labels[fitted])):
        fold[fitted[left]] = k
    models = [_NaiveBayes(run, fitted[fold[fitted] != k]) for k in range(N_FOLDS + 1)]
    cs = np.flatnonzero(is_described)

    def described(xs: np.ndarray) -> np.ndarray:
        log_p = np.full((len(xs), len(cs)), -np.log(len(cs)))
        for k, model in enumerate(models):
            in_fold = has_captions[xs] & (fold[xs] == k)
            log_p[in_fold] = model.log_p(xs[in_fold])
        return log_p

    scale = inverse_temperature(described, np.searchsorted(cs, labels), fitted)

    def log_p(xs: np.ndarray) -> np.ndarray:
        of_described = described(xs)
        full = np.full((len(xs), C), of_described.min(axis=1, keepdims=True))
        full[:, cs] = log_softmax(of_described * scale, axis=1)
        full[~is_available[xs]] = -np.log(C)
        return full.astype(np.float32)

    return ClassEvidence(log_p, is_available)


class _NaiveBayes:
    """Bernoulli naive Bayes classifier over the attributes that captions name.

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
        """Return the log-probability of each class that has fitted images."""
        named = (self.run.counts[xs] > 0).astype(float)
        return log_softmax(named @ self._weights + self._bias, axis=1)


def nearest_neighbours(run: Run, seed: int = 0) -> np.ndarray:
    """Return the nearest training images of each image except itself, (X, k), nearest first.

    The distance is the cosine distance in standardised pooled space, reduced to 64 principal
    components.
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
    known = -normalize(reduction.fit_transform(pooled))
    k = min(N_NEIGHBOURS, len(reference) - 1)
    nearest = np.empty((run.sizes["X"], k), np.int32)
    for block in blocks(run.sizes["X"], max(1, _ENTRIES // len(reference))):
        rows = np.arange(block.start, block.stop)
        values = (np.asarray(run.array("pooled")[block], np.float32) - mean) / spread
        far = normalize(reduction.transform(values)) @ known.T
        at = np.searchsorted(reference, rows).clip(max=len(reference) - 1)
        itself = np.flatnonzero(reference[at] == rows)
        far[itself, at[itself]] = np.inf
        near = np.argpartition(far, k - 1, axis=1)[:, :k]
        order = np.argsort(np.take_along_axis(far, near, axis=1), axis=1, kind="stable")
        nearest[block] = reference[np.take_along_axis(near, order, axis=1)]
    return nearest


def neighbour_evidence(run: Run, nearest: np.ndarray) -> ClassEvidence:
    """Return the class distribution of the labels of the nearest training images.

    Parameters
    ----------
    nearest : ndarray of shape (X, k)
        As `nearest_neighbours` returns it.
    """
    X, C = run.sizes["X"], run.sizes["C"]
    labels, is_train = (run.images[name].to_numpy() for name in ("true_c", "is_train"))

    def voted(xs: np.ndarray) -> np.ndarray:
        votes = np.full((len(xs), C), 0.5 / C, np.float32)  # additive smoothing: half a vote
        for column in labels[nearest[xs]].T:
            votes[np.arange(len(xs)), column] += 1
        return np.log(votes / votes.sum(axis=1, keepdims=True))

    scale = inverse_temperature(
        voted, labels, np.flatnonzero(~is_train if not is_train.all() else is_train)
    )

    def log_p(xs: np.ndarray) -> np.ndarray:
        return log_softmax(voted(xs) * scale, axis=1).astype(np.float32)

    return ClassEvidence(log_p, np.ones(X, dtype=bool))


def inverse_temperature(
    log_probabilities: LogProbabilities, labels: np.ndarray, rows: np.ndarray
) -> float:
    """Return the factor on log-probabilities that maximises the likelihood of ``labels[rows]``.

    This is temperature scaling; the factor is one over the temperature.

    Parameters
    ----------
    log_probabilities : callable
        From images to log-probabilities, shape (n, classes).
    labels : ndarray of shape (X,)
    rows : ndarray of int
        Images to calibrate on; a sample of some thousands is used.
    """
    sample = rows[:: max(1, len(rows) // _SAMPLE)]
    log_p, wanted = log_probabilities(sample), labels[sample][:, None]

    def loss(log_scale: float) -> float:
        scaled = log_softmax(log_p * np.exp(log_scale), axis=1)
        return -np.take_along_axis(scaled, wanted, axis=1).mean()

    return float(np.exp(minimize_scalar(loss, bounds=(-5, 1), method="bounded").x))


@dataclass(frozen=True)
class LabelNoise:
    """How labels arise: from the class that captions describe, or with a small share by mistake.

    Attributes
    ----------
    scale : float
        Factor on the evidence's log-probabilities of classes.
    share : float
        Of labels that are wrong, in [0, 1]; any other class is as likely.
    n_classes : int
    """

    scale: float
    share: float
    n_classes: int

    @classmethod
    def of(cls, evidence: ClassEvidence, labels: np.ndarray) -> "LabelNoise":
        """Return the scale and the share under which the labels are likeliest.

        Temperature alone takes wrong labels for weak evidence; both are fitted together. One more
        label counts as wrong, so that the share is never 0 and suspects keep their order.
        """
        rows = np.flatnonzero(evidence.is_available)
        sample = rows[:: max(1, len(rows) // _SAMPLE)]
        log_p, wanted = evidence.log_p(sample).astype(float), labels[sample]
        n_classes = log_p.shape[1]

        def noise(values: np.ndarray) -> "LabelNoise":
            return cls(float(np.exp(values[0])), float(expit(values[1])), n_classes)

        def loss(values: np.ndarray) -> float:
            of_labels = noise(values)
            true, wrong = of_labels.parts(log_p, wanted)
            return -np.log(true + wrong).mean() - np.log(of_labels.share) / len(sample)

        fits = [minimize(loss, (scale, share), method="Nelder-Mead") for scale, share in _STARTS]
        return noise(min(fits, key=lambda fit: fit.fun).x)

    def parts(self, log_p: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the probabilities of each label as a true and as a wrong one, shapes (n,)."""
        p = np.exp(log_softmax(log_p * self.scale, axis=1))[np.arange(len(labels)), labels]
        return (1 - self.share) * p, self.share * (1 - p) / (self.n_classes - 1)

    def p_wrong(self, log_p: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Return the probability that each label is wrong, shape (n,)."""
        true, wrong = self.parts(log_p, labels)
        return wrong / (true + wrong)
