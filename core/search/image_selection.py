"""Selection and sorting of test images, and representative failures."""

from dataclasses import dataclass

import numpy as np

from fieldmarks.core.errors import MissingRunError
from fieldmarks.core.run.contract import N_EXPLAIN
from fieldmarks.core.run.run import Run

#: Orders of a list of images: column of the images table and whether it is descending.
ORDERS: dict[str, tuple[str, bool]] = {
    "most confident": ("confidence", True),
    "least confident": ("confidence", False),
    "true class least likely": ("p_true", False),
    "true class most likely": ("p_true", True),
    "by true class": ("true_c", False),
    "by predicted class": ("predicted_c", False),
    "least sharp": ("sharpness", False),
    "darkest": ("brightness", False),
}
SHOWS = ("wrong", "right", "all")


@dataclass(frozen=True)
class Criteria:
    """Selection criteria of a list of test images; None is no restriction.

    Attributes
    ----------
    show : {"wrong", "right", "all"}
        By correctness.
    true, predicted : int, optional
        Classes.
    t : int, optional
        Attribute in the sentence for the predicted or for the true class.
    confidence : tuple of float
        Lowest and highest confidence, in [0, 1].
    order : str
        A key of `ORDERS`.
    """

    show: str = "wrong"
    true: int | None = None
    predicted: int | None = None
    t: int | None = None
    confidence: tuple[float, float] = (0.0, 1.0)
    order: str = "most confident"


def select_images(run: Run, criteria: Criteria, among: np.ndarray | None = None) -> np.ndarray:
    """Return the test images that meet the criteria, sorted, ndarray of int.

    Parameters
    ----------
    run : Run
        The run.
    criteria : Criteria
        Conditions and order.
    among : ndarray of int, optional
        Only these images, e.g. those of a pattern.
    """
    images = run.images
    keep = run.is_test
    if criteria.show != "all":
        keep &= run.is_right == (criteria.show == "right")
    for column, c in (("true_c", criteria.true), ("predicted_c", criteria.predicted)):
        if c is not None:
            keep &= images[column].to_numpy() == c
    low, high = criteria.confidence
    if (low, high) != (0.0, 1.0):
        keep &= images["confidence"].between(low, high).to_numpy()
    if criteria.t is not None:
        keep &= names_attribute(run, criteria.t, "predicted") | names_attribute(
            run, criteria.t, "true"
        )
    if among is not None:
        keep &= np.isin(np.arange(len(keep)), among)
    xs = np.flatnonzero(keep)
    column, is_descending = ORDERS[criteria.order]
    values = images[column].to_numpy()[xs]
    return xs[np.argsort(-values if is_descending else values, kind="stable")]


def most_alike(run: Run, x: int, xs: np.ndarray) -> dict[int, float]:
    """Return the images xs but x with the cosine of their pooled activations to those of x.

    Parameters
    ----------
    run : Run
    x : int
        An image.
    xs : ndarray of int
        Images to compare with it.

    Returns
    -------
    dict of int to float
        In descending order; cosines are in [-1, 1].
    """
    xs = xs[xs != x]
    others, own = (np.asarray(run.array("pooled")[each], np.float32) for each in (xs, x))
    norms = np.linalg.norm(others, axis=1) * np.linalg.norm(own)
    cosines = others @ own / np.maximum(norms, np.finfo(np.float32).tiny)
    order = np.argsort(-cosines, kind="stable")
    return dict(zip(xs[order].tolist(), cosines[order].tolist(), strict=True))


def names_attribute(run: Run, t: int, side: str) -> np.ndarray:
    """Return whether the sentence for the predicted or true class names t, shape (X,), bool."""
    return (sentence_words(run, side) == t).any(axis=1)


def sentence_words(run: Run, side: str) -> np.ndarray:
    """Return the attributes of each image's sentence for its predicted or true class, (X, 5).

    Those that are seen and count, by what they count; where presence is not claimed, the most
    probable ones. -1 for none.
    """
    if not run.has_words:
        return np.full((run.sizes["X"], N_EXPLAIN), -1, np.int32)
    said = f"said_t_{side}"
    return run.array(said if said in run.array_names else f"top_t_{side}")[:, :N_EXPLAIN]


def disagreement(run: Run, xs: np.ndarray) -> np.ndarray:
    """Return the share of attributes that differ between an image's two sentences, (len(xs),)."""
    predicted, true = (sentence_words(run, side)[xs] for side in ("predicted", "true"))
    shared = (predicted[:, :, None] == true[:, None, :]) & (predicted >= 0)[:, :, None]
    return 1 - shared.any(axis=2).sum(axis=1) / predicted.shape[1]


def suggested_failures(run: Run, n: int = 3) -> np.ndarray:
    """Return failures to start with: confident, with different sentences, of diverse causes.

    The score is the confidence times the share of attributes that differ between the two sentences.
    Each pair of classes occurs at most once, and diagnosed patterns alternate (round robin).
    """
    xs = select_images(run, Criteria())
    if not len(xs):
        return xs
    images = run.images.iloc[xs]
    score = images["confidence"].to_numpy() * disagreement(run, xs)
    ranked = images.assign(x=xs, score=score).sort_values("score", ascending=False, kind="stable")
    ranked = ranked.drop_duplicates(["true_c", "predicted_c"])
    try:
        pattern = run.table("diagnoses")["pattern"].iloc[ranked["x"]]
    except MissingRunError:
        return ranked["x"].to_numpy()[:n]
    turn = ranked.groupby(pattern.to_numpy(), sort=False).cumcount()
    return ranked["x"].iloc[np.argsort(turn, kind="stable")].to_numpy()[:n]
