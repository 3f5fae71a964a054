"""Detectors of parts, found without names: clusters of map cells that occur in every class.

The cells of a feature map differ by species first and by part of the body second. Less the mean
cell of its class, what is left of a cell is mostly *where on the bird* it lies, and clusters of
that are parts: head, belly, wing tips, feet, background. Linear discriminants turn each cluster
into one weight a filter, so that a part is found by a weighted sum of the maps.
"""

from dataclasses import dataclass

import numpy as np
from scipy import linalg
from sklearn.cluster import MiniBatchKMeans

from core.estimators.registry import Inputs

#: Cells drawn from the maps of all images.
N_CELLS = 60_000
#: Parts of a clustering. More of them split by species again; fewer merge head and breast.
N_CLUSTERS = 8
#: Clusterings from different starts; single ones differ by several points of PCK.
N_CLUSTERINGS = 6
#: Ridge on the correlation matrix of the cells, whose diagonal is 1.
SHRINKAGE = 1.0
#: Principal directions of the cells in which peaks are kept.
N_DIRECTIONS = 128


@dataclass(frozen=True)
class CellSample:
    """Cells drawn at random from the maps of the training images.

    Parameters
    ----------
    cells : ndarray of shape (n, F)
        Activations, float32.
    cell_c : ndarray of shape (n,)
        Class of the image of each.
    """

    cells: np.ndarray
    cell_c: np.ndarray


def sample_cells(inputs: Inputs, rng: np.random.Generator, n_cells: int = N_CELLS) -> CellSample:
    """Draw as many cells from every image, ``n_cells`` in all or every cell."""
    X = len(inputs.true_c)
    cells, cell_c = [], []
    for rows, maps in inputs.maps():
        flat = np.asarray(maps, np.float32).reshape(*maps.shape[:2], -1).transpose(0, 2, 1)
        n_each = min(max(n_cells // X, 1), flat.shape[1])
        for row, image in zip(rows, flat, strict=True):
            cells.append(image[rng.permutation(len(image))[:n_each]])
            cell_c.append(np.full(n_each, inputs.true_c[row]))
    return CellSample(np.concatenate(cells), np.concatenate(cell_c))


@dataclass(frozen=True)
class Templates:
    """Linear detectors of clusters, and directions that hold what a cell can tell.

    Parameters
    ----------
    weights : ndarray of shape (F, K)
        A weighted sum of the maps peaks where cluster k lies; each column has length 1.
    clustering : ndarray of shape (K,)
        Which of the clusterings each cluster is of.
    directions : ndarray of shape (F, D)
        Principal directions of standardised cells, D at most `N_DIRECTIONS`.
    """

    weights: np.ndarray
    clustering: np.ndarray
    directions: np.ndarray


def part_templates(sample: CellSample, seed: int, n_clusterings: int = N_CLUSTERINGS) -> Templates:
    """Cluster the more active half of the cells, several times, and return all detectors."""
    cells, F = sample.cells, sample.cells.shape[1]
    mean, scale = cells.mean(axis=0), cells.std(axis=0)
    scale[scale == 0] = 1
    standard = (cells - mean) / scale
    correlation = standard.T @ standard / len(cells)
    active, shape = _shapes(sample)
    found = [_centres(shape, standard[active], seed + i) for i in range(n_clusterings)]
    centres = np.concatenate(found)
    clustering = np.repeat(np.arange(n_clusterings), [len(centre) for centre in found])
    shrunk = correlation + np.float32(SHRINKAGE) * np.eye(F, dtype=np.float32)
    weights = linalg.solve(shrunk, centres.T, assume_a="pos") / scale[:, None]
    weights /= np.maximum(np.linalg.norm(weights, axis=0), np.finfo(np.float32).tiny)
    n_directions = min(N_DIRECTIONS, F)
    _, directions = linalg.eigh(correlation, subset_by_index=[F - n_directions, F - 1])
    directions = directions / scale[:, None]
    return Templates(weights.astype(np.float32), clustering, directions.astype(np.float32))


def _shapes(sample: CellSample) -> tuple[np.ndarray, np.ndarray]:
    """Return which cells are active, and these at length 1, less the mean of their class."""
    length = np.linalg.norm(sample.cells, axis=1)
    active = length >= np.median(length)
    shape = sample.cells[active] / np.maximum(length[active, None], np.finfo(np.float32).tiny)
    cell_c = sample.cell_c[active]
    for c in np.unique(cell_c):
        shape[cell_c == c] -= shape[cell_c == c].mean(axis=0)
    return active, shape


def _centres(shape: np.ndarray, standard: np.ndarray, seed: int) -> np.ndarray:
    """Return the mean standardised cell of each cluster, less the mean of all clusters."""
    n_clusters = min(N_CLUSTERS, len(shape))
    kmeans = MiniBatchKMeans(n_clusters, random_state=seed, batch_size=4096, n_init=2)
    member = kmeans.fit_predict(shape)
    centres = np.stack([standard[member == k].mean(axis=0) for k in np.unique(member)])
    return centres - centres.mean(axis=0)
