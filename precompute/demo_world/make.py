"""The data of the demo: a made world of birds, in the layout of CUB, with its truth beside it."""

import hashlib
import json
import multiprocessing
import os
import re
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from operator import itemgetter
from pathlib import Path

from tqdm import tqdm

from fieldmarks.core.errors import DataError
from fieldmarks.core.outputs import MARK, check_replaceable, empty_scratch_folder, replace_folder
from fieldmarks.precompute.demo_world.cub_writer import (
    ANNOTATIONS,
    Record,
    image_paths,
    photograph,
    truth_tables,
    write_annotations,
)
from fieldmarks.precompute.demo_world.painting.painter import Difficulty
from fieldmarks.precompute.demo_world.planting.faults import Faults, plan_world
from fieldmarks.precompute.demo_world.planting.ground_truth import FOLDER, TABLES, Truth
from fieldmarks.precompute.demo_world.species_list import SPECIES

WORLD = Path(__file__).parent  #: the sources that decide what a world looks like
#: What `precompute.demo.build` trains in a world's folder.
_CHECKPOINT = re.compile(r"small_\d+(_without(_\d+)+)?\.pth(\.partial)?")


def make_world(
    out: Path,
    *,
    seed: int = 0,
    n_species: int = 24,
    n_images: int = 50,
    image_size: int = 300,
    difficulty: Difficulty | None = None,
    faults: Faults | None = None,
    names_backgrounds: bool = False,
    progress: bool = True,
    workers: int | None = None,
) -> Path:
    """Generate the demo's data set, unless it exists.

    The folder appears atomically: it is written under a temporary name and renamed at the end. A
    world of other settings is replaced, and what else lies in its folder moves along; a folder of
    anything else is not changed.

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
    faults : Faults, optional
        What is planted.
    names_backgrounds : bool
        Whether some captions say where the bird is ("in white snow"); the pictures stay the same.
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
    if not (2 <= n_species <= len(SPECIES) and n_images >= 2 and 64 <= image_size <= 512):
        raise DataError(
            f"expected 2 to {len(SPECIES)} species, at least 2 images of each and 64 to 512 "
            f"pixels, got {n_species}, {n_images} and {image_size}: choose sizes in that range"
        )
    out, difficulty, faults = Path(out), difficulty or Difficulty(), faults or Faults()
    settings = {
        "sources": _sources(), "seed": seed, "n_species": n_species, "n_images": n_images,
        "image_size": image_size, "difficulty": asdict(difficulty),
        **faults.as_settings(),
        **({"names_backgrounds": True} if names_backgrounds else {}),
    }  # fmt: skip
    earlier = _settings_in(out)
    if earlier is None and out.exists() and any(out.iterdir()):
        raise DataError(
            f"expected an empty folder or a made world in {out}, found something else: choose "
            f"another folder or empty this one"
        )
    if earlier == settings:
        return out
    check_replaceable(out, files_of_world, "choose another folder")
    scratch = empty_scratch_folder(out.with_name(f".{out.name}.partial"))
    shots = plan_world(seed, n_species, n_images, faults)
    tasks = sorted(zip(image_paths(shots, seed), shots, strict=True), key=itemgetter(0))
    job = partial(photograph, scratch, seed, image_size, difficulty, names_backgrounds)
    taken = _mapped(job, tasks, workers or min(2, os.cpu_count() or 1))
    records = list(tqdm(taken, "birds", len(tasks), disable=not progress, unit="img"))
    write_annotations(scratch, records, n_species)
    Truth(**truth_tables(records, n_species), settings=settings).write(scratch)
    replace_folder(scratch, out, files_of_world)
    return out


def files_of_world(folder: Path) -> list[str] | None:
    """Return the paths below a world's folder that its makers wrote, None for another folder.

    The pictures are those that the world itself lists; what it is known by comes last.
    """
    if _settings_in(folder) is None:
        return None
    listed = folder / "CUB_200_2011" / "images.txt"
    lines = listed.read_text("utf-8", "replace").splitlines() if listed.is_file() else []
    paths = [line.partition(" ")[2] for line in lines]
    return [
        *(f"CUB_200_2011/images/{path}" for path in paths),
        *(f"text_c10/{Path(path).with_suffix('.txt')}" for path in paths if path),
        *(path.name for path in folder.iterdir() if _CHECKPOINT.fullmatch(path.name)),
        MARK,
        *(f"CUB_200_2011/{name}" for name in ANNOTATIONS),
        *(f"{FOLDER}/{name}.parquet" for name in TABLES),
        f"{FOLDER}/settings.json",
    ]


def _sources() -> str:
    """Return a fingerprint of the painting code: a world of older code is generated again."""
    digest = hashlib.sha256()
    for source in sorted(WORLD.rglob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def _settings_in(out: Path) -> dict | None:
    """Return the settings of the world in ``out``, None where there is none."""
    told = out / FOLDER / "settings.json"
    try:
        settings = json.loads(told.read_text("utf-8")) if told.is_file() else None
    except (OSError, ValueError, RecursionError):
        return None
    is_ours = isinstance(settings, dict) and settings.keys() >= {"sources", "seed", "n_species"}
    return settings if is_ours else None


def _mapped(job, tasks: list, n_workers: int) -> Iterator[Record]:
    """Apply the job in order, in this process or in several."""
    if n_workers == 1:
        yield from map(job, tasks)
        return
    with multiprocessing.get_context("spawn").Pool(n_workers) as pool:
        yield from pool.imap(job, tasks, chunksize=8)
