"""The pass over the images beside the bare forward loop, in one process.

``python -m benchmarks.activations --arch mobilenet_v2 --images 512``

The bare loop runs the network as it is, channels-last, on images that are already in memory, batch
after batch over all cores, and throws the result away. The pass reads JPEG files, crops, measures
their quality, makes thumbnails and writes all arrays. They are measured in turn, several times, and
the medians compared: other work on the machine then slows both. Seconds of processor time an image
stand beside the rates, for machines that are never quiet.
"""

import argparse
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from benchmarks.photos import write_photos
from benchmarks.row import print_row
from fieldmarks.core.run.row_file import RowFile
from fieldmarks.precompute.data.decoding import Decoder
from fieldmarks.precompute.data.readers.cub import read_cub
from fieldmarks.precompute.network.device import autocast, choose_device
from fieldmarks.precompute.network.forward import Forward, threads_of_torch
from fieldmarks.precompute.network.loading import LoadedModel, explainable
from fieldmarks.precompute.network.preprocessing import DEFAULT
from fieldmarks.precompute.network.registry import build
from fieldmarks.precompute.pipeline.chunks import Chunking, ChunkStore, spans
from fieldmarks.precompute.pipeline.stages.activation_pass import Recorder, RowFiles, compute


def random_model(arch: str, n_classes: int, input_size: int) -> LoadedModel:
    """Return a network of random weights, which takes as long as a trained one."""
    torch.manual_seed(0)
    model = build(arch, n_classes).eval()
    return explainable(model, arch, replace(DEFAULT, input_size=input_size))


@torch.inference_mode()
def bare_loop(model: LoadedModel, images: torch.Tensor, n_batches: int) -> float:
    """Return images/s of the usual loop: the network as it is, batch by batch over all cores."""
    network = model.network.to(images.device, memory_format=torch.channels_last)
    with autocast(images.device):
        network(images)[2].cpu()
        started = time.perf_counter()
        for _ in range(n_batches):
            logits = network(images)[2]
        logits.cpu()
    return n_batches * len(images) / (time.perf_counter() - started)


def forward_only(forward: Forward, pixels: torch.Tensor, n_batches: int, workers: int) -> float:
    """Return images/s of the pass's own forward, a batch a core, without files or writing."""
    with ThreadPoolExecutor(workers) as pool, threads_of_torch(1):
        list(pool.map(forward, [pixels] * workers))
        started = time.perf_counter()
        list(pool.map(forward, [pixels] * n_batches))
        return n_batches * len(pixels) / (time.perf_counter() - started)


def whole_pass(folder: Path, forward: Forward, model: LoadedModel, batch: int, workers: int):
    """Return images/s of the pass over all images of a folder."""
    dataset = read_cub(folder / "CUB_200_2011")
    X, (C, F), (H, W) = len(dataset.images), model.class_weights.shape, model.cell_centres.shape[:2]
    map_row = np.arange(X, dtype=np.int32)
    shapes = {"pooled": (X, F), "logits": (X, C), "parts": (X, 0, 2), "maps": (X, F, H, W)}
    with tempfile.TemporaryDirectory(dir=folder) as out:
        files = {
            name: RowFile.create(
                Path(out) / name, shape, "float16" if name == "maps" else "float32"
            )
            for name, shape in shapes.items()
        }
        rows, chunking = RowFiles(files, map_row), Chunking(dataset, map_row, "")
        edges = spans(X, batch)
        record = Recorder(
            chunking.identify,
            {stop for _, stop in edges},
            rows,
            ChunkStore(Path(out) / "chunks", 224),
        )
        tasks = [
            (start, min(start + batch, last))
            for first, last in edges
            for start in range(first, last, batch)
        ]
        decoder = Decoder(dataset, model.preprocessing, 224, forward.device.type == "cuda")
        with tqdm(total=X, unit=" images", disable=True) as progress:
            started = time.perf_counter()
            compute(tasks, decoder, forward, record, workers=workers, progress=progress)
            seconds = time.perf_counter() - started
        rows.close()
    return X / seconds


def main() -> None:
    """Measure and print a row."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--arch", default="mobilenet_v2")
    parser.add_argument("--images", type=int, default=512)
    parser.add_argument("--input-size", type=int, default=224)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--device", default="auto")
    args = parser.parse_args()
    device, workers = choose_device(args.device), torch.get_num_threads()
    model = random_model(args.arch, 200, args.input_size)
    forward = Forward(model, device)
    size = (args.batch_size, args.input_size, args.input_size, 3)
    pixels = torch.randint(0, 256, size, dtype=torch.uint8)
    n_batches = max(args.images // args.batch_size, 1)
    images = torch.randn(len(pixels), 3, args.input_size, args.input_size, device=device)
    images = images.to(memory_format=torch.channels_last)
    measured = {"bare_loop": [], "forward_only": [], "pass": []}
    with tempfile.TemporaryDirectory() as folder:
        write_photos(Path(folder), args.images)
        for _ in tqdm(range(args.repeats)):
            for name, function in {
                "bare_loop": lambda: bare_loop(model, images, n_batches),
                "forward_only": lambda: forward_only(forward, pixels, n_batches, workers),
                "pass": lambda: whole_pass(Path(folder), forward, model, args.batch_size, workers),
            }.items():
                before = time.process_time()
                rate = function()
                cost = 1000 * (time.process_time() - before) / args.images
                measured[name].append((rate, cost))
    rates = {name: statistics.median(rate for rate, _ in v) for name, v in measured.items()}
    costs = {name: statistics.median(cost for _, cost in v) for name, v in measured.items()}
    print_row(
        "activations",
        arch=args.arch,
        X=args.images,
        F=model.class_weights.shape[1],
        input_size=args.input_size,
        batch=args.batch_size,
        device=device.type,
        **{f"{name}_images_per_s": rate for name, rate in rates.items()},
        **{f"{name}_cpu_ms_per_image": cost for name, cost in costs.items()},
        pass_over_bare_loop=rates["pass"] / rates["bare_loop"],
        pass_over_forward_only=rates["pass"] / rates["forward_only"],
    )


if __name__ == "__main__":
    main()
