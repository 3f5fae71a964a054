"""Verdicts on one image or several, saved at once, with conflicts reported and an undo."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

import pandas as pd
import streamlit as st

from fieldmarks.core.errors import ConflictError, FieldmarksError
from fieldmarks.core.review.verdicts import Verdict
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import heading
from fieldmarks.dashboard.verdicts import database, dataset

_UNDO, _TOLD = "review.undo", "review.told"


def save(
    run: Run,
    xs: Iterable[int],
    change: Callable[[int, Verdict], Verdict],
    latest: pd.DataFrame,
    author: str,
) -> int:
    """Save what ``change`` makes of the verdict on each image; return how many were saved.

    Parameters
    ----------
    run : Run
    xs : iterable of int
        Images.
    change : callable
        From an image and the verdict on it to the new verdict.
    latest : DataFrame
        The verdicts as the person saw them: what somebody else saved since is a conflict.
    author : str
    """
    saved, conflicts = [], []
    for x in xs:
        verdict = change(x, _seen(run, x, latest))
        try:
            saved.append(database().save(replace(verdict, author=author, run=run.name)))
        except ConflictError as conflict:
            conflicts.append(conflict)
        except FieldmarksError as error:
            st.session_state[_TOLD] = str(error)
            break
    _remember([partial(_unsave, verdict) for verdict in saved])
    if conflicts:
        st.session_state[_TOLD] = f"{len(conflicts)} not saved: {conflicts[0]}"
    return len(saved)


def delete(run: Run, xs: Iterable[int]) -> None:
    """Delete the verdicts on images with their history, for the whole team; it can be undone."""
    deleted = []
    for x in xs:
        path = str(run.images["path"].iloc[x])
        try:
            versions = database().history(dataset(run), path)
            database().delete(dataset(run), path)
        except FieldmarksError as error:
            st.session_state[_TOLD] = str(error)
            break
        if versions:
            deleted.append(versions)
    _remember([partial(_undelete, versions) for versions in deleted])


def _remember(steps: list[Callable[[], None]]) -> None:
    """Keep how what was just done is taken back."""
    if steps:
        st.session_state.setdefault(_UNDO, []).append(steps)


def _unsave(saved: Verdict) -> None:
    database().undo(saved)


def _undelete(versions: list[Verdict]) -> None:
    database().restore(versions)


def _seen(run: Run, x: int, latest: pd.DataFrame) -> Verdict:
    path = str(run.images["path"].iloc[x])
    if path not in latest.index:
        return Verdict(dataset(run), path)
    row = latest.loc[path]
    return Verdict(
        dataset(run),
        path,
        pattern=str(row["pattern"]),
        note=str(row["note"]),
        tags=tuple(row["tags"]),
        is_reviewed=bool(row["is_reviewed"]),
        version=int(row["version"]),
    )


def tagged(verdict: Verdict, tags: Iterable[str]) -> Verdict:
    """Return a verdict with tags added to its own."""
    return replace(verdict, tags=tuple(dict.fromkeys((*verdict.tags, *tags))))


def tell() -> None:
    """Draw what could not be saved."""
    if told := st.session_state.pop(_TOLD, ""):
        st.warning(heading.plain(told), icon=":material/group:")


def undo_button(key: str, after: Callable[[], None] = lambda: None) -> None:
    """Draw the button that takes back what this session last saved or deleted."""
    st.button(
        "Undo",
        icon=":material/undo:",
        shortcut="U",
        disabled=not st.session_state.get(_UNDO),
        on_click=_undo,
        args=(after,),
        key=key,
    )


def _undo(after: Callable[[], None]) -> None:
    batches = st.session_state.get(_UNDO) or []
    if not batches:
        return
    conflicts = []
    try:
        for step in batches.pop():
            try:
                step()
            except ConflictError as conflict:  # theirs stays; the others are still taken back
                conflicts.append(conflict)
    except FieldmarksError as error:
        st.session_state[_TOLD] = str(error)
    if conflicts:
        st.session_state[_TOLD] = f"{len(conflicts)} not taken back: {conflicts[0]}"
    after()
