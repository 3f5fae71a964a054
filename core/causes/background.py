"""Background of an image: the quarter of the map cells that lie farthest from the object.

The logit of a network with average pooling is a sum over map cells, so the contribution of the
background to every logit is exact. Two descriptions of where the object is:

- *activations* (the default, known for every image): the sum of the maps of all filters, each
  weighted by how much more it is active near the centre of training images than at their edge (its
  correlation with nearness, 0 where negative). The sum is smoothed and standardised within the
  image, and a quarter of the standardised nearness is added. The form was chosen by agreement with
  keypoints on training images.
- *keypoints* (an option): the line segments between the visible keypoints, or the centre of the
  crop where fewer than two are visible. Few data sets have them, and none for a new photograph.
"""

import numpy as np
from scipy.ndimage import gaussian_filter

from fieldmarks.core.half_precision import to_float32
from fieldmarks.core.run.run import Run

SHARE = 0.25  #: share of the map's cells that count as background
_SMOOTHING = 1.0  # standard deviation in cells
_CENTRE_WEIGHT = 0.25
_MAX_TRAIN = 200  # training images that tell which filters are active near the centre


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


def centre_weights(run: Run) -> np.ndarray:
    """Return the correlation of each filter's activation with nearness to the centre, shape (F,).

    Over the map cells of a sample of training images; 0 where negative, 1 for every filter where no
    training image has maps or no filter is active near the centre.
    """
    is_known = run.images["is_train"].to_numpy(bool) & run.is_readable
    known = np.flatnonzero(is_known & (np.asarray(run.array("map_row")) >= 0))
    F, near = run.sizes["F"], nearness(np.asarray(run.array("cell_centres"), float)).ravel()
    if not len(known):
        return np.ones(F)
    chosen = known[np.unique(np.linspace(0, len(known) - 1, _MAX_TRAIN).astype(int))]
    total, squares, together = np.zeros(F), np.zeros(F), np.zeros(F)
    for x in chosen:
        cells = to_float32(run.maps(int(x))).reshape(F, -1)
        total += cells.mean(axis=1)
        squares += (cells**2).mean(axis=1)
        together += (cells @ near) / len(near)
    variance = np.maximum(squares / len(chosen) - (total / len(chosen)) ** 2, 0)
    spread = np.sqrt(variance)
    correlation = np.divide(together / len(chosen), spread, out=np.zeros(F), where=spread > 1e-9)
    weights = np.maximum(correlation, 0)
    return weights if weights.any() else np.ones(F)


def nearness(centres: np.ndarray) -> np.ndarray:
    """Return how near each cell is to the middle of the crop, standardised, shape (H, W).

    Parameters
    ----------
    centres : ndarray of shape (H, W, 2)
        Of the cells, in the unit square.
    """
    return _standardised(-np.linalg.norm(centres - 0.5, axis=2))


def objectness(maps: np.ndarray, near: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return how likely each map cell is the object, shape (H, W), in standard deviations.

    Parameters
    ----------
    maps : ndarray of shape (F, H, W)
        Feature maps of an image.
    near : ndarray of shape (H, W)
        As `nearness` returns it.
    weights : ndarray of shape (F,)
        As `centre_weights` returns them.
    """
    activation = np.tensordot(weights, to_float32(maps), axes=1)
    smooth = gaussian_filter(activation, _SMOOTHING, mode="nearest")
    return _standardised(smooth) + _CENTRE_WEIGHT * near


def _standardised(values: np.ndarray) -> np.ndarray:
    if np.ptp(values) <= 1e-9:
        return np.zeros_like(values)
    return (values - values.mean()) / values.std()


class Background:
    """The background of the images of a run that have stored maps.

    Parameters
    ----------
    run : Run
    with_keypoints : bool
        Whether keypoints say where the object is, instead of activations.
    """

    def __init__(self, run: Run, with_keypoints: bool = False):
        self.run, self.with_keypoints = run, with_keypoints
        self._centres = np.asarray(run.array("cell_centres"), dtype=float)
        self._near = nearness(self._centres)
        self._weights = None if with_keypoints else centre_weights(run)

    def mask(self, x: int) -> np.ndarray:
        """Return which cells are background in image x, shape (H, W), bool."""
        if self._weights is None:
            keypoints = np.asarray(self.run.array("parts")[x], dtype=float)
            far = keypoint_line_distances(keypoints, self._centres.reshape(-1, 2))
        else:
            far = -objectness(self.run.maps(x), self._near, self._weights).ravel()
        n = max(1, round(SHARE * far.size))
        chosen = np.zeros(far.size, dtype=bool)
        chosen[np.argsort(-far, kind="stable")[:n]] = True
        return chosen.reshape(self._centres.shape[:2])

    def pooled(self, xs: np.ndarray) -> np.ndarray:
        """Return the contribution of the background to the pooled activations, shape (n, F).

        Multiplied by the class weights it is the background's contribution to the logits, exact
        where pooling is the average.
        """
        n_cells = self.run.sizes["H"] * self.run.sizes["W"]
        parts = np.empty((len(xs), self.run.sizes["F"]), np.float32)
        for i, x in enumerate(xs):
            mask = self.mask(int(x))
            parts[i] = to_float32(self.run.maps(int(x))[:, mask]).sum(axis=1)
        return parts / n_cells
