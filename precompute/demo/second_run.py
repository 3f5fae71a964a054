"""What stands beside the run of the demo: a repair of its network, and corrupted test images.

The repair is the first that the slices of the run suggest: the filters that tip the failures by the
planted background are removed from the last layer. Where none helps, the last layer is fitted again
without the training images whose label is suspected. Both are made again where the run was.
"""

import os
from pathlib import Path

from fieldmarks.core.corruptions.record import CORRUPTED, is_record_of
from fieldmarks.core.errors import DataError, FieldmarksError
from fieldmarks.core.repair.preview import preview
from fieldmarks.core.repair.recipe import Labels, Recipe
from fieldmarks.core.repair.repaired import write_repaired
from fieldmarks.core.repair.suggestions import suggestions
from fieldmarks.core.run.reading import read_run
from fieldmarks.core.run.run import Run
from fieldmarks.precompute.pipeline.rescore import rescore
from fieldmarks.precompute.pipeline.robustness import corrupt_images

#: Test images whose corrupted pictures are kept: as many as the wheel has room for.
N_CORRUPTED = 20


def name_of_second(name: str) -> str:
    """Return the name of the repair of a demo."""
    return f"{name}-repaired"


def make_second_run(run: Run) -> Run:
    """Repair the network of the demo and write the run of it, unless it is there.

    Parameters
    ----------
    run : Run
        Of the demo.

    Returns
    -------
    Run

    Raises
    ------
    DataError
        If another run has the name of the repair.
    """
    found = suggestions(run)
    recipe = found[0].removal.recipe if found else Recipe(labels=Labels.DROP)
    note, folder = recipe.as_note(run), run.folder.parent / name_of_second(run.name)
    earlier = _run_in(folder)
    if earlier is not None and is_repair(earlier, run, note):
        return earlier
    if os.path.lexists(folder) and (
        earlier is None or earlier.manifest.get("repair", {}).get("of") != run.name
    ):
        raise DataError(f"{folder} is no repair of {run.name!r}, and stays as it is: rename it")
    head = preview(run, recipe).head
    second = write_repaired(run, head, folder.name, note, is_diagnosed=True, replaces=True)
    rescore(second)
    return read_run(folder)


def is_repair(second: Run, first: Run, note: dict) -> bool:
    """Return whether a run is the repair of another as that is now, by the recipe of a note."""
    repair, stages = second.manifest.get("repair", {}), first.manifest["stages"]
    return (
        repair.get("of") == first.name
        and all(repair.get(key) == value for key, value in note.items())
        and "scores" in second.manifest["stages"]
        and all(
            name in stages and stage["repaired_from"] == stages[name]["fingerprint"]
            for name, stage in second.manifest["stages"].items()
            if "repaired_from" in stage
        )
    )


def _run_in(folder: Path) -> Run | None:
    try:
        return read_run(folder)
    except FieldmarksError:
        return None


def corrupt_some(run: Run) -> None:
    """Corrupt pictures of some test images, unless that was done for this version of the run."""
    if not is_record_of(CORRUPTED.folder(run), run.manifest):
        corrupt_images(run.folder.parent, run.name, [str(N_CORRUPTED)])
