"""The map: every image a point, images of like activations close together."""

from dataclasses import replace

import numpy as np
import streamlit as st

from fieldmarks.core.errors import MissingRunError
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import data, heading, image_filters, labels
from fieldmarks.dashboard.components import being_computed
from fieldmarks.dashboard.components.register import map_component, picture_component
from fieldmarks.dashboard.image_map import colouring, region_card
from fieldmarks.dashboard.image_map.points import (
    Colouring,
    drawn_images,
    drawn_region,
    map_points,
)
from fieldmarks.dashboard.images.selection import Selection
from fieldmarks.dashboard.state import Key, Page, href, update


def show(run: Run, asked: Selection) -> None:
    """Draw the map; points of images that the list does not have are faint."""
    if being_computed.note(run, "layout"):
        return
    try:
        layout = run.array("layout")
    except MissingRunError:
        st.info(
            "This run has no map: it was made before maps were computed. Run its `fieldmarks "
            "run` or `demo` command again; finished stages are kept.",
            icon=":material/scatter_plot:",
        )
        return
    region = image_filters.read_region(run)
    left, right = st.columns([7, 3], gap="medium")
    with left:
        colour = colouring.controls(run)
        xs = drawn_images(run.sizes["X"])
        colours = colouring.colouring(run, *colour)
        if image_filters.chosen(run) and colours.names:
            colours = _faint(colours, asked.xs)
        points = map_points(layout, xs, colours, region, class_names(run))
        points |= {
            "href": href(Page.IMAGES, **{Key.X: ""}),
            "label": f"Map of {len(xs):,} images",
        }
        chart(run, points, f"map.{run.name}")
        is_sample = len(xs) < run.sizes["X"]
        st.caption(
            f"{len(xs):,} of {run.sizes['X']:,} images, drawn at random, are points; a region "
            "counts all images. "
            * is_sample
            + "t-SNE of the pooled activations. Draw around points: Grid and Table then list only "
            "their images. Near neighbours are alike; other distances mean nothing. Keys: + and - "
            "zoom; L, B and M choose lasso, box and move."
        )
    with right:
        if region is not None:
            region_card.show(run, region)
        else:
            heading.section(
                "Region", "Draw a region on the map to read what captions name more often there."
            )
        region_card.groups(run)


@st.fragment
def chart(run: Run, points: dict, key: str) -> None:
    """Draw the points; the picture of one under the pointer is sent when it is asked for."""
    said = map_component(
        data=points,
        key=key,
        on_drawn_change=lambda: pick(key),
        on_asked_change=lambda: None,
    )
    if said.get("drawn") is not None:
        st.rerun()  # the region is for the whole page
    x = said.get("asked")
    if isinstance(x, int) and 0 <= x < run.sizes["X"]:
        picture_component(data={"x": x, "src": data.thumb(run, x)}, key=f"{key}.picture")


def _faint(colours: Colouring, xs: np.ndarray) -> Colouring:
    is_listed = np.zeros(len(colours.values), bool)
    is_listed[xs] = True
    values = np.where(is_listed, colours.values, -1)
    return replace(colours, values=values, none="not in the list")


def pick(key: str) -> None:
    """Put the region that was drawn into the address."""
    region = drawn_region((st.session_state.get(key) or {}).get("drawn"))
    if region is not None:
        update(**{str(Key.REGION): str(region)})


def class_names(run: Run) -> tuple:
    """Return the names of the classes, and the true and the predicted class of each image."""
    names = [labels.class_name(run, c) for c in range(run.sizes["C"])]
    return names, *(run.images[f"{which}_c"].to_numpy() for which in ("true", "predicted"))
