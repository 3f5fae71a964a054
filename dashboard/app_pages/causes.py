"""Causes: failures by diagnosed cause, and suspected label errors."""

import numpy as np
import streamlit as st

from fieldmarks.core.attributes.english import counted
from fieldmarks.core.causes.finding import Pattern
from fieldmarks.core.errors import MissingRunError
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import data, heading, links
from fieldmarks.dashboard.causes import slice_list, suspected
from fieldmarks.dashboard.components import being_computed, report_buttons
from fieldmarks.dashboard.image import diagnosis_card
from fieldmarks.dashboard.verdicts import latest_of


def main() -> None:
    """Draw the page."""
    run = data.current_run()
    heading.page(
        "Causes",
        "Why images fail: the diagnosed cause of every failure, and suspected label errors.",
    )
    if being_computed.note(run, "diagnoses"):
        return
    try:
        diagnoses = run.table("diagnoses")
    except MissingRunError:
        st.info(
            "This run has no diagnoses yet. Compute them, and the list of suspected label errors, "
            f"with `fieldmarks suspects {run.name}`.",
            icon=":material/stethoscope:",
        )
        return
    xs = run.failures
    progress(run, xs, diagnoses)
    counts(diagnoses, xs)
    slices = st.container()
    suspected.show(run)
    heading.section(
        "Export", f"{counted(len(xs), 'failure')} with sentences, diagnoses and verdicts."
    )
    report_buttons.show(run, xs)
    with slices:  # last: the first visitor of a large run waits a second or two for them
        slice_list.show(run)


def progress(run: Run, xs: np.ndarray, diagnoses) -> None:
    """Draw the progress of the review and a link to the next failure to review."""
    paths = run.images["path"].to_numpy()[xs]
    latest = latest_of(run)
    if latest is None:
        return
    reviewed = latest.index[latest["is_reviewed"].astype(bool)]
    is_open = ~np.isin(paths, reviewed)
    n_done = int((~is_open).sum())
    st.progress(n_done / max(len(xs), 1), f"{n_done:,} of {len(xs):,} reviewed")
    if is_open.any():
        scores = diagnoses[list(diagnosis_card.COLUMNS.values())].to_numpy()[xs].max(axis=1)
        following = int(xs[np.where(is_open, scores, -1).argmax()])
        st.page_link(
            "app_pages/review.py",
            label="Review next: clearest cause",
            icon=":material/arrow_forward:",
            query_params=links.params(at=following),
        )


def counts(diagnoses, xs: np.ndarray) -> None:
    """Draw the number of failures per cause, with links to them."""
    heading.section(
        "Failures by cause",
        help="The cause with the highest score in the diagnosis of each failure.",
    )
    n_of = diagnoses["pattern"].iloc[xs].value_counts()
    with st.grid(5, min_column_width=150, gap="small"):
        for pattern in Pattern:
            with st.container(border=True):
                st.metric(pattern.capitalize(), int(n_of.get(str(pattern), 0)))
                st.page_link(
                    "app_pages/images.py",
                    label="Show",
                    icon=f":material/{diagnosis_card.ICONS[pattern]}:",
                    query_params=links.params(cause=str(pattern)),
                )


main()
