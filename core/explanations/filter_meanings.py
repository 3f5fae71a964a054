"""Images for and against a filter's attributes: its meanings, and its counter-examples.

An attribute of a filter makes a prediction for every captioned image: where captions name it, the
filter is active. Two kinds of images contradict it: those that have the attribute while the filter
is silent, and those in which the filter is active without the attribute. A filter that is active
for several things (polysemantic) has several attributes, each true of a part of its top-activating
images.
"""

from dataclasses import dataclass

import numpy as np

from core.runs.run import Run

#: Maximum number of meanings of a filter.
N_MEANINGS = 4
#: Number of top-activating captioned images that meanings account for.
N_TOP = 30
#: Attributes of the largest p(t given f) that can be a meaning.
N_CANDIDATES = 20
#: Minimum share of the captions of an image that name the attribute, for the image to have it.
MIN_SHARE = 0.2
#: Minimum share of the top-activating images that a meaning accounts for.
MIN_ACCOUNTED = 0.15


@dataclass(frozen=True)
class Meaning:
    """One attribute of a filter and the top-activating images that have it.

    Parameters
    ----------
    t : int
        The attribute.
    share : float
        Share of the captioned top-activating images that no earlier meaning accounts for and whose
        captions name t, in [0, 1]; the shares of a filter sum to at most 1.
    p : float
        p(t given f).
    xs : ndarray of shape (n,), int
        These images, by descending activation.
    """

    t: int
    share: float
    p: float
    xs: np.ndarray


def filter_meanings(run: Run, f: int, estimator: str | None = None) -> list[Meaning]:
    """Return the attributes that account for the filter's top-activating images, largest first.

    The candidates are the attributes with the largest p(t given f). Each step takes the one with
    the largest product of p(t given f) and the number of images that it newly accounts for.
    """
    p = np.asarray(run.array("p_t_given_f", estimator)[f], float)
    candidates = np.argsort(-p, kind="stable")[:N_CANDIDATES]
    xs = np.flatnonzero(run.is_readable & (run.images["n_captions"].to_numpy() > 0))
    activation = np.asarray(run.array("pooled")[:, f])[xs]
    xs = xs[np.argsort(-activation, kind="stable")[:N_TOP]]
    has = _share(run, xs)[:, candidates] >= MIN_SHARE
    accounted, result = np.zeros(len(xs), bool), []
    while len(xs) and len(result) < N_MEANINGS:
        new = (has & ~accounted[:, None]).sum(axis=0)
        i = int((new * p[candidates]).argmax())
        if new[i] < MIN_ACCOUNTED * len(xs):
            break
        at = has[:, i] & ~accounted
        t = int(candidates[i])
        result.append(Meaning(t, float(new[i] / len(xs)), float(p[t]), xs[at]))
        accounted |= at
    return sorted(result, key=lambda meaning: -meaning.share)


def silent_images(run: Run, f: int, t: int, n: int = 6) -> np.ndarray:
    """Return the n test images whose captions name t and in which the filter is least active.

    Returns
    -------
    ndarray of shape (at most n,), int
        By ascending activation; at least `MIN_SHARE` of the captions of each name t.
    """
    xs, activation, share = _tested(run, f, t)
    has = share >= MIN_SHARE
    return xs[has][np.argsort(activation[has], kind="stable")][:n]


def active_images_without(run: Run, f: int, t: int, n: int = 6) -> np.ndarray:
    """Return the n test images of which no caption names t and in which the filter is most active.

    Returns
    -------
    ndarray of shape (at most n,), int
        By descending activation.
    """
    xs, activation, share = _tested(run, f, t)
    lacks = share == 0
    return xs[lacks][np.argsort(-activation[lacks], kind="stable")][:n]


def _tested(run: Run, f: int, t: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return captioned test images, the filter's activations in them and their shares of t."""
    n_captions = run.images["n_captions"].to_numpy()
    xs = np.flatnonzero(run.is_test & run.is_readable & (n_captions > 0))
    named = run.counts[:, [t]][xs].toarray().ravel()
    return xs, np.asarray(run.array("pooled")[:, f])[xs], named / n_captions[xs]


def _share(run: Run, xs: np.ndarray) -> np.ndarray:
    """Return the share of the captions of each image that name each attribute, shape (n, T)."""
    n_captions = run.images["n_captions"].to_numpy()[xs]
    return run.counts[xs].toarray() / n_captions[:, None]
