"""A data set in the layout of CUB, a caption folder and a checkpoint, so small that a run of them
takes a second: for tests of what happens when a run is killed, resumed, shared or given bad input.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
from PIL import Image
from torch import nn

from fieldmarks.precompute.data.source import DataSource
from fieldmarks.precompute.network.checkpoint import Checkpoint, write_checkpoint
from fieldmarks.precompute.network.registry import build, model_names, register_model
from fieldmarks.precompute.pipeline import chunks, pipeline
from fieldmarks.precompute.pipeline.registry import STAGES, Stage
from fieldmarks.precompute.pipeline.settings import Settings
from fieldmarks.precompute.pipeline.work import Work
from fieldmarks.precompute.resume.stage import Computed

CLASSES = ("001.Red_Finch", "007.Blue_Jay", "012.Grey_Owl")
N_IMAGES = 45
COLOURS = ("red", "blue", "grey")
#: Images in a chunk, instead of hundreds.
CHUNK = 6
INPUT_SIZE = 32


class TinyNet(nn.Module):
    """Two strided convolutions, global average pooling and a linear layer."""

    def __init__(self, num_classes: int):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.Conv2d(8, 12, 3, 2, 1), nn.ReLU()
        )
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(12, num_classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.classifier(torch.flatten(self.pool(self.features(images)), 1))


if "tiny" not in model_names():

    @register_model("tiny")
    def tiny(num_classes: int, pretrained: bool = False) -> nn.Module:
        return TinyNet(num_classes)


def write_tiny_birds(folder: Path, n_images: int = N_IMAGES, seed: int = 0) -> Path:
    """Write ``CUB_200_2011``, ``text_c10`` and ``tiny.pth`` into a folder and return it."""
    rng = np.random.default_rng(seed)
    cub, captions = folder / "CUB_200_2011", folder / "text_c10"
    lines = {name: [] for name in ("images", "image_class_labels", "train_test_split")}
    boxes, parts = [], []
    for i in range(n_images):
        c, image_id = i % len(CLASSES), 3 * i + 2
        path = f"{CLASSES[c]}/bird_{i:04d}.jpg"
        (cub / "images" / path).parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 90, (48, 64, 3), np.uint8)
        pixels[..., c] += 120
        Image.fromarray(pixels).save(cub / "images" / path)
        lines["images"].append(f"{image_id} {path}")
        lines["image_class_labels"].append(f"{image_id} {CLASSES[c].split('.')[0].lstrip('0')}")
        lines["train_test_split"].append(f"{image_id} {int(i % 2 == 0)}")
        boxes.append(f"{image_id} 4.0 2.0 {40 + i % 9}.0 30.0")
        parts.append(f"{image_id} 1 20.0 {10 + i % 7}.0 {int(i % 4 != 0)}")
        if c < 2:
            text = (captions / path).with_suffix(".txt")
            text.parent.mkdir(parents=True, exist_ok=True)
            shape = ("long", "short")[i // 2 % 2]
            text.write_text(
                f"a bird with a {COLOURS[c]} head and a {shape} bill.\na {COLOURS[c]} belly.\n"
            )
    for name, content in {**lines, "bounding_boxes": boxes}.items():
        (cub / f"{name}.txt").write_text("\n".join(content) + "\n")
    (cub / "classes.txt").write_text(
        "".join(f"{name.split('.')[0].lstrip('0')} {name}\n" for name in CLASSES)
    )
    (cub / "parts").mkdir()
    (cub / "parts" / "parts.txt").write_text("1 beak\n")
    (cub / "parts" / "part_locs.txt").write_text("\n".join(parts) + "\n")
    write_tiny_checkpoint(folder / "tiny.pth", seed)
    return folder


def write_tiny_checkpoint(path: Path, seed: int = 0) -> None:
    """Write a network with random weights."""
    torch.manual_seed(seed)
    names = [name.split(".")[1].replace("_", " ") for name in CLASSES]
    ids = [int(name.split(".")[0]) for name in CLASSES]
    weights = build("tiny", len(CLASSES)).state_dict()
    half = (0.5, 0.5, 0.5)
    write_checkpoint(path, Checkpoint("tiny", weights, ids, names, INPUT_SIZE, half, half))


def tiny_settings(folder: Path, runs: Path, **changes) -> Settings:
    """Return the settings of a run of `write_tiny_birds`."""
    given = {
        "source": DataSource(folder / "CUB_200_2011"),
        "checkpoint": folder / "tiny.pth",
        "name": "tiny",
        "runs": runs,
        "min_images": 1,
        "estimators": ("literal", "ridge"),
        "batch_size": 4,
        "workers": 2,
        "device": "cpu",
        "thumb_size": 24,
    }
    return Settings(**{**given, **changes})


def run_tiny(
    folder: Path, runs: Path, is_scored: bool = False, is_live: bool = False, **changes
) -> list[str]:
    """Compute the run in small chunks and return what was said.

    Nothing waits for the disk: what a killed process wrote, the system still has. Diagnoses and
    scores, and the network's file, take longer than all else and are left out unless asked for.
    """
    said: list[str] = []
    asked = {"diagnoses": is_scored, "scores": is_scored, "live": is_live}
    unasked = [name for name, is_asked in asked.items() if not is_asked]
    with patch.object(chunks, "CHUNK", CHUNK), patch.object(os, "fsync"), without(*unasked):
        pipeline.precompute(tiny_settings(folder, runs, **changes), said.append)
    return said


@contextmanager
def without(*stages: str) -> Iterator[None]:
    """Leave stages of every run out that are not asked for."""
    unasked = {name: replace(STAGES[name], compute=f"{__name__}:leave_out") for name in stages}
    with patch.dict(STAGES, unasked):
        yield


def leave_out(_work: Work) -> Computed:
    """Compute nothing: a stage that a test does not ask for."""
    return Computed("unasked")


def raised(name: str, by: int = 1) -> Stage:
    """Return a stage whose version is a later one."""
    return replace(STAGES[name], version=STAGES[name].version + by)


def content(folder):
    """Return the bytes of every file in a run's folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def computed(said):
    """Return the stages that were computed."""
    return {line.split(":")[0] for line in said if line.endswith("computing")}


if __name__ == "__main__":
    run_tiny(Path(sys.argv[1]), Path(sys.argv[2]), estimators=tuple(sys.argv[3:]))
