"""Heatmaps of a run at the size in which pages show them, and as addresses of layers."""

import numpy as np

from fieldmarks.core.explanations import grounding
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import data
from fieldmarks.dashboard.figures import overlay


def attribute_heatmap(run: Run, x: int, t: int, estimator: str | None = None) -> np.ndarray:
    """Return where attribute t lies in image x, shape (`LAYER_SIZE`, `LAYER_SIZE`), in [0, 1]."""
    return grounding.ground(run, x, t, estimator, size=overlay.LAYER_SIZE)


def class_heatmaps(run: Run, x: int, cs: list[int]) -> np.ndarray:
    """Return class activation maps on a common scale, shape (len(cs), ...), in [-1, 1]."""
    return grounding.class_maps(run, x, cs, size=overlay.LAYER_SIZE)


def layer_uri(heatmap: np.ndarray) -> str:
    """Return a heatmap of shape (H, W), in [0, 1], as the address of a transparent layer."""
    return data.data_uri(overlay.layer(heatmap), "image/png")


def attribute_layer(run: Run, x: int, t: int) -> str:
    """Return the heatmap of attribute t in image x as a layer; empty where x has no maps."""
    return layer_uri(attribute_heatmap(run, x, t)) if data.has_maps(run, x) else ""
