"""The pages' access to the database of verdicts and saved groups."""

import os
import time
from collections.abc import Callable
from typing import TypeVar

import pandas as pd
import streamlit as st

from fieldmarks.core.errors import DatabaseError, FieldmarksError
from fieldmarks.core.review.saved_groups import SavedGroups
from fieldmarks.core.review.verdicts import Verdicts, left_out
from fieldmarks.core.run.files import runs_folder
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import heading

#: Seconds after which a database that could not be opened is tried again.
RETRY = 20

T = TypeVar("T")


@st.cache_resource(max_entries=1, show_spinner=False)
def _failures() -> dict[tuple, tuple[float, DatabaseError]]:
    return {}


def _opened(kind: Callable[[], T]) -> T:
    """Open a database; for a while the next page gets the same error at once."""
    which = kind.__name__, os.environ.get("FIELDMARKS_DB"), runs_folder()
    failed_at, failed = _failures().get(which, (0.0, None))
    if failed is not None and time.monotonic() - failed_at < RETRY:
        raise failed
    try:
        return kind()
    except DatabaseError as error:
        _failures()[which] = time.monotonic(), error
        raise


@st.cache_resource(max_entries=1, show_spinner=False)
def database() -> Verdicts:
    """Return the one connection pool of the server."""
    return _opened(Verdicts)


@st.cache_resource(max_entries=1, show_spinner=False)
def saved_groups() -> SavedGroups:
    """Return the one connection pool of the saved groups."""
    return _opened(SavedGroups)


def tell_left_out(latest: pd.DataFrame) -> None:
    """Say how many verdicts could not be read, where there are any."""
    if lacks := left_out(latest):
        st.warning(lacks, icon=":material/database_off:")


def latest_of(run: Run) -> pd.DataFrame | None:
    """Return the latest verdicts on a run's images; None, with an error drawn, if unreadable."""
    try:
        latest = database().latest(dataset(run))
    except FieldmarksError as error:
        st.error(heading.plain(str(error)), icon=":material/database_off:")
        return None
    tell_left_out(latest)
    return latest


def dataset(run: Run) -> str:
    """Return the data set that verdicts on images of the run belong to."""
    return str(run.manifest["dataset"])
