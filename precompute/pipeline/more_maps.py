"""Feature maps of further images, added to a finished run.

A run may keep the maps of a few images, or of none, because they make up most of its size. Further
maps are computed from the same files by the same network.
"""

import re
from pathlib import Path

import numpy as np
from tqdm import tqdm

from fieldmarks.core.errors import DataError, RunError
from fieldmarks.core.run.files import check_name
from fieldmarks.core.run.reading import read_run
from fieldmarks.core.run.run import Run
from fieldmarks.core.run.writer import RunWriter
from fieldmarks.precompute.data.decoding import Decoder
from fieldmarks.precompute.network.forward import threads_of_torch
from fieldmarks.precompute.parallel.ranks import Ranks
from fieldmarks.precompute.pipeline.facts import KeptMaps
from fieldmarks.precompute.pipeline.inputs import RunInputs
from fieldmarks.precompute.pipeline.manifest import marks_of, refresh_settings
from fieldmarks.precompute.pipeline.pipeline import Pipeline, Say
from fieldmarks.precompute.pipeline.plan import make_plan, plan_chunks
from fieldmarks.precompute.pipeline.settings import NOT_MOVED, Moved, Settings
from fieldmarks.precompute.resume.lock import locked

#: Rows copied at a time.
_BLOCK = 256


def choose_images(run: Run, wanted: list[str]) -> np.ndarray:
    """Return images x, ascending, for numbers, ranges and groups.

    Parameters
    ----------
    run : Run
    wanted : list of str
        ``17``, ``20-40`` (both ends included), ``all``, ``test`` or ``failures``.

    Raises
    ------
    DataError
        If a word is none of these or a number is not an image of the run.
    """
    X = run.sizes["X"]
    groups = {"all": slice(None), "test": run.is_test, "failures": run.failures}
    chosen = np.zeros(X, bool)
    for word in wanted:
        span = re.fullmatch(r"(\d+)(?:-(\d+))?", word)
        if word in groups:
            chosen[groups[word]] = True
        elif span and int(span[2] or span[1]) < X:
            chosen[int(span[1]) : int(span[2] or span[1]) + 1] = True
        else:
            raise DataError(
                f"expected images from 0 to {X - 1}, such as 17 or 20-40, or "
                f"{', '.join(groups)}, got {word!r}"
            )
    return np.flatnonzero(chosen)


def add_maps(
    runs: Path, name: str, wanted: list[str], moved: Moved = NOT_MOVED, say: Say = print
) -> int:
    """Compute the maps of images that lack them and put the run with them in its place.

    What depends on maps is computed again: diagnoses and scores, and the estimates where all
    training images have maps now and had not before.

    Parameters
    ----------
    runs : Path
        The folder of all runs.
    name : str
        Of the run.
    wanted : list of str
        See `choose_images`.
    moved : Moved
        What lies elsewhere than the run says.
    say : callable
        Is told what is done, a line at a time.

    Returns
    -------
    int
        Images whose maps were added.

    Raises
    ------
    RunError
        If the run was made from other files, another network or other code than there is now.
    """
    with locked(runs, name):
        run = read_run(runs / check_name(name))
        map_row = np.array(run.array("map_row"))
        xs = choose_images(run, wanted)
        xs = xs[map_row[xs] < 0]
        if not len(xs):
            return 0
        inputs = inputs_of_finished(run, moved)
        RunWriter(runs, name, purpose="maps").discard()  # what a killed process left
        pipeline = Pipeline(inputs, Ranks(), say, purpose="maps")
        try:
            map_row[xs] = np.arange(run.sizes["M"], run.sizes["M"] + len(xs))
            kept = KeptMaps(map_row, run.is_readable)
            stage = make_plan(inputs, plan_chunks(inputs)[1], kept).stages["activations"]
            for path in stage.existing_files(run.folder):
                pipeline.writer.adopt(path)
            _write_maps(run, pipeline.writer, inputs, xs)
            pipeline.writer.put("map_row", map_row)
            pipeline.marks.put(stage)
            pipeline.run(kept)
        finally:
            if pipeline.writer.folder.exists():
                pipeline.writer.discard()
    return len(xs)


def _write_maps(run: Run, writer: RunWriter, inputs: RunInputs, xs: np.ndarray) -> None:
    """Write the maps that the run has, and those of images ``xs`` behind them."""
    M = run.sizes["M"]
    writer.create("maps", {**run.sizes, "M": M + len(xs)})
    rows = writer.rows("maps")
    for start in range(0, M, _BLOCK):
        rows.write(start, run.array("maps")[start : start + _BLOCK])
    decoder = Decoder(inputs.dataset, inputs.model.preprocessing, thumb_size=1)
    forward = inputs.forward()
    with threads_of_torch(inputs.workers), tqdm(total=len(xs), unit=" images") as progress:
        for start in range(0, len(xs), inputs.batch_size):
            batch = xs[start : start + inputs.batch_size]
            activations = forward(decoder.pixels(batch), inputs.true_c[batch]).arrays()
            rows.write(M + start, activations["maps"])
            progress.update(len(batch))
    rows.sync()
    rows.close()


def inputs_of_finished(run: Run, moved: Moved = NOT_MOVED) -> RunInputs:
    """Return what a run was made from, if it still is what it was.

    Parameters
    ----------
    run : Run
    moved : Moved
        What lies elsewhere than the run says; it says so from now on.

    Raises
    ------
    RunError
        If the images, the network or the code of the pass changed.
    """
    run.require_complete()
    settings = Settings.of_run(run).moved(moved)
    if not settings.source.data.exists():
        raise DataError(
            f"expected the data set of run {run.name!r} at {settings.source.data}, found "
            "nothing: if it was moved, pass its path as --data"
        )
    if settings.checkpoint is not None and not settings.checkpoint.exists():
        raise DataError(
            f"expected the checkpoint of run {run.name!r} at {settings.checkpoint}, found none: "
            "if it was moved, pass its path as --checkpoint"
        )
    inputs = RunInputs(settings, Ranks())
    _, chunks = plan_chunks(inputs)
    stage = make_plan(inputs, chunks, KeptMaps.of(run)).stages["activations"]
    if not stage.is_finished(marks_of(run).get("activations"), run.folder):
        raise RunError(
            f"the images, the checkpoint or the code changed since run {run.name!r} was made: "
            "run its 'fieldmarks run' again"
        )
    if moved != NOT_MOVED:
        refresh_settings(run, settings)
    return inputs
