"""All of CUB's 11,788 images, from JPEG files to a finished run, on a GPU.

``python -m tests.benchmarks.gpu_cub --arch resnet50`` writes as many synthetic photographs of CUB's
size, computes the run, and prints a row with the seconds after start-up and what bounds them:
decoding on all cores, copying and the forward pass without files, and writing to the disk.
It needs CUDA; ``--device cpu --images 200`` tries the same on a processor.
"""

import argparse
import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from precompute.datasets.readers.cub import read_cub
from precompute.datasets.source import DataSource
from precompute.images.decoding import Decoder
from precompute.network.checkpoint import Checkpoint, write_checkpoint
from precompute.network.device import choose_device
from precompute.network.forward import Forward
from precompute.network.loading import load_checkpoint
from precompute.network.registry import build
from precompute.parallel.prefetch import work_ahead
from precompute.pipeline.pipeline import precompute
from precompute.pipeline.settings import Settings
from tests.benchmarks.photos import write_photos
from tests.benchmarks.row import print_row


def decoding_rate(decoder: Decoder, n_images: int, workers: int, batch: int) -> float:
    """Return images/s of decoding, cropping, quality and thumbnails alone."""
    tasks = [(start, min(start + batch, n_images)) for start in range(0, n_images, batch)]
    started = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        for _ in work_ahead(pool, lambda task: decoder.batch(*task), tasks, ahead=2 * workers):
            pass
    return n_images / (time.perf_counter() - started)


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


def stage_seconds(settings: Settings) -> dict[str, float]:
    """Compute the run; return the seconds of each stage and of all."""
    marks = []
    precompute(settings, lambda line: marks.append((line.split(":")[0], time.perf_counter())))
    marks.append(("end", time.perf_counter()))
    seconds = {f"{name}_seconds": after - before for (name, before), (_, after) in pairwise(marks)}
    return {**seconds, "total_seconds": marks[-1][1] - marks[0][1]}


def main() -> None:
    """Measure and print a row."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--arch", default="resnet50")
    parser.add_argument("--images", type=int, default=11_788)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--compile", action="store_true")
    args = parser.parse_args()
    device = choose_device(args.device)
    with tempfile.TemporaryDirectory() as name:
        folder = write_photos(Path(name), args.images)
        dataset = read_cub(folder / "CUB_200_2011")
        ids, names = dataset.class_ids, dataset.class_names
        imagenet = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
        weights = build(args.arch, len(ids)).state_dict()
        checkpoint = Checkpoint(args.arch, weights, ids, names, 224, *imagenet)
        write_checkpoint(folder / "random.pth", checkpoint)
        model = load_checkpoint(folder / "random.pth")
        forward = Forward(model, device, args.compile)
        decoder = Decoder(dataset, model.preprocessing, 224, device.type == "cuda")
        n_batches = min(20, max(args.images // args.batch_size, 1))
        n_decoded = min(args.images, 4096)
        rates = {
            "decoding_images_per_s": decoding_rate(decoder, n_decoded, args.workers, 64),
            "forward_images_per_s": forward_rate(forward, 224, args.batch_size, n_batches),
            "writing_gb_per_s": writing_rate(folder) / 1e9,
        }
        settings = Settings(
            source=DataSource(folder / "CUB_200_2011"),
            checkpoint=folder / "random.pth",
            name="gpu_cub",
            runs=folder,
            device=args.device,
            batch_size=args.batch_size,
            workers=args.workers,
            compile=args.compile,
        )
        seconds = stage_seconds(settings)
        size = sum(p.stat().st_size for p in (folder / "gpu_cub").rglob("*") if p.is_file())
    print_row(
        "gpu_cub",
        arch=args.arch,
        X=args.images,
        batch=args.batch_size,
        workers=args.workers,
        compile=args.compile,
        **seconds,
        **rates,
        run_gb=size / 1e9,
    )


if __name__ == "__main__":
    main()
