"""Experiments: scores of the experiments."""

import streamlit as st

from fieldmarks.core.errors import RunError
from fieldmarks.core.experimental.scores import Experiments, read_experiments
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import data, heading
from fieldmarks.dashboard.components import add_words
from fieldmarks.dashboard.experimental import note
from fieldmarks.dashboard.scores import board
from fieldmarks.dashboard.scores.panels import About, panel_of
from fieldmarks.dashboard.state import Page

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


def main() -> None:
    """Draw the page."""
    run = data.current_run()
    heading.page(
        "Experiments",
        "Scores of experiments, which a plain run does not compute.",
    )
    note.show(Page.EXPERIMENTS)
    run.require_words("scores of experiments")
    try:
        experiments = read_experiments(run)
    except RunError as error:
        st.error(heading.plain(str(error)), icon=":material/error:")
    else:
        scores(run, experiments)


def scores(run: Run, experiments: Experiments | None) -> None:
    """Draw the scores of the experiments, or the command that computes them."""
    if not run.has_words:
        add_words.show(run, "Experiments score what is said in words.")
        return
    heading.section("Scores", "Blue: this run's default estimator. Grey: controls.")
    if experiments is None:
        st.caption("The experiments of this run have no scores. Compute them:")
        st.code(f"fieldmarks evaluate {run.name} --experimental", language=None, wrap_lines=True)
        return
    shown = [
        panel_of(about, getattr(experiments, field), experiments.default_estimator)
        for field, about in PANELS.items()
    ]
    board.draw([panel for panel in shown if panel is not None], "experiments")


main()
