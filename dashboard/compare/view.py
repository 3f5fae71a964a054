"""What the page Compare shows of two runs: the change in numbers, its parts, and one image."""

import pandas as pd
import streamlit as st

from fieldmarks.core.comparison.comparison import Comparison, change, confusion_difference, settled
from fieldmarks.core.comparison.matched_filters import matched_filters
from fieldmarks.core.comparison.sentences import sentence_change
from fieldmarks.core.comparison.slices import slices
from fieldmarks.core.errors import FieldmarksError
from fieldmarks.core.explanations.place import places
from fieldmarks.core.presence.presence import presence_of
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import data, heading, image_filters, labels, links
from fieldmarks.dashboard.components import (
    accuracy_changes,
    add_words,
    gallery,
    marks,
    ranking,
    sentence,
    tabs,
)
from fieldmarks.dashboard.components.accuracy_changes import SIGNIFICANT
from fieldmarks.dashboard.components.gallery import Line, Picture
from fieldmarks.dashboard.components.register import matrix_component
from fieldmarks.dashboard.figures.confusion import difference_matrix
from fieldmarks.dashboard.state import Key, Page, here, href
from fieldmarks.dashboard.verdicts import database, dataset


def summary(comparison: Comparison) -> None:
    """Draw the change of accuracy with its interval and test, and resolved verdicts."""
    whole = change(comparison)
    step = whole.difference
    interval = f"bootstrap 95 % interval {100 * step.low:+.1f} to {100 * step.high:+.1f} points"
    test = f"{interval}, exact McNemar p = {whole.p_value:.3g}"
    cells = (
        ("First run", f"{whole.accuracy_first:.1%}", "Accuracy on the shared test images"),
        ("Second run", f"{whole.accuracy_second:.1%}", "Accuracy on the shared test images"),
        (
            "Difference",
            f"{100 * step.value:+.1f} points",
            f"Second minus first, paired by image; {interval}",
        ),
        ("McNemar p", f"{whole.p_value:.3g}", "Exact test on the images that changed side"),
        ("Churn", f"{whole.churn:.1%}", "Share of images whose predicted class changed"),
    )
    with st.grid(5, min_column_width=140, gap="small"):
        for label, value, help in cells:
            st.metric(label, value, help=help, border=True)
    if whole.p_value >= SIGNIFICANT:
        st.markdown(f"**No significant change** ({test}).")
    else:
        word = "better" if step.value > 0 else "worse"
        st.markdown(f"The second run is **significantly {word}** ({test}).")
    if comparison.n_relabelled:
        st.caption(
            f"The label of {comparison.n_relabelled:,} test images differs between the runs; the "
            "second run's labels count for both."
        )
    _verdicts(comparison)


def _verdicts(comparison: Comparison) -> None:
    try:
        latest = database().latest(dataset(comparison.first))
    except FieldmarksError:
        return
    judged, gone = settled(comparison, latest.index)
    if judged:
        st.caption(f"Of {judged:,} failures with a verdict {gone:,} are gone in the second run.")


def details(comparison: Comparison) -> None:
    """Draw the change by class, confusion, group of images and filter."""
    heading.section("Where it changed")
    # only the open tab is drawn: matching the filters takes most of a second
    classes, confusion, groups, filters = tabs.show(
        ["Classes", "Confusion", "Groups", "Filters"], "compare"
    )
    if classes.open:
        with classes:
            accuracy_changes.by_class(
                comparison,
                lambda c, step: _filtered(comparison, c, step),
                "compare.classes",
                "Classes by the change in correctly classified test images. Click one to filter "
                "the list.",
                n=24,
            )
    if confusion.open:
        with confusion:
            _confusion(comparison)
    if groups.open:
        with groups:
            accuracy_changes.by_group(
                _slices(comparison, _keys(comparison), image_filters.saved(comparison.first)),
                *("First run", "Second run", "compare.groups"),
                empty="No group has enough images.",
            )
    if filters.open:
        with filters:
            _filters(comparison)


def _filtered(comparison: Comparison, c: int, step: int) -> str:
    show = "fixed" if step > 0 else "broken"
    return here(Page.COMPARE, (Key.WITH, Key.TAB), **{Key.SHOW: show, Key.TRUE: c})


def _confusion(comparison: Comparison) -> None:
    cells = confusion_difference(comparison)
    if not cells.any():
        st.caption("Every image is given the same class by both runs.")
        return
    st.caption("Images more (blue) or fewer (orange) in the second run's confusion matrix.")
    link = here(Page.COMPARE, (Key.WITH, Key.SHOW, Key.TAB), **{Key.TRUE: "TRUE"})
    matrix_component(
        data=difference_matrix(cells)
        | {
            "names": [labels.class_name(comparison.first, c) for c in range(len(cells))],
            "cs": list(range(len(cells))),
            "label": "Second minus first confusion matrix",
            "href": link,
            "href_right": link,
        },
        key="compare.confusion",
    )


@st.cache_data(max_entries=8, show_spinner="Comparing groups of images")
def _slices(
    _comparison: Comparison, keys: tuple[str, str], groups: dict[str, tuple[str, ...]]
) -> pd.DataFrame:
    return slices(_comparison, groups)


@st.cache_data(max_entries=8, show_spinner="Matching filters")
def _matched(_comparison: Comparison, keys: tuple[str, str]) -> pd.DataFrame:
    return matched_filters(_comparison)


def _keys(comparison: Comparison) -> tuple[str, str]:
    return data.identity(comparison.first), data.identity(comparison.second)


def _filters(comparison: Comparison, n: int = 24) -> None:
    table = _matched(comparison, _keys(comparison))
    mutual = float(table["is_mutual"].mean())
    st.caption(
        "Filters matched by the images that activate them and by their words, because filter "
        f"numbers differ between networks. {mutual:.0%} are each other's best match. In "
        "ascending order of the correlation: filters that the second network lacks come first."
    )
    ranking.show(
        [
            ranking.Row(
                [
                    (f"{row.f}  ", "muted"),
                    (labels.filter_name(comparison.first, row.f), ""),
                    (f"  →  {row.g}  ", "muted"),
                    (labels.filter_name(comparison.second, row.g), ""),
                ],
                f"r = {row.correlation:.2f}",
                href=links.filter_(row.f),
                bar=max(row.correlation, 0),
                title=f"cosine of p(t | f) {row.word_similarity:.2f}",
            )
            for row in table.iloc[::-1].head(n).itertuples()
        ],
        key="compare.filters",
        columns=2,
    )


def wrong_answers(
    run: Run, true: int, answers: tuple[int, int], who: tuple[str, str]
) -> list[Line]:
    """Return a line for each wrong class that two networks predict, one where they agree."""
    first, second = answers
    if first == second != true:
        title = f"Both predict: {who[0]} and {who[1]}"
        return [Line(labels.class_name(run, first), gallery.PREDICTED, title=title)]
    are_both_wrong = true not in answers
    return [
        Line(
            f"{name}: {labels.class_name(run, c)}" if are_both_wrong else labels.class_name(run, c),
            gallery.PREDICTED,
            title=f"Predicted: {name}",
        )
        for name, c in zip(who, answers, strict=True)
        if c != true
    ]


#: What a page of an image in two runs lacks.
WITH_WORDS = "With words, both sentences and what they gained and lost."


def image_in_both(
    comparison: Comparison,
    i: int,
    back: str,
    titles: tuple[str, str] = ("First run", "Second run"),
) -> None:
    """Draw one image with the sentences of both networks, and the words gained and lost.

    Parameters
    ----------
    comparison : Comparison
    i : int
        Place of the image in it.
    back : str
        Link to all images.
    titles : tuple of str
        What the two networks are called.
    """
    first, second, x = comparison.first, comparison.second, int(comparison.xs_first[i])
    words = sentence_change(comparison, i) if comparison.has_words else None
    true = labels.class_name(first, int(comparison.true_c[i]))
    outcome = str(comparison.outcome[i]).capitalize()
    heading.section(f"Image {x}: {heading.plain(true)}", outcome)
    picture, both = st.columns([1, 2], gap="large")
    with picture:
        gallery.show(
            [Picture(src=data.thumb(first, x), alt=labels.image_alt(first, x), href=back)],
            key="compare.image",
            width=260,
            fixed=True,
        )
        ranking.show([ranking.Row("Back to all images", "", href=back)], key="compare.back")
    has_marks = False
    with both:
        for title, run, explanation, predicted, place in (
            (titles[0], first, words and words.first, comparison.predicted_first[i], x),
            (
                titles[1],
                comparison.second,
                words and words.second,
                comparison.predicted_second[i],
                int(comparison.xs_second[i]),
            ),
        ):
            is_right = predicted == comparison.true_c[i]
            predicts = labels.class_name(first, int(predicted))
            st.caption(
                f"{title}, {heading.plain(run.name)}: {heading.plain(predicts)}, "
                f"{'right' if is_right else 'wrong'}"
            )
            to_image = href(Page.IMAGES, **{Key.RUN: run.name, Key.X: place})
            if explanation is None:
                row = ranking.Row("Open the image in this run", "", href=to_image)
                ranking.show([row], key=f"compare.sentence.{title}")
                continue
            drawn = {}
            if presence_of(run.source) is not None:
                lies = places(run, place, explanation.attributes)
                drawn = marks.marks_of(explanation.words, lies, predicts)
            has_marks = has_marks or bool(drawn)
            sentence.show(
                explanation.spans,
                lambda _, to_image=to_image: to_image,
                key=f"compare.sentence.{title}",
                tone="true" if is_right else "predicted",
                title=lambda _: "Open the image in this run",
                mark=drawn.get,
            )
        if words is None:
            add_words.show(second if first.has_words else first, WITH_WORDS)
            return
        for title, phrases in (("Words gained", words.gained), ("Words lost", words.lost)):
            listed = ", ".join(heading.plain(phrase) for phrase in phrases) or "none"
            st.markdown(f"**{title}**: {listed}")
        if has_marks:
            marks.legend("compare.legend")
