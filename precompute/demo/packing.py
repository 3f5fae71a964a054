"""The runs of the demo as the wheel carries them: small, and without paths of the build machine.

    python -m fieldmarks.precompute.demo.packing RUN [RUN ...] FOLDER

Feature maps are kept of test images alone, which are the images that people debug, and rounded: the
last bits of a heatmap are seen by nobody and do not compress. What a later run shares with the
first is kept once, and listed in `SHARED`.
"""

import argparse
import json
import shutil
from pathlib import Path

import numpy as np

from fieldmarks.core.errors import DataError
from fieldmarks.core.run.files import MANIFEST, SHARED, array_path
from fieldmarks.core.run.reading import read_run
from fieldmarks.core.run.run import Run

#: Bits of the fraction of a map's values that are kept, of ten: values are within 0.4 %.
FRACTION_BITS = 7


def pack_run(source: Path, out: Path) -> Run:
    """Write the small copy of a run.

    Parameters
    ----------
    source : Path
        A finished run.
    out : Path
        A folder that does not exist yet, see `pack_runs`.
    """
    run = read_run(source)
    shutil.copytree(source, out, ignore=shutil.ignore_patterns("maps.npy", "attacks", ".*"))
    kept = np.flatnonzero(run.is_test & (run.array("map_row") >= 0))
    map_row = np.full(run.sizes["X"], -1, np.int32)
    map_row[kept] = np.arange(len(kept))
    np.save(array_path(out, "map_row"), map_row)
    manifest = json.loads((source / MANIFEST).read_text("utf-8"))
    manifest["sizes"]["M"] = len(kept)
    manifest["settings"] = without_paths(manifest.get("settings", {}))
    (out / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False), "utf-8")
    maps = np.asarray(run.array("maps")[run.array("map_row")[kept]])
    np.save(array_path(out, "maps"), rounded(maps))
    return read_run(out)


def rounded(values: np.ndarray) -> np.ndarray:
    """Return float16 values with `FRACTION_BITS` bits of fraction; infinite ones stay.

    >>> rounded(np.array([0.0, 1.0, 1.001, 0.3], np.float16)).tolist()
    [0.0, 1.0, 1.0, 0.30078125]
    """
    dropped = 10 - FRACTION_BITS
    bits = values.view(np.uint16).astype(np.uint32) + (1 << (dropped - 1))
    kept = (bits >> dropped << dropped).astype(np.uint16).view(np.float16)
    return np.where(np.isfinite(kept), kept, values)


def pack_runs(sources: list[Path], out: Path) -> None:
    """Write the small copies of several runs into a folder, each under its name.

    Parameters
    ----------
    sources : list of Path
        Finished runs; files of later ones that equal those of the first are kept once.
    out : Path
        A folder that does not exist yet.

    Raises
    ------
    DataError
        If ``out`` exists.
    """
    if out.exists():
        raise DataError(f"{out} exists: remove it, or name another folder")
    first, *others = (pack_run(source, out / source.name).folder for source in sources)
    for folder in others:
        shared = sorted(
            str(path.relative_to(folder))
            for path in folder.rglob("*")
            if path.is_file() and _is_same(path, first / path.relative_to(folder))
        )
        for name in shared:
            (folder / name).unlink()
        listed = {"with": first.name, "files": shared}
        (folder / SHARED).write_text(json.dumps(listed, indent=1), "utf-8")


def _is_same(path: Path, other: Path) -> bool:
    return other.is_file() and path.read_bytes() == other.read_bytes()


def without_paths(settings: object) -> object:
    """Return settings with every absolute path cut down to its last part."""
    if isinstance(settings, dict):
        return {key: without_paths(value) for key, value in settings.items()}
    if isinstance(settings, list):
        return [without_paths(value) for value in settings]
    if isinstance(settings, str) and Path(settings).is_absolute():
        return Path(settings).name
    return settings


def main() -> None:
    """Pack the runs that the command line names."""
    parser = argparse.ArgumentParser(description="Pack finished runs for the wheel.")
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    pack_runs(args.runs, args.out)
    size = sum(path.stat().st_size for path in args.out.rglob("*") if path.is_file())
    print(f"{args.out}: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
