"""What a person decides about an image: accept or change the diagnosis, note, tag, mark as done.

The form remembers which version of the verdict it was opened on. If somebody else saved in the
meantime, their verdict is shown beside what was typed, and nothing of either is lost.
"""

from dataclasses import replace

import streamlit as st

from core.errors import ConflictError, FieldmarksError, MissingRunError
from core.run import Run
from core.triage.pattern import Pattern
from core.verdicts import MAX_NOTE, Verdict, Verdicts
from dashboard import heading

_OPENED, _AUTHOR = "verdict.opened", "verdict.author"
_CONFLICT, _PROBLEM = "verdict.conflict", "verdict.problem"


@st.cache_resource(max_entries=1, show_spinner=False)
def database() -> Verdicts:
    """Return the one connection pool of the server."""
    return Verdicts()


def dataset(run: Run) -> str:
    """Return the data set that verdicts on images of the run belong to."""
    return str(run.manifest["dataset"])


@st.fragment
def show(run: Run, x: int) -> None:
    """Draw the form of image x."""
    heading.section("Verdict", "Yours and your team's; kept when the run is made again.")
    path = str(run.images["path"].iloc[x])
    try:
        opened = _open(dataset(run), path)
    except FieldmarksError as error:
        st.error(heading.plain(str(error)), icon=":material/database_off:")
        return
    _form(run, x, opened)
    if problem := st.session_state.pop(_PROBLEM, ""):
        st.error(heading.plain(problem), icon=":material/database_off:")
    if conflict := st.session_state.pop(_CONFLICT, None):
        st.warning(heading.plain(str(conflict)), icon=":material/group:")
        st.markdown(_line(conflict.theirs))
    _history(dataset(run), path)


def _open(name: str, path: str) -> Verdict:
    """Return the verdict that the form of this image was opened on."""
    opened = st.session_state.get(_OPENED)
    if opened is None or (opened.dataset, opened.path) != (name, path):
        opened = database().get(name, path)
        st.session_state[_OPENED] = opened
    return opened


def _form(run: Run, x: int, opened: Verdict) -> None:
    """Draw the form; each version has widgets of its own, so that it starts with its content."""
    scope = f"verdict.{run.name}.{x}.{opened.version}"
    patterns = [str(pattern) for pattern in Pattern]
    diagnosed = _diagnosed(run, x)
    current = opened.pattern or diagnosed
    with st.form(scope, enter_to_submit=False):
        st.selectbox(
            "Pattern",
            patterns,
            index=patterns.index(current) if current in patterns else None,
            placeholder="open",
            help=f"The tool's diagnosis: {diagnosed or 'none'}.",
            key=f"{scope}.pattern",
        )
        st.text_area("Note", opened.note, max_chars=MAX_NOTE, key=f"{scope}.note")
        st.multiselect(
            "Tags",
            list(opened.tags),
            list(opened.tags),
            accept_new_options=True,
            placeholder="type a tag",
            key=f"{scope}.tags",
        )
        author = st.session_state.get(_AUTHOR, "")
        st.text_input("Your name", author, max_chars=200, key=f"{scope}.author")
        st.checkbox("Reviewed", opened.is_reviewed, key=f"{scope}.reviewed")
        st.form_submit_button(
            "Save",
            icon=":material/save:",
            type="primary",
            on_click=_save,
            args=(opened, scope, run.name),
        )


def _diagnosed(run: Run, x: int) -> str:
    try:
        return str(run.table("diagnoses")["pattern"].iloc[x])
    except MissingRunError:
        return ""


def _save(opened: Verdict, scope: str, run_name: str) -> None:
    """Save what was typed; remember what somebody else saved first."""
    names = ("pattern", "note", "tags", "author", "reviewed")
    typed = {name: st.session_state[f"{scope}.{name}"] for name in names}
    st.session_state[_AUTHOR] = typed["author"]
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
        # what was typed comes back in a form on top of theirs, which is shown beside it
        st.session_state[_OPENED] = replace(verdict, version=conflict.theirs.version)
        st.session_state[_CONFLICT] = conflict
    except FieldmarksError as error:
        st.session_state[_PROBLEM] = str(error)
    else:
        st.toast("Saved", icon=":material/check:")


def _history(name: str, path: str) -> None:
    """Draw all versions, the newest first."""
    versions = database().history(name, path)
    if versions:
        with st.expander(f"{len(versions)} saved", icon=":material/history:"):
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
