"""Patterns: failures by diagnosis, suspected label errors, progress of the review."""

import numpy as np
import streamlit as st

from fieldmarks.core.attributes.english import counted
from fieldmarks.core.causes.diagnosis import suspects
from fieldmarks.core.causes.finding import Pattern
from fieldmarks.core.errors import FieldmarksError, MissingRunError
from fieldmarks.core.review.spreadsheet import to_csv
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import data, heading, links
from fieldmarks.dashboard.components import gallery, report_buttons
from fieldmarks.dashboard.components.gallery import Line, Picture
from fieldmarks.dashboard.image import diagnosis_card
from fieldmarks.dashboard.verdicts import database, dataset, tell_left_out

N_SUSPECTS = 24


def main() -> None:
    """Draw the page."""
    run = data.current_run()
    heading.page(
        "Patterns",
        "Diagnoses of all failures, and suspected label errors.",
    )
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
    label_errors(run)
    heading.section(
        "Export", f"{counted(len(xs), 'failure')} with sentences, diagnoses and verdicts."
    )
    report_buttons.show(run, xs)


def progress(run: Run, xs: np.ndarray, diagnoses) -> None:
    """Draw the progress of the review and a link to the next failure to review."""
    paths = run.images["path"].to_numpy()[xs]
    try:
        latest = database().latest(dataset(run))
    except FieldmarksError as error:
        st.error(heading.plain(str(error)), icon=":material/database_off:")
        return
    tell_left_out(latest)
    reviewed = latest.index[latest["is_reviewed"].astype(bool)]
    is_open = ~np.isin(paths, reviewed)
    n_done = int((~is_open).sum())
    st.progress(n_done / max(len(xs), 1), f"{n_done:,} of {len(xs):,} reviewed")
    if is_open.any():
        scores = diagnoses[list(diagnosis_card.COLUMNS.values())].to_numpy()[xs].max(axis=1)
        following = int(xs[np.where(is_open, scores, -1).argmax()])
        st.page_link(
            "app_pages/failures.py",
            label="Review next: clearest cause",
            icon=":material/arrow_forward:",
            query_params=links.params(x=following),
        )


def counts(diagnoses, xs: np.ndarray) -> None:
    """Draw the number of failures per pattern, with links to them."""
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
                    "app_pages/failures.py",
                    label="Show",
                    icon=f":material/{diagnosis_card.ICONS[pattern]}:",
                    query_params=links.params(pattern=str(pattern)),
                )


def shown_of(n: int, most: int) -> str:
    """Return how many of n are shown, as a sentence; empty where all are."""
    return f" The first {most} of {n:,}." if n > most else ""


def label_errors(run: Run) -> None:
    """Draw the suspected label errors of both splits."""
    table = suspects(run)
    heading.section(
        "Suspected label errors",
        f"{counted(len(table), 'image')} of both splits whose captions and nearest neighbours "
        f"disagree with the label, by descending score.{shown_of(len(table), N_SUSPECTS)}",
    )
    if table.empty:
        st.caption("No label is suspected to be wrong.")
        return
    x_of = {path: x for x, path in enumerate(run.images["path"])}
    cards = []
    for row in table.head(N_SUSPECTS).itertuples():
        x = x_of[row.path]
        cards.append(
            Picture(
                src=data.thumb(run, x),
                alt=f"Image {x}, label {row.label}, suggested {row.suggested}",
                href=links.image(run, x),
                lines=[
                    Line(row.label, gallery.TRUE, title="Label"),
                    Line(f"suggested: {row.suggested}", gallery.PREDICTED, title="Suggested class"),
                ],
                badge=f"{row.suspicion:.2f}",
                title=row.reason,
            )
        )
    gallery.show(cards, key="patterns.suspects", width=138, to_top=True)
    st.download_button(
        "All as CSV",
        lambda: to_csv(table),
        file_name=f"{run.name}_suspicious_labels.csv",
        mime="text/csv",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
        key="patterns.csv",
    )


main()
