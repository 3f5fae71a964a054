"""Cached access to runs: the list of runs, the chosen run, and results that are needed often.

A run is opened once for all users: its arrays are read-only memory maps. What is derived here is
small and is computed with table operations; nothing reads all maps.
"""

import argparse
import base64
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd
import streamlit as st

from fieldmarks.core.errors import FieldmarksError, MissingRunError
from fieldmarks.core.explanations import contrast, explanation
from fieldmarks.core.run.files import check_name, runs_folder
from fieldmarks.core.run.listing import RunEntry, list_runs
from fieldmarks.core.run.manifest import manifest_stamp
from fieldmarks.core.run.per_run import per_run
from fieldmarks.core.run.phrases import t_of_phrase
from fieldmarks.core.run.reading import read_run
from fieldmarks.core.run.run import Run
from fieldmarks.core.run.so_far import read_so_far
from fieldmarks.core.search.vocabulary import Vocabulary
from fieldmarks.dashboard.state import Key, notice, text


@dataclass(frozen=True)
class Choice:
    """The chosen run, or the reason why there is none, or the name of one that is computed."""

    run: Run | None
    entries: list[RunEntry]
    problem: str = ""
    computed: str = ""


def default_name() -> str | None:
    """Return the run named after ``--`` on the command line: ``-- --run NAME``."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--run")
    return parser.parse_known_args(sys.argv[1:])[0].run


def choose() -> Choice:
    """Open the run that the URL names, else the one of the command line, else the newest."""
    try:
        entries = list_runs()
    except FieldmarksError as error:
        return Choice(None, [], str(error))
    whole = [entry.name for entry in entries if not entry.problem]
    asked = text(Key.RUN)
    name = asked or default_name() or (whole[0] if whole else None)
    if name is None:
        return Choice(None, entries)
    try:
        return Choice(open_run(name), entries)
    except FieldmarksError as error:
        is_missing = isinstance(error, MissingRunError)
        if is_missing and read_so_far(runs_folder(), name) is not None:
            return Choice(None, entries, computed=name)
        fallback = next((n for n in whole if n != name), None)
        if asked and fallback and is_missing:
            notice(f"There is no run “{asked[:40]}”; this is “{fallback}”.")
            return Choice(open_run(fallback), entries)
        return Choice(None, entries, str(error))


def current_run() -> Run:
    """Return the run on show; pages are drawn only where there is one."""
    run = choose().run
    assert run is not None
    return run


def open_run(name: str) -> Run:
    """Return the opened run of that name; a run that was replaced on disk is opened again."""
    folder = runs_folder() / check_name(name)
    return _open(str(folder), manifest_stamp(folder))


@st.cache_resource(max_entries=8, show_spinner=False)
def _open(folder: str, stamp: int) -> Run:
    return read_run(Path(folder))


def identity(run: Run) -> str:
    """Return a cache key that identifies the version of the run that was opened."""
    return f"{run.folder}:{run.stamp}"


def read_attribute(run: Run, key: Key = Key.T) -> int | None:
    """Return the attribute that the URL names, or None with a notice where there is none."""
    phrase = text(key)
    if not phrase:
        return None
    t = t_of_phrase(run).get(phrase.lower())
    if t is None:
        notice(f"This run has no attribute “{phrase[:60]}”. Search suggests similar ones.")
    return t


@per_run(most=512)
def _explain(run: Run, x: int, c: int) -> explanation.Explanation:
    return explanation.explain(run, x, c)


def explain(run: Run, x: int, c: int) -> explanation.Explanation:
    """Return the explanation of image x as class c, cached."""
    return _explain(run, x, c)


@per_run(most=512)
def _describe(run: Run, c: int) -> explanation.Explanation:
    return explanation.describe(run, c)


def describe(run: Run, c: int) -> explanation.Explanation:
    """Return the description of class c, cached."""
    return _describe(run, c)


@per_run(most=512)
def _compare(run: Run, x: int | None, c: int, versus: int) -> contrast.Contrast:
    of = describe if x is None else partial(explain, x=x)
    return contrast.contrast(run, of(run, c=c), of(run, c=versus))


def compare(run: Run, first: explanation.Explanation, second: explanation.Explanation):
    """Return the contrast of two explanations, cached."""
    return _compare(run, first.x, first.c, second.c)


def diagnoses(run: Run) -> pd.DataFrame | None:
    """Return the diagnoses of a run, or None where it has none yet."""
    try:
        return run.table("diagnoses")
    except MissingRunError:
        return None


def has_maps(run: Run, x: int) -> bool:
    """Whether the run keeps the feature maps of image x."""
    return bool(run.array("map_row")[x] >= 0)


def data_uri(content: bytes, kind: str = "image/jpeg") -> str:
    """Return bytes as an address that an image can have."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def thumb(run: Run, x: int) -> str:
    """Return the network's crop of image x as an address."""
    return data_uri(run.packed("thumb", x))


@per_run
def _vocabulary(run: Run) -> Vocabulary:
    return Vocabulary.of(run)


def vocabulary(run: Run) -> Vocabulary:
    """Return the vocabulary of queries of the run."""
    return _vocabulary(run)
