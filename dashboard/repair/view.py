"""What the page Repair shows of a preview: numbers, what broke, where, which words changed."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import streamlit as st

from fieldmarks.core.comparison.comparison import Comparison
from fieldmarks.core.comparison.sentences import sentence_change
from fieldmarks.core.comparison.slices import slices
from fieldmarks.core.repair.preview import NO_CHANGE, Judged
from fieldmarks.dashboard import data, heading, image_filters, labels, links
from fieldmarks.dashboard.compare.view import wrong_answers
from fieldmarks.dashboard.components import accuracy_changes, gallery, ranking, tabs
from fieldmarks.dashboard.components.accuracy_changes import SIGNIFICANT
from fieldmarks.dashboard.components.gallery import Line, Picture
from fieldmarks.dashboard.repair.recipe_form import KEYS
from fieldmarks.dashboard.state import Key, Page, here

N_PICTURES = 24
N_SENTENCES = 12


def in_both(x: int | None) -> str:
    """Return the link to an image in both networks, or to the preview."""
    return here(Page.REPAIR, (*KEYS, Key.TAB), x=x)


def headline(before: Judged, after: Judged, n: int) -> None:
    """Draw accuracy before and after, with interval and test, and whether it means anything."""
    step, accuracy = after.difference, after.accuracy
    interval = f"bootstrap 95 % interval {step.low:+.1f} to {step.high:+.1f} points"
    cells = (
        ("Accuracy before", f"{before.accuracy.value:.1f} %", "On the held-out images"),
        (
            "Accuracy after",
            f"{accuracy.value:.1f} %",
            f"Bootstrap 95 % interval {accuracy.low:.1f} to {accuracy.high:.1f} %",
        ),
        ("Difference", f"{step.value:+.1f} points", f"Paired by image; {interval}"),
        ("Fixed", after.n_fixed, "Wrong before, right after"),
        ("Broken", after.n_broken, "Right before, wrong after"),
        ("McNemar p", f"{after.p_value:.3g}", "Exact test on the fixed and broken images"),
    )
    with st.grid(6, min_column_width=130, gap="small"):
        for label, value, help in cells:
            st.metric(label, value, help=help, border=True)
    test = f"{interval}, exact McNemar p = {after.p_value:.3g}"
    if after.p_value >= SIGNIFICANT:
        st.markdown(f"**No significant change** ({test}).")
    else:
        word = "better" if step.value > 0 else "worse"
        st.markdown(f"The repaired network is **significantly {word}** ({test}).")
    how = (
        "Nothing is fitted"
        if np.isnan(after.penalty)
        else ("Fitted to training images; the strength was chosen on one half of the test images")
    )
    st.caption(
        f"{how}. These numbers come from the {n:,} held-out images. Labels count as they are, "
        "wrong ones too."
    )


def beside(judge: Callable[[], dict[str, Judged]]) -> None:
    """Draw the repair beside its baselines, which may be fitted first."""
    heading.section(
        "Compared with simpler changes",
        "Scored on the same held-out images; a simpler change may work as well.",
    )
    rows = judge()
    table = pd.DataFrame(
        {
            "Network": [name.capitalize() for name in rows],
            "Accuracy": [_interval(row.accuracy) for row in rows.values()],
            "Difference": [
                "" if name == NO_CHANGE else _interval(row.difference, "+")
                for name, row in rows.items()
            ],
            "Fixed": [row.n_fixed for row in rows.values()],
            "Broken": [row.n_broken for row in rows.values()],
            "McNemar p": [f"{row.p_value:.3g}" for row in rows.values()],
        }
    )
    st.dataframe(table, hide_index=True, key="repair.baselines", alt="The repair and baselines")


def _interval(score, sign: str = "") -> str:
    unit = "points" if sign else "%"
    numbers = [f"{value:{sign}.1f}" for value in (score.value, score.low, score.high)]
    return f"{numbers[0]} {unit} [{numbers[1]}, {numbers[2]}]"


def changed_images(comparison: Comparison, after: Judged) -> None:
    """Draw what broke, then what was fixed."""
    for title, xs, lead in (
        ("Broken", after.broken, "Right before, wrong after; the most confident first."),
        ("Fixed", after.fixed, "Wrong before, right after; the most confident first."),
    ):
        heading.section(f"{title}: {len(xs):,}", lead)
        if not len(xs):
            st.caption("None.")
            continue
        place = {int(x): i for i, x in enumerate(comparison.xs_first)}
        gallery.show(
            [card(comparison, place[int(x)]) for x in xs[:N_PICTURES]],
            key=f"repair.{title.lower()}",
            width=138,
            to_top=True,
        )
        if len(xs) > N_PICTURES:
            st.caption(f"The first {N_PICTURES} of {len(xs):,}.")


def card(comparison: Comparison, i: int) -> Picture:
    """Return the thumbnail of an image with its label and both predictions."""
    run, x = comparison.first, int(comparison.xs_first[i])
    true = int(comparison.true_c[i])
    lines = [Line(labels.class_name(run, true), gallery.TRUE, title="True class")]
    answers = (int(comparison.predicted_first[i]), int(comparison.predicted_second[i]))
    lines += wrong_answers(run, true, answers, ("before", "after"))
    return Picture(
        src=data.thumb(run, x), alt=labels.image_alt(run, x), href=in_both(x), lines=lines
    )


def where_changed(comparison: Comparison, words: pd.DataFrame) -> None:
    """Draw the change by class and group, and the sentences whose words changed."""
    heading.section("Where it changed")
    classes, groups, sentences = tabs.show(["Classes", "Groups", "Sentences"], "repair")
    if classes.open:
        with classes:
            accuracy_changes.by_class(comparison, lambda c, _: links.class_(c), "repair.classes")
    if groups.open:
        with groups:
            table = slices(comparison, image_filters.saved(comparison.first))
            accuracy_changes.by_group(
                table[(table["n_fixed"] > 0) | (table["n_broken"] > 0)],
                *("Before", "After", "repair.groups"),
                empty="No group has more or fewer correct images.",
            )
    if sentences.open:
        with sentences:
            _sentences(comparison, words)


def _sentences(comparison: Comparison, changed: pd.DataFrame) -> None:
    n = len(comparison.xs_first)
    st.caption(
        f"{len(changed):,} of {n:,} sentences have other words for the class that is predicted, "
        "the most changed first."
    )
    rows = []
    for row in changed.head(N_SENTENCES).itertuples():
        change = sentence_change(comparison, int(row.i))
        rows.append(
            ranking.Row(
                [
                    (f"{row.x}  ", "muted"),
                    (", ".join(change.lost) or "none", "predicted"),
                    ("  →  ", "muted"),
                    (", ".join(change.gained) or "none", "true"),
                ],
                f"{row.n_changed}",
                href=in_both(int(row.x)),
                src=data.thumb(comparison.first, int(row.x)),
                title="Words lost and gained; open the image for both sentences",
            )
        )
    if rows:
        ranking.show(rows, key="repair.sentences")


def place_of(comparison: Comparison, x: int) -> int | None:
    """Return the place of image x among those that are judged, None where it is not."""
    places = np.flatnonzero(comparison.xs_first == x)
    return int(places[0]) if len(places) else None


def back_link() -> str:
    """Return the link from an image back to the preview."""
    return here(Page.REPAIR, (*KEYS, Key.TAB))
