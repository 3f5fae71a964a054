"""Where the heatmap of an attribute lies: on its part, on the object, or beside it.

It lies on the part where its peak is within `REACH` of a visible keypoint of the part. Without one
it lies on the object where its peak is on the object or within half a cell of the network's maps.
The object is what the bounding box has, or, without a box that leaves some of the crop out, what
has other colours than the border of the crop. Where neither tells, nothing is said.
"""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from fieldmarks.core.explanations.grounding import upsample, weighted_map
from fieldmarks.core.half_precision import to_float32
from fieldmarks.core.pictures.crop import crop_rows, stated_size
from fieldmarks.core.run.part_columns import keypoint_columns
from fieldmarks.core.run.run import Run

#: Largest distance of a peak from the keypoint that it lies on, in units of the image's side.
REACH = 0.2
#: A box that leaves out less of the crop than this says nothing.
LEFT_OUT = 0.05
#: Points per axis at which peaks and the object are looked for.
GRID = 56
#: Width of the border, in points, and how many of its points have the colour of a point outside.
BORDER, N_ALIKE = 3, 10
#: Standard deviation by which colour distances are smoothed, in points.
SMOOTH = 1.5
#: Colours tell the object where two groups explain so much of the variance of the distances, and
#: their means are so far apart, in levels of 255.
SEPARABLE, APART = 0.8, 20


@dataclass(frozen=True)
class Place:
    """Where the heatmap of an attribute lies.

    Attributes
    ----------
    distance : float
        From its peak to the nearest visible keypoint of the part, or else to the object, 0 on it;
        in units of the image's side.
    by : str
        What tells: "keypoint", "box" or "colour".
    reach : float
        Up to this distance it lies there.
    """

    distance: float
    by: str
    reach: float = REACH

    @property
    def is_on(self) -> bool:
        """Whether it lies where it should."""
        return self.distance <= self.reach

    @property
    def what(self) -> str:
        """What it should lie on: "part" or "object"."""
        return "part" if self.by == "keypoint" else "object"


def places(
    run: Run,
    x: int,
    ts: list[int],
    estimator: str | None = None,
    picture: bytes | None = None,
) -> dict[int, Place]:
    """Return where the heatmaps of attributes lie in image x, of those for which something tells.

    Of none where its maps are not kept, and of no heatmap that is positive nowhere.

    Parameters
    ----------
    run : Run
    x : int
    ts : list of int
    estimator : str, optional
        Of the heatmaps; the run's default.
    picture : bytes, optional
        The crop that the network saw, as a file; the thumbnail of the image.
    """
    if not ts or run.array("map_row")[x] < 0:
        return {}
    maps, centres = to_float32(run.maps(x)), run.array("cell_centres")
    weights = np.asarray(run.array("evidence", estimator)[:, ts], np.float32).T
    heat = upsample(weighted_map(maps, weights), centres, GRID).reshape(len(ts), -1)
    peaks = np.stack(np.unravel_index(heat.argmax(axis=1), (GRID, GRID)), axis=1)
    points = (peaks + 0.5) / GRID
    inside, by = box_of_object(run, x), "box"
    if inside is None:
        if picture is None and "thumb" in run.packs:
            picture = run.packed("thumb", x)
        inside, by = None if picture is None else object_by_colour(picture), "colour"
    to_object = np.full(len(ts), np.nan)
    if inside is not None:
        of_object = (np.argwhere(inside) + 0.5) / GRID
        to_object = np.linalg.norm(points[:, None] - of_object, axis=-1).min(axis=1)
    half_a_cell, found = 0.5 / min(maps.shape[1:]), {}
    for i, far in enumerate(_distances(run, x, ts, points)):
        if np.isfinite(far):
            found[ts[i]] = Place(float(far), "keypoint")
        elif np.isfinite(to_object[i]) and heat[i].max() > 0:
            found[ts[i]] = Place(float(to_object[i]), by, half_a_cell)
    return found


def object_by_colour(picture: bytes, size: int = GRID) -> np.ndarray | None:
    """Return where colours are unlike those of the border, shape (size, size), bool.

    A point is as far from the border as its colour is from the `N_ALIKE`-th nearest colour there;
    Otsu's threshold (1979) parts the distances. None where two groups explain less than
    `SEPARABLE` of their variance, as in most photographs of scenes, or hardly differ.

    Parameters
    ----------
    picture : bytes
        An image file.
    size : int
    """
    from scipy.ndimage import gaussian_filter
    from scipy.spatial import KDTree

    small = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB").resize((size, size)), float)
    is_border = np.ones((size, size), bool)
    is_border[BORDER:-BORDER, BORDER:-BORDER] = False
    far = KDTree(small[is_border]).query(small.reshape(-1, 3), k=[N_ALIKE])[0]
    far = gaussian_filter(far.reshape(size, size), SMOOTH)
    ordered = np.sort(far.ravel())[::-1]
    n = np.arange(1, len(ordered))
    above, below = np.cumsum(ordered)[:-1], ordered.sum() - np.cumsum(ordered)[:-1]
    share, apart = n / len(ordered), above / n - below / (len(ordered) - n)
    between = share * (1 - share) * apart**2
    best = between.argmax()
    tells = between[best] >= SEPARABLE * far.var() and apart[best] >= APART
    return far >= ordered[best] if tells else None


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
