"""Compare: two runs over the same test images; fixed and broken predictions, explanations."""

import numpy as np
import streamlit as st

from fieldmarks.core.comparison.comparison import Comparison, Outcome, compare
from fieldmarks.core.errors import FieldmarksError
from fieldmarks.core.run.listing import list_runs, others_of
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import data, heading, labels, links
from fieldmarks.dashboard.compare import image_filter, view
from fieldmarks.dashboard.components import gallery, paging
from fieldmarks.dashboard.components.gallery import Line, Picture
from fieldmarks.dashboard.state import Key, Page, bound, choice, here, number, text

PER_PAGE = 36
HELP = {
    Outcome.FIXED: "Wrong in the first run, right in the second.",
    Outcome.BROKEN: "Right in the first run, wrong in the second.",
    Outcome.BOTH_WRONG: "Wrong in both runs.",
    Outcome.BOTH_RIGHT: "Right in both runs.",
}


@st.cache_resource(max_entries=4, show_spinner="Comparing the two runs")
def _compare(_first: Run, _second: Run, keys: tuple[str, str]) -> Comparison:
    return compare(_first, _second)


def main() -> None:
    """Draw the page."""
    first = data.current_run()
    heading.page(
        "Compare",
        "Two runs over the same test images, before and after a change: fixed and broken "
        "predictions, and how the explanations changed.",
    )
    second = pick(first)
    if second is None:
        return
    try:
        comparison = _compare(first, second, (data.identity(first), data.identity(second)))
    except FieldmarksError as error:
        st.error(heading.plain(str(error)), icon=":material/difference:")
        st.caption("Choose a run that was over the same data set and split.")
        return
    i = chosen_image(comparison)
    if i is not None:
        heading.tab(f"{labels.image_alt(first, int(comparison.xs_first[i]))}, in two runs")
        view.image_in_both(comparison, i, back=here(Page.COMPARE, image_filter.KEPT))
        return
    view.summary(comparison)
    outcomes(comparison)
    view.details(comparison)


def pick(first: Run) -> Run | None:
    """Draw the choice of the second run, and return it opened."""
    every = [e.name for e in list_runs() if not e.problem and e.name != first.name]
    alike = others_of(first)  # these first; a data set may have been renamed
    others = alike + [name for name in every if name not in alike]
    if not others:
        st.info(
            "There is only one run. Make a second over the same images: another checkpoint or "
            "architecture with `fieldmarks run`, or repair the last layer of this one.",
            icon=":material/difference:",
        )
        st.page_link(
            "app_pages/repair.py",
            label="Repair",
            icon=":material/build_circle:",
            query_params=links.params(),
            width="content",
        )
        return None
    asked = text(Key.WITH) or (alike[0] if len(alike) == 1 else "")
    current = asked if asked in others else None
    left, right = st.columns(2)
    with left:
        st.text_input("First run", first.name, disabled=True, key="compare.first")
    with right:
        st.selectbox(
            "Second run",
            others,
            index=None,
            placeholder="choose a run",
            **bound(
                Key.WITH, current, lambda name: name, scope="compare", resets=(Key.PAGE, Key.X)
            ),
        )
    if current is None:
        st.caption("Choose the second run to compare with.")
        return None
    try:
        return data.open_run(current)
    except FieldmarksError as error:
        st.error(heading.plain(str(error)), icon=":material/error:")
        return None


def chosen_image(comparison: Comparison) -> int | None:
    """Return the place in the comparison of the image x of the first run that the URL names."""
    x = number(Key.X, comparison.first.sizes["X"], "image")
    if x is None:
        return None
    places = np.flatnonzero(comparison.xs_first == x)
    return int(places[0]) if len(places) else None


def outcomes(comparison: Comparison) -> None:
    """Draw the images of an outcome, one page of thumbnails."""
    outcome = choice(Key.SHOW, list(Outcome), Outcome.BROKEN)
    heading.section("Images", HELP[Outcome(outcome)])
    st.segmented_control(
        "Outcome",
        [str(each) for each in Outcome],
        format_func=lambda each: f"{each.capitalize()} ({comparison.count(Outcome(each)):,})",
        required=True,
        label_visibility="collapsed",
        **bound(
            Key.SHOW,
            str(outcome),
            default=str(Outcome.BROKEN),
            scope="compare",
            resets=(Key.PAGE,),
        ),
    )
    keep = image_filter.filtered(comparison) & (comparison.outcome == outcome)
    places = np.flatnonzero(keep)
    if not len(places):
        st.caption("No image of this outcome matches all filters.")
        return
    if len(places) < comparison.count(Outcome(outcome)):
        st.caption(f"{len(places):,} of {comparison.count(Outcome(outcome)):,} images.")
    page, rows = paging.window(len(places), PER_PAGE)
    gallery.show(
        [card(comparison, int(i)) for i in places[rows]],
        key="compare.gallery",
        width=138,
        to_top=True,
    )
    paging.control(len(places), PER_PAGE, page, "compare")


def card(comparison: Comparison, i: int) -> Picture:
    """Return the thumbnail of an image with both predictions."""
    first = comparison.first
    x = int(comparison.xs_first[i])
    true = int(comparison.true_c[i])
    lines = [Line(labels.class_name(first, true), gallery.TRUE, title="True class")]
    answers = (int(comparison.predicted_first[i]), int(comparison.predicted_second[i]))
    lines += view.wrong_answers(first, true, answers, ("first run", "second run"))
    return Picture(
        src=data.thumb(first, x),
        alt=labels.image_alt(first, x),
        href=here(Page.COMPARE, image_filter.KEPT, x=x),
        lines=lines,
    )


main()
