"""A region of the image map: a box or a polygon, as short text that fits into a link."""

import re
from dataclasses import dataclass

import numpy as np

from fieldmarks.core.errors import DataError

#: The map is the unit square; corners are whole thousandths of its side.
SCALE = 1000
#: A lasso is reduced to so many corners, so that its text has at most 480 characters.
MAX_CORNERS = 48
_TEXT = re.compile(r"[0-9]{1,4}-[0-9]{1,4}(\.[0-9]{1,4}-[0-9]{1,4})*")


@dataclass(frozen=True)
class MapRegion:
    """A box, given by two opposite corners, or a polygon of three or more.

    Its text, ``120-340.560-780``, are the corners as column-row in thousandths of the map's side.

    Parameters
    ----------
    corners : tuple of (int, int)
        Each from 0 to `SCALE`.
    """

    corners: tuple[tuple[int, int], ...]

    @classmethod
    def parse(cls, text: str) -> "MapRegion":
        """Return the region that a text stands for.

        Raises
        ------
        DataError
            If it is none.

        >>> MapRegion.parse("120-340.560-780").corners
        ((120, 340), (560, 780))
        """
        pairs = text.split(".") if _TEXT.fullmatch(text) else []
        corners = tuple((int(pair.split("-")[0]), int(pair.split("-")[1])) for pair in pairs)
        if not 2 <= len(corners) <= MAX_CORNERS or max(map(max, corners)) > SCALE:
            raise DataError(
                f"a region of the map is 2 to {MAX_CORNERS} corners such as 120-340.560-780, "
                f"got {text[:40]!r}: select it again on the map"
            )
        return cls(corners)

    @classmethod
    def around(cls, points: np.ndarray, is_box: bool) -> "MapRegion":
        """Return the region that was drawn by hand.

        Parameters
        ----------
        points : ndarray of shape (n, 2)
            Corners in the unit square; what lies outside is moved to its edge. Of a polygon of too
            many corners those are left out that change its area least (Visvalingam and Whyatt
            1993).
        is_box : bool
            The box that just holds the points; a polygon otherwise.
        """
        points = np.clip(np.asarray(points, float), 0, 1) * SCALE
        if is_box:
            corners = np.stack([np.floor(points.min(axis=0)), np.ceil(points.max(axis=0))])
        else:
            corners = np.round(points)
            corners = corners[(corners != np.roll(corners, 1, axis=0)).any(axis=1)]
            while len(corners) > MAX_CORNERS:
                corners = np.delete(corners, _triangles(corners).argmin(), axis=0)
        return cls(tuple((int(col), int(row)) for col, row in corners))

    def __str__(self) -> str:
        return ".".join(f"{col}-{row}" for col, row in self.corners)

    def contains(self, points: np.ndarray) -> np.ndarray:
        """Return which points lie inside: of a polygon by the even-odd rule, of a box edge and all.

        Parameters
        ----------
        points : ndarray of shape (n, 2)
            In the unit square.

        Returns
        -------
        ndarray of shape (n,), bool
        """
        corners = np.array(self.corners, np.float32)
        points = np.asarray(points, np.float32) * np.float32(SCALE)
        if len(corners) == 2:
            low, high = corners.min(axis=0), corners.max(axis=0)
            return ((points >= low) & (points <= high)).all(axis=1)
        is_inside = np.zeros(len(points), bool)
        col, row = points.T
        for (col_a, row_a), (col_b, row_b) in zip(corners, np.roll(corners, -1, 0), strict=True):
            crosses = (row_a > row) != (row_b > row)
            if row_a != row_b:
                edge = col_a + (row - row_a) * (col_b - col_a) / (row_b - row_a)
                is_inside ^= crosses & (col < edge)
        return is_inside


def _triangles(corners: np.ndarray) -> np.ndarray:
    """Return twice the area of the triangle of each corner and its two neighbours, shape (n,)."""
    before, after = np.roll(corners, 1, axis=0) - corners, np.roll(corners, -1, axis=0) - corners
    return np.abs(before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0])
