"""The region of an image that activates a filter."""

from dataclasses import dataclass

import streamlit as st

from core.explanations import grounding
from core.runs.run import Run
from dashboard import data
from dashboard.figures import overlay


@dataclass(frozen=True)
class Region:
    """A crop of an image around the activated region, and the layer that darkens the rest."""

    src: str
    layer: str


def region(run: Run, f: int, x: int) -> Region:
    """Return the activated region of image x; the whole image where its maps are not kept."""
    if not data.has_maps(run, x):
        return Region(data.thumb(run, x), "")
    return _region(run, data.identity(run), f, x)


@st.cache_resource(max_entries=4096, show_spinner=False)
def _region(_run: Run, key: str, f: int, x: int) -> Region:
    heatmap = grounding.filter_map(_run, x, f, size=overlay.LAYER_SIZE)
    box = overlay.active_box(heatmap)
    photo = overlay.crop(_run.packed("thumb", x), box)
    shade = overlay.spotlight(overlay.crop_heatmap(heatmap, box))
    return Region(data.data_uri(photo), data.data_uri(shade, "image/png"))
