"""Patterns: why the network fails, group by group; which labels to check; what is left to do."""

import numpy as np
import streamlit as st

from core.diagnosis.diagnosis import suspects
from core.diagnosis.failure_groups import failures
from core.diagnosis.finding import Pattern
from core.errors import FieldmarksError, MissingRunError
from core.review.report import to_csv
from core.runs.run import Run
from dashboard import data, heading, links
from dashboard.components import gallery, report_buttons
from dashboard.components.gallery import Line, Picture
from dashboard.image_page import diagnosis_card
from dashboard.state import Page, href
from dashboard.verdicts import database, dataset

N_GROUPS = 12
N_SUSPECTS = 24


def main() -> None:
    """Draw the page."""
    run = data.choose().run
    heading.page(
        "Patterns",
        "Why the network fails, found by the tool and judged by you: the patterns, the groups of "
        "failures with one reason, and the labels that are likely wrong.",
    )
    try:
        diagnoses, groups = run.table("diagnoses"), run.table("clusters")
    except MissingRunError:
        st.info(
            "This run has no diagnoses yet. Make them, and the list of suspicious labels, with "
            f"`python -m precompute suspects {run.name}`.",
            icon=":material/stethoscope:",
        )
        return
    xs = failures(run)
    progress(run, xs, diagnoses)
    counts(diagnoses, xs)
    clusters(run, diagnoses, groups)
    suspicious(run)
    heading.section(
        "Take it away", f"All {len(xs):,} failures with sentences, diagnoses and verdicts."
    )
    report_buttons.show(run, xs)


def progress(run: Run, xs: np.ndarray, diagnoses) -> None:
    """Draw how much is reviewed, and the way to the next failure that is not."""
    paths = run.images["path"].to_numpy()[xs]
    try:
        latest = database().latest(dataset(run))
    except FieldmarksError as error:
        st.error(heading.plain(str(error)), icon=":material/database_off:")
        return
    reviewed = latest.index[latest["is_reviewed"].astype(bool)]
    is_open = ~np.isin(paths, reviewed)
    n_done = int((~is_open).sum())
    st.progress(n_done / max(len(xs), 1), f"{n_done:,} of {len(xs):,} reviewed")
    if is_open.any():
        scores = diagnoses[list(diagnosis_card.COLUMNS.values())].to_numpy()[xs].max(axis=1)
        following = int(xs[np.where(is_open, scores, -1).argmax()])
        st.page_link(
            "app_pages/failures.py",
            label="Review the clearest one that is left",
            icon=":material/arrow_forward:",
            query_params=links.params(x=following),
        )


def counts(diagnoses, xs: np.ndarray) -> None:
    """Draw how many failures have each pattern; each leads to them."""
    heading.section("By pattern", help="Diagnoses of the failures; open one to read its evidence.")
    n_of = diagnoses["pattern"].iloc[xs].value_counts()
    with st.grid(5, min_column_width=150, gap="small"):
        for pattern in Pattern:
            with st.container(border=True):
                st.metric(pattern.capitalize(), int(n_of.get(str(pattern), 0)))
                st.page_link(
                    "app_pages/failures.py",
                    label="Show them",
                    icon=f":material/{diagnosis_card.ICONS[pattern]}:",
                    query_params=links.params(pattern=str(pattern)),
                )


def clusters(run: Run, diagnoses, groups) -> None:
    """Draw the groups of failures, the largest first; each leads to its failures."""
    heading.section(
        "By reason",
        "Failures in which the network saw the same for its answer and not for the label.",
        help="Grouped by p(t | x, predicted c) − p(t | x, true c).",
    )
    if groups.empty:
        st.caption("No failures, no groups.")
    cards = []
    for k, row in groups.head(N_GROUPS).iterrows():
        members = np.flatnonzero(diagnoses["cluster"] == k)
        n = int(row["n_images"])
        link = href(Page.FAILURES, group=k)
        cards.append(
            Picture(
                src=data.thumb(run, int(members[0])),
                alt=gallery.describe_image(run, int(members[0])),
                href=link,
                lines=[Line(row["name"], href=link)],
                badge=f"{n:,}",
                title=f"{n:,} {'failure' if n == 1 else 'failures'}: {row['name']}",
            )
        )
    gallery.show(cards, key="patterns.groups", width=170, to_top=True)


def suspicious(run: Run) -> None:
    """Draw the images whose label is likely wrong, in both splits, right or wrong."""
    table = suspects(run)
    heading.section(
        "Suspicious labels",
        f"{len(table):,} labels, of training images too, that captions and neighbours speak "
        "against; the most suspicious first.",
    )
    if table.empty:
        st.caption("Nothing speaks against any label.")
        return
    x_of = {path: x for x, path in enumerate(run.images["path"])}
    cards = []
    for row in table.head(N_SUSPECTS).itertuples():
        x = x_of[row.path]
        cards.append(
            Picture(
                src=data.thumb(run, x),
                alt=f"Image {x}, labelled {row.label}, looks like {row.suggested}",
                href=links.image(run, x),
                lines=[
                    Line(row.label, gallery.TRUE, title="Label"),
                    Line(f"rather {row.suggested}?", gallery.PREDICTED, title="Likelier"),
                ],
                badge=f"{row.suspicion:.2f}",
                title=row.reason,
            )
        )
    gallery.show(cards, key="patterns.suspects", width=138, to_top=True)
    st.download_button(
        f"All {len(table):,} as CSV",
        lambda: to_csv(table),
        file_name=f"{run.name}_suspicious_labels.csv",
        mime="text/csv",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
        key="patterns.csv",
    )


main()
