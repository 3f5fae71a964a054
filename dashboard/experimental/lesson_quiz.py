"""The quiz of a lesson: a picture, two buttons, and what the last answer was worth."""

import streamlit as st

from fieldmarks.core.experimental.lesson.quiz import (
    FIRST,
    SECOND,
    Quiz,
    Tally,
    draw_quiz,
    read_answers,
    tally,
)
from fieldmarks.core.experimental.lesson.separating_words import (
    SeparatingWord,
    separating_words,
)
from fieldmarks.core.run.per_run import per_run
from fieldmarks.core.run.run import Run
from fieldmarks.core.search.search import caption_agreement
from fieldmarks.dashboard import data, heading, labels, links
from fieldmarks.dashboard.components import gallery, sentence
from fieldmarks.dashboard.components.gallery import Line, Picture
from fieldmarks.dashboard.figures.heatmaps import attribute_layer
from fieldmarks.dashboard.state import Key, number, text, update

#: Seeds of a link; one seed is one set of pictures.
N_SEEDS = 100_000


@per_run(most=64)
def _words(run: Run, a: int, b: int) -> list[SeparatingWord]:
    return separating_words(run, a, b)


def words(run: Run, a: int, b: int) -> list[SeparatingWord]:
    """Return the words that separate two classes, cached."""
    return _words(run, a, b)


def quiz(run: Run, a: int, b: int) -> None:
    """Draw the next question, or the result, with what the last answer was worth."""
    asked = number(Key.SEED, N_SEEDS, "seed")
    seed = 0 if asked is None else asked
    drawn = draw_quiz(run, a, b, seed)
    n = len(drawn.xs)
    if not n:
        st.info(
            "One of the two classes has no readable test image, so there is no quiz.",
            icon=":material/info:",
        )
        return
    answers = read_answers(text(Key.ANSWERS), n)
    left, right = st.columns([5, 6], gap="large")
    with left:
        if len(answers) < n:
            question(run, drawn, answers)
        else:
            result(drawn, answers, seed)
    with right:
        if answers:
            feedback(run, drawn, answers)
            scores(drawn, answers)
        else:
            st.caption(
                "Both classes are equally likely, so guessing is right half of the time. The "
                "network answers the same question, on the same pictures."
            )


def question(run: Run, drawn: Quiz, answers: str) -> None:
    """Draw the picture that is asked about, without anything that gives its class away."""
    i, n = len(answers), len(drawn.xs)
    st.markdown(f"**Picture {i + 1} of {n}**: which of the two?")
    gallery.show(
        [Picture(src=data.thumb(run, int(drawn.xs[i])), alt=f"Picture {i + 1} of {n}")],
        key="lesson.question",
        width=340,
        fixed=True,
    )
    with st.container(horizontal=True):
        for answer, c in ((FIRST, drawn.a), (SECOND, drawn.b)):
            st.button(
                heading.plain(labels.class_name(run, c)),
                shortcut=answer,
                on_click=give,
                args=(answers + answer,),
                key=f"lesson.answer.{answer}",
            )


def give(answers: str) -> None:
    """Write the answers into the address."""
    update(answers=answers)


def another(seed: int) -> None:
    """Draw other pictures."""
    update(seed=(seed + 1) % N_SEEDS, answers=None)


def result(drawn: Quiz, answers: str, seed: int) -> None:
    """Say how the person did, and offer other pictures."""
    person, network = tally(drawn.right(answers)), tally(drawn.network_right)
    with st.container(key="lesson.result"):
        heading.section(f"{person.n_right} of {person.n} right")
        st.markdown(
            f"The network: {network.n_right} of {network.n}. "
            + (
                "You are above chance: the interval lies above 50 %."
                if person.beats_chance
                else f"This does not show that you are above chance: the interval "
                f"{person.low:.0%} to {person.high:.0%} holds 50 % or less."
            )
        )
    st.button(
        "Other pictures", icon=":material/casino:", shortcut="N", on_click=another, args=(seed,)
    )


def feedback(run: Run, drawn: Quiz, answers: str) -> None:
    """Say whether the last answer was right, and why the picture is of its class, in words."""
    i = len(answers) - 1
    x, a = int(drawn.xs[i]), drawn.a
    true, other = (a, drawn.b) if drawn.is_first[i] else (drawn.b, a)
    is_right, network_is_right = drawn.right(answers)[i], drawn.network_right[i]
    name = heading.plain(labels.class_name(run, true))
    hue = "orange" if true == a else "blue"
    verdict = "Right" if is_right else "Wrong"
    icon = "check_circle" if is_right else "cancel"
    st.markdown(
        f":material/{icon}: **{verdict}: picture {i + 1} is labelled** :{hue}[**{name}**]. The "
        f"network is {'right' if network_is_right else 'wrong'}."
    )
    both = data.compare(run, data.explain(run, x, true), data.explain(run, x, other))
    taught = [word.t for word in words(run, a, drawn.b) if word.c == true]
    t = (taught or both.for_first or [data.explain(run, x, true).main_t])[0]
    picture, said = st.columns([2, 5])
    with picture:
        gallery.show(
            [
                Picture(
                    src=data.thumb(run, x),
                    layer=attribute_layer(run, x, t),
                    alt=f"{labels.image_alt(run, x)}; heatmap of {labels.phrase(run, t)}",
                    href=links.image(run, x, t),
                    caption=labels.phrase(run, t),
                    lines=[Line(caption_agreement(run, x, t))],
                    tone=tone_of(true, a),
                )
            ],
            key="lesson.answered",
            width=170,
            fixed=True,
            to_top=True,
        )
    with said:
        sentence.show(
            both.spans, lambda t: links.image(run, x, t), key="lesson.why", tone=tone_of(true, a)
        )
        st.caption(
            "The network's reasons on this picture, right or wrong; the label may be wrong, too."
        )


def scores(drawn: Quiz, answers: str) -> None:
    """Draw the score so far beside the network's on the same pictures, and guessing."""
    n = len(answers)
    people = {"You": tally(drawn.right(answers)), "Network": tally(drawn.network_right[:n])}
    columns = st.columns(3)
    for column, (who, score) in zip(columns, people.items(), strict=False):
        with column:
            st.metric(
                who,
                f"{score.n_right} of {score.n}",
                delta=between(score),
                delta_color="off",
                delta_arrow="off",
                help="Right answers, with Wilson's 95 % interval of their share.",
            )
    with columns[2]:
        st.metric("Guessing", "50 %", help="Chance: one of the two classes.")


def between(score: Tally) -> str:
    """Return the interval of a share in words."""
    return f"{score.low:.0%} to {score.high:.0%}"


def tone_of(c: int, a: int) -> str:
    """Return the hue of one of the two classes."""
    return gallery.PREDICTED if c == a else gallery.TRUE
