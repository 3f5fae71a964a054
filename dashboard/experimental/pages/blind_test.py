"""Blind test: an image, a sentence, and four classes, of which one is explained; agreement."""

import numpy as np
import streamlit as st

from fieldmarks.core.errors import FieldmarksError
from fieldmarks.core.experimental.blind_test.answers import Answer
from fieldmarks.core.experimental.blind_test.blind_test import (
    BlindScore,
    Question,
    blind_question,
    blind_score,
    question_order,
)
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import data, heading, labels
from fieldmarks.dashboard.components import gallery
from fieldmarks.dashboard.components.gallery import Picture
from fieldmarks.dashboard.experimental import agreement, note
from fieldmarks.dashboard.experimental.answers import answers
from fieldmarks.dashboard.review import reviewer
from fieldmarks.dashboard.state import Key, Page, choice
from fieldmarks.dashboard.verdicts import dataset

_SKIPPED, _PROBLEM = "blind.skipped", "blind.problem"
#: Orders that a link can ask for.
N_SEEDS = 1000


def main() -> None:
    """Draw the page: the next question that this person has not answered, and the score."""
    run = data.current_run()
    xs = run.failures
    seed = int(choice(Key.SEED, map(str, range(N_SEEDS)), "0"))
    heading.page(
        "Blind test",
        "Which class does the sentence describe? Prediction and label are hidden; the sentence "
        "explains the predicted or the true class, so the picture alone does not give the "
        "answer.",
    )
    note.show(Page.BLIND)
    run.require_words("the blind test")
    try:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            name = reviewer.box()
        given = answers().of(dataset(run), run.name)
    except FieldmarksError as error:
        st.error(heading.plain(str(error)), icon=":material/database_off:")
        return
    if problem := st.session_state.pop(_PROBLEM, ""):
        st.error(heading.plain(problem), icon=":material/error:")
    mine = given[(given["author"] == name) & (given["seed"] == seed)]
    order = question_order(xs, seed)
    paths = run.images["path"].to_numpy()
    skipped = st.session_state.get(_SKIPPED, set())
    is_open = ~np.isin(paths[order], mine["path"]) & ~np.isin(order, list(skipped))
    st.progress(
        1 - is_open.mean() if len(order) else 1.0, f"{len(mine):,} of {len(order):,} answered"
    )
    if not name:
        st.info("Give your name to begin; answers are kept under it.", icon=":material/person:")
    elif is_open.any():
        _ask(run, blind_question(run, int(order[is_open][0]), seed), seed, name)
    else:
        st.success("Every question is answered.", icon=":material/check:")
    with st.expander("Scores", icon=":material/leaderboard:"):
        for who, rows in (("You", mine), ("Everybody", given)):
            _score(who, blind_score(run, rows))
    agreement.show(run)


def _ask(run: Run, asked: Question, seed: int, name: str) -> None:
    """Draw the picture, the sentence and the classes; a number key answers."""
    left, right = st.columns([3, 8], gap="large")
    with left:
        # nothing here may give the label away: neither alt text nor link
        gallery.show(
            [Picture(src=data.thumb(run, asked.x), alt="The image in question")],
            key="blind.picture",
            width=320,
            fixed=True,
        )
    with right:
        st.header(heading.plain(asked.sentence), anchor=False)
        for i, c in enumerate(asked.options, 1):
            st.button(
                heading.plain(labels.class_name(run, c)),
                shortcut=str(i),
                on_click=_answer,
                args=(run, asked, c, seed, name),
                key=f"blind.{i}",
                width=360,
            )
        st.button(
            "Skip",
            icon=":material/skip_next:",
            type="tertiary",
            shortcut="S",
            on_click=lambda: st.session_state.setdefault(_SKIPPED, set()).add(asked.x),
            key="blind.skip",
        )


def _answer(run: Run, asked: Question, chosen: int, seed: int, name: str) -> None:
    ids = run.classes["class_id"].tolist()
    answer = Answer(
        dataset(run),
        run.name,
        str(run.images["path"].iloc[asked.x]),
        seed,
        name,
        int(ids[asked.explained_c]),
        int(ids[chosen]),
        tuple(int(ids[c]) for c in asked.options),
    )
    try:
        answers().save(answer)
    except FieldmarksError as error:
        st.session_state[_PROBLEM] = str(error)


def _score(who: str, score: BlindScore | None) -> None:
    if score is None:
        st.caption(f"{who}: no answers yet.")
        return
    st.markdown(
        f"**{who}**: {score.n_right:,} of {score.n:,} right, {score.n_right / score.n:.0%} "
        f"[{score.low:.0%}, {score.high:.0%}]; chance {score.chance:.0%} (binomial p = "
        f"{score.p_value:.2g}), the class most frequent in training {score.most_frequent:.0%}, "
        f"the label of the picture {score.picture:.0%}."
    )


main()
