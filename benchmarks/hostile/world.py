"""What hostile inputs are made from: pictures, a network in each form, a finished run."""

import json
import os
import random
import shutil
import warnings
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

import torch

from tests.support.picture_folders import COLOURS, write_classes

CLASSES = list(COLOURS)
N, SIDE = 4, 32
PATHS = [f"{name}/{i}.jpg" for name in CLASSES for i in range(N)]
NETWORK = """import torch
from torch import nn

def net(num_classes=3):
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Linear(8, num_classes))
"""


class Case(NamedTuple):
    """A command's arguments, or pages that are visited: a function that returns what is wrong."""

    argv: list[str]
    visit: Callable[[], list[str]] | None = None


Maker = Callable[[random.Random, "World", Path], Case]
#: Kinds of hostile input, with how many of 60 there are.
KINDS: dict[str, tuple[Maker, int]] = {}


def kind(name: str, share: int) -> Callable[[Maker], Maker]:
    """Register what makes inputs of a kind."""

    def register(make: Maker) -> Maker:
        KINDS[name] = make, share
        return make

    return register


class World:
    """Files in a folder, which cases copy; making it imports what the commands need."""

    def __init__(self, folder: Path):
        from fieldmarks.__main__ import main

        self.folder = folder
        write_classes(folder / "data", N)
        self.network = folder / "net.py"
        self.network.write_text(NETWORK)
        self.captions = folder / "captions.json"
        rows = [
            {"file_name": path, "captions": [f"a {('red', 'blue')[i % 2]} boot with a long heel."]}
            for i, path in enumerate(PATHS)
        ]
        self.captions.write_text(json.dumps(rows))
        pid = os.fork()  # after some of what this does, torch no longer works in a child
        if pid == 0:
            self._write_networks()
            os._exit(0)
        os.waitpid(pid, 0)
        case = self.run(["--data", str(folder / "data"), "--captions", str(self.captions)])
        with (folder / "said").open("w") as said, redirect_stdout(said), redirect_stderr(said):
            code = main([*case.argv[:-2], "--runs", str(folder / "runs")])
        if code:
            raise SystemExit((folder / "said").read_text())

    def _write_networks(self) -> None:
        space: dict = {}
        exec(NETWORK, space)
        net = space["net"]().eval()
        images = torch.rand(2, 3, SIDE, SIDE)
        torch.save(net.state_dict(), self.folder / "net.pth")
        shapes = ({0: torch.export.Dim("batch")},)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.export.save(
                torch.export.export(net, (images,), dynamic_shapes=shapes), self.folder / "net.pt2"
            )
            torch.jit.save(torch.jit.trace(net, images), str(self.folder / "net.pt"))
            torch.onnx.export(
                net, (images,), str(self.folder / "net.onnx"), dynamo=True, verbose=False,
                external_data=False, dynamic_shapes=shapes,
            )  # fmt: skip

    def data(self, mine: Path) -> Path:
        """Return a copy of the pictures in class folders."""
        return Path(shutil.copytree(self.folder / "data", mine / "data"))

    def picture(self, rng: random.Random) -> bytes:
        """Return the bytes of one of the pictures."""
        return (self.folder / "data" / rng.choice(PATHS)).read_bytes()

    def run(
        self, given: list[str], runs: Path | str = "runs", network: str | Path | None = None
    ) -> Case:
        """Return ``run`` with what is given; an empty ``network`` leaves ``--network`` out."""
        source = f"{self.network}:net" if network is None else str(network)
        settings = f"--input-size {SIDE} --device cpu --workers 1 --min-images 1 --name m".split()
        named = ["--network", source] if source else []
        return Case(["run", *given, *named, *settings, "--runs", str(runs)])

    def copy_of_run(self, place: Path) -> Path:
        """Return a copy of the finished run in a folder of runs."""
        return Path(shutil.copytree(self.folder / "runs" / "m", place / "m"))


def environment(place: Path) -> None:
    """Let the dashboard show the runs of a folder and nothing be kept elsewhere."""
    os.environ |= {
        "FIELDMARKS_RUNS": str(place / "runs"),
        "XDG_CACHE_HOME": str(place / "cache"),
        "HF_HUB_OFFLINE": "1",
    }
