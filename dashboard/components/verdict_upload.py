"""Verdicts read back from a CSV: what would be saved, what is wrong, and which conflict."""

import streamlit as st

from fieldmarks.core.errors import FieldmarksError
from fieldmarks.core.review.verdict_table import Saved, VerdictTable, read_verdicts, save_verdicts
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import heading
from fieldmarks.dashboard.verdicts import database, dataset

N_TOLD = 8
_SAVED, _PROBLEM = "upload.saved", "upload.problem"


def show(run: Run) -> None:
    """Draw the upload."""
    with st.popover("Import verdicts", icon=":material/upload_file:", type="tertiary"):
        st.caption(
            "A CSV as it was exported, with the columns verdict, note, tags, author and "
            "is_reviewed filled in. Rows that somebody else changed since are reported and skipped."
        )
        file = st.file_uploader("CSV of verdicts", type="csv", key="upload.file")
        if file is not None:
            try:
                reading = read_verdicts(
                    file.getvalue(), dataset(run), run.images["path"].tolist(), run.name
                )
            except FieldmarksError as error:
                st.error(heading.plain(str(error)), icon=":material/error:")
            else:
                _offer(reading)
        if problem := st.session_state.pop(_PROBLEM, ""):
            st.error(heading.plain(problem), icon=":material/database_off:")
        if saved := st.session_state.pop(_SAVED, None):
            _tell(saved)


def _offer(reading: VerdictTable) -> None:
    """Draw what the file says, and the button that saves it."""
    if reading.problems:
        st.warning(f"Rows left out: {len(reading.problems):,}.", icon=":material/rule:")
        _list(reading.problems)
    st.button(
        f"Save {len(reading.verdicts):,} verdicts",
        icon=":material/save:",
        disabled=not reading.verdicts,
        on_click=_save,
        args=(reading,),
        key="upload.save",
    )


def _save(reading: VerdictTable) -> None:
    try:
        st.session_state[_SAVED] = save_verdicts(database(), reading.verdicts)
    except FieldmarksError as error:
        st.session_state[_PROBLEM] = str(error)


def _tell(saved: Saved) -> None:
    st.success(f"{saved.n_saved:,} saved, {saved.n_same:,} were the same.", icon=":material/check:")
    if saved.conflicts:
        n = len(saved.conflicts)
        st.warning(f"{n:,} not saved: another reviewer saved first.", icon=":material/group:")
        _list([str(conflict) for conflict in saved.conflicts])


def _list(lines: list[str]) -> None:
    st.markdown("\n".join(f"- {heading.plain(line)}" for line in lines[:N_TOLD]))
    if len(lines) > N_TOLD:
        st.caption(f"and {len(lines) - N_TOLD:,} more")
