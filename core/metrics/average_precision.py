"""Average precision of rankings, with images weighted by their count in a bootstrap resample."""

import numpy as np

from core.batching import blocks

#: Entries of rankings processed at a time.
_ENTRIES = 1 << 20


class Rankings:
    """Rankings of images by score, one per column, sorted once and scored many times.

    Ties share one threshold, as in ``sklearn.metrics.average_precision_score``.

    Parameters
    ----------
    scores : ndarray of shape (n, k)
        Images are ranked by descending score.
    truth : ndarray of shape (n, k), bool
        Whether the image is relevant.
    """

    def __init__(self, scores: np.ndarray, truth: np.ndarray):
        n, k = scores.shape
        self._order, self._threshold = np.empty((k, n), np.int32), np.empty((k, n), np.int32)
        for j, column in enumerate(scores.T):
            self._order[j] = np.argsort(-column, kind="stable")
            ranked = column[self._order[j]]
            is_last = np.append(ranked[:-1] != ranked[1:], True)
            position = np.where(is_last, np.arange(n), n)
            self._threshold[j] = np.minimum.accumulate(position[::-1])[::-1]
        self._truth = np.take_along_axis(truth.T, self._order, axis=1)

    def average_precision(self, weights: np.ndarray | None = None) -> np.ndarray:
        """Return the average precision of each column, NaN where none or all are relevant.

        Parameters
        ----------
        weights : ndarray of shape (n,), optional
            Weight of each image; 1 by default.
        """
        k, n = self._order.shape
        if weights is None:
            weights = np.ones(n, np.float32)
        column_blocks = blocks(k, max(1, _ENTRIES // max(n, 1)))
        return np.concatenate([self._average_precision(weights, b) for b in column_blocks])

    def _average_precision(self, weights: np.ndarray, columns: slice) -> np.ndarray:
        weight = weights[self._order[columns]]
        hits = weight * self._truth[columns]
        precision = np.cumsum(hits, axis=1) / np.maximum(np.cumsum(weight, axis=1), 1e-12)
        at_threshold = np.take_along_axis(precision, self._threshold[columns], axis=1)
        n_true, n_all = hits.sum(axis=1), weight.sum(axis=1)
        total = (hits * at_threshold).sum(axis=1)
        is_scored = (n_true > 0) & (n_true < n_all)
        return np.divide(total, n_true, out=np.full(len(n_true), np.nan), where=is_scored)
