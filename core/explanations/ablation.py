"""Ablation: predictions with filters or attributes removed, scaled or doubled.

Scaling the maps of filter f by ``scale[f]`` scales its pooled activation, and with a linear head
changes the logits by exactly ``pooled[f] * (scale[f] - 1) * class_weights[:, f]``, without a
forward pass; for other heads see `core.head.changed_logits`.

No single unit represents an attribute. The share of attribute t in filter f is p(t given f), so an
attribute at ``factor`` (0 removed, 1 unchanged, 2 doubled) scales every filter by
``1 + (factor - 1) * p(t given f)``. The shares of a filter sum to 1: removing all attributes
removes all filters, and the logit is exactly the sum of one contribution per attribute and the
bias.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import softmax

from fieldmarks.core.errors import DataError
from fieldmarks.core.head import changed_logits
from fieldmarks.core.run.run import Run


def filter_scale(
    p_t_given_f: np.ndarray,
    attributes: Mapping[int, float] | None = None,
    filters: Mapping[int, float] | None = None,
) -> np.ndarray:
    """Return the factor on each filter's maps, shape (F,), non-negative.

    Parameters
    ----------
    p_t_given_f : ndarray of shape (F, T)
        Filter attribute p.d.f.s; sums to 1 over T.
    attributes, filters : mapping of t or f to a factor
        0 is removed, 1 unchanged, 2 doubled; 1 where not given.

    Raises
    ------
    DataError
        If a factor is negative or not finite: activations after a ReLU are not negative.

    >>> filter_scale(np.array([[0.25, 0.75], [1.0, 0.0]]), attributes={0: 0}, filters={0: 0.5})
    array([0.375, 0.   ])
    """
    attributes, filters = attributes or {}, filters or {}
    factors = np.array([*attributes.values(), *filters.values()], dtype=float)
    if not np.all((factors >= 0) & np.isfinite(factors)):
        raise DataError(f"a factor is 0 or above, got {factors.min()}: 0 switches off, 2 doubles")
    scale = np.ones(len(p_t_given_f))
    if attributes:
        shares = np.asarray(p_t_given_f[:, list(attributes)], dtype=float)
        scale += shares @ (factors[: len(attributes)] - 1)
    scale[list(filters)] *= factors[len(attributes) :]
    return np.maximum(scale, 0)  # shares sum to 1 only within rounding


@dataclass(frozen=True)
class AblationResult:
    """Class probabilities of some images before and after a change of filters.

    Parameters
    ----------
    xs : ndarray of shape (n,)
        The images.
    true_c : ndarray of shape (n,)
        Their labels.
    before, after : ndarray of shape (n, C)
        Softmax probabilities; sum to 1 over C.
    """

    xs: np.ndarray
    true_c: np.ndarray
    before: np.ndarray
    after: np.ndarray

    @property
    def is_flipped(self) -> np.ndarray:
        """Whether the predicted class changes, shape (n,)."""
        return self.before.argmax(axis=1) != self.after.argmax(axis=1)

    @property
    def is_gained(self) -> np.ndarray:
        """Whether the prediction changes to the labelled class, shape (n,)."""
        return self.is_flipped & (self.after.argmax(axis=1) == self.true_c)

    @property
    def is_lost(self) -> np.ndarray:
        """Whether the prediction changes from the labelled class to another, shape (n,)."""
        return self.is_flipped & (self.before.argmax(axis=1) == self.true_c)

    def sentence(self) -> str:
        """Return in words how many predictions change, and how."""
        n, n_flipped = len(self.xs), int(self.is_flipped.sum())
        if not n_flipped:
            return f"None of {n:,} {_images(n)} would get another prediction."
        gained, lost = int(self.is_gained.sum()), int(self.is_lost.sum())
        other = n_flipped - gained - lost
        parts = [
            f"{count:,} {what}"
            for count, what in (
                (gained, "from wrong to right"),
                (lost, "from right to wrong"),
                (other, "from one wrong class to another"),
            )
            if count
        ]
        changed = f"{n_flipped:,} of {n:,} {_images(n)} would get another prediction"
        return f"{changed}: {', '.join(parts)}."


def scale_of(
    run: Run,
    attributes: Mapping[int, float] | None = None,
    filters: Mapping[int, float] | None = None,
) -> np.ndarray:
    """Return the factor on each filter of a run, which may have no words, shape (F,).

    Parameters
    ----------
    run : Run
    attributes, filters : mapping of t or f to a factor
        See `filter_scale`.
    """
    is_of_words = run.has_words or attributes
    p = run.array("p_t_given_f") if is_of_words else np.empty((run.sizes["F"], 0))
    return filter_scale(p, attributes, filters)


def what_if(
    run: Run,
    xs: ArrayLike,
    scale: np.ndarray | None = None,
    *,
    attributes: Mapping[int, float] | None = None,
    filters: Mapping[int, float] | None = None,
    chunk: int = 4096,
) -> AblationResult:
    """Return the predictions of images with scaled filters, processed in chunks.

    Parameters
    ----------
    run : Run
    xs : int or array of int
        Images.
    scale : ndarray of shape (F,), optional
        Factor on each filter; by default that of the attributes and filters.
    attributes, filters : mapping of t or f to a factor
        See `filter_scale`.
    chunk : int
        Images at a time.
    """
    if scale is None:
        scale = scale_of(run, attributes, filters)
    xs = np.atleast_1d(np.asarray(xs, dtype=int))
    before = np.asarray(run.array("logits")[xs], dtype=float)
    after = np.empty_like(before)
    for start in range(0, len(xs), chunk):
        part = slice(start, start + chunk)
        pooled = run.array("pooled")[xs[part]]
        after[part] = changed_logits(
            run.head, before[part], pooled, scale, run.local_weights(xs[part])
        )
    true_c = run.images["true_c"].to_numpy()[xs]
    return AblationResult(xs, true_c, softmax(before, axis=1), softmax(after, axis=1))


def _images(n: int) -> str:
    return "image" if n == 1 else "images"
