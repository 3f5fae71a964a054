"""Filters of two runs matched by the images that activate them and by their words.

A filter's number means nothing in another network, so filter f of the first run is matched with
the filter of the second whose activations over the shared test images correlate most with its own,
and whose p(t given f) is most alike.
"""

import numpy as np
import pandas as pd
from sklearn.preprocessing import normalize

from fieldmarks.core.comparison.comparison import Comparison
from fieldmarks.core.run.phrases import t_of_phrase
from fieldmarks.core.run.run import Run

#: Test images that activations are compared over, evenly spaced where there are more.
N_IMAGES = 2000


def matched_filters(comparison: Comparison) -> pd.DataFrame:
    """Return the best match in the second run of each filter of the first.

    Returns
    -------
    DataFrame
        One row per filter f of the first run. Columns f, g (filter of the second run), correlation
        (Pearson, of pooled activations over shared test images, in [-1, 1]), word_similarity
        (cosine of p(t given f) over the attributes that both runs have, in [0, 1]) and is_mutual
        (f is the best match of g too). The score is the sum of the two; best matches first.
    """
    n = len(comparison.xs_first)
    some = np.unique(np.linspace(0, n - 1, min(N_IMAGES, n)).astype(int))
    correlation = _standardised(comparison.first, comparison.xs_first[some]).T @ _standardised(
        comparison.second, comparison.xs_second[some]
    )
    words = _word_similarity(comparison)
    score = correlation + words
    g = score.argmax(axis=1)
    f = np.arange(len(g))
    table = pd.DataFrame(
        {
            "f": f,
            "g": g,
            "correlation": correlation[f, g],
            "word_similarity": words[f, g],
            "is_mutual": score.argmax(axis=0)[g] == f,
        }
    )
    order = np.argsort(-score[f, g], kind="stable")
    return table.iloc[order].reset_index(drop=True)


def _standardised(run: Run, xs: np.ndarray) -> np.ndarray:
    """Return pooled activations of mean 0 and norm 1 over the images, shape (n, F)."""
    pooled = np.asarray(run.array("pooled")[xs], np.float32)
    return normalize(pooled - pooled.mean(axis=0), axis=0, copy=False)


def _word_similarity(comparison: Comparison) -> np.ndarray:
    first_t, second_t = (t_of_phrase(run) for run in (comparison.first, comparison.second))
    shared = [(t, second_t[phrase]) for phrase, t in first_t.items() if phrase in second_t]
    if not shared:
        sizes = comparison.first.sizes["F"], comparison.second.sizes["F"]
        return np.zeros(sizes, np.float32)
    first, second = (
        normalize(np.take(run.array("p_t_given_f"), ts, axis=1), copy=False)
        for run, ts in zip((comparison.first, comparison.second), np.array(shared).T, strict=True)
    )
    return first @ second.T
