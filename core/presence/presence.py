"""Whether an attribute is seen in an image: q(t, x), read off activations of the network.

Given the filters, eq. (5) takes an attribute to be independent of the image, so p(t given x, c)
repeats the class. q(t, x) drops that assumption: it is the probability that the image's captions
name t, given its features: all pooled activations of the last layer and, where the run has them,
moments of earlier blocks. The last layer keeps what tells classes apart; colours and textures that
vary within a class are seen earlier. The log-odds of q are linear in the directions of features,
bent by one curve of all words, so a new image needs one product: signed square roots (twice the
activation is not twice the evidence), standardised and scaled to one length (an image that
activates everything shows no more). Values of one property share their probability.

Captions name a part of what is there: with captions, a low q is not absence. Where each image has a
value of a property, as in a complete table, it is.
"""

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from fieldmarks.core.accelerator import NUMPY, computed
from fieldmarks.core.batching import blocks
from fieldmarks.core.errors import MissingRunError
from fieldmarks.core.presence.curves import bent
from fieldmarks.core.run.per_run import per_run
from fieldmarks.core.run.run import Run

#: A word is seen in an image above this probability, and surely seen above the second.
SEEN, SURE = 0.5, 0.8
#: A word is said of an image above this: at a failure a word that is as likely there as not is
#: usually of the class.
SAID = 0.6
_ROWS = 256  # images at a time, so that what is between stays in the processor's cache


@dataclass(frozen=True)
class Presence:
    """What gives q(t, x) of any image.

    Parameters
    ----------
    standard : ndarray of shape (2, F + B)
        Mean and scale of the signed square roots of features, see `features_of`.
    weights : ndarray of shape (F + B, T)
        Of `directions`, in log-odds.
    bias : ndarray of shape (T,)
        NaN for a word of too few training images: whether it is there is unknown.
    choice : ndarray of shape (T,), int
        Words of one number are values of one property, -1 for none. Below -1, ``-2 - choice`` is
        the number of a choice of which every image has a value.
    curve : ndarray of shape (3,)
        What corrects the log-odds of all words, see `core.presence.curves.bent`.
    line : ndarray of shape (T,)
        Images with a q above it are found in a search, see `core.presence.curves.search_lines`; at
        most `SEEN`.
    sharpness : ndarray of shape (1,)
        Factor of the log-odds of values of complete choices, which share a probability of 1.
    """

    standard: np.ndarray
    weights: np.ndarray
    bias: np.ndarray
    choice: np.ndarray
    curve: np.ndarray
    line: np.ndarray
    sharpness: np.ndarray = field(default_factory=lambda: np.ones(1, np.float32))

    @classmethod
    def of(cls, run: Run) -> "Presence | None":
        """Return that of a run; None where words are of classes, or of a run without captions."""
        if "presence_weights" not in run.array_names:
            return None
        names = [each.name for each in fields(cls)]
        if "presence_sharpness" not in run.array_names:  # of a run before it was introduced
            names.remove("sharpness")
        arrays = {name: run.array(f"presence_{name}") for name in names}
        if "presence_moment_weights" in run.array_names:
            for name, axis in (("standard", 1), ("weights", 0)):
                of_both = arrays[name], run.array(f"presence_moment_{name}")
                arrays[name] = np.concatenate(of_both, axis)
        return cls(**arrays)

    @property
    def is_known(self) -> np.ndarray:
        """Whether anything can be said of each word, shape (T,), bool."""
        return np.isfinite(self.bias)

    @property
    def properties(self) -> np.ndarray:
        """The number of the property that each word is a value of, shape (T,); -1 for none."""
        return np.where(self.choice < -1, -2 - self.choice, self.choice)

    def q(self, features: np.ndarray, ts: np.ndarray | None = None) -> np.ndarray:
        """Return q(t, x) of images, by the words ``ts`` or all.

        Parameters
        ----------
        features : ndarray of shape (..., F + B)
            See `features_of`.
        ts : ndarray of shape (k,), optional

        Returns
        -------
        ndarray of shape (..., T) or (..., k), float32
            In [0, 1]; NaN where unknown.
        """
        if ts is None:
            return shared(self._alone(features, slice(None)), self.choice)
        # a value is compared with all values of its property
        related = np.flatnonzero((self.choice != -1) & np.isin(self.choice, self.choice[ts]))
        every = np.union1d(ts, related)
        q = shared(self._alone(features, every), self.choice[every])
        return q[..., np.searchsorted(every, ts)]

    def log_odds(self, features: np.ndarray, ts: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Return the log-odds of words by themselves, before the curve of all words; see `q`."""
        own = np.asarray(features, np.float32), self.bias[ts]
        return computed(_log_odds, *own, kept=(self.standard, self._weights(ts)))

    def _alone(self, features: np.ndarray, ts: np.ndarray | slice) -> np.ndarray:
        own = np.asarray(features, np.float32), self.bias[ts], self.choice[ts] < -1
        small = self.curve, self.sharpness
        return computed(_alone, *own, *small, kept=(self.standard, self._weights(ts)))

    def _weights(self, ts: np.ndarray | slice) -> np.ndarray:
        # the array itself is kept by a device; slices are of all words
        return self.weights if isinstance(ts, slice) else self.weights[:, ts]


def _log_odds(xp: Any, features: Any, bias: Any, standard: Any, weights: Any) -> Any:
    return directions(features, standard, xp) @ weights + bias


def _alone(
    xp: Any,
    features: Any,
    bias: Any,
    is_complete: Any,
    curve: Any,
    sharpness: Any,
    standard: Any,
    weights: Any,
) -> Any:
    odds = bent(_log_odds(xp, features, bias, standard, weights), curve, xp)
    odds[..., is_complete] *= sharpness
    return xp.expit(odds)


def shared(q: np.ndarray, choice: np.ndarray) -> np.ndarray:
    """Return q with at most 1 in all for the values of a choice, exactly 1 if complete; in place.

    Parameters
    ----------
    q : ndarray of shape (..., T)
    choice : ndarray of shape (T,)
        See `Presence`.
    """
    is_value = choice != -1
    if not is_value.any():
        return q
    numbers, member = np.unique(choice[is_value], return_inverse=True)
    values = q[..., is_value]
    of_choice = np.zeros((len(member), len(numbers)), np.float32)
    of_choice[np.arange(len(member)), member] = 1
    total = np.nan_to_num(values) @ of_choice
    is_open = numbers >= 0
    total[..., is_open] = np.maximum(total[..., is_open], 1)
    q[..., is_value] = values / np.maximum(total, 1e-9)[..., member]
    return q


def roots(features: np.ndarray, xp: Any = NUMPY) -> np.ndarray:
    """Return the signed square roots of features (float32)."""
    return xp.copysign(xp.sqrt(xp.abs(features)), features)


def directions(features: np.ndarray, standard: np.ndarray, xp: Any = NUMPY) -> np.ndarray:
    """Return standardised roots of features, scaled to the length of a vector of ones, float32.

    Parameters
    ----------
    features : ndarray of shape (..., G), float32
    standard : ndarray of shape (2, G)
        Mean and scale of roots.
    xp
        See `core.accelerator`.
    """
    values = roots(features, xp)
    values -= standard[0]
    values /= standard[1]
    length = xp.sqrt(xp.square(values).mean(axis=-1, keepdims=True))
    values /= xp.clip(length, 1e-6, None)
    return values


def features_of(run: Run, xs: int | slice | np.ndarray) -> np.ndarray:
    """Return what q(t, x) is read off, shape (..., F + B), float32.

    Parameters
    ----------
    run : Run
        Without moments of earlier blocks these are its pooled activations alone.
    xs : int, slice or ndarray of int
        Images.
    """
    moments = run.array("block_moments")[xs] if "block_moments" in run.array_names else None
    return side_by_side(run.array("pooled")[xs], moments)


def side_by_side(pooled: np.ndarray, moments: np.ndarray | None) -> np.ndarray:
    """Return features from pooled activations (..., F) and moments (..., B), None for none."""
    pooled = np.asarray(pooled, np.float32)
    return pooled if moments is None else np.concatenate([pooled, moments], axis=-1)


@per_run
def presence_of(run: Run) -> Presence | None:
    """Return `Presence.of` a run, with its matrix in memory for images one at a time."""
    presence = Presence.of(run.source)
    if presence is None:
        return None
    return Presence(*(np.array(each) for each in vars(presence).values()))


@per_run(most=64)
def presence_of_word(run: Run, t: int) -> np.ndarray:
    """Return q(t, x) of all images of a run, shape (X,).

    Raises
    ------
    MissingRunError
        If presence is not claimed.
    """
    presence = presence_of(run)
    if presence is None:
        raise MissingRunError(
            f"run {run.name!r} does not tell what is seen in images: precompute it again, with "
            "captions or attributes of images"
        )
    X, ts = len(run.array("pooled")), np.array([t])
    parts = [presence.q(features_of(run, block), ts)[:, 0] for block in blocks(X, _ROWS)]
    return np.concatenate(parts) if parts else np.empty(0, np.float32)
