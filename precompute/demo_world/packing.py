"""The run of the demo as the wheel carries it: small, and without paths of the build machine.

    python -m fieldmarks.precompute.demo_world.packing artifacts/demo build/demo

Feature maps are kept of test images alone, which are the images that people debug.
"""

import argparse
import json
import shutil
from pathlib import Path

import numpy as np

from fieldmarks.core.errors import DataError
from fieldmarks.core.run.files import MANIFEST, array_path
from fieldmarks.core.run.reading import read_run
from fieldmarks.core.run.run import Run


def pack_run(source: Path, out: Path) -> Run:
    """Write the small copy of a run.

    Parameters
    ----------
    source : Path
        A finished run.
    out : Path
        A folder that does not exist yet.

    Raises
    ------
    DataError
        If ``out`` exists.
    """
    if out.exists():
        raise DataError(f"{out} exists: remove it, or name another folder")
    run = read_run(source)
    shutil.copytree(source, out, ignore=shutil.ignore_patterns("maps.npy", "robustness", ".*"))
    kept = np.flatnonzero(run.is_test & (run.array("map_row") >= 0))
    map_row = np.full(run.sizes["X"], -1, np.int32)
    map_row[kept] = np.arange(len(kept))
    np.save(array_path(out, "map_row"), map_row)
    manifest = json.loads((source / MANIFEST).read_text("utf-8"))
    manifest["sizes"]["M"] = len(kept)
    manifest["settings"] = without_paths(manifest.get("settings", {}))
    (out / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False), "utf-8")
    np.save(array_path(out, "maps"), run.array("maps")[run.array("map_row")[kept]])
    return read_run(out)


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
    """Pack the run that the command line names."""
    parser = argparse.ArgumentParser(description="Pack a finished run for the wheel.")
    parser.add_argument("run", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    pack_run(args.run, args.out)
    size = sum(path.stat().st_size for path in args.out.rglob("*") if path.is_file())
    print(f"{args.out}: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
