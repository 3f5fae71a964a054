"""Images that answer a query, from the top attributes that a run keeps of every image."""

from dataclasses import dataclass

import numpy as np

from core.runs.contract import N_EXPLAIN
from core.runs.run import Run
from core.search.query import Query

#: What people said of the image: the attribute, nothing of it, or the image has no captions.
AGREES, SILENT, UNKNOWN = "captions agree", "captions do not say so", "no captions"


@dataclass(frozen=True)
class RankedImages:
    """Images by descending score.

    Attributes
    ----------
    xs : ndarray of shape (n,), int
        Images.
    scores : ndarray of shape (n,), in [0, 1]
        Of a query: geometric mean of p(t given x, c) over the wanted attributes, c the predicted
        class, without wanted attributes the confidence. Of one attribute: p(t given x, c).
    """

    xs: np.ndarray
    scores: np.ndarray


def search(
    run: Run, query: Query, within: int = N_EXPLAIN, include_train: bool = False
) -> RankedImages:
    """Return the images whose sentence holds all wanted attributes and no unwanted one.

    Parameters
    ----------
    run : Run
        The run.
    query : Query
        As read by `core.search.query.parse`.
    within : int
        How many top attributes count as the sentence: 5 as shown, up to K to look further.
    include_train : bool
        Also images that the p.d.f.s were estimated on.
    """
    images = run.images
    top = run.array("top_t_predicted")[:, :within]
    top_p = run.array("top_p_predicted")
    is_right = (images["true_c"] == images["predicted_c"]).to_numpy()
    keep = np.ones(len(images), dtype=bool)
    if not include_train:
        keep &= ~images["is_train"].to_numpy()
    if query.is_right is not None:
        keep &= is_right == query.is_right
    for column, c in (("true_c", query.true), ("predicted_c", query.predicted)):
        if c is not None:
            keep &= images[column].to_numpy() == c
    for t in query.unwanted:
        keep &= ~(top == t).any(axis=1)
    log_score = np.zeros(len(images))
    for t in query.wanted:
        held = top == t
        keep &= held.any(axis=1)
        p = np.where(held, top_p[:, :within], 0).max(axis=1)
        log_score += np.log(np.maximum(p, np.finfo(np.float32).tiny)) / len(query.wanted)
    xs = np.flatnonzero(keep)
    scores = np.exp(log_score[xs]) if query.wanted else images["confidence"].to_numpy()[xs]
    order = np.argsort(-scores, kind="stable")
    return RankedImages(xs[order], scores[order])


def captions_say(run: Run, x: int, t: int) -> str:
    """Return whether the captions of image x name attribute t."""
    if run.images["n_captions"].iloc[x] == 0:
        return UNKNOWN
    row = slice(*run.array("counts_indptr")[x : x + 2])
    return AGREES if t in run.array("counts_indices")[row] else SILENT


def rank(run: Run, t: int, side: str = "predicted", within: int = N_EXPLAIN) -> RankedImages:
    """Return the images whose explanation holds attribute t, by descending p(t given x, c).

    Parameters
    ----------
    run : Run
        The run.
    t : int
        Attribute.
    side : {"predicted", "true"}
        Which class c each image is explained as.
    within : int
        How many top attributes count as the explanation: 5 is the sentence, up to K looks further.
    """
    held = run.array(f"top_t_{side}")[:, :within] == t
    xs, columns = np.nonzero(held)
    scores = run.array(f"top_p_{side}")[xs, columns]
    order = np.argsort(-scores, kind="stable")
    return RankedImages(xs[order], scores[order])
