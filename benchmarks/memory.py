"""Peak memory of a whole run over more and more images: its slope, in bytes per image.

``python -m benchmarks.memory --images 10000 30000 100000`` computes a run of each size, in a
process of its own, over hard links to a few synthetic photographs, with a network so small that the
engine and not the network is measured, and without maps.

Anonymous memory is what the process holds itself; resident memory also counts pages of files that
it has mapped, which the system takes back when it needs them. Both are given as the most of each
stage, and the last row has the slope of anonymous memory in bytes per image.
"""

import argparse
import csv
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from torch import nn

from benchmarks.photos import write_photos
from benchmarks.row import print_row
from benchmarks.watch import Watch
from fieldmarks.core.run.reading import read_run
from fieldmarks.precompute.data.readers.cub import read_cub
from fieldmarks.precompute.data.source import DataSource
from fieldmarks.precompute.network.checkpoint import Checkpoint, write_checkpoint
from fieldmarks.precompute.network.registry import build, register_model
from fieldmarks.precompute.pipeline.pipeline import precompute
from fieldmarks.precompute.pipeline.settings import Settings
from tests.support import tiny_birds

CLASSES = 50
#: Filters of the network.
F = 512


@register_model("thin")
def thin(num_classes: int, pretrained: bool = False) -> nn.Module:
    """Return the network of `tests.support.tiny_birds` with as many filters as a real one."""
    network = tiny_birds.TinyNet(num_classes)
    network.features[2] = nn.Conv2d(8, F, 3, 2, 1)
    network.classifier = nn.Linear(F, num_classes)
    return network


def measure(folder: Path, n_images: int) -> None:
    """Compute the run in this process and print its row."""
    dataset = read_cub(folder / "CUB_200_2011")
    half, weights = (0.5, 0.5, 0.5), build("thin", CLASSES).state_dict()
    size = tiny_birds.INPUT_SIZE
    checkpoint = Checkpoint(
        "thin", weights, dataset.class_ids, dataset.class_names, size, half, half
    )
    write_checkpoint(folder / "thin.pth", checkpoint)
    del dataset
    started, cpu = time.perf_counter(), time.process_time()
    settings = Settings(
        source=DataSource(folder / "CUB_200_2011"),
        checkpoint=folder / "thin.pth",
        name="memory",
        runs=folder,
        maps="none",
        thumb_size=size,
        batch_size=64,
        device="cpu",
        estimators=("literal",),
    )
    watch = Watch()
    precompute(settings, watch.enter)
    seconds = time.perf_counter() - started
    peaks = dict(watch.peaks)
    most = {
        kind: max(v for k, v in peaks.items() if k.startswith(kind)) for kind in ("anon", "rss")
    }
    print_row(
        "memory",
        X=n_images,
        F=F,
        T=len(read_run(folder / "memory").attributes),
        **peaks,
        anon_mb=most["anon"],
        rss_mb=most["rss"],
        seconds=seconds,
        cpu_seconds=time.process_time() - cpu,
    )


def slopes(rows: list[dict]) -> dict[str, int]:
    """Return the bytes per image of each column of anonymous memory, from first to last row."""
    first, last = rows[0], rows[-1]
    more = int(last["X"]) - int(first["X"])
    return {
        name: round(1e6 * (float(last[name]) - float(value)) / more)
        for name, value in first.items()
        if name.startswith(("anon", "rss")) and name in last
    }


def main() -> None:
    """Measure each size, or the one whose folder is given."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, nargs="+", default=[10_000, 30_000, 100_000])
    parser.add_argument("--folder", type=Path, help="photographs that are there already")
    args = parser.parse_args()
    if args.folder:
        measure(args.folder, args.images[0])
        return
    rows = []
    for n_images in args.images:
        with tempfile.TemporaryDirectory() as folder:
            write_photos(Path(folder), n_images, CLASSES, size=(160, 120), box=(30, 20, 80, 70))
            command = [sys.executable, "-m", "benchmarks.memory", "--folder", folder]
            command += ["--images", str(n_images)]
            printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            print(printed, end="", flush=True)
            rows += csv.DictReader(printed.splitlines())
    if len(rows) > 1:
        print_row("memory slope, bytes per image", **slopes(rows))


if __name__ == "__main__":
    main()
