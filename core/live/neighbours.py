"""The training images nearest to a new image, and whether the image is unfamiliar.

Images are compared by the cosine of their pooled activations. The distance to the 10th nearest
training image, a non-parametric measure of novelty (Sun et al., "Out-of-Distribution Detection with
Deep Nearest Neighbors", ICML 2022), is ranked among the distances of the run's test images: these
were not used for training, so the rank of a picture like them is uniform, whatever the network
(conformal prediction), and 5 % of such pictures are called unfamiliar.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from fieldmarks.core.accelerator import computed
from fieldmarks.core.batching import blocks, in_threads
from fieldmarks.core.errors import MissingRunError
from fieldmarks.core.run.run import Run
from fieldmarks.core.unit_length import at_unit_length

#: Which nearest training image the distance is to.
K_NEAREST = 10
#: Share of pictures like the test images that are called unfamiliar.
ALARM = 0.05
#: Images of either split that are compared at most; of more, this many are drawn.
MAX_IMAGES = 20_000


@dataclass(frozen=True)
class Novelty:
    """How far a picture lies from the training images, among the test images.

    Parameters
    ----------
    distance : float
        Cosine distance to the 10th nearest training image, in [0, 2].
    share_nearer : float
        Share of test images that lie nearer, in [0, 1].
    p_value : float
        Share of test images at least as far, the picture itself counted, in (0, 1].
    """

    distance: float
    share_nearer: float
    p_value: float

    @property
    def is_unlike(self) -> bool:
        """Whether the picture is called unfamiliar."""
        return self.p_value <= ALARM


class TrainingImages:
    """The readable training images of a run, or 20,000 of them, by direction of their activations.

    Parameters
    ----------
    run : Run

    Attributes
    ----------
    xs : ndarray of shape (n,)
        The images, ascending.

    Raises
    ------
    MissingRunError
        If the run has no training images.
    """

    def __init__(self, run: Run):
        self._run = run
        self.xs = _drawn(np.flatnonzero(~run.is_test & run.is_readable))
        if not len(self.xs):
            raise MissingRunError(f"run {run.name!r} has no training images to compare with")
        self._directions = at_unit_length(run.array("pooled")[self.xs])

    def nearest(
        self, pooled: np.ndarray, n: int, leave_out: int | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the n nearest training images and their cosines, descending.

        Parameters
        ----------
        pooled : ndarray of shape (F,)
        n : int
        leave_out : int, optional
            An image x that is not its own neighbour.
        """
        cosine = self._directions @ at_unit_length(np.asarray(pooled, np.float32))
        if leave_out is not None:
            cosine = np.where(self.xs == leave_out, -np.inf, cosine)
        order = np.argsort(-cosine, kind="stable")[: min(n, np.isfinite(cosine).sum())]
        return self.xs[order], cosine[order]

    def distance(self, pooled: np.ndarray, leave_out: int | None = None) -> np.ndarray:
        """Return the cosine distance to the 10th nearest training image, or to the last of fewer.

        Parameters
        ----------
        pooled : ndarray of shape (n, F)
        leave_out : int, optional
            An image x that is not compared with.

        Returns
        -------
        ndarray of shape (n,), in [0, 2]
        """
        own = at_unit_length(np.asarray(pooled, np.float32))
        others = slice(None) if leave_out is None else self.xs != leave_out
        k = min(K_NEAREST, len(self.xs[others]))
        if not k:
            return np.full(len(own), np.nan)
        kth = computed(partial(_kth_cosine, others=others, k=k), own, kept=(self._directions,))
        return np.clip(1 - kth, 0, 2)

    def novelty(self, pooled: np.ndarray, leave_out: int | None = None) -> Novelty | None:
        """Return how far a picture lies, None where the run has no test images to rank it among.

        Parameters
        ----------
        pooled : ndarray of shape (F,)
        leave_out : int, optional
            An image x that is not compared with.
        """
        if "neighbour_distance" not in self._run.array_names:
            return None
        distance = float(self.distance(pooled[None], leave_out)[0])
        return novelty_of(distance, self._run.array("neighbour_distance"))


def _kth_cosine(xp: Any, own: Any, directions: Any, others: np.ndarray | slice, k: int) -> Any:
    """Return the k-th largest cosine of each image with some of the others, shape (n,)."""
    return xp.kth_largest((own @ directions.T)[:, others], k)


def novelty_of(distance: float, reference: np.ndarray) -> Novelty | None:
    """Return the rank of a distance among those of test images, ascending; None without any.

    >>> novelty_of(0.5, np.array([0.1, 0.2, 0.3]))
    Novelty(distance=0.5, share_nearer=1.0, p_value=0.25)
    """
    n = len(reference)
    if not n or not np.isfinite(distance):
        return None
    n_nearer = int(np.searchsorted(reference, distance, side="left"))
    return Novelty(distance, n_nearer / n, (1 + n - n_nearer) / (n + 1))


def distances_of_test_images(run: Run) -> np.ndarray:
    """Return the distances of the readable test images, or of 20,000, ascending.

    Parameters
    ----------
    run : Run

    Returns
    -------
    ndarray of shape (Q,), float32
    """
    training = TrainingImages(run)
    xs = _drawn(np.flatnonzero(run.is_test & run.is_readable))
    pooled = run.array("pooled")
    parts = in_threads(lambda block: training.distance(pooled[xs[block]]), list(blocks(len(xs))))
    return np.sort(np.concatenate([np.zeros(0), *parts])).astype(np.float32)


def _drawn(xs: np.ndarray) -> np.ndarray:
    if len(xs) <= MAX_IMAGES:
        return xs
    return np.sort(np.random.default_rng(0).choice(xs, MAX_IMAGES, replace=False))
