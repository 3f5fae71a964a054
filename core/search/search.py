"""Search: images that match a query, by what is seen in them or by their sentences."""

from dataclasses import dataclass

import numpy as np

from fieldmarks.core.presence.presence import presence_of, presence_of_word
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
        Of a query: the least q(t, x) of the required attributes, by the paper's rule the geometric
        mean of p(t given x, c), c the predicted class; the confidence without required attributes.
        Of one attribute: p(t given x, c).
    """

    xs: np.ndarray
    scores: np.ndarray


def search(
    run: Run,
    query: Query | str,
    within: int = N_EXPLAIN,
    include_train: bool = False,
    by: str = "seen",
    least: float | None = None,
) -> RankedImages:
    """Return the images in which all required attributes are seen and no excluded one is.

    Parameters
    ----------
    run : Run
        The run.
    query : Query or str
        As typed, or as parsed by `core.search.query.parse`.
    within : int
        Number of top attributes to search by the paper's rule: 5 is its sentence, at most K.
    include_train : bool
        Whether to include images that the p.d.f.s were estimated on.
    by : {"seen", "sentence"}
        "sentence" is the paper's rule: the attribute is among those of the highest p(t given x, c).
        A run where presence is not claimed is always searched by it.
    least : float, optional
        Images in which q(t, x) of each required attribute is above it, and of no excluded one. By
        default each attribute has a line of its own, one half or lower (`core.presence.curves`).
    """
    query = parse(query, Vocabulary.of(run)) if isinstance(query, str) else query
    if query.terms or query.unknown:
        run.require_words("a search by attributes")
    images = run.images
    keep = np.ones(len(images), bool) if include_train else run.is_test
    if query.is_right is not None:
        keep &= run.is_right == query.is_right
    for column, c in (("true_c", query.true), ("predicted_c", query.predicted)):
        if c is not None:
            keep &= images[column].to_numpy() == c
    if by == "seen" and presence_of(run.source) is not None:
        score = _seen(run, query, keep, least)
    else:
        score = _in_sentences(run, query, keep, within)
    xs = np.flatnonzero(keep)
    scores = score[xs] if query.wanted else images["confidence"].to_numpy()[xs]
    order = np.argsort(-scores, kind="stable")
    return RankedImages(xs[order], scores[order])


def _seen(run: Run, query: Query, keep: np.ndarray, least: float | None) -> np.ndarray:
    """Return the least q of the required attributes, (X,); narrows ``keep``."""
    presence = presence_of(run.source)
    assert presence is not None
    score = np.ones(len(keep), np.float32)
    for term in query.terms:
        qs = {t: np.nan_to_num(presence_of_word(run, t)) for t in term.ts}
        lines = {t: presence.line[t] if least is None else least for t in term.ts}
        is_found = np.any([qs[t] > lines[t] for t in term.ts], axis=0)
        keep &= is_found != term.is_negated
        if not term.is_negated:
            score = np.minimum(score, np.max(list(qs.values()), axis=0))
    return score


def _in_sentences(run: Run, query: Query, keep: np.ndarray, within: int) -> np.ndarray:
    """Return the geometric mean of p(t given x, c), (X,); narrows ``keep``."""
    if not query.terms:
        return np.zeros(len(keep))
    top = run.array("top_t_predicted")[:, :within]
    top_p = run.array("top_p_predicted")
    log_score = np.zeros(len(keep))
    for term in query.terms:
        contains = np.isin(top, term.ts)
        if term.is_negated:
            keep &= ~contains.any(axis=1)
            continue
        keep &= contains.any(axis=1)
        p = np.where(contains, top_p[:, :within], 0).max(axis=1)
        log_score += np.log(np.maximum(p, np.finfo(np.float32).tiny)) / len(query.wanted)
    return np.exp(log_score)


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
