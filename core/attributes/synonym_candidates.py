"""Possible synonyms: words that describe one image in different captions, not in the same one.

Several writers describe one image. Of two words for one thing, one writer uses the first and
another the second, so they co-occur in different captions of an image and not in the same one.
Colours of one wing co-occur in one caption ("black and white wings"); opposites in neither way. The
score is the logarithm of how much more often two words meet in different captions of an image than
captions of any images would, minus that of how much more often in the same caption.

Two adjectives are compared by the nouns that they share, two nouns by their shared adjectives. It
is a suggestion: writers also disagree ("long" and "short" bills), so a person decides.
"""

import numpy as np
import pandas as pd
from scipy import sparse

#: Minimum captions of an attribute, for it to count.
MIN_CAPTIONS = 10
#: Minimum images in which two words meet in different captions.
MIN_IMAGES = 3
#: Added to observed and expected counts, so that few cases do not decide.
PSEUDO_COUNT = 1.0
#: Images shown for a candidate.
N_SHOWN = 3

#: Columns of the table of candidates: dtype and meaning, as in the contract of a run.
SYNONYM_COLUMNS = {
    "kind": ("str", "adjective or noun: two possible synonyms"),
    "word": ("str", "one of them"),
    "other": ("str", "and the other, in alphabetical order"),
    "score": ("float32", "log lift in different captions of an image, minus that in the same"),
    "n_images": ("int32", "training images in which both are used for one object"),
    "n_word": ("int32", "captions that name the word, of things that are said with both"),
    "n_other": ("int32", "captions that name the other"),
    "n_apart": ("int32", "pairs of different captions of an image, one with either word"),
    "expected_apart": ("float32", "as many by chance"),
    "n_together": ("int32", "captions with both, of one thing"),
    "expected_together": ("float32", "as many by chance"),
    **{f"x{i + 1}": ("int32", "an image with both words, -1 for none") for i in range(N_SHOWN)},
}


def synonym_candidates(
    named: sparse.csr_array, image: np.ndarray, adjectives: np.ndarray, nouns: np.ndarray
) -> pd.DataFrame:
    """Return pairs of words by descending score.

    Parameters
    ----------
    named : csr_array of shape (N, T)
        Which attributes each caption names.
    image : ndarray of shape (N,), int
        The image of each caption.
    adjectives, nouns : ndarray of shape (T,)
        The two words of each attribute.

    Returns
    -------
    DataFrame
        Columns `SYNONYM_COLUMNS`.
    """
    named = sparse.csr_array(named.astype(bool).astype(float))
    kept = np.flatnonzero(named.sum(axis=0) >= MIN_CAPTIONS)
    named = named[:, kept]
    _, member = np.unique(image, return_inverse=True)
    n_each = np.bincount(member)
    N = len(image)
    # ordered pairs of different captions of an image, as a share of all pairs of captions
    share = (n_each * (n_each - 1)).sum() / max(N, 1) ** 2
    of_image = sparse.csr_array((np.ones(N), (member, np.arange(N))), shape=(len(n_each), N))
    counts = sparse.csr_array(of_image @ named)
    together = (named.T @ named).toarray()
    apart = (counts.T @ counts).toarray() - together
    n = np.asarray(named.sum(axis=0), float)
    expected = np.outer(n, n)
    pairs: dict[tuple[str, str, str], list[tuple[int, int]]] = {}
    words = {"adjective": (adjectives[kept], nouns[kept]), "noun": (nouns[kept], adjectives[kept])}
    for kind, (compared, contexts) in words.items():
        for context in np.unique(contexts.astype(str)):
            ts = np.flatnonzero(contexts == context)
            for i, t in enumerate(ts):
                for u in ts[i + 1 :]:
                    (first, t1), (second, t2) = sorted(
                        ((str(compared[t]), int(t)), (str(compared[u]), int(u)))
                    )
                    if first and second and first != second:
                        pairs.setdefault((kind, first, second), []).append((t1, t2))
    images, rows = np.unique(image), []
    has = counts.toarray() > 0
    for (kind, first, second), attributes in pairs.items():
        t, u = np.array(attributes).T
        n_words = int(n[t].sum()), int(n[u].sum())
        both = np.flatnonzero((has[:, t] & has[:, u]).any(axis=1))
        if len(both) < MIN_IMAGES:
            continue
        sums = apart[t, u].sum(), expected[t, u].sum() * share
        sums += together[t, u].sum(), expected[t, u].sum() / N
        strength = np.minimum(counts[both][:, t].toarray(), counts[both][:, u].toarray())
        order = np.argsort(-strength.sum(axis=1), kind="stable")[:N_SHOWN]
        shown = [*images[both[order]].tolist(), *[-1] * N_SHOWN][:N_SHOWN]
        rows.append((kind, first, second, meeting_score(*sums), len(both), *n_words, *sums, *shown))
    dtypes = {name: dtype for name, (dtype, _) in SYNONYM_COLUMNS.items()}
    table = pd.DataFrame(rows, columns=list(SYNONYM_COLUMNS)).astype(dtypes)
    return table.sort_values(
        ["score", "word", "other"], ascending=[False, True, True], ignore_index=True
    )


def meeting_score(
    apart: float, expected_apart: float, together: float, expected_together: float
) -> float:
    """Return how much more two words meet in different captions of an image than in the same one.

    >>> round(meeting_score(9, 4, 0, 1), 3)  # log(10 / 5) - log(1 / 2)
    1.386
    """
    k = PSEUDO_COUNT
    lift_apart = (apart + k) / (expected_apart + k)
    lift_together = (together + k) / (expected_together + k)
    return float(np.log(lift_apart) - np.log(lift_together))
