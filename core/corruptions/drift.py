"""What changes from an unchanged picture to a changed one: sentence, filters, heatmaps."""

from dataclasses import dataclass

import numpy as np

from fieldmarks.core.corruptions.record import UNCHANGED, Record
from fieldmarks.core.corruptions.words import sentences_of, words_of_pictures
from fieldmarks.core.explanations.grounding import upsample
from fieldmarks.core.presence.presence import presence_of, side_by_side
from fieldmarks.core.run.run import Run

#: Points per axis at which the peak of a heatmap is searched.
_GRID = 56


@dataclass(frozen=True)
class WordDrift:
    """The sentences of one image at all strengths of one kind of change.

    Parameters
    ----------
    rows : ndarray of shape (n,)
        Rows of the record, the unchanged picture first.
    said : ndarray of shape (n, 5)
        Attributes of each sentence, for the class that is predicted there; -1 for none.
    p : ndarray of shape (n, T)
        q(t, x), how surely each attribute is seen; p(t given x, predicted c) where presence is not
        claimed.
    """

    rows: np.ndarray
    said: np.ndarray
    p: np.ndarray

    @property
    def words(self) -> list[int]:
        """All attributes that a sentence names, in the order in which they first appear."""
        return [int(t) for t in dict.fromkeys(self.said.ravel().tolist()) if t >= 0]

    def gained(self, i: int) -> list[int]:
        """Return the attributes of sentence i that the unchanged picture's lacks."""
        return [int(t) for t in self.said[i] if t >= 0 and t not in self.said[0]]

    def lost(self, i: int) -> list[int]:
        """Return the attributes of the unchanged picture's sentence that sentence i lacks."""
        return [int(t) for t in self.said[0] if t >= 0 and t not in self.said[i]]


def word_drift(run: Run, record: Record, x: int, kind: str) -> WordDrift:
    """Return how the sentence of image x drifts with the strength of a kind of change."""
    picked = [record.row(x, UNCHANGED, 0), *(record.row(x, kind, n) for n in record.levels(kind))]
    rows = np.array([row for row in picked if row is not None], int)
    c = record.table["predicted_c"].to_numpy()[rows]
    pooled, presence = np.asarray(record.pooled[rows]), presence_of(run.source)
    moments = None if record.moments is None else record.moments[rows]
    if presence is None:
        p = words_of_pictures(run, pooled, c)
    else:
        p = np.nan_to_num(presence.q(side_by_side(pooled, moments)))
    return WordDrift(rows, sentences_of(run, pooled, c, moments), p)


def margin_changes(run: Run, record: Record, before: int, after: int) -> np.ndarray:
    """Return the part of each filter in the change of the prediction, shape (F,).

    Of a changed prediction it is the part in the lead of the new class over the old one: with an
    exact head the parts sum to the change of the difference of the two logits. Of an unchanged
    prediction it is the part in the change of that class's logit.

    Parameters
    ----------
    run : Run
    record : Record
    before, after : int
        Rows of the record.
    """
    old, new = (int(record.table["predicted_c"].iloc[row]) for row in (before, after))
    lead = []
    for pooled in (record.pooled[row].astype(float) for row in (before, after)):
        towards = run.weights_at(pooled, new)
        lead.append(pooled * (towards if old == new else towards - run.weights_at(pooled, old)))
    return lead[1] - lead[0]


def heatmaps_of(run: Run, record: Record, row: int, size: int = _GRID) -> np.ndarray:
    """Return the heatmaps of the words of the unchanged sentence, (5, size, size), unscaled."""
    return upsample(record.heat[row], run.array("cell_centres"), size)


def peaks_of(heatmaps: np.ndarray) -> np.ndarray:
    """Return row and column of the maximum of each heatmap in the unit square, shape (n, 2).

    >>> peaks_of(np.array([[[0.0, 1.0], [0.0, 0.0]]]))
    array([[0.25, 0.75]])
    """
    size = heatmaps.shape[-1]
    at = heatmaps.reshape(len(heatmaps), -1).argmax(axis=1)
    return (np.stack(np.unravel_index(at, (size, size)), axis=1) + 0.5) / size
