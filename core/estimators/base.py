"""Estimator interface: inputs, result and the registry.

A new estimator is one registered function from `Inputs` to `Estimate` in its own file; the
pipeline, the evaluation and the dashboard list the estimators in `ESTIMATORS`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib import import_module

import numpy as np
from scipy import sparse

from fieldmarks.core.batching import RowSubset, blocks
from fieldmarks.core.errors import DataError
from fieldmarks.core.probability import SentenceModel, sigma
from fieldmarks.core.processes import ONE_PROCESS, Processes
from fieldmarks.core.run.caption_shares import caption_shares

#: The estimator that explanations use by default; chosen by measurement, see README.
DEFAULT_ESTIMATOR = "places"
#: Images processed at a time, so that memory does not grow with X.
IMAGES = 4096
#: Attributes processed at a time, so that memory does not grow with T.
ATTRIBUTES = 1024


@dataclass(frozen=True)
class Keypoints:
    """Annotated keypoints of parts, for the estimators that use them.

    Parameters
    ----------
    points : ndarray of shape (X, P, 2)
        Row and column in the unit square of the crop, NaN where not visible.
    columns : ndarray of shape (T, k), int
        Keypoints of the part that each attribute's noun names; -1 for none.
    cell_centres : ndarray of shape (H, W, 2)
        Row and column of each map cell.
    """

    points: np.ndarray
    columns: np.ndarray
    cell_centres: np.ndarray


@dataclass(frozen=True)
class Inputs:
    """The inputs of an estimator: training images that have captions, no test images.

    Parameters
    ----------
    pooled : ndarray or RowSubset of shape (X, F)
        phi(f_k(x)): pooled activations; read them by `activations`.
    counts : csr_array of shape (X, T)
        How many captions of x name t.
    n_captions : ndarray of shape (X,)
        Captions of each image, at least 1.
    prior : ndarray of shape (T,)
        p(t); sums to 1.
    true_c : ndarray of shape (X,)
        Class of each image, index into C.
    nouns, adjectives : ndarray of shape (T,)
        The two words of each attribute.
    class_weights : ndarray of shape (C, F)
        W of the linear head.
    maps : callable, optional
        Yields ``(rows, maps)`` batches when called: rows into X and their feature maps of shape
        (len(rows), F, H, W). None where maps are not stored; estimators then use pooled only.
    keypoints : Keypoints, optional
        None where there are none; only estimators in `KEYPOINT_ESTIMATORS` read them.
    processes : Processes
        Those that compute together, see ``divides`` of `register_estimator`.
    mentions : csr_array of shape (X, T), optional
        How likely t is seen in x, float32 in [0, 1], where a model said so; `counts` then has those
        above one half.
    moments : ndarray or RowSubset of shape (X, B), optional
        Of earlier blocks; `core.presence` reads them, estimators do not.
    """

    pooled: np.ndarray | RowSubset
    counts: sparse.csr_array
    n_captions: np.ndarray
    prior: np.ndarray
    true_c: np.ndarray
    nouns: np.ndarray
    adjectives: np.ndarray
    class_weights: np.ndarray
    maps: Callable[[], Iterator[tuple[np.ndarray, np.ndarray]]] | None = None
    keypoints: Keypoints | None = None
    processes: Processes = ONE_PROCESS
    mentions: sparse.csr_array | None = None
    moments: np.ndarray | RowSubset | None = None

    def __post_init__(self):
        X, F = self.shape
        T = len(self.prior)
        expected = {
            "counts": (X, T),
            "n_captions": (X,),
            "true_c": (X,),
            "nouns": (T,),
            "adjectives": (T,),
            "class_weights": (len(self.class_weights), F),
        }
        for name, shape in expected.items():
            if np.shape(getattr(self, name)) != shape:
                raise DataError(
                    f"{name} should have shape {shape}, has {np.shape(getattr(self, name))}: "
                    "give the training images that have captions, row by row as in pooled"
                )
        if X == 0 or self.counts.nnz == 0:
            raise DataError(
                "no training image has a caption that names an attribute, so there is nothing to "
                "estimate p(t given f) from: check the caption folder and --min-images"
            )
        if np.min(self.n_captions) < 1:
            raise DataError(
                "an image without captions is unknown, not without attributes: leave it out"
            )

    @property
    def shape(self) -> tuple[int, int]:
        """X and F."""
        return self.pooled.shape

    def activations(self, block: slice | np.ndarray) -> np.ndarray:
        """Return the pooled activations of some images, shape (n, F), float32."""
        return np.asarray(self.pooled[block], np.float32)

    def features(self, block: slice | np.ndarray) -> np.ndarray:
        """Return what presence is fitted to, of some images, shape (n, F + B), float32."""
        if self.moments is None:
            return self.activations(block)
        return np.concatenate([self.activations(block), self.moments[block]], axis=1)

    def has(self, block: slice | np.ndarray) -> sparse.csr_array:
        """Return which of some images have t, shape (n, T), float32: 0 or 1, or how likely."""
        if self.mentions is not None:
            return self.mentions[block]
        return self.counts[block].astype(bool).astype(np.float32)

    def mean(self) -> np.ndarray:
        """Return the mean activation of each filter, shape (F,), float32."""
        total = np.zeros(self.shape[1])
        for block in blocks(len(self.pooled)):
            total += self.activations(block).sum(axis=0, dtype=float)
        return (total / len(self.pooled)).astype(np.float32)

    def batches(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield batches of images and their feature maps.

        Raises
        ------
        DataError
            If maps are not kept.
        """
        if self.maps is None:
            raise DataError("this estimator needs feature maps: run with '--maps all' or 'train'")
        return self.maps()

    def of_images(self, use: np.ndarray) -> "Inputs":
        """Return the inputs of some images.

        Parameters
        ----------
        use : ndarray of shape (X,), bool
        """
        rows, number = np.flatnonzero(use), np.cumsum(use) - 1

        def maps() -> Iterator[tuple[np.ndarray, np.ndarray]]:
            for xs, values in self.batches():
                if use[xs].any():
                    yield number[xs[use[xs]]], values[use[xs]]

        return replace(
            self,
            pooled=RowSubset(self.pooled, rows),
            counts=self.counts[rows],
            n_captions=self.n_captions[rows],
            true_c=self.true_c[rows],
            maps=maps if self.maps is not None else None,
            mentions=None if self.mentions is None else self.mentions[rows],
            keypoints=self.keypoints
            and replace(self.keypoints, points=self.keypoints.points[rows]),
        )

    def of_attributes(self, ts: np.ndarray) -> "Inputs":
        """Return the inputs as if only attributes ``ts`` had been named."""
        return replace(
            self,
            counts=self.counts[:, ts],
            prior=sigma(self.prior[ts]),
            nouns=self.nouns[ts],
            adjectives=self.adjectives[ts],
            mentions=None if self.mentions is None else self.mentions[:, ts],
            keypoints=self.keypoints
            and replace(self.keypoints, columns=self.keypoints.columns[ts]),
        )


@dataclass(frozen=True)
class Estimate:
    """The result of an estimator.

    Parameters
    ----------
    p_t_given_f : ndarray of shape (F, T)
        Filter attribute p.d.f.s, float32; sums to 1 over T.
    evidence : ndarray of shape (F, T)
        Signed weight of filter f for attribute t, float32; grounding is the weighted sum of maps.
    evidence_bias : ndarray of shape (T,)
        ``pooled @ evidence + evidence_bias`` is the estimator's score of t in x, float32.
    sentence : SentenceModel, optional
        Weights of filters in sentences where these are not p(t given f) itself.
    name_confidence : ndarray of shape (F,), optional
        How sure the most probable attribute is as what the filter sees, float32, see
        `core.estimators.filter_statistics`.
    """

    p_t_given_f: np.ndarray
    evidence: np.ndarray
    evidence_bias: np.ndarray
    sentence: SentenceModel | None = None
    name_confidence: np.ndarray | None = None


Estimator = Callable[[Inputs], Estimate]
Words = Callable[[Inputs], np.ndarray]
#: Estimators that a run makes unless told otherwise: from captions, activations and maps.
ESTIMATORS: dict[str, Estimator] = {}
#: Estimators that also read keypoints; only made when asked for, never the default.
KEYPOINT_ESTIMATORS: dict[str, Estimator] = {}
#: Experimental estimators and the modules that register them, imported when one is asked for.
EXPERIMENTAL = {"keypoints": "fieldmarks.core.experimental.keypoints"}
_WORDS: dict[str, Words] = {}
_QUICK_WORDS: set[str] = set()
_DIVIDES: set[str] = set()
_VERSIONS: dict[str, int] = {}


def register_estimator(
    name: str,
    words: Words | None = None,
    version: int = 1,
    uses_keypoints: bool = False,
    divides: bool = False,
) -> Callable[[Estimator], Estimator]:
    """Return a decorator that enters a function into `ESTIMATORS` under ``name``.

    Parameters
    ----------
    name : str
    words : callable, optional
        From `Inputs` to the same p(t given f), where that alone costs less than the whole and
        there are no other weights of sentences.
    version : int
        Raise it when the function gives other results, so that runs estimate again.
    uses_keypoints : bool
        Enter it into `KEYPOINT_ESTIMATORS` instead.
    divides : bool
        All `Inputs.processes` together compute p(t given f), each calls the function or ``words``.
    """

    def register(function: Estimator) -> Estimator:
        if name in _VERSIONS:
            raise ValueError(f"there is already an estimator {name!r}: choose another name")
        (KEYPOINT_ESTIMATORS if uses_keypoints else ESTIMATORS)[name] = function
        _VERSIONS[name] = version
        if divides:
            _DIVIDES.add(name)
        if words is not None:
            _QUICK_WORDS.add(name)
        _WORDS[name] = words or (lambda inputs: function(inputs).p_t_given_f)
        return function

    return register


def estimator_version(name: str) -> int:
    """Return the version that the author of an estimator gave it."""
    _check(name)
    return _VERSIONS[name]


def divides(name: str) -> bool:
    """Return whether several processes compute that estimator's p(t given f) together."""
    _check(name)
    return name in _DIVIDES


def has_quick_words(name: str) -> bool:
    """Return whether p(t given f) alone costs less than all, and is all that sentences need."""
    _check(name)
    return name in _QUICK_WORDS


def estimate(name: str, inputs: Inputs) -> Estimate:
    """Run the estimator of that name.

    Raises
    ------
    DataError
        If there is none.
    """
    _check(name)
    return (ESTIMATORS | KEYPOINT_ESTIMATORS)[name](inputs)


def is_estimator(name: str) -> bool:
    """Return whether there is an estimator of that name; an experimental one is imported."""
    if name in EXPERIMENTAL and name not in _VERSIONS:
        import_module(EXPERIMENTAL[name])
    return name in _VERSIONS


def uses_keypoints(name: str) -> bool:
    """Return whether an estimator also reads annotated keypoints."""
    _check(name)
    return name in KEYPOINT_ESTIMATORS


def _check(name: str) -> None:
    if not is_estimator(name):
        raise DataError(
            f"there is no estimator {name!r}: choose from {', '.join(sorted(ESTIMATORS))}; "
            f"experimental: {', '.join(sorted(EXPERIMENTAL))}"
        )


def words(name: str, inputs: Inputs) -> np.ndarray:
    """Return the p(t given f) of the estimator of that name alone, shape (F, T).

    Raises
    ------
    DataError
        If there is none.
    """
    _check(name)
    return _WORDS[name](inputs)


def caption_fraction(inputs: Inputs, images: slice | np.ndarray = slice(None)) -> sparse.csr_array:
    """Return the share of each image's captions that name t, shape (n, T), float32 in [0, 1].

    Where a model said how likely t is seen, it is that.
    """
    if inputs.mentions is not None:
        return inputs.mentions[images]
    return caption_shares(inputs.counts[images], inputs.n_captions[images])
