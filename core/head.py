"""The head of a network: how its class scores come from pooled activations.

An exact head gives the scores of any pooled activations, so the effect of changing filters is
computed exactly. A head of *first order* is known at the images of a run only, by gradient times
activation: for the classes in play in an image it has the image's own weights, for all others the
average of such weights.
"""

from dataclasses import dataclass, replace

import numpy as np

LINEAR, LAYER_NORM, COSINE, FIRST_ORDER = "linear", "layer norm", "cosine", "first order"
#: What each kind is, for people.
MEANING = {
    LINEAR: "class scores are W times the pooled activations plus b: exact",
    LAYER_NORM: "class scores are W times the layer-normalised pooled activations plus b: exact",
    COSINE: "class scores are W times the pooled activations at length 1 plus b: exact",
    FIRST_ORDER: "class scores are not linear in the pooled activations: weights are gradients at "
    "each image, and what a change would do is an estimate",
}


#: What the manifest says of a linear head; older runs say nothing and have one.
LINEAR_HEAD = {"kind": LINEAR, "eps": 0.0, "is_split": False}


def wrong_in_head(stated: object) -> str:
    """Return what is wrong with what a manifest says of its head, empty for nothing."""
    kind = stated.get("kind") if isinstance(stated, dict) else None
    if not isinstance(stated, dict) or not isinstance(kind, str) or kind not in MEANING:
        return f"expected a head that is {', '.join(MEANING)}"
    eps = stated.get("eps")
    if type(eps) is not float or not 0 <= eps < 1 or type(stated.get("is_split")) is not bool:
        return "expected a head with eps from 0 to 1 and is_split"
    return ""


@dataclass(frozen=True)
class Head:
    """Class scores as a function of pooled activations.

    Parameters
    ----------
    kind : str
        One of `MEANING`.
    weights : ndarray of shape (C, F)
        W. Of a head of first order the average over images.
    bias : ndarray of shape (C,)
        b.
    eps : float
        Added to the variance by a layer norm; the least length of a cosine head.
    is_split : bool
        Filter f + F / 2 is the negative part of the map whose positive part is filter f.

    >>> Head(COSINE, np.eye(2), np.zeros(2)).logits(np.array([3.0, 4.0]))
    array([0.6, 0.8])
    """

    kind: str
    weights: np.ndarray
    bias: np.ndarray
    eps: float = 0.0
    is_split: bool = False

    @classmethod
    def linear(cls, weights: np.ndarray, bias: np.ndarray) -> "Head":
        """Return a linear head of weights (C, F) and bias (C,)."""
        return cls(LINEAR, weights, bias)

    @property
    def is_exact(self) -> bool:
        """Whether the class scores of any pooled activations are known."""
        return self.kind != FIRST_ORDER

    def split(self) -> "Head":
        """Return the head over positive and negative parts of the maps, 2 F filters."""
        weights = np.concatenate([self.weights, -self.weights], axis=1)
        return replace(self, weights=weights, is_split=True)

    def scale(self, pooled: np.ndarray) -> np.ndarray:
        """Return the factor that normalising puts on the scores, (..., 1); 1 if there is none.

        Parameters
        ----------
        pooled : ndarray of shape (..., F)
        """
        if self.kind not in (LAYER_NORM, COSINE):
            return np.ones((*pooled.shape[:-1], 1), pooled.dtype)
        if self.is_split:
            half = pooled.shape[-1] // 2
            pooled = pooled[..., :half] - pooled[..., half:]
        if self.kind == LAYER_NORM:
            return 1 / np.sqrt(pooled.var(axis=-1, keepdims=True) + self.eps)
        return 1 / np.maximum(np.linalg.norm(pooled, axis=-1, keepdims=True), self.eps)

    def logits(self, pooled: np.ndarray) -> np.ndarray:
        """Return the class scores of pooled activations (..., F), shape (..., C)."""
        scores = pooled @ self.weights.T
        if self.kind in (LAYER_NORM, COSINE):
            scores = scores * self.scale(pooled)
        return scores + self.bias


@dataclass(frozen=True)
class LocalWeights:
    """The weights of a head of first order at images of a run.

    Parameters
    ----------
    classes : ndarray of shape (..., J)
        The classes in play: the labelled one and those of the highest scores.
    weights : ndarray of shape (..., J, F)
        Times the pooled activations they are gradient times activation, summed over the map.
    """

    classes: np.ndarray
    weights: np.ndarray


def effective_weights(
    head: Head, pooled: np.ndarray, c: int | np.ndarray, local: LocalWeights | None = None
) -> np.ndarray:
    """Return the weights whose products with pooled activations are their parts of a class score.

    Parameters
    ----------
    head : Head
    pooled : ndarray of shape (..., F)
    c : int or ndarray of shape (...)
        The class of each image.
    local : LocalWeights, optional
        Of the same images, for a head of first order.

    Returns
    -------
    ndarray of shape (..., F)
    """
    weights = head.weights[c]
    if head.kind in (LAYER_NORM, COSINE):
        return weights * head.scale(pooled)
    if local is None:
        return weights
    if local.classes.ndim == 1 and np.ndim(c):
        pooled = pooled[None]
        local = LocalWeights(local.classes[None], local.weights[None])
    is_it = local.classes == np.asarray(c)[..., None]
    image_weights = np.take_along_axis(local.weights, is_it.argmax(-1)[..., None, None], axis=-2)
    return np.where(is_it.any(-1)[..., None], image_weights[..., 0, :], weights)


def changed_logits(
    head: Head,
    logits: np.ndarray,
    pooled: np.ndarray,
    scale: np.ndarray,
    local: LocalWeights | None = None,
) -> np.ndarray:
    """Return the class scores with every filter's maps scaled, shape (..., C).

    Exact for an exact head: a normalising head normalises the rest again. To first order
    otherwise, by each image's own weights for its classes in play and average ones for the others.

    Parameters
    ----------
    head : Head
    logits : ndarray of shape (..., C)
        As the network gave them.
    pooled : ndarray of shape (..., F)
    scale : ndarray of shape (F,) or (..., F)
        Factor on each filter's maps, 0 or above.
    local : LocalWeights, optional
        Of the same images, for a head of first order.
    """
    if head.kind in (LAYER_NORM, COSINE):
        return logits + (head.logits(pooled * scale) - head.logits(pooled))
    if scale.ndim == 1:
        changed = np.flatnonzero(scale != 1)
        added = pooled[..., changed] * (scale[changed] - 1)
        weights = head.weights[:, changed]
    else:
        changed, added, weights = slice(None), pooled * (scale - 1), head.weights
    after = logits + added @ weights.T
    if local is not None:
        moved = (local.weights[..., changed] @ added[..., None])[..., 0]
        known = np.take_along_axis(logits, local.classes, axis=-1)
        np.put_along_axis(after, local.classes, known + moved, axis=-1)
    return after
