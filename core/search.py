"""Images that answer a query, from the top attributes that a run keeps of every image."""

from dataclasses import dataclass

import numpy as np

from core.contract import N_EXPLAIN
from core.query import Query
from core.run import Run

#: What people said of the image: the attribute, nothing of it, or the image has no captions.
AGREES, SILENT, UNKNOWN = "captions agree", "captions do not say so", "no captions"


@dataclass(frozen=True)
class Found:
    """Images that answer a query, best first.

    Attributes
    ----------
    xs : ndarray of shape (n,), int
        Images.
    scores : ndarray of shape (n,), in [0, 1]
        Geometric mean of p(t given x, c) over the wanted attributes, c the predicted class; without
        wanted attributes the confidence.
    """

    xs: np.ndarray
    scores: np.ndarray


def search(run: Run, query: Query, within: int = N_EXPLAIN, include_train: bool = False) -> Found:
    """Return the images whose sentence holds all wanted attributes and no unwanted one.

    Parameters
    ----------
    run : Run
        The run.
    query : Query
        As read by `core.query.parse`.
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
    return Found(xs[order], scores[order])


def captions_say(run: Run, x: int, t: int) -> str:
    """Return whether the captions of image x name attribute t."""
    if run.images["n_captions"].iloc[x] == 0:
        return UNKNOWN
    row = slice(*run.array("counts_indptr")[x : x + 2])
    return AGREES if t in run.array("counts_indices")[row] else SILENT
