"""Background of an image: the quarter of the map cells that lie farthest from the object.

The logit of a network with average pooling is a sum over map cells, so the contribution of the
background to every logit is exact. The object is represented by the line segments between its
visible keypoints, or by the centre of the crop where fewer than two keypoints are visible.
"""

import numpy as np

from core.runs.run import Run

SHARE = 0.25  #: share of the map's cells that count as background


def keypoint_line_distances(keypoints: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Return the distance of each cell to the nearest line between two keypoints, shape (n,).

    Parameters
    ----------
    keypoints : ndarray of shape (P, 2)
        Row and column in the unit square, NaN where not visible.
    centres : ndarray of shape (n, 2)
        Of the cells, in the unit square.
    """
    visible = keypoints[np.isfinite(keypoints).all(axis=1)]
    if len(visible) < 2:
        return np.linalg.norm(centres - 0.5, axis=1)
    first, second = (visible[i] for i in np.triu_indices(len(visible), 1))
    line = second - first
    length = np.maximum((line**2).sum(axis=1), 1e-12)
    along = ((centres[:, None] - first) * line).sum(axis=2) / length
    nearest = first + np.clip(along, 0, 1)[..., None] * line
    return np.linalg.norm(centres[:, None] - nearest, axis=2).min(axis=1)


def background_mask(run: Run, x: int) -> np.ndarray:
    """Return which cells are background in image x, shape (H, W), bool."""
    centres = np.asarray(run.array("cell_centres"), dtype=float)
    far = keypoint_line_distances(
        np.asarray(run.array("parts")[x], dtype=float), centres.reshape(-1, 2)
    )
    n = max(1, round(SHARE * far.size))
    chosen = np.zeros(far.size, dtype=bool)
    chosen[np.argsort(-far, kind="stable")[:n]] = True
    return chosen.reshape(centres.shape[:2])


def pooled_background(run: Run, xs: np.ndarray) -> np.ndarray:
    """Return the contribution of the background to the pooled activations, shape (n, F).

    Multiplied by the class weights it is the background's contribution to the logits, exact where
    pooling is the average.
    """
    n_cells = run.sizes["H"] * run.sizes["W"]
    parts = np.empty((len(xs), run.sizes["F"]), np.float32)
    for i, x in enumerate(xs):
        parts[i] = run.maps(int(x))[:, background_mask(run, int(x))].sum(axis=1, dtype=np.float32)
    return parts / n_cells
