"""Failures: all misclassified images as gallery or table; one of them opens in the detail view."""

import numpy as np
import streamlit as st

from fieldmarks.core.run.run import Run
from fieldmarks.core.search.image_selection import (
    ORDERS,
    Criteria,
    select_images,
    sentence_words,
)
from fieldmarks.dashboard import data, heading, image_filters, labels, links
from fieldmarks.dashboard.components import (
    gallery,
    image_table,
    paging,
    report_buttons,
    verdict_upload,
)
from fieldmarks.dashboard.components.choices import attribute_box, class_box
from fieldmarks.dashboard.components.gallery import Line, Picture
from fieldmarks.dashboard.image import page as image_page
from fieldmarks.dashboard.review import review
from fieldmarks.dashboard.state import Key, bound, choice, number, text

PER_PAGE = 36
SHOWS = {"wrong": "Wrong", "right": "Right", "all": "All"}
VIEWS = ("gallery", "table", "review")
#: Order of the list where the URL names none.
SORT = "most confident"


def criteria(run: Run) -> Criteria:
    """Read the criteria of the list from the URL."""
    n_classes = run.sizes["C"]
    return Criteria(
        show=choice(Key.SHOW, SHOWS, "wrong"),
        true=number(Key.TRUE, n_classes, "class"),
        predicted=number(Key.PREDICTED, n_classes, "class"),
        t=None if text(Key.X) else data.read_attribute(run),
        confidence=read_confidence(text(Key.SURE)),
        order=choice(Key.SORT, ORDERS, SORT),
    )


def read_confidence(raw: str) -> tuple[float, float]:
    """Return the range that "0.5-0.9" names, or the whole."""
    try:
        low, high = (float(part) for part in raw.split("-"))
    except ValueError:
        return 0.0, 1.0
    return (low, high) if 0 <= low <= high <= 1 else (0.0, 1.0)


def main() -> None:
    """Draw the page."""
    run = data.current_run()
    asked = criteria(run)
    xs = select_images(run, asked, image_filters.among(run))
    x = number(Key.X, run.sizes["X"], "image")
    if x is not None:
        image_page.show(run, x, xs)
        return
    view = choice(Key.VIEW, VIEWS, "gallery")
    heading.page(
        "Failures" if asked.show == "wrong" else "Images",
        "Misclassified test images. Open one for the explanation of its prediction, compared with "
        "that of its true class.",
    )
    filter_bar(run, asked)
    if not len(xs):
        empty()
        return
    count_line(run, xs)
    if view == "table":
        image_table.show(run, xs)
    elif view == "review":
        review.show(run, xs)
    else:
        show_gallery(run, xs)


def filter_bar(run: Run, asked: Criteria) -> None:
    """Draw the widgets that filter and sort the list."""
    tested = run.images[run.is_test]

    def present(column: str, c: int | None) -> list[int]:
        classes = np.unique(tested[column].to_numpy()).tolist()
        return classes if c is None or c in classes else [*classes, c]

    with st.grid(4, min_column_width=170, gap="small", vertical_alignment="top"):
        st.segmented_control(
            "Correctness",
            list(SHOWS),
            format_func=SHOWS.__getitem__,
            required=True,
            width="stretch",
            **bound(Key.SHOW, asked.show, default="wrong", scope="failures", resets=(Key.PAGE,)),
        )
        for label, key, c, column in (
            ("True class", Key.TRUE, asked.true, "true_c"),
            ("Predicted class", Key.PREDICTED, asked.predicted, "predicted_c"),
        ):
            class_box(run, label, key, c, "failures", options=present(column, c))
        attribute_box(
            run,
            "Explanation mentions",
            asked.t,
            "failures",
            options=sentence_attributes(run, asked),
            help="In the sentence for the predicted or for the true class.",
        )
        st.slider(
            "Confidence",
            0.0,
            1.0,
            step=0.05,
            help="Softmax probability of the predicted class.",
            **bound(
                Key.SURE,
                asked.confidence,
                lambda v: f"{v[0]:.2f}-{v[1]:.2f}",
                default=(0.0, 1.0),
                scope="failures",
                resets=(Key.PAGE,),
            ),
        )
        st.selectbox(
            "Sort",
            list(ORDERS),
            **bound(Key.SORT, asked.order, default=SORT, scope="failures", resets=(Key.PAGE,)),
        )
        image_filters.boxes(run)


def blank(value) -> str | None:
    """Return the value for the URL; nothing where nothing is chosen."""
    return None if value is None else str(value)


def sentence_attributes(run: Run, asked: Criteria) -> list[int]:
    """Return the attributes in the sentences of the images, in alphabetical order."""
    xs = select_images(run, Criteria(show=asked.show))
    tops = [sentence_words(run, side)[xs] for side in ("predicted", "true")]
    ts = np.unique(np.concatenate(tops)).tolist()
    ts = sorted((t for t in ts if t >= 0), key=lambda t: labels.phrase(run, t))
    return ts if asked.t is None or asked.t in ts else [*ts, asked.t]


def empty() -> None:
    """Say that no image matches, with a link that resets the criteria."""
    st.info("No image matches all criteria.", icon=":material/filter_alt_off:")
    st.page_link(
        "app_pages/failures.py",
        label="Show all failures",
        icon=":material/restart_alt:",
        query_params=links.params(),
    )


def count_line(run: Run, xs: np.ndarray) -> None:
    """Draw the number of images, the export buttons, and the choice of gallery or table."""
    n_test = int(run.is_test.sum())
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{len(xs):,}** of {n_test:,} test images", width="content")
        image_filters.region_links(run)
        report_buttons.show(run, xs)
        verdict_upload.show(run)
        st.space("stretch")
        view_choice(choice(Key.VIEW, VIEWS, "gallery"))


def view_choice(view: str) -> None:
    """Draw the choice of gallery, table and review."""
    st.segmented_control(
        "View",
        VIEWS,
        format_func=str.capitalize,
        required=True,
        label_visibility="collapsed",
        **bound(Key.VIEW, view, default=VIEWS[0], scope="failures", resets=(Key.AT,)),
    )


def show_gallery(run: Run, xs: np.ndarray) -> None:
    """Draw one page of thumbnails; a click opens the image."""
    page, rows = paging.window(len(xs), PER_PAGE)
    gallery.show(
        [card(run, int(x)) for x in xs[rows]],
        key="failures.gallery",
        width=138,
        to_top=True,
    )
    paging.control(len(xs), PER_PAGE, page, "failures")


def card(run: Run, x: int) -> Picture:
    """Return the thumbnail of an image with its predicted and its true class."""
    row = run.images.iloc[x]
    predicted, true = int(row["predicted_c"]), int(row["true_c"])
    lines = [Line(labels.class_name(run, predicted), gallery.PREDICTED, title="Predicted class")]
    if predicted != true:
        lines.append(Line(labels.class_name(run, true), gallery.TRUE, title="True class"))
    else:
        lines = [Line(labels.class_name(run, true), gallery.TRUE, title="Predicted, and true")]
    return Picture(
        src=data.thumb(run, x),
        alt=labels.image_alt(run, x),
        href=links.listed_image(x),
        lines=lines,
        badge=f"{row['confidence']:.2f}",
        title=f"Image {x}, confidence {row['confidence']:.3f}",
    )


main()
