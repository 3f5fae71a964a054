"""Export of a list of images: HTML with pictures, CSV, JSON and more, rendered on click."""

import numpy as np
import streamlit as st

from fieldmarks.core.errors import FieldmarksError
from fieldmarks.core.review.fiftyone import to_fiftyone
from fieldmarks.core.review.report import FIFTYONE, report_rows, to_html, to_json, to_json_lines
from fieldmarks.core.review.spreadsheet import to_csv
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard.verdicts import database, dataset

MAX_PICTURES = 2000  # more would not open in a browser
_FIFTYONE_HELP = (
    "Put samples.json into an empty folder and load it in FiftyOne: "
    "`fo.Dataset.from_dir(folder, dataset_type=fo.types.FiftyOneDataset)`."
)


def show(run: Run, xs: np.ndarray, chosen_by: str = "Failures") -> None:
    """Draw the buttons for images ``xs``; ``chosen_by`` says in words how they were selected."""
    stem = f"{run.name}_{len(xs)}_images"
    formats = {
        "Report": ("html", "text/html", lambda table: to_html(run, table, chosen_by)),
        "CSV": ("csv", "text/csv", to_csv),
        "JSON": ("json", "application/json", lambda table: to_json(run, table, chosen_by)),
        "JSON lines": ("jsonl", "application/jsonl", to_json_lines),
        "FiftyOne": (FIFTYONE, "application/json", lambda table: to_fiftyone(run, table)),
    }
    with st.popover("Export", icon=":material/download:", type="tertiary", disabled=not len(xs)):
        for label, (ending, mime, render) in formats.items():
            is_long = ending == "html" and len(xs) > MAX_PICTURES
            helps = {
                "html": f"A report has at most {MAX_PICTURES:,} images; filter the list first.",
                FIFTYONE: _FIFTYONE_HELP,
            }
            st.download_button(
                label,
                lambda render=render: render(_table(run, xs)),
                file_name=ending if ending == FIFTYONE else f"{stem}.{ending}",
                mime=mime,
                icon=":material/download:",
                type="tertiary",
                on_click="ignore",
                disabled=is_long,
                help=helps.get(ending) if is_long or ending == FIFTYONE else None,
                key=f"report.{ending}",
            )


def _table(run: Run, xs: np.ndarray):
    try:
        verdicts = database().latest(dataset(run))
    except FieldmarksError:
        verdicts = None  # the form says what is wrong; the report goes without
    return report_rows(run, xs, verdicts)
