"""The fit of presence: a ridge regression of words on features, and curves on left-out images.

Features are reduced to the principal components of the training images. Each word has the
penalty that predicts images left out in turn best, pulled towards the best one of all words, and
its curve is fitted to the predictions for left-out images (cross-fitting): a curve fitted to
predictions for images that the regression has seen is too sure of itself. So are the curve of all
words and the lines of searches. What classes have in
common counts half: a regression that may explain a word by its class does, and at a failure the
activations say the wrong class.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import linalg, optimize, sparse
from scipy.special import expit

from fieldmarks.core.accelerator import computed, gram, product
from fieldmarks.core.batching import blocks
from fieldmarks.core.class_statistics import class_sums
from fieldmarks.core.errors import DataError
from fieldmarks.core.estimators.base import Inputs
from fieldmarks.core.estimators.inputs import inputs_of
from fieldmarks.core.presence.choices import choices
from fieldmarks.core.presence.curves import (
    CENTRES,
    bent,
    common_curve,
    log_odds_lines,
    search_lines,
    tallies,
)
from fieldmarks.core.presence.presence import SEEN, Presence, directions, roots, shared
from fieldmarks.core.run.run import Run

#: Ridge penalties that are tried, in units of the number of training images.
PENALTIES = (0.01, 0.04, 0.15, 0.6, 2.5, 10.0, 40.0)
#: Times that images are left out; every so many images together.
N_FOLDS = 5
#: Principal components of the activations, at most.
MAX_COMPONENTS = 512
#: Training images whose components these are, at most; more are drawn evenly.
MAX_FOR_AXES = 2048
#: Training images, at most; more are drawn evenly.
MAX_IMAGES = 20_000
#: Weight of differences between class means, where those within classes have weight 1.
BETWEEN_WEIGHT = 0.5
#: Images of doubt: how strongly a word's penalty is pulled towards that of all words.
PENALTY_SHRINKAGE = 50
#: A word that a share of an image's captions names is regressed on that share to this power.
LABEL_POWER = 0.25
#: Words fitted at a time, so that memory does not grow with T.
WORDS = 512


def varies_within_classes(inputs: Inputs) -> bool:
    """Return whether images of one class have different words.

    Where they do not, words were said of classes, and nothing shows what a single image has.
    """
    named = sparse.csr_array(inputs.counts > 0, dtype=np.float64)
    n = np.bincount(inputs.true_c)
    sums = class_sums(named, inputs.true_c, len(n))
    return bool(((sums > 0) & (sums < n[:, None])).any())


def presence_arrays(run: Run) -> dict[str, np.ndarray]:
    """Return the arrays of the contract that hold a run's presence.

    Parameters
    ----------
    run : Run
        Finished, or still being written.

    Raises
    ------
    DataError
        If words are said of classes only, or no image has any.
    """
    inputs = inputs_of(run, keypoints=False)
    if not varies_within_classes(inputs):
        raise DataError(
            "all images of a class have the same words, so nothing shows which of them a single "
            "image has: give captions or attributes of images"
        )
    fitted = fit_presence(inputs)
    arrays = {f"presence_{name}": array for name, array in vars(fitted).items()}
    if inputs.moments is not None:
        F = inputs.shape[1]
        arrays["presence_standard"] = fitted.standard[:, :F]
        arrays["presence_weights"] = fitted.weights[:F]
        arrays["presence_moment_standard"] = fitted.standard[:, F:]
        arrays["presence_moment_weights"] = fitted.weights[F:]
    return arrays


def fit_presence(inputs: Inputs) -> Presence:
    """Fit presence to training images with captions.

    Parameters
    ----------
    inputs : Inputs

    Returns
    -------
    Presence
    """
    n, T = inputs.counts.shape
    rows = np.unique(np.linspace(0, n - 1, min(n, MAX_IMAGES)).astype(int))
    components = _Components.of(inputs, rows)
    reduced = components.project(inputs, rows)
    named = sparse.csr_array(inputs.counts[rows] > 0, dtype=np.float32)
    fold = np.arange(len(rows)) % N_FOLDS
    true_c = inputs.true_c[rows]
    regressions = [
        _Regression(reduced, np.flatnonzero(fold != k), true_c, np.flatnonzero(fold == k))
        for k in range(N_FOLDS if len(rows) > N_FOLDS else 0)
    ]
    last = _Regression(reduced, np.arange(len(rows)), true_c)
    weights = np.empty((len(components.axes), T), np.float32)
    bias, line = np.full(T, np.nan), np.full(T, SEEN, np.float32)
    counted = np.zeros((2, len(CENTRES)))
    choice = _numbered(*choices(named > 0, inputs.nouns, inputs.adjectives))
    is_value, odds_of_values = choice < -1, []
    columns, labels = named.tocsc(), _labels(inputs.counts[rows], inputs.n_captions[rows]).tocsc()
    for block in blocks(T, WORDS):
        words = labels[:, block].tocsr()
        fits = [(regression, regression.fit(words)) for regression in regressions]
        loss = np.zeros((len(PENALTIES), words.shape[1]))
        for _, fit in fits:
            loss += fit.losses()
        best = _penalties(loss, words)
        score = np.zeros(words.shape, np.float32)
        for regression, fit in fits:
            score[regression.left_out] = fit.predictions(best)
        target = columns[:, block].toarray() > 0
        slope, offset = log_odds_lines(score, target)
        solved, start = last.fit(words).solution(best)
        weights[:, block] = computed(product, components.axes, solved) * np.nan_to_num(slope)
        bias[block] = offset + np.nan_to_num(slope) * start
        known = np.isfinite(slope)
        of_words = tallies(offset[known] + slope[known] * score[:, known], target[:, known])
        line[block][known] = search_lines(of_words, SEEN)
        counted += of_words.sum(axis=1)
        odds_of_values.append((offset + slope * score)[:, is_value[block]])
    curve = common_curve(counted)
    odds = bent(np.concatenate(odds_of_values, axis=1).astype(np.float32), curve)
    sharpness = _sharpness(odds, choice[is_value], named[:, is_value].toarray() > 0)
    bias = bias.astype(np.float32)
    return Presence(components.standard, weights, bias, choice, curve, line, sharpness)


def _labels(counts: sparse.csr_array, n_captions: np.ndarray) -> sparse.csr_array:
    """Return what is regressed on, (n, T): more where more captions of an image name a word.

    A word that one of ten captions names is less likely to be there than one that all name.
    """
    share = sparse.csr_array(counts, dtype=np.float32).multiply(
        1 / np.maximum(n_captions, 1)[:, None]
    )
    return sparse.csr_array(share, dtype=np.float32).power(LABEL_POWER)


def _sharpness(odds: np.ndarray, choice: np.ndarray, named: np.ndarray) -> np.ndarray:
    """Return what log-odds of values of complete choices are multiplied by, shape (1,).

    Values that share a probability of 1 are less certain than each was by itself. The logarithmic
    loss of left-out images decides.

    Parameters
    ----------
    odds : ndarray of shape (n, k)
        Log-odds of values of complete choices in left-out images.
    choice : ndarray of shape (k,)
    named : ndarray of shape (n, k), bool
    """
    known = np.isfinite(odds).all(axis=0)
    odds, choice, named = odds[:, known], choice[known], named[:, known]
    if not odds.size:
        return np.ones(1, np.float32)

    def loss(log_sharpness: float) -> float:
        q = shared(expit(np.exp(log_sharpness) * odds), choice)
        q = np.clip(np.where(named, q, 1 - q), 1e-6, 1)
        return float(-np.log(q).mean())

    best = optimize.minimize_scalar(loss, bounds=(-1, 1), method="bounded", options={"xatol": 1e-2})
    return np.array([np.exp(best.x)], np.float32)


def _numbered(choice: np.ndarray, is_complete: np.ndarray) -> np.ndarray:
    """Return the choice of each word, as `Presence` numbers complete ones."""
    complete = np.zeros(len(choice), bool)
    complete[choice >= 0] = is_complete[choice[choice >= 0]]
    return np.where(complete, -2 - choice, choice).astype(np.int32)


def _penalties(loss: np.ndarray, words: sparse.csr_array) -> np.ndarray:
    """Return the number of each word's penalty, shape (T,), by squared errors of left-out images.

    Parameters
    ----------
    loss : ndarray of shape (len(PENALTIES), T)
        Their sum over the images.
    words : csr_array of shape (n, T)
    """
    n, frequency = words.shape[0], words.mean(axis=0)
    loss = loss / n
    usual = loss.mean(axis=1)
    own = loss / np.maximum(frequency * (1 - frequency), 1e-9)
    pull = PENALTY_SHRINKAGE / n * usual / max(usual.min(), 1e-12)
    return (own + pull[:, None]).argmin(axis=0)


@dataclass(frozen=True)
class _Components:
    """Principal components of directions of features."""

    standard: np.ndarray
    axes: np.ndarray

    @classmethod
    def of(cls, inputs: Inputs, rows: np.ndarray) -> "_Components":
        G = roots(inputs.features(rows[:1])).shape[1]
        total, square = np.zeros(G), np.zeros(G)
        for block in blocks(len(rows)):
            values = roots(inputs.features(rows[block]))
            total += values.sum(axis=0, dtype=float)
            square += np.square(values, dtype=float).sum(axis=0)
        mean = total / len(rows)
        scale = np.sqrt(np.maximum(square / len(rows) - mean**2, 0))
        standard = np.stack([mean, np.where(scale > 1e-6, scale, 1)]).astype(np.float32)
        some = rows[np.unique(np.linspace(0, len(rows) - 1, MAX_FOR_AXES).astype(int))]
        values = directions(inputs.features(some), standard)
        # of images where these are fewer than features: both have the same components
        is_dual = len(some) < G
        products = computed(gram, values.T if is_dual else values)
        first = max(0, len(products) - MAX_COMPONENTS)
        size, axes = linalg.eigh(
            products, subset_by_index=[first, len(products) - 1], overwrite_a=True, driver="evr"
        )
        is_kept = size > 1e-6 * size.max()
        axes = axes[:, is_kept]
        if is_dual:
            axes = computed(product, values.T, axes / np.sqrt(size[is_kept]))
        return cls(standard, np.ascontiguousarray(axes))

    def project(self, inputs: Inputs, rows: np.ndarray) -> np.ndarray:
        """Return the components of images, shape (len(rows), k), float32."""
        parts = [
            computed(_components, inputs.features(rows[block]), kept=(self.standard, self.axes))
            for block in blocks(len(rows), 2048)
        ]
        return np.concatenate(parts)


class _Regression:
    """Ridge regressions of words by all penalties on some of the images.

    Parameters
    ----------
    reduced : ndarray of shape (n, k)
        Components of all images.
    rows : ndarray of int
        The images that it is fitted to.
    true_c : ndarray of shape (n,)
    left_out : ndarray of int, optional
        Images whose words are predicted.
    """

    def __init__(
        self,
        reduced: np.ndarray,
        rows: np.ndarray,
        true_c: np.ndarray,
        left_out: np.ndarray | None = None,
    ):
        self.rows, self.left_out = rows, rows[:0] if left_out is None else left_out
        self._c = np.unique(true_c[rows], return_inverse=True)[1]
        self._n_of_class = np.bincount(self._c)[:, None]
        self.mean = reduced[rows].mean(axis=0)
        own = self._softened(reduced[rows] - self.mean)
        size, self.axes = linalg.eigh(computed(gram, own))
        # of words that are centred and softened too, so that the product is one of sparse words
        self.products = computed(product, self._softened(own), self.axes)
        penalties = np.array(PENALTIES, np.float32)[:, None] * np.float32(len(rows))
        self.shrinkage = 1 / (np.maximum(size, 0) + penalties)
        self.turned = computed(product, reduced[self.left_out] - self.mean, self.axes)
        self.gram, self.total = computed(gram, self.turned), self.turned.sum(axis=0)

    def _softened(self, values: np.ndarray) -> np.ndarray:
        """Return centred values with their class means moved towards 0."""
        means = class_sums(values, self._c, len(self._n_of_class)) / self._n_of_class
        part = np.asarray((1 - np.sqrt(BETWEEN_WEIGHT)) * means, np.float32)
        return values - part[self._c]

    def fit(self, words: sparse.csr_array) -> "_Fit":
        """Fit to words (n, T) of all images, of which those of `rows` are looked at."""
        own = words[self.rows]
        mean = own.mean(axis=0, dtype=np.float32)
        return _Fit(self, (own.T @ self.products).T, mean, words[self.left_out])


@dataclass(frozen=True)
class _Fit:
    """Regressions of some words.

    Parameters
    ----------
    of : _Regression
    product : ndarray of shape (k, T)
        Of components and words, on the axes of the regression.
    mean : ndarray of shape (T,)
        Of the words.
    words : csr_array of shape (m, T)
        Of the images that are left out.
    """

    of: _Regression
    product: np.ndarray
    mean: np.ndarray
    words: sparse.csr_array

    def losses(self) -> np.ndarray:
        """Return the squared errors of left-out images by each penalty, (len(PENALTIES), T).

        Their sum over images is taken from products of components, with no prediction made.
        """
        n, mean = len(self.of.left_out), self.mean.astype(float)
        n_named = self.words.sum(axis=0, dtype=float)
        rest = n * mean**2 - 2 * mean * n_named + self.words.power(2).sum(axis=0, dtype=float)
        slope = 2 * (self.of.total[:, None] * self.mean - (self.words.T @ self.of.turned).T)
        return rest + computed(_bends, self.product, slope, kept=(self.of.gram, self.of.shrinkage))

    def predictions(self, best: np.ndarray) -> np.ndarray:
        """Return what is predicted for left-out images by each word's own penalty, (m, T)."""
        return computed(product, self.of.turned, self._weights(best)) + self.mean

    def solution(self, best: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return weights of components (k, T) and start (T,) by each word's own penalty."""
        weights = computed(product, self.of.axes, self._weights(best))
        return weights, self.mean - self.of.mean @ weights

    def _weights(self, best: np.ndarray) -> np.ndarray:
        return self.product * self.of.shrinkage.T[:, best]


def _components(xp: Any, features: Any, standard: Any, axes: Any) -> Any:
    """Return the components of images, shape (n, k)."""
    return directions(features, standard, xp) @ axes


def _bends(xp: Any, of_words: Any, slope: Any, of_components: Any, shrinkage: Any) -> Any:
    """Return the terms of `_Fit.losses` that depend on penalties, shape (len(PENALTIES), T)."""
    sums = []
    for each in shrinkage:
        weights = of_words * each[:, None]
        bend = of_components @ weights
        bend += slope
        sums.append(xp.einsum("kt,kt->t", weights, bend))
    return xp.stack(sums)
