"""What does not hold of an experiment, at the head of its page."""

import streamlit as st

from fieldmarks.dashboard.state import Page

#: See docs/evidence/index.md for the figures.
NOTES = {
    Page.ATTACKS: "Words detect attacks no better than the distance in activations does, and "
    "hardly better than the predicted class alone. An attack that knows the detector evades it. "
    "This is not a defence.",
    Page.BLIND: "Nobody's answers have been evaluated yet: it is not shown that people can tell "
    "the explained class by its sentence.",
    Page.LESSON: "Nobody was tested before and after a lesson. Six unchecked words from "
    "captions separate the two classes as well as the words of a lesson do.",
    Page.EXPERIMENTS: "It is not shown that a prediction depends on what its sentence names more "
    "than on wrong names, nor that words recognise unseen classes better than other methods do.",
}


def show(page: Page) -> None:
    """Draw the note of a page."""
    st.caption(
        f":material/science: **Experimental.** {NOTES[page]} "
        "The figures are in `docs/evidence/index.md`."
    )
