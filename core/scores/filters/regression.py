"""Linear prediction of activations from shares of captions, by sums over images.

The sums of several groups of images add up, so that each group can be left out without going
through the images of the others again.
"""

from dataclasses import dataclass, fields

import numpy as np

from fieldmarks.core.ridge_regression import ridge_solver

#: Standard deviation, as a share of 1, below which a word or a filter does not vary.
_LEAST = 1e-5


@dataclass(frozen=True)
class RegressionSums:
    """Number of images, sums of shares x and activations y, of their squares and products.

    Attributes
    ----------
    n : int
    x, y : ndarray of shape (N,) and (F,)
    xx : ndarray of shape (N, N)
    xy : ndarray of shape (N, F)
    yy : ndarray of shape (F,)
    """

    n: int
    x: np.ndarray
    y: np.ndarray
    xx: np.ndarray
    xy: np.ndarray
    yy: np.ndarray

    @classmethod
    def of(cls, share: np.ndarray, y: np.ndarray) -> "RegressionSums":
        """Return the sums over images.

        Parameters
        ----------
        share : ndarray of shape (n, N)
            Share of captions that name each word.
        y : ndarray of shape (n, F)
            Activations.
        """
        total = share.sum(axis=0, dtype=float), y.sum(axis=0, dtype=float)
        products = (share.T @ share).astype(float), (share.T @ y).astype(float)
        return cls(len(share), *total, *products, np.square(y).sum(axis=0, dtype=float))

    def __add__(self, other: "RegressionSums") -> "RegressionSums":
        return RegressionSums(
            *(getattr(self, each.name) + getattr(other, each.name) for each in fields(self))
        )

    def best_words(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the word that correlates best with each filter, and its correlation, (F,) each."""
        variance = self.yy / self.n - (self.y / self.n) ** 2
        unit = np.sqrt(np.where(variance > _LEAST**2, variance, np.inf))
        correlation = self._covariance() / (self.n * self._spread()[:, None] * unit)
        best = correlation.argmax(axis=0)
        return best, correlation[best, np.arange(len(best))]

    def ridge(self, new: np.ndarray, penalties: tuple[float, ...]) -> list[np.ndarray]:
        """Return what ridge regression on standardised shares predicts, for each penalty.

        Parameters
        ----------
        new : ndarray of shape (m, N)
            Shares of captions of other images.
        penalties : tuple of float
            Positive.

        Returns
        -------
        list of ndarray of shape (m, F)
        """
        mean, spread = self.x / self.n, self._spread()
        squares = (self.xx - self.n * np.outer(mean, mean)) / np.outer(spread, spread)
        products = self._covariance() / spread[:, None]
        at, usual = (new - mean) / spread, self.y / self.n
        return [at @ ridge_solver(squares, penalty)(products) + usual for penalty in penalties]

    def _spread(self) -> np.ndarray:
        """Return the standard deviation of each word, infinite where it does not vary."""
        variance = self.xx.diagonal() / self.n - (self.x / self.n) ** 2
        return np.sqrt(np.where(variance > _LEAST**2, variance, np.inf))

    def _covariance(self) -> np.ndarray:
        """Return products of words and filters less those of their means, summed, (N, F)."""
        return self.xy - np.outer(self.x, self.y / self.n)
