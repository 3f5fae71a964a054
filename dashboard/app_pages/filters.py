"""Filters: find one by what it sees, whom it serves or how far it can be trusted; read its card."""

import numpy as np
import streamlit as st

from core.run import Run
from dashboard import data, filter_card, gallery, heading, links, paging
from dashboard.filter_name import name
from dashboard.gallery import Line, Picture
from dashboard.region import region
from dashboard.state import Key, bound, choice, number

PER_PAGE = 24
TRUST = {
    "any": "All",
    "named": "Named",
    "several names": "Several names",
    "no nameable attribute": "No name",
}
#: Orders of the list where neither attribute nor class is asked: column and direction.
SORTS = {
    "clearest": ("entropy", -1),
    "most significant attributes": ("n_significant", 1),
    "by largest class": ("top_c", -1),
}


def main() -> None:
    """Draw the page."""
    run = data.choose().run
    f = number(Key.F, run.sizes["F"], "filter")
    if f is not None:
        filter_card.show(run, f)
        return
    heading.page(
        "Filters",
        "The feature maps of the last convolutional layer: what each one sees, as far as the "
        "captions can name it.",
    )
    t, c = data.read_attribute(run), number(Key.C, run.sizes["C"], "class")
    trust = choice(Key.TRUST, TRUST, "any")
    filter_bar(run, t, c, trust)
    fs = select(run, t, c, trust)
    if not len(fs):
        st.info("No filter meets all of these conditions.", icon=":material/filter_alt_off:")
        st.page_link("app_pages/filters.py", label="Show all filters", query_params=links.params())
        return
    show_cards(run, fs, t, c)


def select(run: Run, t: int | None, c: int | None, trust: str) -> np.ndarray:
    """Return filters, best first: by p(t given f), by W[c, f], else as the URL says."""
    filters = run.filters
    column, sign = SORTS[choice(Key.SORT, SORTS, "clearest")]
    score = sign * filters[column].to_numpy(dtype=float)
    if c is not None:
        score = np.array(run.array("class_weights")[c], dtype=float)
    if t is not None:
        p = np.array(run.array("p_t_given_f")[:, t], dtype=float)
        score = p if c is None else p * np.clip(score, 0, None)
    keep = np.ones(len(filters), bool) if trust == "any" else (filters["verdict"] == trust)
    if c is not None:
        keep = keep & (score > 0)
    fs = np.flatnonzero(keep)
    return fs[np.argsort(-score[fs], kind="stable")]


def filter_bar(run: Run, t: int | None, c: int | None, trust: str) -> None:
    """Draw the widgets that narrow the list."""
    named = run.filters["name_t"].to_numpy()
    options = sorted({int(n) for n in named if n >= 0}, key=lambda n: links.phrase(run, n))
    options = options if t is None or t in options else [t, *options]
    with st.grid(4, min_column_width=220, vertical_alignment="top"):
        st.selectbox(
            "Speaks of",
            options,
            index=None,
            format_func=lambda each: links.phrase(run, each),
            placeholder="any attribute",
            help="Sorted by p(t | f). The list holds the attributes that name a filter.",
            **bound(
                Key.T,
                t,
                lambda each: None if each is None else links.phrase(run, each),
                scope="filters",
                resets=(Key.PAGE,),
            ),
        )
        st.selectbox(
            "Serves class",
            list(range(run.sizes["C"])),
            index=None,
            format_func=lambda each: links.numbered_name(run, each),
            placeholder="any class",
            help="Filters with a positive weight W[c, f], sorted by it.",
            **bound(
                Key.C,
                c,
                lambda each: None if each is None else str(each),
                scope="filters",
                resets=(Key.PAGE,),
            ),
        )
        st.segmented_control(
            "Trust",
            list(TRUST),
            format_func=TRUST.get,
            required=True,
            help="Whether attributes rise above what shuffled captions give.",
            width="stretch",
            **bound(Key.TRUST, trust, scope="filters", resets=(Key.PAGE,)),
        )
        st.selectbox(
            "Sort",
            list(SORTS),
            disabled=t is not None or c is not None,
            help="Clearest: lowest entropy of p(t | f). With an attribute or a class, the list is "
            "sorted by how much the filter has to do with it.",
            **bound(Key.SORT, choice(Key.SORT, SORTS, "clearest"), scope="filters"),
        )


def show_cards(run: Run, fs: np.ndarray, t: int | None, c: int | None) -> None:
    """Draw one page of filters, each by the region that fires it most."""
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
    lines = [Line(name(run, f), title=str(row["verdict"]))]
    if t is not None and t != name_t:
        lines.append(Line(f"p(t | f) = {run.array('p_t_given_f')[f, t]:.3f}"))
    if c is not None:
        lines.append(Line(f"W[c, f] = {run.array('class_weights')[c, f]:.3f}"))
    x = int(run.array("top_images")[f, 0])
    part = region(run, f, x)
    return Picture(
        src=part.src,
        layer=part.layer,
        alt=f"What fires filter {f} most: part of image {x}",
        href=links.filter_(f),
        caption=f"Filter {f}",
        lines=lines,
        title=f"entropy {row['entropy']:.1f} bits",
    )


main()
