"""Filters: a list by attribute, class and whether the filter has a name; one opens as a card."""

import numpy as np
import streamlit as st

from fieldmarks.core.name_status import NameStatus
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import data, heading, labels, links
from fieldmarks.dashboard.components import being_computed, gallery, paging
from fieldmarks.dashboard.components.choices import attribute_box, class_box
from fieldmarks.dashboard.components.gallery import Line, Picture
from fieldmarks.dashboard.figures.filter_region import region
from fieldmarks.dashboard.filter import card as filter_card
from fieldmarks.dashboard.filter import order as orders
from fieldmarks.dashboard.filter import relation
from fieldmarks.dashboard.labels import filter_name
from fieldmarks.dashboard.state import Key, bound, choice, number

PER_PAGE = 24
SEEN = "seen"
STATUS = {
    "any": "All",
    SEEN: "Seen",
    str(NameStatus.NAMED): "Named",
    str(NameStatus.SEVERAL): "Several",
    str(NameStatus.NONE): "None",
}


def main() -> None:
    """Draw the page."""
    run = data.current_run()
    f = number(Key.F, run.sizes["F"], "filter")
    if f is not None:
        filter_card.show(run, f)
        return
    heading.page(
        "Filters",
        "The filters of the last convolutional layer. A name is what a filter sees where it is "
        "active, a pair of words or an adjective alone, or else an attribute that is significant "
        "in captions; most filters have none.",
    )
    for stage in ("names", "other_estimators"):
        being_computed.note(run, stage)
    t, c = data.read_attribute(run), number(Key.C, run.sizes["C"], "class")
    status = choice(Key.STATUS, STATUS, "any")
    possible = orders.options(t is not None or c is not None)
    order = choice(Key.SORT, possible, possible[0])
    filter_bar(run, t, c, status, order, possible)
    fs = select(run, t, c, status, order)
    if len(fs):
        show_cards(run, fs, t, c, order)
    else:
        st.info("No filter matches all criteria.", icon=":material/filter_alt_off:")
        st.page_link("app_pages/filters.py", label="Show all filters", query_params=links.params())
    relation.show(run)


def map_estimator(run: Run) -> str:
    """Return the estimator of the heatmaps that the chosen attribute is looked up in."""
    return choice(Key.ESTIMATOR, run.estimators, run.default_estimator)


def select(run: Run, t: int | None, c: int | None, status: str, order: str) -> np.ndarray:
    """Return filters in order; with an attribute only those that its heatmap is made of."""
    filters = run.filters
    keep = np.ones(len(filters), bool)
    if status == SEEN:
        keep = labels.seen_kinds(run) < 2
    elif status != "any":
        keep = (filters["verdict"] == status).to_numpy()
    match = np.ones(len(filters))
    if t is not None:
        match = np.array(run.array("evidence", map_estimator(run))[:, t], float)
        keep = keep & (match > 0)
    if c is not None:
        weights = np.clip(run.weights(None, c), 0, None)
        match, keep = match * weights, keep & (weights > 0)
    keys = -match if order == orders.BEST else orders.ORDERS[order].keys(run)
    fs = np.flatnonzero(keep)
    return fs[np.argsort(keys[fs], kind="stable")]


def filter_bar(
    run: Run, t: int | None, c: int | None, status: str, order: str, possible: list[str]
) -> None:
    """Draw the widgets that filter and sort the list."""
    named = run.filters["name_t"].to_numpy()
    options = sorted({int(n) for n in named if n >= 0}, key=lambda n: labels.phrase(run, n))
    options = options if t is None or t in options else [t, *options]
    with st.grid(4, min_column_width=220, vertical_alignment="top"):
        attribute_box(
            run,
            "Attribute",
            t,
            "filters",
            options=options,
            help="Filters with a positive weight in the heatmap of the attribute. The list has the "
            "attributes that are filter names.",
        )
        class_box(run, "Class", Key.C, c, "filters", help="Filters with a positive weight W[c, f].")
        st.segmented_control(
            "Name",
            list(STATUS),
            format_func=STATUS.__getitem__,
            required=True,
            help="Seen: the word lies where the filter is active, by what its most active cells "
            "predict. Named, Several, None: whether p(t | f) is significant for any attribute, "
            "against captions permuted between classes.",
            width="stretch",
            **bound(Key.STATUS, status, default="any", scope="filters", resets=(Key.PAGE,)),
        )
        st.selectbox(
            "Sort",
            possible,
            help="  \n".join(f"**{each}**: {orders.help_of(each)}" for each in possible),
            **bound(Key.SORT, order, default=possible[0], scope="filters", resets=(Key.PAGE,)),
        )


def show_cards(run: Run, fs: np.ndarray, t: int | None, c: int | None, order: str) -> None:
    """Draw one page of filters, each by the region that activates it most."""
    st.markdown(
        f"**{len(fs):,}** of {run.sizes['F']:,} filters :gray[· {order}: {orders.help_of(order)}]"
    )
    page, rows = paging.window(len(fs), PER_PAGE)
    gallery.show(
        [card(run, int(f), t, c, order) for f in fs[rows]],
        key="filters.cards",
        width=150,
        to_top=True,
    )
    paging.control(len(fs), PER_PAGE, page, "filters")


def card(run: Run, f: int, t: int | None, c: int | None, order: str) -> Picture:
    """Return the card of a filter in the list, with the value that it is sorted by."""
    row = run.filters.iloc[f]
    seen = labels.seen_name(run, f)
    is_named = bool(seen) or row["verdict"] != NameStatus.NONE
    lines = [
        Line(filter_name(run, f), title="seen where it is active" if seen else str(row["verdict"]))
        if is_named
        else Line("not named yet")
        if "names" in run.pending
        else Line("unnamed", title="Most filters have none; open it to see its words")
    ]
    if t is not None:
        weights = run.array("evidence", map_estimator(run))[:, t]
        share = weights[f] / np.clip(weights, 0, None).sum()
        lines.append(Line(f"{share:.1%} of the heatmap's weights"))
    if c is not None:
        lines.append(Line(f"W[c, f] = {run.array('class_weights')[c, f]:.3f}"))
    if order != orders.BEST and (value := orders.ORDERS[order].value(run, f)):
        lines.append(Line(value, title=orders.help_of(order)))
    x = int(run.array("top_images")[f, 0])
    part = region(run, f, x)
    return Picture(
        src=part.src,
        layer=part.layer,
        alt=f"Region of image {x} that activates filter {f} most",
        href=links.filter_(f, None if t is None else labels.phrase(run, t)),
        caption=f"Filter {f}",
        lines=lines,
        title=f"entropy {row['entropy']:.1f} bits",
    )


main()
