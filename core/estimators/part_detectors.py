"""Unsupervised part detectors: clusters of map cells that occur in every class.

The cells of a feature map vary mainly by class and then by part of the object. After subtraction of
the class mean, the remaining variation is mostly the position on the object, and its clusters are
parts: head, belly, wing tips, feet, background. Linear discriminant analysis turns each cluster
into one weight per filter, so that a weighted sum of the maps detects a part.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import linalg
from sklearn.cluster import MiniBatchKMeans

from fieldmarks.core.accelerator import computed, gram
from fieldmarks.core.batching import BLOCK, blocks
from fieldmarks.core.class_statistics import class_sums
from fieldmarks.core.estimators.base import Inputs
from fieldmarks.core.half_precision import to_float32
from fieldmarks.core.ridge_regression import ridge_solver
from fieldmarks.core.unit_length import at_unit_length

#: Cells drawn from the maps of all images.
N_CELLS = 60_000
#: Clusters per clustering. More clusters separate classes again; fewer merge head and breast.
N_CLUSTERS = 8
#: Clusterings with different seeds: the PCK of single ones differs by 20 points, of means of six by
#: eight, of means of sixteen by two (standard deviations over seeds).
N_CLUSTERINGS = 16
#: Principal directions along which cells are clustered, and cells that these are of, at most.
N_SHAPE, N_FOR_SHAPE = 64, 8192
#: Ridge on the correlation matrix of the cells, whose diagonal is 1.
SHRINKAGE = 1.0
#: Principal directions of the cells in which peaks are kept.
N_DIRECTIONS = 128
#: Cells of a product of all filters, which takes longest to be added to the sum of products.
_CELLS = 4096


@dataclass(frozen=True)
class CellSample:
    """Cells drawn at random from the maps of the training images.

    Parameters
    ----------
    cells : ndarray of shape (n, F)
        Activations, in the dtype of the maps (half the memory of float32).
    cell_c : ndarray of shape (n,)
        Class of the image of each.
    """

    cells: np.ndarray
    cell_c: np.ndarray

    def blocks(self, size: int = BLOCK) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield slices of cells, ``size`` at a time, and the cells themselves, float32."""
        for rows in blocks(len(self.cells), size):
            yield rows, to_float32(self.cells[rows])


def sample_cells(inputs: Inputs, rng: np.random.Generator, n_cells: int = N_CELLS) -> CellSample:
    """Draw the same number of cells from every image, ``n_cells`` in total or every cell."""
    X = len(inputs.true_c)
    cells, cell_c = [], []
    for rows, maps in inputs.batches():
        flat = maps.reshape(*maps.shape[:2], -1)
        n_each = min(max(n_cells // X, 1), flat.shape[2])
        for row, image in zip(rows, flat, strict=True):
            cells.append(image[:, rng.permutation(image.shape[1])[:n_each]].T)
            cell_c.append(np.full(n_each, inputs.true_c[row]))
    return CellSample(np.concatenate(cells), np.concatenate(cell_c))


@dataclass(frozen=True)
class Templates:
    """Linear detectors of clusters, and the principal directions of the cells.

    Parameters
    ----------
    weights : ndarray of shape (F, K)
        A weighted sum of the maps has its maximum at cluster k; each column has unit norm.
    clustering : ndarray of shape (K,)
        The clustering that each cluster belongs to.
    directions : ndarray of shape (F, D)
        Principal directions of standardised cells, D at most `N_DIRECTIONS`.
    """

    weights: np.ndarray
    clustering: np.ndarray
    directions: np.ndarray


def part_templates(sample: CellSample, seed: int, n_clusterings: int = N_CLUSTERINGS) -> Templates:
    """Cluster the more active half of the cells, several times, and return all detectors."""
    correlation, scale = _correlation(sample)
    active, shape = _shapes(sample)
    shape = _reduced(shape)
    members = [_members(shape, seed + i) for i in range(n_clusterings)]
    clustering = np.repeat(np.arange(n_clusterings), [member.max() + 1 for member in members])
    cells = sample.cells[active]
    centres = np.concatenate([_centres(cells, member) for member in members])
    weights = _detectors(correlation, scale, centres)
    directions = _directions(correlation, scale, N_DIRECTIONS)
    return Templates(weights, clustering, directions)


def linear_detectors(sample: CellSample, cells: np.ndarray) -> np.ndarray:
    """Return weights whose sum of the maps is high at cells like the given ones, (F, K).

    Linear discriminant analysis against all cells of the sample.

    Parameters
    ----------
    sample : CellSample
    cells : ndarray of shape (K, F)
        The mean cell of each thing to detect.

    Returns
    -------
    ndarray of shape (F, K), float32
        Columns of unit norm.
    """
    return _detectors(*_correlation(sample), cells - _moments(sample)[0])


def _detectors(correlation: np.ndarray, scale: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Return discriminants of cells that differ from the others by ``centres``, (K, F)."""
    weights = ridge_solver(correlation, SHRINKAGE)((centres / scale).T) / scale[:, None]
    return at_unit_length(weights, axis=0).astype(np.float32)


def cell_directions(sample: CellSample, n: int) -> np.ndarray:
    """Return at most n principal directions of standardised cells, shape (F, n), float32."""
    return _directions(*_correlation(sample), n)


def _directions(correlation: np.ndarray, scale: np.ndarray, n: int) -> np.ndarray:
    F = len(correlation)
    _, directions = linalg.eigh(correlation, subset_by_index=[max(F - n, 0), F - 1])
    return (directions / scale[:, None]).astype(np.float32)


def _correlation(sample: CellSample) -> tuple[np.ndarray, np.ndarray]:
    """Return the correlation matrix of the filters over cells, and their standard deviations."""
    mean, scale = _moments(sample)
    F = sample.cells.shape[1]
    correlation = np.zeros((F, F), np.float32)
    for _, cells in sample.blocks(_CELLS):
        standard = (cells - mean) / scale
        correlation += computed(gram, standard)
    return correlation / np.float32(len(sample.cells)), scale


def _moments(sample: CellSample) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of each filter, 1 where there is none, float32."""
    n = len(sample.cells)
    total, square = (np.zeros(sample.cells.shape[1]) for _ in range(2))
    for _, cells in sample.blocks():
        total += cells.sum(axis=0, dtype=float)
    mean = (total / n).astype(np.float32)
    for _, cells in sample.blocks():
        square += ((cells - mean) ** 2).sum(axis=0, dtype=float)
    scale = np.sqrt(square / n).astype(np.float32)
    return mean, np.where(scale > 0, scale, np.float32(1))


def _shapes(sample: CellSample) -> tuple[np.ndarray, np.ndarray]:
    """Return the active cells, and these with unit norm minus the mean of their class."""
    lengths = [np.linalg.norm(cells, axis=1) for _, cells in sample.blocks()]
    length = np.concatenate(lengths)
    active = np.flatnonzero(length >= np.median(length))
    shape = to_float32(sample.cells[active])
    shape /= np.maximum(length[active, None], np.finfo(np.float32).tiny)
    for c in np.unique(sample.cell_c[active]):
        in_class = np.flatnonzero(sample.cell_c[active] == c)
        shape[in_class] -= shape[in_class].mean(axis=0)
    return active, shape


def _reduced(shape: np.ndarray) -> np.ndarray:
    """Return shapes along their principal directions: clustering them takes a tenth of the time."""
    some = shape[np.unique(np.linspace(0, len(shape) - 1, N_FOR_SHAPE).astype(int))]
    F = shape.shape[1]
    _, directions = linalg.eigh(some.T @ some, subset_by_index=[max(F - N_SHAPE, 0), F - 1])
    return shape @ directions


def _members(shape: np.ndarray, seed: int) -> np.ndarray:
    """Return the cluster of each cell, numbered without gaps."""
    n_clusters = min(N_CLUSTERS, len(shape))
    kmeans = MiniBatchKMeans(n_clusters, random_state=seed, batch_size=4096, n_init=2)
    return np.unique(kmeans.fit_predict(shape), return_inverse=True)[1]


def _centres(cells: np.ndarray, member: np.ndarray) -> np.ndarray:
    """Return the mean cell of each cluster minus the mean of all clusters."""
    n_members = np.bincount(member)
    sums = sum(class_sums(cells[rows], member[rows], len(n_members)) for rows in blocks(len(cells)))
    centres = sums / n_members[:, None]
    return centres - centres.mean(axis=0)
