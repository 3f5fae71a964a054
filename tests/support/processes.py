"""Processes that begin with the libraries loaded, as they are forked from one that has loaded them.

A new interpreter takes five seconds to load torch, spaCy and the stages; each test that needs a
process of its own would pay them again. One process a worker pays them once.
"""

import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path

from fieldmarks.__main__ import main
from fieldmarks.dashboard.preload import LIBRARIES
from fieldmarks.precompute.pipeline.registry import STAGES
from tests.support.tiny_birds import without

LOADED = (
    "tests.support.tiny_birds",
    *(f"fieldmarks.precompute.pipeline.stages.{name}" for name in STAGES),
    *("openTSNE", "sacrebleu", "spacy.lang.en", "inflect"),
    *("fieldmarks.core.repair.preview", "fieldmarks.core.repair.repaired"),
    "fieldmarks.core.review.verdicts",
    *("streamlit.testing.v1", "fieldmarks.dashboard.frame", "plotly.graph_objects", *LIBRARIES),
)


def context() -> ForkServerContext:
    """Return what starts such processes."""
    forking = multiprocessing.get_context("forkserver")
    forking.set_forkserver_preload(list(LOADED))
    return forking


def start(
    function: Callable,
    *arguments,
    output: Path | None = None,
    cwd: Path | None = None,
    **environment: str,
) -> BaseProcess:
    """Call a function in a process with this one's environment and folder, and return the process.

    What it writes goes to ``output`` (standard output) and beside it to ``.err``, or nowhere.
    """
    given = (os.environ | environment, cwd or Path.cwd(), output, function, arguments)
    process = context().Process(target=_as_here, args=given)
    process.start()
    return process


def _as_here(environment: dict, folder: str, output: Path | None, function, arguments) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for i, suffix in ((1, ""), (2, ".err")):
        file = os.open(
            os.devnull if output is None else f"{output}{suffix}",
            os.O_CREAT | os.O_TRUNC | os.O_WRONLY,
        )
        os.dup2(file, i)
    function(*arguments)


def call(function: Callable, *arguments, **settings) -> subprocess.CompletedProcess:
    """Call a function in such a process and return what became of it; settings are of `start`."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "out")
        process = start(function, *arguments, output=output, **settings)
        process.join()
        out, err = (Path(f"{output}{suffix}").read_text() for suffix in ("", ".err"))
    return subprocess.CompletedProcess(arguments, process.exitcode, out, err)


def command(*words: str, left_out: Iterable[str] = ()) -> None:
    """Give a command of `fieldmarks`, without stages that a test does not ask for, and exit."""
    with without(*left_out):
        sys.exit(main(list(words)))


def script(path: Path) -> None:
    """Run a script as ``python`` does."""
    sys.argv = [str(path)]
    sys.path.insert(0, str(path.parent))
    runpy.run_path(str(path), run_name="__main__")


def module(name: str, *arguments: str) -> None:
    """Run a module as ``python -m`` does."""
    sys.argv = [name, *arguments]
    runpy.run_module(name, run_name="__main__", alter_sys=True)
