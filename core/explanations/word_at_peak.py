"""Whether a word lies where a filter is active, by the run's own heatmaps.

The heatmap of an attribute, eq. (9), is read at the cell in which the filter is most active. The
filter itself is left out of the heatmap: its activation would be evidence for its own word.
The control is the same heatmap read at the peaks of all other filters in the same image.

Keypoints are not used, and a heatmap can be wrong: the result says whether the word's other filters
look at the same place, not what is there.
"""

from dataclasses import dataclass

import numpy as np

from fieldmarks.core.explanations.grounding import weighted_map
from fieldmarks.core.half_precision import to_float32
from fieldmarks.core.run.run import Run

#: A word lies where its heatmap is at least this share of its maximum.
HERE = 0.5


@dataclass(frozen=True)
class WordAtPeak:
    """The heatmap of attribute t at the peak of filter f, in each of n images.

    Attributes
    ----------
    heat : ndarray of shape (n,), float
        Relative to the maximum of the heatmap, in [0, 1]; NaN where the maps are not kept.
    chance : ndarray of shape (n,), float
        Share of the other filters at whose peaks the word lies, in [0, 1]: the control.
    place : ndarray of shape (n, 2), float
        Row and column where the heatmap is highest, in the unit square.
    """

    heat: np.ndarray
    chance: np.ndarray
    place: np.ndarray

    @property
    def is_here(self) -> np.ndarray:
        """Whether the word lies where the filter is most active, shape (n,)."""
        return self.heat >= HERE


def word_at_peak(
    run: Run, f: int, t: int, xs: np.ndarray, estimator: str | None = None
) -> WordAtPeak:
    """Return the heatmap of attribute t at the peak of filter f in images ``xs``."""
    heat, chance = np.full(len(xs), np.nan), np.full(len(xs), np.nan)
    place = np.full((len(xs), 2), np.nan)
    weights = np.array(run.array("evidence", estimator)[:, t], np.float32)
    weights[f] = 0
    centres = run.array("cell_centres").reshape(-1, 2)
    others = np.arange(len(weights)) != f
    for i, x in enumerate(xs):
        if run.array("map_row")[x] < 0:
            continue
        maps = to_float32(run.maps(x))
        word = np.clip(weighted_map(maps, weights), 0, None).ravel()
        word /= max(word.max(), np.finfo(np.float32).tiny)
        at = word[maps.reshape(len(maps), -1).argmax(axis=1)]
        heat[i], place[i] = at[f], centres[word.argmax()]
        chance[i] = (at[others] >= HERE).mean() if others.any() else np.nan
    return WordAtPeak(heat, chance, place)
