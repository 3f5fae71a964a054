"""Whether a filter's name foretells which classes lose when the filter is removed.

Removing filter f lowers the logit of an image's class by pooled[x, f] * w[c, f]. If "yellow belly"
names it rightly, the classes whose test captions name yellow bellies most should fall most: the
correlation, over classes, of the fall with how often captions name the attribute. Filters without
a name are scored on the top of their p.d.f., which is what they would have been called.
"""

import numpy as np

from core.batching import blocks
from core.class_statistics import class_sums
from core.metrics.bootstrap import Resamples, Score, interval, ratio
from core.runs.run import Run

VERDICTS = ("named", "several names", "no nameable attribute")


def name_correlation(run: Run, xs: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return the correlation of each filter, shape (2, F); NaN where it does not vary.

    The second row gives every filter the name of another, drawn at random: what chance reaches.

    Parameters
    ----------
    run : Run
    xs : ndarray of shape (n,)
        Test images that have captions, of at least 3 classes.
    """
    images = run.images
    classes, member = np.unique(images["true_c"].to_numpy()[xs], return_inverse=True)
    n_captions = images["n_captions"].to_numpy()[xs]
    pooled, share = (
        np.zeros((len(classes), run.sizes["F"])),
        np.zeros((len(classes), run.sizes["T"])),
    )
    for block in blocks(len(xs)):
        rows, c = xs[block], member[block]
        pooled += class_sums(run.array("pooled")[rows], c, len(classes))
        named = run.counts[rows].multiply(1 / n_captions[block, None]).tocsr()
        share += class_sums(named, c, len(classes))
    n_images = np.bincount(member, minlength=len(classes))[:, None]
    fall = pooled / n_images * run.array("class_weights")[classes]
    share /= n_images
    table = run.filters
    top = np.asarray(run.array("p_t_given_f")).argmax(axis=1)
    names = np.where(table["name_t"] >= 0, table["name_t"], top)
    others = np.random.default_rng(seed).permutation(names)
    return np.stack([_correlation(fall, share[:, ts]) for ts in (names, others)])


def score_naming(correlation: np.ndarray, verdict: np.ndarray, seed: int = 0) -> dict[str, Score]:
    """Return the mean correlation by verdict, resampled over filters.

    Parameters
    ----------
    correlation : ndarray of shape (2, F)
    verdict : ndarray of shape (F,)
    """
    drawn = Resamples(len(verdict), seed=seed)
    scores = {}
    for name in VERDICTS:
        for row, what in zip(correlation, ("", ", names exchanged"), strict=True):
            use = (verdict == name) & np.isfinite(row)
            if use.any():
                score = ratio(np.where(use, row, 0), use.astype(float), drawn)
            else:
                score = interval(np.nan, np.empty(0), 0)
            scores[name + what] = score
    return scores


def _correlation(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the correlation of each column of two (n, k) arrays."""
    first, second = first - first.mean(axis=0), second - second.mean(axis=0)
    norm = np.linalg.norm(first, axis=0) * np.linalg.norm(second, axis=0)
    total = (first * second).sum(axis=0)
    return np.divide(total, norm, out=np.full(len(norm), np.nan), where=norm > 1e-12)
