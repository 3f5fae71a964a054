"""What a last layer is fitted to: images, each with its activations, label and weight."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from fieldmarks.core.batching import blocks

#: Images whose activations are made at a time.
_BLOCK = 1024
#: Added to standard deviations, so that a filter that never varies has a unit.
_LEAST_UNIT = 1e-6


@dataclass(frozen=True)
class FitSet:
    """Images to fit a head to: n of them, made of m rows of activations.

    An image with another background is a sum of stored rows, so that a few times as many images
    need few more rows, and products with weights are taken over rows.

    Attributes
    ----------
    pooled : ndarray of shape (m, F)
        Rows of activations.
    labels : ndarray of shape (n,)
    sample_weight : ndarray of shape (n,)
    mixing : csr_array of shape (n, m), optional
        Share of each row in each image; sums to 1 per image. None: images are the rows.
    """

    pooled: np.ndarray
    labels: np.ndarray
    sample_weight: np.ndarray
    mixing: csr_array | None = None

    def of_images(self, of_rows: np.ndarray) -> np.ndarray:
        """Return values (n, ...) of the images, which are linear in those (m, ...) of rows."""
        return of_rows if self.mixing is None else self.mixing @ of_rows

    def of_rows(self, of_images: np.ndarray) -> np.ndarray:
        """Return what each row has of the images' values, shape (m, ...): the transpose."""
        return of_images if self.mixing is None else self.mixing.T @ of_images

    def activations(self) -> np.ndarray:
        """Return the activations of the images, shape (n, F)."""
        return self.of_images(self.pooled)

    def unit(self) -> np.ndarray:
        """Return the standard deviation of each filter over the images, shape (F,), above 0."""
        n = len(self.labels)
        mean = self.of_rows(np.full(n, 1 / n)) @ self.pooled
        squares = np.zeros(self.pooled.shape[1])
        for block in blocks(n, _BLOCK):
            few = self.pooled[block] if self.mixing is None else self.mixing[block] @ self.pooled
            squares += ((few - mean) ** 2).sum(axis=0)
        return np.sqrt(squares / n) + _LEAST_UNIT
