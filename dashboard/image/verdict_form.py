"""The verdict form: a reviewer accepts or corrects the diagnosis, adds notes and tags.

The form remembers which version of the verdict it was opened on. If somebody else saved in the
meantime, both versions are shown, and nothing of either is lost.
"""

from dataclasses import replace

import streamlit as st

from fieldmarks.core.causes.finding import Pattern
from fieldmarks.core.errors import ConflictError, FieldmarksError, MissingRunError
from fieldmarks.core.review.verdicts import MAX_NOTE, Verdict
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import heading
from fieldmarks.dashboard.verdicts import database, dataset

_OPENED, _FILLED = "verdict.opened", "verdict.filled"
_CONFLICT, _PROBLEM, _SAVED = "verdict.conflict", "verdict.problem", "verdict.saved"
_DELETED = "verdict.deleted"


@st.fragment
def show(run: Run, x: int) -> None:
    """Draw the form of image x."""
    heading.section("Verdict", "Saved for the whole team, and kept when the run is computed again.")
    path = str(run.images["path"].iloc[x])
    try:
        versions = database().history(dataset(run), path)
    except FieldmarksError as error:
        st.error(heading.plain(str(error)), icon=":material/database_off:")
        return
    opened = _open(versions[-1] if versions else Verdict(dataset(run), path))
    _form(run, x, opened)
    if st.session_state.pop(_SAVED, False):
        st.toast("Saved", icon=":material/check:")
    if problem := st.session_state.pop(_PROBLEM, ""):
        st.error(heading.plain(problem), icon=":material/database_off:")
    if conflict := st.session_state.pop(_CONFLICT, None):
        st.warning(heading.plain(str(conflict)), icon=":material/group:")
        st.markdown(_line(conflict.theirs))
    if database().is_read_only:
        st.caption("The database is read-only: verdicts can be read here, and not saved.")
    _history(versions)
    if versions:
        _delete_button(opened, versions)
    _undo_button(opened)


def _open(latest: Verdict) -> Verdict:
    """Return the verdict that the form of this image was opened on."""
    opened = st.session_state.get(_OPENED)
    if opened is None or (opened.dataset, opened.path) != (latest.dataset, latest.path):
        st.session_state[_OPENED] = opened = latest
    return opened


def _form(run: Run, x: int, opened: Verdict) -> None:
    """Draw the form; its widgets stay from image to image, which is fast, and are filled again."""
    patterns = [str(pattern) for pattern in Pattern]
    diagnosed = _diagnosed(run, x)
    _fill(opened, run.name)
    with st.form("verdict", enter_to_submit=False):
        st.selectbox(
            "Cause",
            patterns,
            index=None,
            placeholder="choose a cause",
            help=f"Automatic diagnosis: {diagnosed or 'none'}.",
            key=_key("pattern"),
        )
        st.text_area("Note", max_chars=MAX_NOTE, key=_key("note"))
        st.multiselect(
            "Tags",
            list(opened.tags),
            accept_new_options=True,
            placeholder="type a tag",
            key=_key("tags"),
        )
        st.text_input("Your name", max_chars=200, key=_key("author"))
        st.checkbox("Reviewed", key=_key("reviewed"))
        st.form_submit_button(
            "Save",
            icon=":material/save:",
            on_click=_save,
            args=(opened, run.name),
        )


def _key(name: str) -> str:
    return f"verdict.{name}"


def _fill(opened: Verdict, run_name: str) -> None:
    """Put a verdict into the widgets, unless they hold what somebody types on this image."""
    about = (run_name, opened.dataset, opened.path)
    if st.session_state.get(_FILLED) == about and _key("note") in st.session_state:
        return
    st.session_state[_FILLED] = about
    st.session_state[_key("pattern")] = opened.pattern or None
    st.session_state[_key("note")] = opened.note
    st.session_state[_key("tags")] = list(opened.tags)
    st.session_state[_key("reviewed")] = opened.is_reviewed


def _diagnosed(run: Run, x: int) -> str:
    try:
        return str(run.table("diagnoses")["pattern"].iloc[x])
    except MissingRunError:
        return ""


def _save(opened: Verdict, run_name: str) -> None:
    """Save what was typed; remember what somebody else saved first."""
    names = ("pattern", "note", "tags", "author", "reviewed")
    typed = {name: st.session_state[_key(name)] for name in names}
    verdict = replace(
        opened,
        pattern=typed["pattern"] or "",
        note=typed["note"],
        tags=tuple(typed["tags"]),
        is_reviewed=typed["reviewed"],
        author=typed["author"],
        run=run_name,
    )
    try:
        st.session_state[_OPENED] = database().save(verdict)
    except ConflictError as conflict:
        # what was typed stays in the form, now on top of theirs, which is shown beside it
        st.session_state[_OPENED] = replace(verdict, version=conflict.theirs.version)
        st.session_state[_CONFLICT] = conflict
    except FieldmarksError as error:
        st.session_state[_PROBLEM] = str(error)
    else:
        st.session_state[_SAVED] = True  # told by the fragment: a callback of one may draw nothing


def _delete_button(opened: Verdict, versions: list[Verdict]) -> None:
    """Draw the button that deletes the verdict, behind a question."""
    with st.popover("Delete", icon=":material/delete:", type="tertiary"):
        st.markdown("Delete the verdict on this image, with its history, for the whole team?")
        st.button(
            "Delete the verdict",
            on_click=delete_verdict,
            args=(opened, versions),
            key=_key("delete"),
        )


def delete_verdict(opened: Verdict, versions: list[Verdict]) -> None:
    """Delete all versions of a verdict and open the form on none."""
    try:
        database().delete(opened.dataset, opened.path)
    except FieldmarksError as error:
        st.session_state[_PROBLEM] = str(error)
        return
    st.session_state[_DELETED] = versions
    _open_again()
    st.toast("Deleted", icon=":material/delete:")


def _undo_button(opened: Verdict) -> None:
    """Draw the button that brings back what this session deleted of this image."""
    versions = st.session_state.get(_DELETED)
    if versions and (versions[0].dataset, versions[0].path) == (opened.dataset, opened.path):
        st.button(
            "Undo the deletion",
            icon=":material/undo:",
            type="tertiary",
            on_click=_restore,
            args=(versions,),
            key=_key("restore"),
        )


def _restore(versions: list[Verdict]) -> None:
    try:
        database().restore(versions)
    except FieldmarksError as error:
        st.session_state[_PROBLEM] = str(error)
    st.session_state.pop(_DELETED)
    _open_again()


def _open_again() -> None:
    for key in (_OPENED, _FILLED):
        st.session_state.pop(key, None)


def _history(versions: list[Verdict]) -> None:
    """Draw all versions, the newest first."""
    if versions:
        with st.expander(f"History ({len(versions)})", icon=":material/history:"):
            for verdict in reversed(versions):
                st.markdown(_line(verdict))


def _line(verdict: Verdict) -> str:
    """Return a verdict in one line of Markdown."""
    parts = [verdict.pattern, "reviewed" if verdict.is_reviewed else "", *verdict.tags]
    what = ", ".join(heading.plain(part) for part in parts if part)
    who = heading.plain(verdict.author or "somebody")
    when = f"{verdict.saved_at:%Y-%m-%d %H:%M} UTC" if verdict.saved_at else ""
    note = f" “{heading.plain(verdict.note)}”" if verdict.note else ""
    return f"**{who}** :gray[{when}] {what}{note}"
