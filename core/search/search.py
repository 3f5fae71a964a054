"""Search: images that match a query, by the stored top attributes of every image."""

from dataclasses import dataclass

import numpy as np

from fieldmarks.core.run.contract import N_EXPLAIN
from fieldmarks.core.run.run import Run
from fieldmarks.core.search.query import Query, parse
from fieldmarks.core.search.vocabulary import Vocabulary

#: Whether captions name the attribute, do not name it, or the image has no captions.
AGREES, NOT_NAMED, UNKNOWN = "captions agree", "not in the captions", "no captions"


@dataclass(frozen=True)
class RankedImages:
    """Images by descending score.

    Attributes
    ----------
    xs : ndarray of shape (n,), int
        Images.
    scores : ndarray of shape (n,), in [0, 1]
        Of a query: geometric mean of p(t given x, c) over the required attributes, c the predicted
        class; the confidence without required attributes. Of one attribute: p(t given x, c).
    """

    xs: np.ndarray
    scores: np.ndarray


def search(
    run: Run, query: Query | str, within: int = N_EXPLAIN, include_train: bool = False
) -> RankedImages:
    """Return the images whose sentence contains all required attributes and no excluded one.

    Parameters
    ----------
    run : Run
        The run.
    query : Query or str
        As typed, or as parsed by `core.search.query.parse`.
    within : int
        Number of top attributes to search: 5 is the sentence as shown, at most K.
    include_train : bool
        Whether to include images that the p.d.f.s were estimated on.
    """
    query = parse(query, Vocabulary.of(run)) if isinstance(query, str) else query
    images = run.images
    top = run.array("top_t_predicted")[:, :within]
    top_p = run.array("top_p_predicted")
    keep = np.ones(len(images), bool) if include_train else run.is_test
    if query.is_right is not None:
        keep &= run.is_right == query.is_right
    for column, c in (("true_c", query.true), ("predicted_c", query.predicted)):
        if c is not None:
            keep &= images[column].to_numpy() == c
    for t in query.unwanted:
        keep &= ~(top == t).any(axis=1)
    log_score = np.zeros(len(images))
    for t in query.wanted:
        contains = top == t
        keep &= contains.any(axis=1)
        p = np.where(contains, top_p[:, :within], 0).max(axis=1)
        log_score += np.log(np.maximum(p, np.finfo(np.float32).tiny)) / len(query.wanted)
    xs = np.flatnonzero(keep)
    scores = np.exp(log_score[xs]) if query.wanted else images["confidence"].to_numpy()[xs]
    order = np.argsort(-scores, kind="stable")
    return RankedImages(xs[order], scores[order])


def caption_agreement(run: Run, x: int, t: int) -> str:
    """Return whether the captions of image x name attribute t."""
    if run.images["n_captions"].iloc[x] == 0:
        return UNKNOWN
    row = slice(*run.array("counts_indptr")[x : x + 2])
    return AGREES if t in run.array("counts_indices")[row] else NOT_NAMED


def rank(run: Run, t: int, side: str = "predicted", within: int = N_EXPLAIN) -> RankedImages:
    """Return the images whose explanation contains attribute t, by descending p(t given x, c).

    Parameters
    ----------
    run : Run
        The run.
    t : int
        Attribute.
    side : {"predicted", "true"}
        Which class c each image is explained as.
    within : int
        Number of top attributes to search: 5 is the sentence as shown, at most K.
    """
    contains = run.array(f"top_t_{side}")[:, :within] == t
    xs, columns = np.nonzero(contains)
    scores = run.array(f"top_p_{side}")[xs, columns]
    order = np.argsort(-scores, kind="stable")
    return RankedImages(xs[order], scores[order])
