"""Smooth outlines from a few points, and coordinate frames on the canvas.

Everything a bird or a leaf is made of is a closed curve through a handful of control points, given
in a frame of its own (body, head, leaf), so that posing is one rotation and one shift.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

Point = tuple[float, float] | np.ndarray
Points = Sequence[Point] | np.ndarray


@lru_cache
def _basis(n: int) -> np.ndarray:
    """Catmull-Rom weights of four neighbours at n places of a segment, shape (n, 4)."""
    u = np.arange(n)[:, None] / n
    return 0.5 * np.hstack(
        [-u + 2 * u**2 - u**3, 2 - 5 * u**2 + 3 * u**3, u + 4 * u**2 - 3 * u**3, -(u**2) + u**3]
    )


def smooth(points: Points, n: int = 8) -> np.ndarray:
    """Return a closed Catmull-Rom curve through the points.

    Parameters
    ----------
    points : array_like of shape (P, 2)
        Control points in order.
    n : int
        Curve points per control point.

    Returns
    -------
    ndarray of shape (P * n, 2)
    """
    p = np.asarray(points, dtype=float)
    neighbours = np.stack([np.roll(p, 1, 0), p, np.roll(p, -1, 0), np.roll(p, -2, 0)])
    return np.einsum("nk,kpd->pnd", _basis(n), neighbours).reshape(-1, 2)


@lru_cache
def _profile(bluntness: float) -> np.ndarray:
    """Outline of a blade of length and half width 1, shape (40, 2)."""
    end = 0.35 + 0.6 * bluntness
    sides = [
        (0, 0),
        (0.3, 0.8),
        (0.65, 1),
        (0.9, end),
        (1, 0),
        (0.9, -end),
        (0.65, -1),
        (0.3, -0.8),
    ]
    return smooth(sides, 5)


def blade(base: Point, tip: Point, width: float, bluntness: float = 0.5) -> np.ndarray:
    """Return the outline of a feather or leaf from base to tip, shape (40, 2).

    ``bluntness`` in [0, 1] runs from a pointed to a square tip; ``width`` is the full width.
    """
    (x, y), (end_x, end_y) = base, tip
    dx, dy = end_x - x, end_y - y
    half = width / 2 / (math.hypot(dx, dy) + 1e-9)
    return _profile(bluntness) @ ((dx, dy), (-dy * half, dx * half)) + (x, y)


@dataclass(frozen=True)
class Frame:
    """A turned, scaled and shifted system of coordinates on the canvas.

    Parameters
    ----------
    origin : tuple of float
        Where (0, 0) lies on the canvas, pixels (column, row).
    angle : float
        Turn in radians; positive lifts the front (right-hand) side.
    scale : float
        Pixels per unit.
    """

    origin: tuple[float, float]
    angle: float
    scale: float

    def __call__(self, points: Points) -> np.ndarray:
        """Transform points of shape (..., 2) from this frame to the canvas."""
        p = np.asarray(points, dtype=float)
        cos, sin = self.scale * math.cos(self.angle), self.scale * math.sin(self.angle)
        return p @ ((cos, -sin), (sin, cos)) + self.origin

    def inverse(self, cols: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Transform canvas columns and rows into this frame."""
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        x, y = (cols - self.origin[0]) / self.scale, (rows - self.origin[1]) / self.scale
        return x * cos - y * sin, y * cos + x * sin


def flat(points: np.ndarray) -> list[float]:
    """Return points as the flat list of coordinates that Pillow draws."""
    return points.ravel().tolist()
