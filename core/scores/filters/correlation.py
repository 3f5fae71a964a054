"""Pearson's correlation of activations with predictions of them, filter by filter, over images."""

from typing import Any

import numpy as np

from fieldmarks.core.accelerator import computed
from fieldmarks.core.bootstrap import Resamples, Score, interval
from fieldmarks.core.class_statistics import class_sums
from fieldmarks.core.unit_length import centred_at_unit_length

#: Resamples of a correlation, which takes products of all images and filters.
N_RESAMPLES = 200


class Activations:
    """Activations of test images, to be correlated with predictions of them.

    Parameters
    ----------
    values : ndarray of shape (n, F)
        Pooled activations.
    true_c : ndarray of shape (n,)
        Class of each image: classes are resampled first, and their means can be removed.
    seed : int
        Of the resamples.
    """

    def __init__(self, values: np.ndarray, true_c: np.ndarray, seed: int = 0):
        self.shape, self._member = values.shape, np.unique(true_c, return_inverse=True)[1]
        drawn = list(Resamples(len(values), N_RESAMPLES, seed, true_c))
        self._weights = np.stack(drawn) if len(values) else np.empty((N_RESAMPLES, 0), np.float32)
        self._weights /= np.maximum(self._weights.sum(axis=1, keepdims=True), 1)
        self._sides = {within: self._moments(values, within) for within in (False, True)}

    def by_filter(self, predicted: np.ndarray, within: bool = False) -> np.ndarray:
        """Return the correlation of each filter with its prediction, shape (F,).

        It is 0 where one of both does not vary.

        Parameters
        ----------
        predicted : ndarray of shape (n, F)
        within : bool
            Remove class means from both.
        """
        return (self._sides[within][0] * self._scaled(predicted, within)).sum(axis=0)

    def mean(
        self, predicted: np.ndarray, fs: np.ndarray | None = None, within: bool = False
    ) -> Score:
        """Return the mean over filters ``fs``, all by default, of the correlation.

        Parameters
        ----------
        predicted : ndarray of shape (n, F)
        fs : ndarray of int, optional
        within : bool
            Remove class means from both.
        """
        n = predicted.shape[1] if fs is None else len(fs)
        if not n or not len(predicted):
            return interval(np.nan, np.empty(0), 0)
        (a, mean_a, scale_a), predicted = self._of_filters(predicted, fs, within)
        b, mean_b, scale_b = self._moments(predicted, within)
        products = np.multiply(a, b, out=b)
        covariance = self._weighted(products) - mean_a * mean_b
        again = (covariance * scale_a * scale_b).mean(axis=1)
        return _moved_onto(float(products.sum(axis=0).mean()), again, n)

    def exchanged(
        self, predicted: np.ndarray, fs: np.ndarray | None = None, within: bool = False
    ) -> Score:
        """Return the mean over all pairs of a filter and another's prediction.

        It is what remains on average where predictions are exchanged between the filters.
        """
        n = predicted.shape[1] if fs is None else len(fs)
        if not n or not len(predicted):
            return interval(np.nan, np.empty(0), 0)
        first, predicted = self._of_filters(predicted, fs, within)
        second = self._moments(predicted, within)
        value = float(first[0].mean(axis=1) @ second[0].mean(axis=1))
        # the mean over pairs of a product is the product of the means over filters
        (a, mean_a), (b, mean_b) = (
            (scaled @ scale.T / n, (mean * scale).mean(axis=1))
            for scaled, mean, scale in (first, second)
        )
        again = (a * b * self._weights.T).sum(axis=0) - mean_a * mean_b
        return _moved_onto(value, again, n)

    def _of_filters(
        self, predicted: np.ndarray, fs: np.ndarray | None, within: bool
    ) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
        """Return the moments of the activations of some filters, and their predictions."""
        sides = self._sides[within]
        if fs is None:  # of thousands of images and filters, each copy takes a tenth of a second
            return sides, predicted
        return tuple(side[:, fs] for side in sides), predicted[:, fs]

    def _moments(
        self, values: np.ndarray, within: bool
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return scaled values, and in each resample their mean and 1 / standard deviation."""
        scaled = self._scaled(values, within)
        mean = self._weighted(scaled)
        variance = self._weighted(np.square(scaled)) - np.square(mean)
        scale = np.sqrt(np.where(variance > 1e-12, variance, np.inf))
        return scaled, mean, 1 / scale

    def _weighted(self, values: np.ndarray) -> np.ndarray:
        """Return the mean of values in each resample, shape (`N_RESAMPLES`, F)."""
        return computed(_of_resamples, values, kept=(self._weights,))

    def _scaled(self, values: np.ndarray, within: bool) -> np.ndarray:
        """Return columns of mean 0 and length 1, or of zeros where they do not vary."""
        values = np.asarray(values, np.float32)
        if not len(values):
            return values
        if within:
            values = values - self._class_means(values)[self._member]
        return centred_at_unit_length(values)

    def _class_means(self, values: np.ndarray) -> np.ndarray:
        n_images = np.bincount(self._member)
        return class_sums(values, self._member, len(n_images)) / n_images[:, None]


def _of_resamples(xp: Any, values: Any, weights: Any) -> Any:
    return weights @ values


def _moved_onto(value: float, again: np.ndarray, n: int) -> Score:
    """Return the score; resamples, of fewer different classes, are moved onto it by their mean."""
    return interval(value, again - np.nanmean(again) + value, n)
