"""A two-dimensional layout of images, in which images with similar activations lie close together.

Pooled activations are scaled to norm 1, reduced to their principal components block by block, and
laid out by t-SNE (van der Maaten and Hinton 2008; of many images by the interpolation of Linderman
et al. 2019), which starts from the first two components. Of
more than `MAX_LAID_OUT` images so many are laid out, drawn at random; every other image is placed
at the mean of the images nearest to it.
"""

import numpy as np
from sklearn.neighbors import KNeighborsRegressor
from threadpoolctl import threadpool_limits

from fieldmarks.core.batching import blocks
from fieldmarks.core.unit_length import at_unit_length

#: Principal components that are laid out.
N_COMPONENTS = 50
#: Images that t-SNE lays out at most.
MAX_LAID_OUT = 50_000
#: More images than these repel each other by interpolation on a grid, fewer by a quadtree.
INTERPOLATED = 5_000
#: Images that every other image is placed between.
N_BETWEEN = 5
#: Room between the outermost points and the edge of the unit square.
_MARGIN = 0.02
_PERPLEXITY = 30
#: Standard deviation of the points that t-SNE starts from (Kobak and Linderman 2021).
_START = 1e-4


def image_layout(pooled: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return a place for each image.

    Parameters
    ----------
    pooled : ndarray of shape (X, F)
        May be a memory map; read block by block.
    seed : int
        Of the images that are laid out, where there are too many for all.

    Returns
    -------
    ndarray of shape (X, 2), float32
        Column and row in the unit square, the same scale on both.
    """
    points = reduced(pooled)
    X = len(points)
    if X <= MAX_LAID_OUT:
        return in_unit_square(embed(points))
    drawn = np.sort(np.random.default_rng(seed).choice(X, MAX_LAID_OUT, replace=False))
    layout = np.empty((X, 2), np.float32)
    layout[drawn] = embed(points[drawn])
    between = KNeighborsRegressor(N_BETWEEN).fit(points[drawn], layout[drawn])
    others = np.setdiff1d(np.arange(X), drawn)
    for rows in blocks(len(others), 4096):
        layout[others[rows]] = between.predict(points[others[rows]])
    return in_unit_square(layout)


def reduced(pooled: np.ndarray) -> np.ndarray:
    """Return the first principal components of the activations, each image scaled to norm 1.

    The sign of a component is that its largest loading is positive, so that a layout is the same
    each time.

    Parameters
    ----------
    pooled : ndarray of shape (X, F)

    Returns
    -------
    ndarray of shape (X, at most `N_COMPONENTS`), float32
    """
    X, F = pooled.shape
    mean, products = np.zeros(F), np.zeros((F, F))
    for rows in blocks(X, 2048):
        unit = at_unit_length(np.asarray(pooled[rows], np.float32))
        mean += unit.sum(axis=0, dtype=np.float64)
        products += unit.T @ unit
    mean /= X
    _, axes = np.linalg.eigh(products / X - np.outer(mean, mean))
    axes = axes[:, ::-1][:, : min(N_COMPONENTS, X, F)]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    axes = axes.astype(np.float32)
    centre = (mean @ axes).astype(np.float32)
    return np.concatenate(
        [
            at_unit_length(np.asarray(pooled[rows], np.float32)) @ axes - centre
            for rows in blocks(X, 2048)
        ]
    )


def embed(points: np.ndarray) -> np.ndarray:
    """Return the layout of t-SNE, shape (n, 2); one or two components are a layout already."""
    n, d = points.shape
    spread = points[:, :2].std(axis=0).max()
    if d < 3 or n < 4 or spread == 0:
        return np.column_stack([points[:, :2], np.zeros((n, max(0, 2 - d)), points.dtype)])
    from openTSNE import TSNE  # of the extra "precompute"

    perplexity = min(_PERPLEXITY, (n - 1) / 3)
    with threadpool_limits(1):  # the sums of several threads differ from start to start
        start = points[:, :2] / spread * _START
        layout = TSNE(
            initialization=start,
            perplexity=perplexity,
            negative_gradient_method="fft" if n > INTERPOLATED else "bh",
            random_state=0,
            n_jobs=1,
        )
        return np.asarray(layout.fit(points), np.float32)


def in_unit_square(layout: np.ndarray) -> np.ndarray:
    """Return a layout moved and scaled into the unit square, its longer side along it.

    >>> in_unit_square(np.array([[0.0, 1.0], [2.0, 1.0]])).round(2)
    array([[0.02, 0.5 ],
           [0.98, 0.5 ]], dtype=float32)
    """
    low, high = layout.min(axis=0), layout.max(axis=0)
    side = max(float((high - low).max()), 1e-12)
    centred = (layout - (low + high) / 2) / side
    return (0.5 + (1 - 2 * _MARGIN) * centred).astype(np.float32)
