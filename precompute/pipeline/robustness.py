"""Corrupted pictures of images of a finished run, as a record in its folder."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from fieldmarks.core.corruptions.record import Record, write_record
from fieldmarks.core.corruptions.words import Loss, words_lost
from fieldmarks.core.errors import DataError
from fieldmarks.core.run.files import check_name
from fieldmarks.core.run.reading import read_run
from fieldmarks.core.run.run import Run
from fieldmarks.precompute.network.forward import threads_of_torch
from fieldmarks.precompute.pipeline.changed_pictures import ChangedPictures
from fieldmarks.precompute.pipeline.inputs import RunInputs
from fieldmarks.precompute.pipeline.more_maps import choose_images, inputs_of_finished
from fieldmarks.precompute.pipeline.settings import NOT_MOVED, Moved
from fieldmarks.precompute.resume.lock import locked


def corrupt_images(
    runs: Path, name: str, wanted: list[str], seed: int = 0, moved: Moved = NOT_MOVED
) -> Record:
    """Corrupt pictures of a run in all ways and write the network's outputs.

    Parameters
    ----------
    runs : Path
        The folder of all runs.
    name : str
        Of the run.
    wanted : list of str
        One number: how many images to draw. Else images as `choose_images` reads them.
    seed : int
        Of the draw, of noise and of resamples.
    moved : Moved
        What lies elsewhere than the run says.

    Raises
    ------
    DataError
        If there is no such image, or none to draw.
    RunError
        If the run was made from other files, another network or other code than there is now.
    """
    with images_of_run(runs, name, wanted, seed, moved) as (run, xs, inputs):
        made = ChangedPictures(run, inputs, seed).of(xs)
        record = write_record(run, *made, {"seed": seed})
        scores = {"words": losses_as_json(words_lost(run, record, seed))}
        return write_record(run, *made, {"seed": seed, **scores})


@contextmanager
def images_of_run(
    runs: Path, name: str, wanted: list[str], seed: int, moved: Moved
) -> Iterator[tuple[Run, np.ndarray, RunInputs]]:
    """Lock a run; give it, the images to change and what it was made from, see `corrupt_images`."""
    with locked(runs, name):
        run = read_run(runs / check_name(name))
        xs = images_to_change(run, wanted, seed)
        inputs = inputs_of_finished(run, moved)
        with threads_of_torch(inputs.workers):
            yield run, xs, inputs


def images_to_change(run: Run, wanted: list[str], seed: int) -> np.ndarray:
    """Return the images to change, ascending.

    Drawn are readable test images that are classified correctly and have captions.
    """
    if len(wanted) != 1 or not re.fullmatch(r"\d{1,9}", wanted[0]):
        return choose_images(run, wanted)
    captioned = (run.images["n_captions"] > 0).to_numpy()
    usable = np.flatnonzero(run.is_test & run.is_right & run.is_readable & captioned)
    if not len(usable) or not int(wanted[0]):
        raise DataError(
            f"expected correctly classified test images with captions in run {run.name!r}, found "
            f"{len(usable)}, and at least one to be asked for: name images, such as 17-17 or 20-40"
        )
    n = min(int(wanted[0]), len(usable))
    return np.sort(np.random.default_rng(seed).choice(usable, n, replace=False))


def losses_as_json(losses: list[Loss]) -> list[dict]:
    """Return the words that break first as JSON values."""
    return [
        {**vars(loss), "mean": loss.mean.as_dict(), "difference": loss.difference.as_dict()}
        for loss in losses
    ]
