"""Peak memory of a whole run over more and more images: its slope, in bytes an image.

``python -m tests.benchmarks.memory --images 10000 30000 100000`` computes a run of each size, in a
process of its own, over hard links to a few synthetic photographs, with a network so small that the
engine and not the network is measured, and without maps.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from precompute.checkpoint import Checkpoint, write_checkpoint
from precompute.cub import read_cub
from precompute.models import build
from precompute.pipeline import precompute
from precompute.settings import Settings
from tests import tiny_birds
from tests.benchmarks.photos import write_photos
from tests.benchmarks.row import print_row

CLASSES = 50


def measure(folder: Path, n_images: int) -> None:
    """Compute the run in this process and print its row."""
    dataset = read_cub(folder / "CUB_200_2011")
    half, weights = (0.5, 0.5, 0.5), build("tiny", CLASSES).state_dict()
    size = tiny_birds.INPUT_SIZE
    checkpoint = Checkpoint(
        "tiny", weights, dataset.class_ids, dataset.class_names, size, half, half
    )
    write_checkpoint(folder / "tiny.pth", checkpoint)
    started = time.perf_counter()
    settings = Settings(
        cub=folder / "CUB_200_2011",
        captions=folder / "text_c10",
        checkpoint=folder / "tiny.pth",
        name="memory",
        runs=folder,
        maps="none",
        thumb_size=size,
        batch_size=64,
        device="cpu",
        estimators=("literal",),
    )
    peaks = {}

    def note(line: str) -> None:
        peaks.setdefault(f"peak_mb_before_{line.split(':')[0]}", _peak())

    precompute(settings, note)
    seconds = time.perf_counter() - started
    print_row("memory", X=n_images, **peaks, peak_mb=_peak(), seconds=seconds)


def _peak() -> float:
    """Return the most memory that this process had so far, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def main() -> None:
    """Measure each size, or the one whose folder is given."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, nargs="+", default=[10_000, 30_000, 100_000])
    parser.add_argument("--folder", type=Path, help="photographs that are there already")
    args = parser.parse_args()
    if args.folder:
        measure(args.folder, args.images[0])
        return
    for n_images in args.images:
        with tempfile.TemporaryDirectory() as folder:
            write_photos(Path(folder), n_images, CLASSES, size=(160, 120), box=(30, 20, 80, 70))
            command = [sys.executable, "-m", "tests.benchmarks.memory", "--folder", folder]
            subprocess.run([*command, "--images", str(n_images)], check=True)


if __name__ == "__main__":
    main()
