"""All of torchvision's classification networks, from files to a run, with random weights.

``python -m benchmarks.architectures [NAME ...]`` prints a Markdown table with a row for each
network: what its head was proven to be, where its maps lie, and the largest difference, as a share
of the largest class score, between the scores of the untouched network and those computed from what
the run stores. A head of first order stores no function of the maps; its difference is that of the
network as it is cut.
"""

import contextlib
import io
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
import torchvision
from torch import nn

from fieldmarks.core.run.run import Run
from fieldmarks.precompute.data.decoding import Decoder
from fieldmarks.precompute.data.read import read_dataset
from fieldmarks.precompute.data.source import DataSource
from fieldmarks.precompute.network.forward import Forward
from fieldmarks.precompute.network.loading import load_network
from fieldmarks.precompute.network.settings import NetworkSettings
from fieldmarks.precompute.pipeline.pipeline import precompute
from fieldmarks.precompute.pipeline.settings import Settings
from tests.support.tiny_birds import write_tiny_birds

C = 3
N_IMAGES = 12
#: Networks that take images of one size only, or of no smaller one.
SIZES = {"maxvit_t": 224, "inception_v3": 128, "vit_h_14": 98}
#: Deep networks whose random weights, never trained, exceed float16 in the last maps: their batch
#: norms take the statistics of noise first.
NORMALISED = {"resnet101", "resnet152", "wide_resnet101_2"}
HEADER = (
    "| network | head | maps of layer | filters | cells | pooling | logits differ by | run, s |\n"
    "|---|---|---|---|---|---|---|---|"
)


def arguments(name: str, size: int) -> tuple[str, ...]:
    """Return what a network has to be told to take small images."""
    return (f"image_size={size}",) if name.startswith("vit_") else ()


def write_weights(name: str, size: int, path: Path) -> None:
    """Write a state dict of random weights; layers that start at 0 get some too."""
    torch.manual_seed(0)
    named = {"image_size": size} if name.startswith("vit_") else {}
    if name in ("googlenet", "inception_v3"):
        named = {"aux_logits": True, "init_weights": False}
    model = torchvision.models.get_model(name, num_classes=C, **named)
    for module in model.modules():
        if isinstance(module, nn.Linear) and not module.weight.any():
            nn.init.normal_(module.weight, std=0.02)
        if isinstance(module, nn.BatchNorm2d) and name in NORMALISED:
            module.momentum = 1.0
    if name in NORMALISED:
        with torch.no_grad():
            model.train()(torch.randn(8, 3, size, size))
    torch.save(model.state_dict(), path)


def own_logits(name: str, size: int, weights: Path, pixels: torch.Tensor, loaded) -> np.ndarray:
    """Return the class scores of the untouched network for the crops that the run saw."""
    named = {"image_size": size} if name.startswith("vit_") else {}
    if name in ("googlenet", "inception_v3"):
        named = {"aux_logits": True, "init_weights": False}
    model = torchvision.models.get_model(name, num_classes=C, **named).eval()
    model.load_state_dict(torch.load(weights, weights_only=True))
    mean, std = (
        torch.tensor(v).view(3, 1, 1) for v in (loaded.preprocessing.mean, loaded.preprocessing.std)
    )
    images = (pixels.permute(0, 3, 1, 2).float() / 255 - mean) / std
    with torch.inference_mode():
        return torch.cat([model(images[i : i + 2]) for i in range(0, len(images), 2)]).numpy()


def row(name: str, birds: Path, folder: Path) -> str:
    """Run a network end to end and return its row."""
    size = SIZES.get(name, 96)
    weights = folder / "weights.pth"
    write_weights(name, size, weights)
    network = NetworkSettings(f"torchvision:{name}", arguments(name, size), keep_order=True)
    settings = Settings(
        source=DataSource(birds / "CUB_200_2011"),
        checkpoint=weights,
        network=network,
        name="table",
        runs=folder / "runs",
        input_size=size,
        batch_size=2,
        workers=1,
        min_images=1,
        estimators=("literal",),
        device="cpu",
    )
    started = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        run: Run = precompute(settings)
    seconds = time.perf_counter() - started
    loaded = load_network(network, weights, size, num_classes=C)
    dataset = read_dataset(DataSource(birds / "CUB_200_2011"))
    pixels = Decoder(dataset, loaded.preprocessing, 32).pixels(np.arange(N_IMAGES))
    network_logits = own_logits(name, size, weights, pixels, loaded)
    if run.head.is_exact:
        stored = run.head.logits(np.asarray(run.array("pooled"), float))
    else:
        stored = Forward(loaded, torch.device("cpu"))(pixels).arrays()["logits"]
    apart = np.abs(stored - network_logits).max() / max(np.abs(network_logits).max(), 1e-12)
    sizes = run.sizes
    head = f"{run.head.kind}{', two signs' if run.head.is_split else ''}"
    return (
        f"| {name} | {head} | {run.manifest['layer']} | {sizes['F']:,} | {sizes['H']} x "
        f"{sizes['W']} at {size} px | {loaded.pooling} | {apart:.1e} | {seconds:.1f} |"
    )


def main() -> None:
    """Print the table; a network that fails is a row that says why."""
    names = sys.argv[1:] or torchvision.models.list_models(module=torchvision.models)
    torch.set_num_threads(1)
    print(HEADER, flush=True)
    n_passed = 0
    with tempfile.TemporaryDirectory() as place:
        birds = write_tiny_birds(Path(place) / "birds", n_images=N_IMAGES)
        for name in names:
            with tempfile.TemporaryDirectory(dir=place) as folder:
                try:
                    print(row(name, birds, Path(folder)), flush=True)
                    n_passed += 1
                except Exception as error:  # a row that says so, and on to the next
                    print(f"| {name} | fails: {type(error).__name__}: {error} |", flush=True)
    print(f"\n{n_passed} of {len(names)} run end to end.")


if __name__ == "__main__":
    main()
