"""Average precision of rankings, with images weighted by their count in a bootstrap resample."""

import numpy as np

from fieldmarks.core.batching import blocks

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
    groups : ndarray of shape (G, m), optional
        Images of groups of equal size that are ranked by themselves: then the columns are those of
        the first group, of the second and so on, G k of them. One group of all by default.
    """

    def __init__(self, scores: np.ndarray, truth: np.ndarray, groups: np.ndarray | None = None):
        n_all, n_columns = scores.shape
        groups = np.arange(n_all)[None] if groups is None else groups
        n, k = groups.shape[1], len(groups) * n_columns
        scores, truth = (each[groups].transpose(1, 0, 2).reshape(n, k) for each in (scores, truth))
        self._order, self._threshold = np.empty((k, n), np.intp), np.empty((k, n), np.intp)
        for j, column in enumerate(scores.T):
            self._order[j] = np.argsort(-column, kind="stable")
            ranked = column[self._order[j]]
            is_last = np.append(ranked[:-1] != ranked[1:], True)
            position = np.where(is_last, np.arange(n), n)
            self._threshold[j] = np.minimum.accumulate(position[::-1])[::-1]
        self._truth = np.take_along_axis(truth.T, self._order, axis=1)
        self._threshold += n * np.arange(k)[:, None]
        #: Images in the order of their rank, by column.
        self._order = np.repeat(groups, n_columns, axis=0)[np.arange(k)[:, None], self._order]

    def average_precision(self, weights: np.ndarray | None = None) -> np.ndarray:
        """Return the average precision of each column, NaN where none or all are relevant.

        Parameters
        ----------
        weights : ndarray of shape (n,), optional
            Weight of each image; 1 by default.
        """
        k, n = self._order.shape
        w = np.ones(self._order.max(initial=-1) + 1, np.float32) if weights is None else weights
        column_blocks = blocks(k, max(1, _ENTRIES // max(n, 1)))
        return np.concatenate([self._average_precision(w, b) for b in column_blocks])

    def _average_precision(self, weights: np.ndarray, columns: slice) -> np.ndarray:
        weight, n = weights.take(self._order[columns]), self._order.shape[1]
        hits = weight * self._truth[columns]
        precision = np.cumsum(hits, axis=1) / np.maximum(np.cumsum(weight, axis=1), 1e-12)
        at_threshold = precision.take(self._threshold[columns] - n * columns.start)
        n_true, n_all = hits.sum(axis=1), weight.sum(axis=1)
        total = (hits * at_threshold).sum(axis=1)
        is_scored = (n_true > 0) & (n_true < n_all)
        return np.divide(total, n_true, out=np.full(len(n_true), np.nan), where=is_scored)
