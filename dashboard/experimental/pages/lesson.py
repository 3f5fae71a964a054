"""Lesson: the words that separate two classes, and a quiz on unseen pictures of them."""

import streamlit as st

from fieldmarks.core.experimental.lesson.separating_words import (
    SeparatingWord,
    captioned_images,
    most_confused_pair,
)
from fieldmarks.core.run.per_run import per_run
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import data, heading, labels, links
from fieldmarks.dashboard.components import gallery
from fieldmarks.dashboard.components.gallery import Line, Picture
from fieldmarks.dashboard.experimental import lesson_quiz, note
from fieldmarks.dashboard.figures.heatmaps import attribute_layer
from fieldmarks.dashboard.state import Key, Page, bound, choice, notice, number

VIEWS = {"words": "Words", "quiz": "Quiz"}


def main() -> None:
    """Draw the page."""
    run = data.current_run()
    heading.page(
        "Lesson",
        "Two classes that are easily confused: the words that separate them, then a quiz on test "
        "pictures that the lesson does not show.",
    )
    note.show(Page.LESSON)
    run.require_words("a lesson")
    if run.sizes["C"] < 2:
        st.info("A lesson needs two classes; this run has one.", icon=":material/info:")
        return
    a, b = pair(run)
    pick(run, a, b)
    view = choice(Key.VIEW, VIEWS, "words")
    st.segmented_control(
        "Part of the lesson",
        list(VIEWS),
        format_func=VIEWS.__getitem__,
        required=True,
        label_visibility="collapsed",
        **bound(Key.VIEW, view, default="words", scope="lesson"),
    )
    if view == "quiz":
        lesson_quiz.quiz(run, a, b)
    else:
        separating_rows(run, a, b)


@per_run
def _default_pair(run: Run) -> tuple[int, int]:
    return most_confused_pair(run)


def pair(run: Run) -> tuple[int, int]:
    """Return the two classes that the URL names, else those that are confused most often."""
    c = number(Key.C, run.sizes["C"], "class")
    versus = number(Key.VERSUS, run.sizes["C"], "class")
    if c is not None and c == versus:
        notice("The link compares a class with itself; another class is shown beside it.")
        versus = None
    c = usual(run, Key.C, versus) if c is None else c
    return c, usual(run, Key.VERSUS, c) if versus is None else versus


def usual(run: Run, key: Key, other: int | None) -> int:
    """Return the class that is shown where the URL names none, beside the other one."""
    first, second = _default_pair(run)
    if key == Key.C:
        return second if other == first else first
    return first if other == second else second


def pick(run: Run, a: int, b: int) -> None:
    """Draw the choice of the two classes."""
    columns = zip(
        st.columns(2),
        (":orange[**First class**]", ":blue[**Second class**]"),
        ((Key.C, a, b), (Key.VERSUS, b, a)),
        strict=True,
    )
    for column, label, (key, c, other) in columns:
        with column:
            st.selectbox(
                label,
                [each for each in range(run.sizes["C"]) if each != other],
                format_func=lambda each: labels.numbered_name(run, each),
                **bound(
                    key,
                    c,
                    default=usual(run, key, other),
                    scope="lesson",
                    resets=(Key.ANSWERS,),
                ),
            )


def separating_rows(run: Run, a: int, b: int) -> None:
    """Draw each separating word on three pictures of both classes."""
    silent = [c for c in (a, b) if not len(captioned_images(run, c))]
    if silent:
        names = " and ".join(heading.plain(labels.class_name(run, c)) for c in silent)
        st.info(
            f"No training image of {names} has captions, so no word can be checked. The quiz works "
            "without words.",
            icon=":material/info:",
        )
        return
    separating = lesson_quiz.words(run, a, b)
    if not separating:
        st.info(
            "No word separates these two classes: none contributes to the network's decision and "
            "is "
            "named in the captions of one class more often than in those of the other, beyond "
            "chance. The quiz works without words.",
            icon=":material/info:",
        )
        return
    st.caption(
        "A word is shown where network and captions agree. “Named” means by at least a fifth of "
        "the captions of a picture. Heatmaps are the network's and often miss the part: the "
        "Overview says how often (PCK)."
    )
    for word in separating:
        row(run, word, a)
    st.page_link(
        "app_pages/classes.py",
        label="Compare both descriptions",
        icon=":material/category:",
        query_params=links.params(c=a, versus=b),
    )


def row(run: Run, word: SeparatingWord, a: int) -> None:
    """Draw one word: its counts, and pictures of the class that has it beside the other."""
    phrase, has = labels.phrase(run, word.t), labels.class_name(run, word.c)
    other, hue = labels.class_name(run, word.other), "orange" if word.c == a else "blue"
    (n_named, n_other), (n, n_of_other) = word.n_named, word.n_images
    heading.section(
        f"{heading.plain(phrase)}: :{hue}[{heading.plain(has)}]",
        f"Named in {n_named} of {n} training images of {heading.plain(has)}, in {n_other} of "
        f"{n_of_other} of {heading.plain(other)}.",
        help=f"Part of the difference of the two logits, from images of {heading.plain(other)} to "
        f"those of {heading.plain(has)}: {word.logit_part:+.3f}, divided among the words of each "
        "filter by p(t | f). Counts differ by Fisher's exact test at a false discovery rate of "
        "5 %.",
    )
    gallery.show(
        [
            Picture(
                src=data.thumb(run, x),
                layer=attribute_layer(run, x, word.t),
                alt=f"{labels.image_alt(run, x)}; heatmap of {phrase}",
                href=links.image(run, x, word.t),
                lines=[Line(labels.class_name(run, c), lesson_quiz.tone_of(c, a))],
                tone=lesson_quiz.tone_of(c, a),
            )
            for c, xs in ((word.c, word.with_word), (word.other, word.without))
            for x in xs
        ],
        key=f"lesson.pictures.{word.t}.{word.c}",
        width=170,
        columns=6,
        to_top=True,
    )


main()
