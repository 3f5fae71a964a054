"""Map: every image a point, images of like activations close together; a region is a filter."""

import numpy as np
import streamlit as st

from core.errors import MissingRunError
from core.runs.run import Run
from dashboard import data, heading, image_filters, labels, links
from dashboard.figures.image_map import MAX_NAMED, MAX_POINTS, drawn_region, image_map
from dashboard.map_page import colouring, region_card
from dashboard.state import Key, update

_OPENED = "map.opened"


def main() -> None:
    """Draw the page."""
    run = data.current_run()
    heading.page(
        "Map",
        "Every image is a point; images of like pooled activations lie close together. Draw "
        "around some of them with the lasso or the box.",
    )
    try:
        layout = run.array("layout")
    except MissingRunError:
        st.info(
            "This run has no map: it was made before maps were computed. Give its "
            "`python -m precompute run` or `demo` command again; what is current is not computed "
            "again.",
            icon=":material/scatter_plot:",
        )
        return
    region = image_filters.read_region(run)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        asked = colouring.controls(run)
        xs = drawn_images(run.sizes["X"])
        key = f"map.{run.name}"
        colours = colouring.colouring(run, *asked)
        chart = image_map(layout, xs, colours, hover_texts(run, xs), region)
        st.plotly_chart(
            chart,
            key=key,
            on_select=lambda: pick(key),
            selection_mode=("points", "box", "lasso"),
            config={"displaylogo": False, "modeBarButtonsToRemove": ["toImage", "autoScale2d"]},
            alt=f"Map of {len(xs):,} images",
        )
        is_sample = len(xs) < run.sizes["X"]
        st.caption(
            f"{len(xs):,} of {run.sizes['X']:,} images, drawn at random, are coloured points; the "
            "others are grey dots. A region counts all of them. "
            * is_sample
            + "t-SNE of the pooled activations: who is near whom means something, distances "
            "between groups and their sizes do not."
        )
    with right:
        if region is not None:
            region_card.show(run, region)
        else:
            heading.section("Region", "Draw a region on the map to read what is said more there.")
        region_card.groups(run)
    if x := st.session_state.pop(_OPENED, None):
        st.switch_page("app_pages/failures.py", query_params=links.params(x=x))


def pick(key: str) -> None:
    """Put the drawn region into the address, or remember the image that was clicked."""
    selection = (st.session_state.get(key) or {}).get("selection") or {}
    region = drawn_region(selection)
    if region is not None:
        update(**{str(Key.REGION): str(region)})
        return
    points = selection.get("points") or []
    if len(points) == 1:
        st.session_state[_OPENED] = str(points[0]["customdata"])


@st.cache_data(max_entries=4, show_spinner=False)
def drawn_images(X: int) -> np.ndarray:
    """Return the images that are drawn: all, or a sample that is the same each time."""
    if X <= MAX_POINTS:
        return np.arange(X)
    return np.sort(np.random.default_rng(0).choice(X, MAX_POINTS, replace=False))


def hover_texts(run: Run, xs: np.ndarray) -> list[str]:
    """Return what the pointer shows at each image; nothing where there are too many."""
    if len(xs) > MAX_NAMED:
        return []
    return [
        name if true == predicted else f"{name}, predicted {labels.class_name(run, predicted)}"
        for true, predicted in (labels.true_and_predicted(run, int(x)) for x in xs)
        for name in [labels.class_name(run, true)]
    ]


main()
