"""The owner of a network: pictures, and a pipeline in plain torchvision, timm or transformers.

What the owner computes is compared with the run that the tool makes of the same files. A network
has random layers and a last one fitted to what the owner's pipeline makes of the training images,
so that other pixels give other predictions.
"""

import runpy
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torchvision import transforms as T
from torchvision.datasets import ImageFolder

from fieldmarks.__main__ import main
from fieldmarks.core.run.reading import read_run
from fieldmarks.core.run.run import Run
from tests.support.tiny_birds import without

CLASSES = ("boot", "cap", "sock")
S = 64
NET = """
from torch import nn

def net(num_classes=3):
    return nn.Sequential(
        nn.Conv2d(3, 12, 5, 2), nn.ReLU(), nn.Conv2d(12, 24, 5, 2), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(24, num_classes)
    )
"""
#: What the owner feeds the network, and the options that say it.
STEPS = T.Compose([T.Resize(S), T.CenterCrop(S), T.ToTensor(), T.Normalize([0.5] * 3, [0.25] * 3)])
FED = "--mean .5 .5 .5 --std .25 .25 .25"
#: Stages that say nothing of pixels, predictions and words, and take the time.
SLOW = ("live", "layout", "scores", "diagnoses")

Pipeline = Callable[[str], Tensor]


def blocks(c: int, seed: int, channels: int = 3) -> np.ndarray:
    """Return a picture of noise of its own size around the colour of a class, (h, w, channels)."""
    rng = np.random.default_rng(1000 * c + seed)
    width, height = rng.integers(70, 150, 2)
    colour = np.array([[150, 90, 60, 200], [70, 120, 150, 90], [110, 110, 100, 40]][c])[:channels]
    coarse = rng.integers(-70, 70, (7, 8, channels)) + colour + rng.integers(-25, 25, channels)
    image = coarse.clip(0, 255).astype(np.uint8)
    rows, columns = (np.arange(n) * m // n for n, m in ((height, 7), (width, 8)))
    return image[rows][:, columns]


def save_rgb(path: Path, c: int, seed: int) -> None:
    """Write a plain picture."""
    Image.fromarray(blocks(c, seed)).save(path.with_suffix(".png"))


def write_folders(
    folder: Path, save=save_rgb, n: dict[str, int] | None = None, classes: Sequence[str] = CLASSES
) -> Path:
    """Write ``SPLIT/CLASS/i`` as ImageFolder reads it; a split without a name has no folder."""
    for s, (split, count) in enumerate((n or {"train": 10, "test": 8}).items()):
        for c, name in enumerate(classes):
            (folder / split / name).mkdir(parents=True, exist_ok=True)
            for i in range(count):
                save(folder / split / name / str(i), c, 100 * s + i)
    return folder


@dataclass
class Owner:
    """A network and how its owner feeds it.

    Parameters
    ----------
    model : nn.Module
        Its last `nn.Linear` gives the class scores.
    pipeline : callable
        From the path of a file to what the network is given, (3, h, w).
    """

    model: nn.Module
    pipeline: Pipeline

    @classmethod
    def of_own_code(cls, folder: Path, pipeline: Pipeline, code: str = NET) -> "Owner":
        """Return the owner of a network in ``net.py``."""
        (folder / "net.py").write_text(code)
        torch.manual_seed(0)
        return cls(runpy.run_path(str(folder / "net.py"))["net"]().eval(), pipeline)

    def train(self, samples: Sequence[tuple[str, int]], file: Path | None = None) -> "Owner":
        """Fit the last layer to files and their classes; save the state dict."""
        head = self._head
        inputs: list[Tensor] = []
        hook = head.register_forward_pre_hook(lambda _, args: inputs.append(args[0]))
        self.scores([path for path, _ in samples])
        hook.remove()
        x = torch.cat(inputs).double()
        y = nn.functional.one_hot(torch.tensor([c for _, c in samples]), head.out_features).double()
        mean = x.mean(0)
        spread = x - mean
        ridge = 1e-3 * spread.pow(2).mean() * len(x) * torch.eye(x.shape[1])
        weights = torch.linalg.solve(spread.T @ spread + ridge, spread.T @ (y - y.mean(0)))
        with torch.no_grad():
            head.weight.copy_(9 * weights.T)
            head.bias.copy_(9 * (y.mean(0) - mean @ weights))
        if file is not None:
            torch.save(self.model.state_dict(), file)
        return self

    @property
    def _head(self) -> nn.Linear:
        return [layer for layer in self.model.modules() if isinstance(layer, nn.Linear)][-1]

    def scores(self, paths: Sequence[str]) -> np.ndarray:
        """Return the class scores of files, one after the other, (n, C)."""
        with torch.no_grad():
            scores = [self.model(self.pipeline(path)[None]) for path in paths]
        return torch.cat([getattr(each, "logits", each) for each in scores]).numpy()

    def predictions(self, samples: Sequence[tuple[str, int]]) -> tuple[np.ndarray, float]:
        """Return the predicted class of each file, and the accuracy."""
        predicted = self.scores([path for path, _ in samples]).argmax(axis=1)
        return predicted, float((predicted == [c for _, c in samples]).mean())


def fieldmarks(words: str) -> tuple[int, str]:
    """Do a command in this process; return its exit code and what it printed."""
    said = StringIO()
    with redirect_stdout(said), redirect_stderr(said), without(*SLOW):
        code = main(words.split())
    return code, said.getvalue()


def command(folder: Path, options: str = "", name: str = "mine") -> str:
    """Return the command that makes a run of ``folder``'s data, network and weights."""
    given = {"--data": folder / "data"}
    if "--network" not in options:
        given |= {"--network": f"{folder / 'net.py'}:net", "--input-size": S}
    if "hf:" not in options:
        given["--checkpoint"] = folder / "net.pth"
    words = " ".join(f"{key} {each}" for key, each in given.items() if key not in options.split())
    return f"run {words} {options} --name {name} --runs {folder / 'runs'} --device cpu"


def run_of(folder: Path, options: str = "", name: str = "mine") -> tuple[Run, str]:
    """Make a run of ``folder``'s data, network and weights as its owner would; what was said."""
    code, said = fieldmarks(command(folder, options, name))
    assert code == 0, said
    return read_run(folder / "runs" / name), said


@dataclass
class Judged:
    """What the owner trains and judges on, and in which order classes have their scores.

    Parameters
    ----------
    root : Path
        That paths in the run begin at.
    train, test : sequence of tuples of str and int
        Files and the number of their class.
    classes : sequence of str
        By number.
    """

    root: Path
    train: Sequence[tuple[str, int]]
    test: Sequence[tuple[str, int]]
    classes: Sequence[str] = CLASSES

    @classmethod
    def of_folders(cls, root: Path, train: str = "train", test: str = "test", **options):
        """Return what torchvision's ImageFolder reads of two folders."""
        folders = [ImageFolder(str(root / split), **options) for split in (train, test)]
        assert folders[0].classes == folders[1].classes
        return cls(root, *(folder.samples for folder in folders), folders[0].classes)


def assert_equal(run: Run, said: str, owner: Owner, judged: Judged, atol: float = 2e-3) -> None:
    """Compare images, scores, predictions, labels, split and accuracy with the owner's own."""
    place = {path: x for x, path in enumerate(run.images["path"])}
    names = [name.replace("_", " ") for name in judged.classes]
    assert sorted(run.classes["name"]) == sorted(names)
    column = [run.classes["name"].tolist().index(name) for name in names]
    assert len(place) == len(judged.train) + len(judged.test)
    for is_train, samples in ((True, judged.train), (False, judged.test)):
        xs = [place[str(Path(path).relative_to(judged.root))] for path, _ in samples]
        theirs = owner.scores([path for path, _ in samples])
        np.testing.assert_allclose(run.array("logits")[xs][:, column], theirs, atol=atol)
        images = run.images.iloc[xs]
        of_run = [column.index(c) for c in images["predicted_c"]]
        assert of_run == theirs.argmax(axis=1).tolist()
        assert [column.index(c) for c in images["true_c"]] == [c for _, c in samples]
        assert (images["is_train"] == is_train).all()
    predicted, accuracy = owner.predictions(judged.test)
    assert f"accuracy here {accuracy:.1%} on {len(predicted)} test images" in asked(said)
    assert len(set(predicted)) > 1, "a network that says one thing compares nothing"


def asked(said: str) -> str:
    """Return the sentence that asks whether the accuracy is the owner's."""
    (line,) = [line for line in said.splitlines() if "is this yours?" in line]
    return line
