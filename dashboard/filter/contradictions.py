"""The counter-examples of a filter's word, in two rows with their counts."""

import streamlit as st

from fieldmarks.core.explanations.counter_examples import ACTIVE, MIN_SHARE, counter_examples
from fieldmarks.dashboard import heading
from fieldmarks.dashboard.components import gallery
from fieldmarks.dashboard.filter import crops, sentences
from fieldmarks.dashboard.filter.view import FilterView

#: Images of each kind, in one row.
N_EACH = 6


def show(view: FilterView) -> None:
    """Draw images with the word where the filter is silent, and without it where it is active."""
    heading.section(
        f"Counter-examples of “{view.phrase}”",
        help=f"Captioned test images. An image has the word if at least {MIN_SHARE:.0%} of its "
        "captions name it, and is without it if none does; captions do not mention everything "
        f"that is visible. The filter is most active in the {1 - ACTIVE:.0%} of highest "
        "activation.",
    )
    examples = counter_examples(view.run, view.f, view.t, N_EACH)
    if examples is None:
        st.caption("No test image has captions.")
        return
    for column, title, said, xs, key in zip(
        st.columns(2, gap="large"),
        ("The word, but no activation", "Activation, but not the word"),
        (
            sentences.of_silent(examples, view.phrase),
            sentences.of_active(examples, view.phrase),
        ),
        (examples.silent, examples.active),
        ("filter.silent", "filter.active_without"),
        strict=True,
    ):
        with column:
            st.markdown(f"**{title}**")
            st.caption(said)
            if len(xs):
                gallery.show(
                    [crops.filter_picture(view, int(x)) for x in xs],
                    key=key,
                    width=118,
                    columns=N_EACH,
                    to_top=True,
                )
            else:
                st.caption(":material/check: None.")
