"""Filters: a list by attribute, class and whether the filter has a name; one opens as a card."""

import numpy as np
import streamlit as st

from core.name_status import NameStatus
from core.runs.run import Run
from dashboard import data, filter_card, heading, labels, links
from dashboard.components import gallery, paging
from dashboard.components.gallery import Line, Picture
from dashboard.figures.filter_region import region
from dashboard.labels import filter_name
from dashboard.state import Key, bound, choice, number

PER_PAGE = 24
STATUS = {
    "any": "All",
    str(NameStatus.NAMED): "Named",
    str(NameStatus.SEVERAL): "Several names",
    str(NameStatus.NONE): "No name",
}
BEST = "best match"
#: Orders of the list: column and direction. With an attribute or class chosen, `BEST` is first.
SORTS = {
    "lowest entropy": ("entropy", -1),
    "most attributes": ("n_significant", 1),
    "class of the largest weight": ("top_c", -1),
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
        "The filters of the last convolutional layer, each named by the attributes of p(t | f) "
        "that are significant against shuffled captions.",
    )
    t, c = data.read_attribute(run), number(Key.C, run.sizes["C"], "class")
    status = choice(Key.STATUS, STATUS, "any")
    order = choice(Key.SORT, orders(t, c), orders(t, c)[0])
    filter_bar(run, t, c, status, order)
    fs = select(run, t, c, status, order)
    if not len(fs):
        st.info("No filter matches all criteria.", icon=":material/filter_alt_off:")
        st.page_link("app_pages/filters.py", label="Show all filters", query_params=links.params())
        return
    show_cards(run, fs, t, c)


def select(run: Run, t: int | None, c: int | None, status: str, order: str) -> np.ndarray:
    """Return filters in order; `BEST` is by p(t given f) times W[c, f], of what is chosen."""
    filters = run.filters
    keep = np.ones(len(filters), bool) if status == "any" else (filters["verdict"] == status)
    match = np.ones(len(filters)) if t is None else np.array(run.array("p_t_given_f")[:, t], float)
    if c is not None:
        weights = np.clip(run.array("class_weights")[c], 0, None)
        match, keep = match * weights, keep & (weights > 0)
    if order != BEST:
        column, sign = SORTS[order]
        match = sign * filters[column].to_numpy(dtype=float)
    fs = np.flatnonzero(keep)
    return fs[np.argsort(-match[fs], kind="stable")]


def orders(t: int | None, c: int | None) -> list[str]:
    """Return the orders that can be chosen, the default first."""
    return [*SORTS] if t is None and c is None else [BEST, *SORTS]


def filter_bar(run: Run, t: int | None, c: int | None, status: str, order: str) -> None:
    """Draw the widgets that filter and sort the list."""
    named = run.filters["name_t"].to_numpy()
    options = sorted({int(n) for n in named if n >= 0}, key=lambda n: labels.phrase(run, n))
    options = options if t is None or t in options else [t, *options]
    with st.grid(4, min_column_width=220, vertical_alignment="top"):
        st.selectbox(
            "Attribute",
            options,
            index=None,
            format_func=lambda each: labels.phrase(run, each),
            placeholder="any attribute",
            help="Lists the attributes that are filter names.",
            **bound(
                Key.T,
                t,
                lambda each: None if each is None else labels.phrase(run, each),
                scope="filters",
                resets=(Key.PAGE,),
            ),
        )
        st.selectbox(
            "Class",
            list(range(run.sizes["C"])),
            index=None,
            format_func=lambda each: labels.numbered_name(run, each),
            placeholder="any class",
            help="Filters with a positive weight W[c, f].",
            **bound(
                Key.C,
                c,
                lambda each: None if each is None else str(each),
                scope="filters",
                resets=(Key.PAGE,),
            ),
        )
        st.segmented_control(
            "Name",
            list(STATUS),
            format_func=STATUS.__getitem__,
            required=True,
            help="Whether p(t | f) is significant for any attribute, against shuffled captions.",
            width="stretch",
            **bound(Key.STATUS, status, scope="filters", resets=(Key.PAGE,)),
        )
        st.selectbox(
            "Sort",
            orders(t, c),
            help="Entropy: of p(t | f), in bits. Best match: p(t | f) of the chosen attribute, "
            "W[c, f] of the chosen class, or their product where both are chosen.",
            **bound(Key.SORT, order, scope="filters", resets=(Key.PAGE,)),
        )


def show_cards(run: Run, fs: np.ndarray, t: int | None, c: int | None) -> None:
    """Draw one page of filters, each by the region that activates it most."""
    st.markdown(f"**{len(fs):,}** of {run.sizes['F']:,} filters")
    page, rows = paging.window(len(fs), PER_PAGE)
    gallery.show(
        [card(run, int(f), t, c) for f in fs[rows]],
        key="filters.cards",
        width=150,
        to_top=True,
    )
    paging.control(len(fs), PER_PAGE, page, "filters")


def card(run: Run, f: int, t: int | None, c: int | None) -> Picture:
    """Return the card of a filter in the list."""
    row = run.filters.iloc[f]
    name_t = int(row["name_t"])
    lines = [Line(filter_name(run, f), title=str(row["verdict"]))]
    if t is not None and t != name_t:
        lines.append(Line(f"p(t | f) = {run.array('p_t_given_f')[f, t]:.3f}"))
    if c is not None:
        lines.append(Line(f"W[c, f] = {run.array('class_weights')[c, f]:.3f}"))
    x = int(run.array("top_images")[f, 0])
    part = region(run, f, x)
    return Picture(
        src=part.src,
        layer=part.layer,
        alt=f"Region of image {x} that activates filter {f} most",
        href=links.filter_(f),
        caption=f"Filter {f}",
        lines=lines,
        title=f"entropy {row['entropy']:.1f} bits",
    )


main()
