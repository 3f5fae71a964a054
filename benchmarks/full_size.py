"""CUB at its full size in one go, from JPEG files to a finished run: time and memory of each stage.

    python -m benchmarks.full_size --arch resnet50 [--device cuda] [--folder FOLDER]

writes 11,788 photographs of 200 classes with 117,880 captions and keypoints, fits the last layer of
an untrained network to some of them, so that most test images are right as in a real run, computes
the run and prints a row for each stage: seconds, seconds of processor time, and the most memory,
its own (anonymous) and all that is resident, which counts pages of mapped files.

The architecture ``patches`` stands in for a ResNet-50 where that would take too long: it gives as
many maps of the same size at a hundredth of the cost, so every other stage is as large.
``--bounds`` also measures what bounds the pass: decoding, the forward pass and the disk.
A folder that is kept is used again: what of its run is current takes no time.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from torch import nn

from benchmarks.photos import write_photos
from benchmarks.row import print_row
from benchmarks.watch import Watch
from fieldmarks.core.run.run import Run
from fieldmarks.precompute.data.dataset import Dataset
from fieldmarks.precompute.data.decoding import Batch, Decoder
from fieldmarks.precompute.data.loading import by_processes, by_threads
from fieldmarks.precompute.data.readers.cub import read_cub
from fieldmarks.precompute.data.source import DataSource
from fieldmarks.precompute.network.checkpoint import Checkpoint, write_checkpoint
from fieldmarks.precompute.network.device import choose_device
from fieldmarks.precompute.network.forward import Forward, threads_of_torch
from fieldmarks.precompute.network.loading import load_checkpoint
from fieldmarks.precompute.network.registry import build, last_linear, register_model
from fieldmarks.precompute.pipeline.pipeline import precompute
from fieldmarks.precompute.pipeline.settings import Settings
from tests.support import tiny_birds

IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
#: Training images of each class that the last layer is fitted to, the penalty of the fit, and how
#: far the score of the best class then lies above the median one, on average.
N_FITTED, PENALTY, LEAD = 12, 30.0, 8.0
BATCH = 64


@register_model("patches")
def patches(num_classes: int, pretrained: bool = False) -> nn.Module:
    """Return a network whose 2,048 filters look at a patch of 32 x 32 pixels each."""
    network = tiny_birds.TinyNet(num_classes)
    network.features = nn.Sequential(nn.Conv2d(3, 2048, 32, 32), nn.BatchNorm2d(2048), nn.ReLU())
    network.classifier = nn.Linear(2048, num_classes)
    return network


def fitted_checkpoint(
    dataset: Dataset, arch: str, input_size: int, file: Path, device: torch.device
) -> None:
    """Write a checkpoint: random filters, statistics of batch norms from a batch, a fitted head."""
    torch.manual_seed(0)
    network = build(arch, len(dataset.class_ids))
    common = (dataset.class_ids, dataset.class_names, input_size, *IMAGENET)
    write_checkpoint(file, Checkpoint(arch, network.state_dict(), *common))
    model = load_checkpoint(file)
    decoder = Decoder(dataset, model.preprocessing, 224)
    images = dataset.images
    some = images[images["is_train"]].groupby("true_c").head(N_FITTED).index.to_numpy()
    true_c = images["true_c"].to_numpy()[some]

    norms = [each for each in network.modules() if isinstance(each, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = None
    mean, std = (torch.tensor(each).view(1, 3, 1, 1) for each in IMAGENET)
    pixels = decoder.pixels(np.random.default_rng(0).choice(some, min(BATCH, len(some)), False))
    with torch.inference_mode():
        network.train()((pixels.permute(0, 3, 1, 2).float() / 255 - mean) / std)
    network.eval()
    write_checkpoint(file, Checkpoint(arch, network.state_dict(), *common))

    forward = Forward(load_checkpoint(file), device)
    parts = np.array_split(some, max(1, len(some) // 16))
    with ThreadPoolExecutor() as pool, threads_of_torch(1):
        read = pool.map(lambda xs: forward(decoder.pixels(xs)).arrays()["pooled"], parts)
        features = np.concatenate(list(read))
    centre, scale = features.mean(axis=0), features.std(axis=0) + 1e-6
    features = (features - centre) / scale
    wanted = np.eye(len(dataset.class_ids), dtype=np.float32)[true_c]
    wanted -= wanted.mean(axis=0)
    # as many equations as images, of which there may be fewer than filters
    dual = features @ features.T + PENALTY * len(features) * np.eye(len(features))
    weights = features.T @ np.linalg.solve(dual, wanted)
    scores = features @ weights
    weights *= LEAD / (scores.max(axis=1) - np.median(scores, axis=1)).mean() / scale[:, None]
    _, head = last_linear(network)
    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(weights.T))
        assert head.bias is not None
        head.bias.copy_(torch.from_numpy(-centre @ weights))
    write_checkpoint(file, Checkpoint(arch, network.state_dict(), *common))


def decoding_rate(
    batches: Callable[..., Iterator[Batch]], decoder: Decoder, tasks: list, workers: int
) -> float:
    """Return images/s of decoding, cropping, quality and thumbnails alone."""
    started = time.perf_counter()
    for _ in batches(decoder, tasks, workers):
        pass
    return tasks[-1][1] / (time.perf_counter() - started)


def forward_rate(forward: Forward, size: int, batch: int, n_batches: int) -> float:
    """Return images/s of copying pixels to the device, the forward pass and copying back."""
    pixels = torch.randint(0, 256, (batch, size, size, 3), dtype=torch.uint8)
    if forward.device.type == "cuda":
        pixels = pixels.pin_memory()
    for _ in range(3):
        forward(pixels).arrays()
    started = time.perf_counter()
    done = [forward(pixels) for _ in range(n_batches)]
    done[-1].arrays()
    return n_batches * batch / (time.perf_counter() - started)


def writing_rate(folder: Path, n_bytes: int = 1 << 31) -> float:
    """Return bytes/s of writing to the disk itself."""
    block = np.ones(1 << 24, np.uint8)
    started = time.perf_counter()
    with (folder / "block").open("wb") as file:
        for _ in range(n_bytes >> 24):
            file.write(block)
        os.fsync(file.fileno())
    seconds = time.perf_counter() - started
    (folder / "block").unlink()
    return n_bytes / seconds


def print_bounds(folder: Path, dataset: Dataset, checkpoint: Path, args) -> None:
    """Print a row with what bounds the pass."""
    model, device = load_checkpoint(checkpoint), choose_device(args.device)
    forward = Forward(model, device, args.compile)
    decoder = Decoder(dataset, model.preprocessing, 224)
    n_images, batch = len(dataset.images), args.batch_size or BATCH
    n_batches = min(20, max(n_images // batch, 1))
    tasks = [(start, start + batch) for start in range(0, min(n_images, 8192) - batch + 1, batch)]
    print_row(
        "full_size_bounds",
        arch=args.arch,
        batch=batch,
        by_threads_images_per_s=decoding_rate(by_threads, decoder, tasks, args.workers),
        by_processes_images_per_s=decoding_rate(by_processes, decoder, tasks, args.workers),
        forward_images_per_s=forward_rate(forward, args.input_size, batch, n_batches),
        writing_gb_per_s=writing_rate(folder) / 1e9,
    )


class Stages:
    """Told of each stage as it begins; prints a row for each that was computed when it ends."""

    def __init__(self):
        self._watch, self._mark, self._rows = Watch(), ("", 0.0, 0.0), []

    def enter(self, line: str) -> None:
        """Take note that a stage begins, or was current, and that the one before has ended."""
        began, wall, cpu = self._mark
        self._mark = (line, time.perf_counter(), time.process_time())
        stage, _, what = began.partition(": ")
        if what == "computing":
            memory = {f"{k}_mb": self._watch.peaks.get(f"{k}_mb_{stage}") for k in ("anon", "rss")}
            row = {"seconds": self._mark[1] - wall, "cpu": self._mark[2] - cpu, **memory}
            self._rows.append(row)
            print_row("full_size", stage=stage, **row)
        self._watch.enter(line)

    def print_total(self) -> None:
        """Print a row for all stages together."""
        if self._rows:
            sums = {k: sum(row[k] for row in self._rows) for k in ("seconds", "cpu")}
            most = {k: max(row[k] for row in self._rows) for k in ("anon_mb", "rss_mb")}
            print_row("full_size", stage="all", **sums, **most)


def measure(folder: Path, args) -> None:
    """Write what is missing, compute the run and print the rows."""
    stages = Stages()
    if not (folder / "CUB_200_2011").exists():
        started = time.perf_counter()
        write_photos(folder, args.images, args.classes, discriminative=True)
        print(f"# photographs: {time.perf_counter() - started:.0f} s", flush=True)
    checkpoint = folder / f"{args.arch}_{args.input_size}.pth"
    dataset = read_cub(folder / "CUB_200_2011")
    if not checkpoint.exists():
        fitted_checkpoint(
            dataset, args.arch, args.input_size, checkpoint, choose_device(args.device)
        )
    if args.bounds:
        print_bounds(folder, dataset, checkpoint, args)
    settings = Settings(
        source=DataSource(folder / "CUB_200_2011"),
        checkpoint=checkpoint,
        name=f"{args.arch}_{args.input_size}",
        runs=folder,
        maps=args.maps,
        device=args.device,
        batch_size=args.batch_size,
        workers=args.workers,
        compile=args.compile,
    )
    stages.enter("start: computing")
    run = precompute(settings, stages.enter)
    stages.enter("end")
    size = sum(p.stat().st_size for p in run.folder.rglob("*") if p.is_file())
    stages.print_total()
    print_row("full_size_run", **_told(run), run_gb=size / 1e9)


def _told(run: Run) -> dict:
    """Return the sizes of a run and how many of its test images are right."""
    right = run.is_right[run.is_test].mean()
    sizes = {letter: run.sizes[letter] for letter in "XFTCM"}
    return {"name": run.name, **sizes, "failures": len(run.failures), "right": float(right)}


def main() -> None:
    """Measure and print the rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--arch", default="resnet50")
    parser.add_argument("--images", type=int, default=11_788)
    parser.add_argument("--classes", type=int, default=200)
    parser.add_argument("--input-size", type=int, default=224)
    parser.add_argument("--maps", default="all")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--batch-size", type=int)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--bounds", action="store_true")
    parser.add_argument("--folder", type=Path, help="kept; default: a temporary folder")
    args = parser.parse_args()
    if args.folder:
        args.folder.mkdir(parents=True, exist_ok=True)
        measure(args.folder, args)
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), args)


if __name__ == "__main__":
    main()
