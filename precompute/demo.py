"""The data of the demo: a made world of birds, in the layout of CUB, with its truth beside it."""

import json
import multiprocessing
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path

from tqdm import tqdm

from core.errors import DataError
from precompute.world.faults import Shot, plan_world
from precompute.world.painter import Difficulty
from precompute.world.roster import SPECIES
from precompute.world.truth import FOLDER, Truth
from precompute.world.writer import (
    Record,
    class_folder,
    image_paths,
    photograph,
    truth_tables,
    write_annotations,
)

VERSION = 1  #: of the pictures; raised whenever the same seed gives other bytes


def make_world(
    out: Path,
    *,
    seed: int = 0,
    n_species: int = 24,
    n_images: int = 50,
    image_size: int = 300,
    difficulty: Difficulty | None = None,
    progress: bool = True,
    workers: int | None = None,
) -> Path:
    """Make the demo's data set, or find that it is there.

    The world is whole or absent: it is made in a sibling folder that is renamed at the end. A
    world of other settings is replaced; a folder of anything else is left alone.

    Parameters
    ----------
    out : Path
        Folder that will hold ``CUB_200_2011``, ``text_c10`` and ``truth``.
    seed : int
        The same seed gives the same bytes.
    n_species, n_images : int
        Size: at most 24 species, pictures of each.
    image_size : int
        Long side of a picture, pixels.
    difficulty : Difficulty, optional
        How hard the pictures are.
    progress : bool
        Show a progress bar.
    workers : int, optional
        Processes; two, or fewer cores, by default. The bytes do not depend on it.

    Returns
    -------
    Path
        ``out``.

    Raises
    ------
    DataError
        If the sizes are impossible or ``out`` holds something that is not a made world.
    """
    if not (2 <= n_species <= len(SPECIES) and n_images >= 2 and image_size >= 64):
        raise DataError(
            f"expected 2 to {len(SPECIES)} species, at least 2 images of each and 64 pixels, got "
            f"{n_species}, {n_images} and {image_size}: choose sizes in that range"
        )
    out, difficulty = Path(out), difficulty or Difficulty()
    settings = {
        "version": VERSION, "seed": seed, "n_species": n_species, "n_images": n_images,
        "image_size": image_size, "difficulty": asdict(difficulty),
    }  # fmt: skip
    if _settings_in(out) == settings:
        return out
    scratch = out.with_name(out.name + ".part")
    shutil.rmtree(scratch, ignore_errors=True)
    for species in range(n_species):
        for tree in ("CUB_200_2011/images", "text_c10"):
            (scratch / tree / class_folder(species)).mkdir(parents=True)

    shots = plan_world(seed, n_species, n_images)
    paths = image_paths(shots, seed)
    order = sorted(range(len(shots)), key=paths.__getitem__)
    tasks = [(shots[i], paths[i]) for i in order]
    job = partial(_take, scratch, seed, image_size, difficulty)
    n_workers = workers or min(2, os.cpu_count() or 1)
    bar = tqdm(
        _mapped(job, tasks, n_workers), "birds", len(tasks), disable=not progress, unit="img"
    )
    records = list(bar)

    write_annotations(scratch, records, n_species)
    Truth(**truth_tables(records, n_species), settings=settings).write(scratch)
    shutil.rmtree(out, ignore_errors=True)
    scratch.rename(out)
    return out


def _settings_in(out: Path) -> dict | None:
    """Return the settings of the world in ``out``, None where there is nothing yet."""
    told = out / FOLDER / "settings.json"
    if told.is_file():
        return json.loads(told.read_text("utf-8"))
    if out.exists() and any(out.iterdir()):
        raise DataError(
            f"expected an empty folder or a made world in {out}, found something else: choose "
            f"another folder or empty this one"
        )
    return None


def _take(
    out: Path, seed: int, image_size: int, difficulty: Difficulty, task: tuple[Shot, str]
) -> Record:
    shot, path = task
    return photograph(out, shot, path, seed, image_size, difficulty)


def _mapped(job, tasks: list, n_workers: int) -> Iterator[Record]:
    """Apply the job in order, in this process or in several."""
    if n_workers == 1:
        yield from map(job, tasks)
        return
    with multiprocessing.get_context("spawn").Pool(n_workers) as pool:
        yield from pool.imap(job, tasks, chunksize=8)
