"""Images: all test images by search and filters, as grid, table, map or confusion matrix."""

import streamlit as st

from fieldmarks.core.errors import FieldmarksError
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import data, heading, image_filters, links
from fieldmarks.dashboard.components import gallery, query_chips, report_buttons, synonym_panel
from fieldmarks.dashboard.image import page as image_page
from fieldmarks.dashboard.images import confusion, grid, selection, sidebar, table
from fieldmarks.dashboard.images import map as image_map
from fieldmarks.dashboard.images.selection import Selection
from fieldmarks.dashboard.state import Key, bound, choice, number, text

VIEWS = ("grid", "table", "map", "confusion")
_TITLES = {"wrong": "Failures", "right": "Images classified correctly", "all": "Images"}


def main() -> None:
    """Draw the page."""
    run = data.current_run()
    asked = selection.read(run)
    x = number(Key.X, run.sizes["X"], "image")
    if x is not None:
        image_page.show(run, x, asked.xs, selection.below(run, asked))
        return
    view = choice(Key.VIEW, VIEWS, VIEWS[0])
    title = _TITLES[asked.criteria.show]
    heading.tab(title if asked.query.is_empty else f"{title}: {text(Key.QUERY)}")
    heading.page(
        title,
        "Open one for the explanation of its prediction, compared with that of its true class. "
        ":blue[Blue] is the true class, :orange[orange] the predicted one.",
    )
    left, right = st.columns([3, 10], gap="medium")
    problem = None
    with right:  # first: the pictures do not wait for the widgets
        above = st.container()
        try:
            listed(run, asked, view)
        except FieldmarksError as error:
            problem = error
        with above:
            count_line(run, asked, view)
    with left, st.container(key="sidebar"):
        with st.expander("Search and filters", expanded=True, icon=":material/tune:"):
            sidebar.show(run, asked)
        add_picture()
    if problem is not None:
        raise problem
    if run.has_words and asked.query.is_empty:
        synonym_panel.show(run)


def listed(run: Run, asked: Selection, view: str) -> None:
    """Draw the list in a view."""
    if view == "map":
        image_map.show(run, asked)
    elif view == "confusion":
        confusion.show(run)
    elif not len(asked.xs):
        empty(run, asked)
    elif view == "table":
        table.show(run, asked)
    else:
        grid.show(run, asked)
        gallery.drawn_first()


def add_picture() -> None:
    """Draw the link to the page that explains a new picture."""
    st.page_link(
        "app_pages/try.py",
        label="Add picture",
        icon=":material/add_photo_alternate:",
        query_params=links.params(),
        help="Explain the prediction for a picture of your own.",
    )


def empty(run: Run, asked: Selection) -> None:
    """Say that no image matches; what is less certain follows a search."""
    if asked.query.is_empty:
        st.info("No image matches all criteria.", icon=":material/filter_alt_off:")
        return
    st.info("No test image matches the query.", icon=":material/search_off:")
    grid.uncertain(run, asked)


def count_line(run: Run, asked: Selection, view: str) -> None:
    """Draw the number of images, what they were chosen by, exports, and the choice of view."""
    n_test = int(run.is_test.sum())
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{len(asked.xs):,}** of {n_test:,} test images", width="content")
        report_buttons.show(run, asked.xs)
        st.space("stretch")
        st.segmented_control(
            "View",
            VIEWS,
            format_func=str.capitalize,
            required=True,
            label_visibility="collapsed",
            **bound(Key.VIEW, view, default=VIEWS[0], scope="images"),
        )
    with st.container():  # always there: the map below keeps its zoom when a chip comes
        query_chips.show(image_filters.chosen(run))


main()
