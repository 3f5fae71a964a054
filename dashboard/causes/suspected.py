"""Suspected label errors with a verdict in place."""

from dataclasses import replace

import pandas as pd
import streamlit as st

from fieldmarks.core.attributes.english import counted
from fieldmarks.core.causes.finding import Pattern
from fieldmarks.core.causes.suspects import suspects
from fieldmarks.core.errors import FieldmarksError
from fieldmarks.core.review.spreadsheet import to_csv
from fieldmarks.core.review.verdicts import Verdict
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import heading
from fieldmarks.dashboard.causes import suspect_pictures
from fieldmarks.dashboard.components import paging
from fieldmarks.dashboard.components.gallery import Action
from fieldmarks.dashboard.review import reviewer, saving
from fieldmarks.dashboard.state import Key, bound, choice
from fieldmarks.dashboard.verdicts import database, dataset

PER_PAGE = 24
SPLITS = {"": "Both splits", "train": "Training", "test": "Test"}
WRONG, RIGHT = "wrong", "right"
ACTIONS = (Action(WRONG, "Label is wrong"), Action(RIGHT, "Label is right"))


def show(run: Run) -> None:
    """Draw the suspects that wait for a verdict, and the buttons that give one."""
    table = suspects(run)
    heading.section(
        "Suspected label errors",
        "Images whose captions and nearest neighbours disagree with the label, the clearest "
        "first. Repair drops or corrects suspected labels and keeps those that you confirm.",
        help="The number is 0.5 plus half the probability that the label is wrong, given its "
        "captions and how many labels of the run are wrong."
        if run.has_words
        else None,
    )
    if table.empty:
        st.caption("No label is suspected to be wrong.")
        return
    latest = _latest(run)
    is_done = table["path"].isin(latest.index[latest["is_reviewed"].astype(bool)])
    split = choice(Key.SPLIT, SPLITS, "")
    waiting = table[~is_done & (table["split"].isin([split]) if split else True)]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.segmented_control(
            "Split",
            list(SPLITS),
            format_func=lambda each: f"{SPLITS[each]} ({_number(table[~is_done], each):,})",
            required=True,
            label_visibility="collapsed",
            **bound(Key.SPLIT, split, default="", scope="causes", resets=(Key.PAGE,)),
        )
        name = reviewer.box()
        saving.undo_button("causes.U")
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
    st.caption(f"{counted(len(waiting), 'image')} to check, {int(is_done.sum()):,} checked.")
    saving.tell()
    page, rows = paging.window(len(waiting), PER_PAGE)

    def judge(action: str, xs: list[int], _: str) -> None:
        def change(_: int, verdict: Verdict) -> Verdict:
            pattern = str(Pattern.WRONG_LABEL) if action == WRONG else str(Pattern.UNDECIDED)
            return replace(verdict, pattern=pattern, is_reviewed=True)

        saving.save(run, xs, change, latest, name)

    if len(waiting):
        suspect_pictures.show(run, waiting.iloc[rows], "patterns.suspects", ACTIONS, judge)
    paging.control(len(waiting), PER_PAGE, page, "causes")


def _number(table: pd.DataFrame, split: str) -> int:
    return int((table["split"] == split).sum()) if split else len(table)


def _latest(run: Run) -> pd.DataFrame:
    try:
        return database().latest(dataset(run))
    except FieldmarksError as error:
        st.error(heading.plain(str(error)), icon=":material/database_off:")
        return pd.DataFrame({"is_reviewed": pd.Series(dtype=bool)})
