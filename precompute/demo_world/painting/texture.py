"""Tiles of grain that are made once and cut at random places: feathers, borders, mottling.

Making noise per picture would cost more than painting the bird, so that a few large tiles are kept
and every picture takes its own window of them. All are fixed by their own seeds.
"""

from functools import lru_cache

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from fieldmarks.precompute.demo_world.painting.bird_shape import CANVAS

TILE = 1024  #: side of a tile, pixels


def _blurred_noise(seed: int, sigma: tuple[float, float]) -> np.ndarray:
    """White noise blurred over (columns, rows), standard deviation 1, shape (TILE, TILE)."""
    noise = np.random.default_rng(seed).normal(size=(TILE, TILE)).astype(np.float32)
    field = gaussian_filter(noise, sigma[::-1], mode="wrap")
    return field / field.std()


@lru_cache
def cloud() -> np.ndarray:
    """Soft blotches with a few octaves, standard deviation 1, float32 of shape (TILE, TILE)."""
    field = np.zeros((TILE, TILE), np.float32)
    for seed, (cells, weight) in enumerate([(8, 1.0), (16, 0.6), (32, 0.35), (64, 0.2)]):
        field = field + weight * _upsampled(seed, cells)
    return (field / field.std()).astype(np.float32)


def _upsampled(seed: int, cells: int) -> np.ndarray:
    grid = np.random.default_rng(seed).normal(size=(cells, cells)).astype(np.float32)
    return np.asarray(Image.fromarray(grid).resize((TILE, TILE), Image.Resampling.BICUBIC))


@lru_cache
def feathers() -> np.ndarray:
    """Rows of overlapping feather tips with barbs, multiplies light; float32 near 1."""
    rows, cols = np.mgrid[0:TILE, 0:TILE].astype(np.float32)
    rows += 3.0 * cloud()
    cols += 4.0 * np.roll(cloud(), 311, axis=1)
    pitch_x, pitch_y = 17.0, 13.0
    row_index = np.floor(rows / pitch_y)
    v = rows / pitch_y - row_index - 0.5
    u = cols / pitch_x + 0.5 * (row_index % 2)
    along = u - np.floor(u)
    rim = along - 0.55 * (1 - 4 * v * v)  # the tip of a scale bulges backwards
    scale = np.clip(np.abs(rim - 0.05), 0, 0.3) / 0.3
    barbs = _blurred_noise(11, (5, 0.8))
    return (0.94 + 0.08 * scale + 0.035 * barbs).astype(np.float32)


@lru_cache
def ruffle() -> np.ndarray:
    """Offsets into a flattened canvas that ruffle the borders between colours; int32 of its shape.

    Borders become feathery because each pixel takes its colour from a few pixels along the body.
    """
    width, height = CANVAS
    along = np.clip(3.0 * _blurred_noise(5, (2.2, 0.7)), -6, 6)[:height, :width]
    across = np.clip(1.6 * _blurred_noise(6, (3, 3)), -4, 4)[:height, :width]
    rows, cols = np.mgrid[0:height, 0:width]
    source_rows = np.clip(rows + np.round(across).astype(int), 0, height - 1)
    source_cols = np.clip(cols + np.round(along).astype(int), 0, width - 1)
    return (source_rows * width + source_cols).astype(np.int32)


def random_window(tile: np.ndarray, size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Cut a window of (columns, rows) at a random place of a tile."""
    width, height = size
    top = int(rng.integers(0, TILE - height + 1))
    left = int(rng.integers(0, TILE - width + 1))
    return tile[top : top + height, left : left + width]
