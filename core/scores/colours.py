"""Words against colour: whether the right colour of a part stands above wrong ones.

Captions that call a crown red and never black say which colour it has. Of all pairs of a named and
an unnamed colour of one noun, the score is the share in which p(t given x, c) puts the named one
first. The class frequency of captions does the same from the class alone, so the pairs in which it
is wrong are scored by themselves: there only what was seen in the image can help.
"""

import numpy as np

from fieldmarks.core.attributes.wordlists import COLOURS
from fieldmarks.core.batching import blocks
from fieldmarks.core.bootstrap import Resamples, Score, mean_score, ratio
from fieldmarks.core.explanations.factors import sentence_weights
from fieldmarks.core.probability import words_given_xc
from fieldmarks.core.run.run import Run
from fieldmarks.core.scores.result import Measure
from fieldmarks.core.scores.retrieval import class_caption_frequency

#: Colours of nouns that are compared, those of most images.
N_ATTRIBUTES = 200
#: An attribute of fewer training images is not compared.
MIN_IMAGES = 10


def compared_attributes(run: Run) -> np.ndarray:
    """Return the colour attributes of nouns that have several, in order of t."""
    table = run.attributes
    is_colour = table["adjective"].isin(COLOURS) & (table["n_images"] >= MIN_IMAGES)
    colours = table[is_colour].sort_values("n_images", ascending=False, kind="stable")
    colours = colours.head(N_ATTRIBUTES)
    several = colours.groupby("noun")["noun"].transform("size") > 1
    return np.sort(colours.index[several].to_numpy())


def score_colours(run: Run, xs: np.ndarray, seed: int = 0) -> Measure:
    """Return the share of pairs, in percent, in which the named colour stands first.

    Parameters
    ----------
    run : Run
    xs : ndarray of shape (n,)
        Test images that have captions.
    seed : int

    Returns
    -------
    Measure
        Class frequency and each estimator, see `score_pairs`.
    """
    ts, predicted_c = compared_attributes(run), run.images["predicted_c"].to_numpy()[xs]
    usual = class_caption_frequency(run)[predicted_c][:, ts]
    truth = np.zeros((len(xs), len(ts)), bool)
    scores = {"class frequency": usual}
    scores |= {name: np.zeros((len(xs), len(ts)), np.float32) for name in run.estimators}
    p = {name: np.ascontiguousarray(sentence_weights(run, name)[:, ts]) for name in run.estimators}
    for block in blocks(len(xs)):
        truth[block] = run.counts[xs[block]][:, ts].toarray() > 0
        pooled = run.array("pooled")[xs[block]]
        predicted_weights = run.weights(xs[block], predicted_c[block])
        for name, each in p.items():
            scores[name][block] = words_given_xc(pooled, predicted_weights, each)
    noun, group = run.attributes["noun"].to_numpy()[ts], run.images["true_c"].to_numpy()[xs]
    rows = score_pairs(scores, truth, usual, noun, group, seed)
    control = "class frequency"
    return Measure.of(rows, [control], [(run.default_estimator, control)])


def score_pairs(
    scores: dict[str, np.ndarray],
    truth: np.ndarray,
    usual: np.ndarray,
    noun: np.ndarray,
    group: np.ndarray,
    seed: int = 0,
) -> dict[str, dict[str, Score]]:
    """Return the share of pairs with the named colour first, by row and column.

    The columns are "all", "mean over nouns" and "where the class is wrong".

    Parameters
    ----------
    scores : dict of ndarray of shape (n, k)
        What ranks the colours of each image, by row.
    truth : ndarray of shape (n, k), bool
        Whether captions name them.
    usual : ndarray of shape (n, k)
        Their class frequency in the image's predicted class.
    noun : ndarray of shape (k,)
    group : ndarray of shape (n,)
        Class of each image, see `Resamples`.
    seed : int
    """
    drawn = Resamples(len(group), seed=seed, group=group)
    columns = [np.flatnonzero(noun == each) for each in np.unique(noun)]
    rows = {}
    for name, values in scores.items():
        parts = [_pairs(values[:, of], truth[:, of], usual[:, of]) for of in columns]
        hits, cases, hard_hits, hard = np.reshape(parts, (len(parts), 4, len(group))).sum(axis=0)
        rows[name] = {"all": ratio(hits, cases, drawn, unit=100)}
        if parts:
            each = [ratio(part[0], part[1], drawn, unit=100) for part in parts]
            rows[name]["mean over nouns"] = mean_score(each)
        rows[name]["where the class is wrong"] = ratio(hard_hits, hard, drawn, unit=100)
    return rows


def _pairs(value: np.ndarray, has: np.ndarray, often: np.ndarray) -> np.ndarray:
    """Return hits and pairs of each image, and of those in which the class is wrong, (4, n)."""
    columns = np.zeros((4, len(value)))
    for block in blocks(len(value)):
        v, h, o = value[block], has[block], often[block]
        is_pair = h[:, :, None] & ~h[:, None, :]
        first = v[:, :, None] - v[:, None, :]
        hit = np.where(first > 0, 1.0, np.where(first == 0, 0.5, 0.0)) * is_pair
        is_hard = is_pair & (o[:, :, None] < o[:, None, :])
        for column, each in zip(columns, (hit, is_pair, hit * is_hard, is_hard), strict=True):
            column[block] = each.sum(axis=(1, 2), dtype=float)
    return columns
