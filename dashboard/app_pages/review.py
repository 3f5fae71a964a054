"""Review: the failures that wait for a verdict, one key each; verdicts exported and imported."""

import streamlit as st

from fieldmarks.dashboard import data, heading, image_filters, links
from fieldmarks.dashboard.components import query_chips, report_buttons, verdict_upload
from fieldmarks.dashboard.images import selection
from fieldmarks.dashboard.review import review
from fieldmarks.dashboard.state import text


def main() -> None:
    """Draw the page."""
    run = data.current_run()
    asked = selection.read(run)
    heading.page(
        "Review",
        "One key gives a verdict on an image. Verdicts are kept for the whole team, and Repair and "
        "the reports read them.",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{len(asked.xs):,}** images to review", width="content")
        choose_others()
        report_buttons.show(run, asked.xs)
        verdict_upload.show(run)
    query_chips.show(image_filters.chosen(run))
    if not len(asked.xs):
        st.info("No image matches all criteria.", icon=":material/filter_alt_off:")
        return
    review.show(run, asked.xs)


def choose_others() -> None:
    """Draw the link to the list, where filters choose what is reviewed."""
    st.page_link(
        "app_pages/images.py",
        label="Choose by filters",
        icon=":material/tune:",
        query_params=links.params(**{str(k): text(k) or None for k in links.LIST_KEYS}),
    )


main()
