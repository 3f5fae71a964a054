"""Where the heatmap of an attribute lies: on its part, on the object, or beside it.

With a visible keypoint of the part, the heatmap lies on the part where its peak is within `REACH`
of it. Otherwise it lies on the object where at least half of its heat is inside the bounding box.
Without a box that leaves some of the crop out, the object is where the activations of all filters
together are above their mean (selective convolutional descriptor aggregation: Wei, Luo, Wu, Zhou,
2017).
"""

from dataclasses import dataclass

import numpy as np

from fieldmarks.core.explanations.grounding import upsample, weighted_map
from fieldmarks.core.pictures.crop import crop_rows, stated_size
from fieldmarks.core.run.part_columns import keypoint_columns
from fieldmarks.core.run.run import Run

#: Largest distance of a peak from the keypoint that it lies on, in units of the image's side.
REACH = 0.2
#: Share of the heat that is on the object, at least, of a heatmap that lies on it.
ON_OBJECT = 0.5
#: A box that leaves out less of the crop than this says nothing.
LEFT_OUT = 0.05
#: Points per axis at which heat is summed.
GRID = 56


@dataclass(frozen=True)
class Place:
    """Where the heatmap of an attribute lies.

    Attributes
    ----------
    distance : float
        From its peak to the nearest visible keypoint of the part, in units of the image's side; NaN
        without one.
    share : float
        Of its heat that is on the object, in [0, 1]; NaN where nothing is hot.
    has_box : bool
        Whether the object is that of a bounding box, and not of the activations.
    """

    distance: float
    share: float
    has_box: bool

    @property
    def is_on(self) -> bool | None:
        """Whether it lies where it should; None without positive heat."""
        if np.isfinite(self.distance):
            return self.distance <= REACH
        return self.share >= ON_OBJECT if np.isfinite(self.share) else None

    @property
    def what(self) -> str:
        """What it should lie on: "part" or "object"."""
        return "part" if np.isfinite(self.distance) else "object"


def places(run: Run, x: int, ts: list[int], estimator: str | None = None) -> dict[int, Place]:
    """Return where the heatmaps of attributes lie in image x; nothing where its maps are not kept.

    Parameters
    ----------
    run : Run
    x : int
    ts : list of int
    estimator : str, optional
        Of the heatmaps; the run's default.
    """
    if not ts or run.array("map_row")[x] < 0:
        return {}
    maps, centres = np.asarray(run.maps(x), np.float32), run.array("cell_centres")
    weights = np.asarray(run.array("evidence", estimator)[:, ts], np.float32).T
    heat = upsample(weighted_map(maps, weights), centres, GRID)
    at = np.unravel_index(heat.reshape(len(ts), -1).argmax(axis=1), (GRID, GRID))
    peaks = (np.stack(at, axis=1) + 0.5) / GRID
    inside = box_of_object(run, x)
    on_object = object_by_activation(maps, centres) if inside is None else inside
    heat = np.clip(heat, 0, None)
    total = heat.sum(axis=(1, 2))
    share = np.where(
        total > 0, (heat * on_object).sum(axis=(1, 2)) / np.maximum(total, 1e-12), np.nan
    )
    far = _distances(run, x, ts, peaks)
    return {t: Place(float(far[i]), float(share[i]), inside is not None) for i, t in enumerate(ts)}


def object_by_activation(maps: np.ndarray, centres: np.ndarray, size: int = GRID) -> np.ndarray:
    """Return where all filters together are more active than on average, (size, size), bool.

    Parameters
    ----------
    maps : ndarray of shape (F, H, W)
    centres : ndarray of shape (H, W, 2)
    size : int
    """
    total = upsample(np.asarray(maps, np.float32).sum(axis=0), centres, size)
    return total > total.mean()


def box_of_object(run: Run, x: int, size: int = GRID) -> np.ndarray | None:
    """Return where the bounding box of image x is in its crop, shape (size, size), bool.

    None without a box, and for one that leaves out less than `LEFT_OUT` of the crop.
    """
    images = run.images
    if "bbox_width" not in images or "crop_side" not in images:
        return None
    row = images.iloc[x]
    side, width, height = (float(row[name]) for name in ("crop_side", "bbox_width", "bbox_height"))
    if not np.isfinite([side, width, height]).all() or min(side, width, height) <= 0:
        return None
    picture = float(row["width"]), float(row["height"])
    crop, fed = run.manifest.get("crop", "box"), stated_size(run.manifest.get("input_size", 1))
    points = (np.arange(size) + 0.5) / size
    cols = points * side + float(row["crop_left"])
    rows = points * crop_rows(side, crop, fed, picture) + float(row["crop_top"])
    left, top = float(row["bbox_left"]), float(row["bbox_top"])
    inside = np.outer(
        (rows >= top) & (rows <= top + height), (cols >= left) & (cols <= left + width)
    )
    is_telling = inside.any() and inside.mean() <= 1 - LEFT_OUT
    return inside if is_telling else None


def _distances(run: Run, x: int, ts: list[int], peaks: np.ndarray) -> np.ndarray:
    """Return how far each peak is from the nearest visible keypoint of its part, NaN for none."""
    far = np.full(len(ts), np.nan)
    if run.source is not run or not run.array("parts").shape[1]:
        return far
    columns = keypoint_columns(run)[ts]
    points = np.asarray(run.array("parts")[x], float)[columns]
    points[columns < 0] = np.nan
    each = np.linalg.norm(points - peaks[:, None], axis=-1)
    is_known = np.isfinite(each).any(axis=1)
    far[is_known] = np.nanmin(each[is_known], axis=1)
    return far
