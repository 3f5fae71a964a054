"""How much of the activations' neighbourhoods a two-dimensional layout keeps.

Three measures, each in [0, 1]: trustworthiness (Venna and Kaski 2001), the recall of an image's
nearest neighbours, and the purity of classes among the nearest neighbours in the layout. The
control is the same layout with its points permuted among the images.
"""

import numpy as np
from sklearn.manifold import trustworthiness
from sklearn.neighbors import NearestNeighbors


def layout_quality(
    features: np.ndarray, layout: np.ndarray, classes: np.ndarray, k: int = 15
) -> dict[str, np.ndarray]:
    """Return the measures of a layout.

    Parameters
    ----------
    features : ndarray of shape (n, d)
        What was laid out; neighbours are by Euclidean distance.
    layout : ndarray of shape (n, 2)
    classes : ndarray of shape (n,), int
    k : int
        Neighbours of an image; less than half of the images.

    Returns
    -------
    dict
        ``trustworthiness``, a number of the whole; ``recall``, the share of an image's k nearest
        neighbours that are among its k nearest in the layout, and ``purity``, the share of its k
        nearest in the layout that are of its class, both of shape (n,).
    """
    true = _neighbours(features, k)
    drawn = _neighbours(layout, k)
    shared = (true[:, :, None] == drawn[:, None, :]).any(axis=2)
    return {
        "trustworthiness": np.asarray(trustworthiness(features, layout, n_neighbors=k)),
        "recall": shared.mean(axis=1),
        "purity": (classes[drawn] == classes[:, None]).mean(axis=1),
    }


def _neighbours(points: np.ndarray, k: int) -> np.ndarray:
    """Return the k nearest other points of each point, shape (n, k)."""
    return NearestNeighbors(n_neighbors=k).fit(points).kneighbors(return_distance=False)
