"""Experiments: scores of the experiments, and the sentence test of one failure."""

import streamlit as st

from fieldmarks.core.errors import MissingRunError, RunError
from fieldmarks.core.experimental.scores import Experiments, read_experiments
from fieldmarks.core.experimental.sentence_test.claims import Claim, SentenceTest
from fieldmarks.core.experimental.sentence_test.scores import EXCHANGED
from fieldmarks.core.run.per_run import per_run
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import data, heading, labels, links
from fieldmarks.dashboard.components import gallery
from fieldmarks.dashboard.components.gallery import Picture
from fieldmarks.dashboard.experimental import note
from fieldmarks.dashboard.scores import board
from fieldmarks.dashboard.scores.panels import About, panel_of
from fieldmarks.dashboard.state import Key, Page, bound, number

PANELS = {
    "sentence_test": About(
        "Sentence test",
        "passes",
        "Percent of sentences without whose attributes the log-odds of the prediction fall more "
        "than without those of sentences of wrong names, as they are and for the same evidence; "
        "and the mean fall. Control: names estimated from class-permuted captions, of which at "
        "most 5 % should pass. Only what lies above the control is due to the words.",
    ),
    "interventions": About(
        "Interventions",
        "word that is gone",
        "Birds painted again with one mark changed. Logit: correlation of what the class lost with "
        "the part attributed to the word. Words: place among all words by change of p(t|x,c), "
        "1 for the first, 0.5 by chance. Heatmap: percent with the peak at the mark before and "
        "after; percent in which heat at the mark falls more than by a change of another mark.",
    ),
    "zero_shot": About(
        "Unseen classes",
        "harmonic mean",
        "Mean top-1 over classes, in percent: test images of classes that the network was trained "
        "without, recognised by the captions of other images through p(t|x); among these classes "
        "alone, and among all (the harmonic mean of unseen and seen counts). ESZSL has the same "
        "activations and captions; permuted: each unseen class has the description of a random "
        "one of them.",
    ),
}


@per_run
def _sentence_test(run: Run) -> SentenceTest:
    return SentenceTest(run)


@per_run(most=256)
def _claim(run: Run, x: int, c: int, ts: tuple[int, ...]) -> Claim:
    return _sentence_test(run).claim(x, c, list(ts))


def main() -> None:
    """Draw the page."""
    run = data.current_run()
    heading.page(
        "Experiments",
        "Scores of experiments that a run does not compute by itself, and the sentence test of one "
        "failure.",
    )
    note.show(Page.EXPERIMENTS)
    experiments = None
    try:
        experiments = read_experiments(run)
    except RunError as error:
        st.error(heading.plain(str(error)), icon=":material/error:")
    else:
        scores(run, experiments)
    sentence_test(run, experiments)


def scores(run: Run, experiments: Experiments | None) -> None:
    """Draw the scores of the experiments, or the command that computes them."""
    heading.section("Scores", "Blue: this run's default estimator. Grey: controls.")
    if experiments is None:
        st.caption("The experiments of this run have no scores. Compute them:")
        st.code(f"fieldmarks evaluate {run.name} --experimental", language="bash")
        return
    shown = [
        panel_of(about, getattr(experiments, field), experiments.default_estimator)
        for field, about in PANELS.items()
    ]
    board.draw([panel for panel in shown if panel is not None], "experiments")


def sentence_test(run: Run, experiments: Experiments | None) -> None:
    """Draw whether the prediction of one failure depends on what its sentence names."""
    heading.section(
        "Sentence test",
        "Does the prediction depend on the attributes of its sentence more than on those of "
        "sentences of wrong names?",
    )
    xs = [int(x) for x in run.failures]
    if not xs:
        st.caption("This run has no failures.")
        return
    asked = number(Key.X, run.sizes["X"], "image")
    x = xs[0] if asked is None else asked
    st.selectbox(
        "Image",
        xs if x in xs else [*xs, x],
        format_func=lambda x: f"{x}  {_true_class(run, x)}",
        width=420,
        **bound(Key.X, x, default=xs[0], scope="experiments"),
    )
    c = labels.true_and_predicted(run, x)[1]
    explained = data.explain(run, x, c)
    left, right = st.columns([2, 8], gap="medium")
    with left:
        alt, href = labels.image_alt(run, x), links.image(run, x)
        gallery.show(
            [Picture(src=data.thumb(run, x), alt=alt, href=href)],
            key="experiments.picture",
            width=170,
            fixed=True,
        )
    with right:
        st.markdown(heading.plain(explained.sentence))
        try:
            tested = _claim(run, x, c, tuple(explained.attributes))
        except MissingRunError:
            st.caption(
                "The sentence is not tested: this run holds no names from class-permuted captions. "
                "Compute it again."
            )
            return
        icon = ":material/verified:" if tested.holds else ":material/unpublished:"
        (st.success if tested.holds else st.info)(heading.plain(tested.sentence()), icon=icon)
        st.caption(
            heading.plain(
                f"{how_many_pass(experiments)}The test does not tell whether the words are true."
            )
        )


def _true_class(run: Run, x: int) -> str:
    return labels.class_name(run, labels.true_and_predicted(run, x)[0])


def how_many_pass(experiments: Experiments | None) -> str:
    """Return how many sentences pass the test, and how many of wrong names; empty if unknown."""
    measure = None if experiments is None else experiments.sentence_test
    if experiments is None or measure is None:
        return ""
    own = experiments.default_estimator
    passes, exchanged, more = (
        measure.row(name).scores["passes"] for name in (own, EXCHANGED, f"{own} minus {EXCHANGED}")
    )
    judged = (
        "more than by chance"
        if more.low > 0
        else "not reliably more than by chance: a passed test says little"
    )
    return (
        f"In this run {passes.value:.0f} % of the sentences pass and {exchanged.value:.0f} % of "
        f"those of wrong names, {judged}. "
    )


main()
