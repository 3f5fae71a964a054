"""Average precision of rankings, with images weighted as often as a resample draws them."""

import numpy as np


class Rankings:
    """Rankings of images by score, one a column, sorted once and scored many times.

    Ties share one threshold, as in ``sklearn.metrics.average_precision_score``.

    Parameters
    ----------
    scores : ndarray of shape (n, k)
        Falling scores rank the images.
    truth : ndarray of shape (n, k), bool
        Whether the image has it.
    """

    def __init__(self, scores: np.ndarray, truth: np.ndarray):
        n = len(scores)
        self._order = np.argsort(-scores, axis=0, kind="stable")
        ranked = np.take_along_axis(scores, self._order, axis=0)
        self._truth = np.take_along_axis(truth, self._order, axis=0).astype(np.float32)
        is_last = np.vstack([ranked[:-1] != ranked[1:], np.ones((1, scores.shape[1]), bool)])
        position = np.where(is_last, np.arange(n)[:, None], n)
        self._threshold = np.minimum.accumulate(position[::-1], axis=0)[::-1]

    def average_precision(self, weights: np.ndarray | None = None) -> np.ndarray:
        """Return the average precision of each column, NaN where none or all have it.

        Parameters
        ----------
        weights : ndarray of shape (n,), optional
            How often each image counts; once by default.
        """
        if weights is None:
            weights = np.ones(len(self._order), np.float32)
        weight = weights[self._order]
        hits = weight * self._truth
        precision = np.cumsum(hits, axis=0) / np.maximum(np.cumsum(weight, axis=0), 1e-12)
        at_threshold = np.take_along_axis(precision, self._threshold, axis=0)
        n_true, n_all = hits.sum(axis=0), weight.sum(axis=0)
        total = (hits * at_threshold).sum(axis=0)
        is_scored = (n_true > 0) & (n_true < n_all)
        return np.divide(total, n_true, out=np.full(len(n_true), np.nan), where=is_scored)
