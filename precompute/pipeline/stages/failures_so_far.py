"""The failures that the pass over the images has found so far, for a dashboard that is open."""

import base64
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.special import softmax

from fieldmarks.core.run.so_far import MOST, FailureSoFar, SoFar
from fieldmarks.precompute.data.dataset import Dataset


class FailuresSoFar:
    """Counts images as they pass, and writes the file that a dashboard reads.

    Parameters
    ----------
    folder : Path
        Of the unfinished run.
    dataset : Dataset
    """

    def __init__(self, folder: Path, dataset: Dataset):
        self._folder, self._names = folder, dataset.class_names
        self._images = dataset.images[["path", "true_c", "is_train"]]
        self.so_far = SoFar(len(dataset.images))

    def add(self, start: int, logits: np.ndarray, thumb: Callable[[int], bytes]) -> None:
        """Add images that have passed.

        Parameters
        ----------
        start : int
            The first image x.
        logits : ndarray of shape (n, C)
        thumb : callable
            Gives the thumbnail of the i-th of them.
        """
        images = self._images.iloc[start : start + len(logits)]
        predicted_c, true_c = logits.argmax(axis=1), images["true_c"].to_numpy()
        is_test = ~images["is_train"].to_numpy(bool)
        wrong = np.flatnonzero(is_test & (predicted_c != true_c))
        sure = softmax(np.asarray(logits, float)[wrong], axis=1).max(axis=1, initial=0)
        self.so_far = self.so_far.plus(
            len(logits),
            int(is_test.sum()),
            len(wrong),
            [
                FailureSoFar(
                    str(images["path"].iloc[i]),
                    self._names[true_c[i]],
                    self._names[predicted_c[i]],
                    float(probability),
                    base64.b64encode(thumb(i)).decode("ascii"),
                )
                for i, probability in sorted(
                    zip(wrong.tolist(), sure.tolist(), strict=True), key=lambda each: -each[1]
                )[:MOST]
            ],
        )

    def write(self) -> None:
        """Write what is known so far."""
        self.so_far.write(self._folder)
