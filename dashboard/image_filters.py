"""Filters of the image list by diagnosis and by verdict."""

import numpy as np
import pandas as pd
import streamlit as st

from core.diagnosis.finding import Pattern
from core.errors import FieldmarksError, MissingRunError
from core.runs.run import Run
from dashboard.state import Key, bound, choice, number, text
from dashboard.verdicts import database, dataset

#: Choices by the latest verdict on an image.
NOTES = {"noted": "with a note", "reviewed": "reviewed", "open": "not reviewed"}


def diagnoses(run: Run) -> pd.DataFrame | None:
    """Return the diagnoses of a run, or None where it has none yet."""
    try:
        return run.table("diagnoses")
    except MissingRunError:
        return None


def among(run: Run) -> np.ndarray | None:
    """Return the images with the pattern, group and verdict that the URL asks for; None for all."""
    keep = np.ones(run.sizes["X"], dtype=bool)
    table = diagnoses(run)
    pattern = choice(Key.PATTERN, list(Pattern), "")
    if table is not None:
        if pattern:
            keep &= (table["pattern"] == pattern).to_numpy()
        group = number(Key.GROUP, len(run.table("clusters")), "group")
        if group is not None:
            keep &= (table["cluster"] == group).to_numpy()
    note = choice(Key.NOTE, NOTES, "")
    if note:
        keep &= _noted(run, note)
    return None if keep.all() else np.flatnonzero(keep)


def _noted(run: Run, note: str) -> np.ndarray:
    try:
        latest = database().latest(dataset(run))
    except FieldmarksError as error:
        st.warning(str(error), icon=":material/database_off:")
        return np.ones(run.sizes["X"], dtype=bool)
    if note == "noted":
        paths = latest.index[latest["note"].astype(str) != ""]
    else:
        paths = latest.index[latest["is_reviewed"].astype(bool)]
    is_in = run.images["path"].isin(paths).to_numpy()
    return ~is_in if note == "open" else is_in


def boxes(run: Run) -> None:
    """Draw the choices of pattern and verdict."""
    if diagnoses(run) is not None:
        st.selectbox(
            "Pattern",
            [str(pattern) for pattern in Pattern],
            index=None,
            placeholder="any pattern",
            help="Pattern of the automatic diagnosis.",
            **bound(
                Key.PATTERN,
                choice(Key.PATTERN, list(Pattern), "") or None,
                lambda value: value,
                scope="failures",
                resets=(Key.PAGE, Key.GROUP),
            ),
        )
    st.selectbox(
        "Verdict",
        list(NOTES),
        format_func=NOTES.__getitem__,
        index=None,
        placeholder="any",
        help="Verdict of a reviewer.",
        **bound(
            Key.NOTE,
            choice(Key.NOTE, NOTES, "") or None,
            lambda value: value,
            scope="failures",
            resets=(Key.PAGE,),
        ),
    )


def group_name(run: Run) -> str:
    """Return the name of the group that the URL asks for, empty for none."""
    if diagnoses(run) is None or not text(Key.GROUP):
        return ""
    group = number(Key.GROUP, len(run.table("clusters")), "group")
    return "" if group is None else str(run.table("clusters")["name"].iloc[group])
