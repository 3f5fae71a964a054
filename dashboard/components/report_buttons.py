"""Export of a list of images: HTML with pictures, CSV or JSON, rendered on click."""

import numpy as np
import streamlit as st

from core.errors import FieldmarksError
from core.review.report import report_rows, to_csv, to_html, to_json
from core.runs.run import Run
from dashboard.verdicts import database, dataset

MAX_PICTURES = 2000  # more would not open in a browser


def show(run: Run, xs: np.ndarray, chosen_by: str = "Failures") -> None:
    """Draw the buttons for images ``xs``; ``chosen_by`` says in words how they were selected."""
    formats = {
        "Report": ("html", "text/html", lambda table: to_html(run, table, chosen_by)),
        "CSV": ("csv", "text/csv", to_csv),
        "JSON": ("json", "application/json", lambda table: to_json(run, table, chosen_by)),
    }
    with st.container(horizontal=True, gap="xsmall"):
        for label, (ending, mime, render) in formats.items():
            is_long = ending == "html" and len(xs) > MAX_PICTURES
            st.download_button(
                label,
                lambda render=render: render(_table(run, xs)),
                file_name=f"{run.name}_{len(xs)}_images.{ending}",
                mime=mime,
                icon=":material/download:",
                type="tertiary",
                on_click="ignore",
                disabled=is_long or not len(xs),
                help=f"A report has at most {MAX_PICTURES:,} images; filter the list first."
                if is_long
                else None,
                key=f"report.{ending}",
            )


def _table(run: Run, xs: np.ndarray):
    try:
        verdicts = database().latest(dataset(run))
    except FieldmarksError:
        verdicts = None  # the form says what is wrong; the report goes without
    return report_rows(run, xs, verdicts)
