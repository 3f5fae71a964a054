"""Filters: a list by word, class and whether the filter has a name; one opens as a card."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import streamlit as st

from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import data, heading, labels, links
from fieldmarks.dashboard.components import being_computed, gallery, paging, query_chips
from fieldmarks.dashboard.components.choices import class_box
from fieldmarks.dashboard.components.gallery import Line, Picture
from fieldmarks.dashboard.figures.filter_region import region
from fieldmarks.dashboard.filter import card as filter_card
from fieldmarks.dashboard.filter import order as orders
from fieldmarks.dashboard.filter import relation, search
from fieldmarks.dashboard.labels import Naming, filter_name
from fieldmarks.dashboard.state import Key, Page, bound, choice, here, number, text

PER_PAGE = 24
ANY = "any"
STATUS = {
    ANY: "All",
    str(Naming.SEEN): "Seen",
    str(Naming.CAPTIONS): "By captions",
    str(Naming.NONE): "Unnamed",
}
#: What the list was chosen by; a link to it with something changed keeps the rest.
LIST_KEYS = (Key.QUERY, Key.T, Key.C, Key.STATUS, Key.SORT, Key.ESTIMATOR)


@dataclass(frozen=True)
class Asked:
    """What the list was asked for by: a word, an attribute of a heatmap, a class, a naming."""

    words: str
    found: search.Found | None
    t: int | None
    c: int | None
    status: str
    order: str
    orders: list[str]


def main() -> None:
    """Draw the page."""
    run = data.current_run()
    f = number(Key.F, run.sizes["F"], "filter")
    if f is not None:
        filter_card.show(run, f)
        return
    heading.page(
        "Filters",
        "The filters of the last convolutional layer. A name is what the filter responds to "
        "where it is active (an attribute, or an adjective alone), or else an attribute that is "
        "significant in captions. Most filters have no name.",
    )
    for stage in ("names", "other_estimators"):
        being_computed.note(run, stage)
    asked = read(run)
    filter_bar(run, asked)
    fs = select(run, asked)
    if len(fs):
        show_cards(run, fs, asked)
    else:
        st.info("No filter matches all criteria.", icon=":material/filter_alt_off:")
        st.page_link("app_pages/filters.py", label="Show all filters", query_params=links.params())
    relation.show(run)


def read(run: Run) -> Asked:
    """Return what the URL asks for."""
    words = text(Key.QUERY)
    t, c = data.read_attribute(run), number(Key.C, run.sizes["C"], "class")
    possible = orders.options(bool(words) or t is not None or c is not None)
    return Asked(
        words,
        search.find(run, words) if words else None,
        t,
        c,
        choice(Key.STATUS, STATUS, ANY),
        choice(Key.SORT, possible, possible[0]),
        possible,
    )


def map_estimator(run: Run) -> str:
    """Return the estimator of the heatmaps that the chosen attribute is looked up in."""
    return choice(Key.ESTIMATOR, run.estimators, run.default_estimator)


def select(run: Run, asked: Asked) -> np.ndarray:
    """Return filters in order; with an attribute only those that its heatmap is made of."""
    keep = np.ones(run.sizes["F"], bool)
    if asked.status != ANY:
        keep = labels.namings(run) == asked.status
    match = np.ones(run.sizes["F"])
    if asked.found is not None:
        match = match * asked.found.score
    if asked.t is not None:
        match = match * run.array("evidence", map_estimator(run))[:, asked.t]
    if asked.c is not None:
        match = match * np.clip(run.weights(None, asked.c), 0, None)
    keys = -match if asked.order == orders.BEST else orders.ORDERS[asked.order].keys(run)
    fs = np.flatnonzero(keep & (match > 0))
    return fs[np.argsort(keys[fs], kind="stable")]


def filter_bar(run: Run, asked: Asked) -> None:
    """Draw the widgets that filter and sort the list."""
    fields = iter(st.columns([3, 3, 5, 3]))
    with next(fields):
        st.text_input(
            "Search",
            placeholder=example(run),
            max_chars=100,
            help="Filters that see the word, or with a significant attribute that has it; a part "
            "of a word is enough.",
            **bound(Key.QUERY, asked.words, str.strip, scope="filters", resets=(Key.PAGE,)),
        )
    with next(fields):
        class_box(
            run, "Class", Key.C, asked.c, "filters", help="Filters with a positive weight W[c, f]."
        )
    with next(fields):
        of = labels.namings(run)
        counts = {name: len(of) if name == ANY else int((of == name).sum()) for name in STATUS}
        st.segmented_control(
            "Name",
            list(STATUS),
            format_func=lambda name: f"{STATUS[name]} {counts[name]:,}",
            required=True,
            help="Seen: the most active cells of the filter predict the word. By captions: they "
            "do not, but p(t | f) is significant for an attribute, against captions permuted "
            "between classes. Each filter is counted once.",
            width="stretch",
            **bound(Key.STATUS, asked.status, default=ANY, scope="filters", resets=(Key.PAGE,)),
        )
    with next(fields):
        st.selectbox(
            "Sort",
            asked.orders,
            help="  \n".join(f"**{each}**: {orders.help_of(each)}" for each in asked.orders),
            **bound(
                Key.SORT, asked.order, default=asked.orders[0], scope="filters", resets=(Key.PAGE,)
            ),
        )
    if asked.t is not None:
        phrase = labels.phrase(run, asked.t)
        kept = [key for key in LIST_KEYS if key not in (Key.T, Key.ESTIMATOR)]
        behind = f"Behind the heatmap of “{phrase}”, by {map_estimator(run)}"
        query_chips.show([(behind, here(Page.FILTERS, kept))])


def example(run: Run) -> str:
    """Return a word of this run that can be searched for: the last of most filters' names."""
    words = Counter(
        filter_name(run, int(f)).removesuffix(labels.ANYWHERE).split()[-1]
        for f in np.flatnonzero(labels.namings(run) != Naming.NONE)
    )
    return f"such as {words.most_common(1)[0][0]}" if words else ""


def show_cards(run: Run, fs: np.ndarray, asked: Asked) -> None:
    """Draw one page of filters, each by the region that activates it most."""
    if asked.found is not None and not asked.found.is_named:
        st.caption(
            f"No filter is named by “{heading.plain(asked.words)}”. These have it among their "
            f"{search.N_LIKELIEST} most likely attributes, which is not enough for a name."
        )
    order = asked.order
    of_order = order if order == orders.BEST else f"{order}: {orders.help_of(order)}"
    st.markdown(f"**{len(fs):,}** of {run.sizes['F']:,} filters :gray[· {of_order}]")
    page, rows = paging.window(len(fs), PER_PAGE)
    gallery.show(
        [card(run, int(f), asked) for f in fs[rows]],
        key="filters.cards",
        width=150,
        to_top=True,
    )
    paging.control(len(fs), PER_PAGE, page, "filters")


def card(run: Run, f: int, asked: Asked) -> Picture:
    """Return the card of a filter in the list, with the value that it is sorted by."""
    t = asked.t
    lines = [name_line(run, f)]
    if asked.found is not None and (found_t := int(asked.found.t[f])) >= 0:
        t = found_t if t is None else t
        p = run.array("p_t_given_f")[f, found_t]
        if (phrase := labels.phrase(run, found_t)) != lines[0].text:
            title = "the attribute that contains the word, with the largest p(t | f)"
            lines.append(Line(f"{phrase} {p:.2f}", title=title))
    if asked.t is not None:
        weights = run.array("evidence", map_estimator(run))[:, asked.t]
        share = weights[f] / np.clip(weights, 0, None).sum()
        lines.append(Line(f"{share:.1%} of the heatmap's weights"))
    if asked.c is not None:
        lines.append(Line(f"W[c, f] = {run.array('class_weights')[asked.c, f]:.3f}"))
    if asked.order != orders.BEST and (value := orders.ORDERS[asked.order].value(run, f)):
        lines.append(Line(value, title=orders.help_of(asked.order)))
    x = int(run.array("top_images")[f, 0])
    part = region(run, f, x)
    return Picture(
        src=part.src,
        layer=part.layer,
        alt=f"Region of image {x} that activates filter {f} most",
        href=links.filter_(f, None if t is None else labels.phrase(run, t)),
        caption=f"Filter {f}",
        lines=lines,
        title=f"entropy {run.filters['entropy'].iloc[f]:.1f} bits",
    )


def name_line(run: Run, f: int) -> Line:
    """Return the name of a filter, and how it is named."""
    naming = labels.namings(run)[f]
    if naming == Naming.SEEN:
        return Line(filter_name(run, f), title="seen where it is active")
    if naming == Naming.CAPTIONS:
        return Line(filter_name(run, f), title="named by captions")
    if "names" in run.pending:
        return Line("not named yet")
    return Line("unnamed", title="Most filters have none; open it to see its words")


main()
