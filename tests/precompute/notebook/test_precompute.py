"""Runs from a notebook: the predictions are those of the user's own loop."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import nn
from torch.utils.data import Dataset, Subset
from torchvision import datasets as vision
from torchvision import transforms
from torchvision.transforms import v2

import fieldmarks as fm
from fieldmarks.core.errors import DataError
from fieldmarks.precompute.network.forward import Forward
from tests.support.picture_folders import COLOURS, write_classes

pytestmark = pytest.mark.slow

MEAN, STD = (0.5, 0.4, 0.3), (0.2, 0.3, 0.25)
#: Two ways to write the same transform, and one that resizes to a square.
TRANSFORMS = {
    "Compose": transforms.Compose(
        [
            transforms.Resize(48),
            transforms.CenterCrop(32),
            transforms.ToTensor(),
            transforms.Normalize(MEAN, STD),
        ]
    ),
    "v2 of tensors": v2.Compose(
        [
            v2.ToImage(),
            v2.Resize((32, 32), antialias=True),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(MEAN, STD),
        ]
    ),
    "without Normalize": transforms.Compose([transforms.Resize((32, 32)), transforms.ToTensor()]),
}
SPEED = {"workers": 2, "batch_size": 4, "device": "cpu"}


class Samples(Dataset):
    """A map-style data set as people write them: dictionaries, and names of classes nowhere."""

    def __init__(self, folder, transform):
        self._inside = vision.ImageFolder(folder, transform=transform)

    def __len__(self):
        return len(self._inside)

    def __getitem__(self, i):
        image, label = self._inside[i]
        return {"pixel_values": image, "labels": torch.tensor(label)}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    write_classes(folder, n=8)
    return folder


@pytest.fixture(scope="module")
def network():
    """A network that knows nothing, in training mode as a notebook may leave it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Sequential(
            *(nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU()),
            *(nn.Conv2d(8, 16, 3, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1)),
            *(nn.Flatten(), nn.Dropout(0.5), nn.Linear(16, 3)),
        )


def own_loop(network, samples) -> np.ndarray:
    """Return the class scores of the user's own loop, (X, C)."""
    was_training = network.training
    network.eval()
    with torch.no_grad():
        scores = [network(samples[i]["pixel_values"][None] if isinstance(samples[i], dict)
                          else samples[i][0][None])[0] for i in range(len(samples))]  # fmt: skip
    network.train(was_training)
    return torch.stack(scores).numpy()


def compare(run, mine: np.ndarray, paths: list[str]) -> None:
    """Compare a run with the user's scores, by the picture's path without its suffix."""
    row = {str(Path(path).with_suffix("")): x for x, path in enumerate(run.images["path"])}
    xs = [row[path] for path in paths]
    np.testing.assert_allclose(run.array("logits")[xs], mine, atol=2e-5)
    assert (run.images["predicted_c"].to_numpy()[xs] == mine.argmax(axis=1)).all()


@pytest.mark.parametrize("kind", TRANSFORMS)
def test_an_image_folder_is_fed_by_its_own_transform(pictures, network, tmp_path, kind):
    samples = vision.ImageFolder(pictures, transform=TRANSFORMS[kind])
    run = fm.precompute(network, samples, name="mine", runs=tmp_path, **SPEED)
    paths = [str(Path(p).relative_to(pictures).with_suffix("")) for p, _ in samples.samples]
    compare(run, own_loop(network, samples), paths)
    assert run.classes["name"].tolist() == samples.classes
    assert not run.has_words
    assert network.training


def test_a_data_set_of_dictionaries_and_a_part_of_one_are_read(pictures, network, tmp_path):
    samples = Samples(pictures, TRANSFORMS["Compose"])
    splits = {
        "train": Subset(samples, range(0, 24, 2)),
        "test": Subset(samples, range(1, 24, 2)),
    }
    run = fm.precompute(network, splits, name="mine", runs=tmp_path, **SPEED)
    for split, part in splits.items():
        names = [f"{split}/{i:07d}" for i in range(len(part))]
        compare(run, own_loop(network, part), names)
    assert run.is_test.sum() == 12
    assert run.classes["name"].tolist() == ["0", "1", "2"]


def test_words_are_added_without_running_the_network(pictures, network, tmp_path, monkeypatch):
    samples = vision.ImageFolder(pictures, transform=TRANSFORMS["Compose"])
    fm.precompute(network, samples, name="mine", runs=tmp_path, **SPEED)
    calls = []
    for name in ("__call__", "scores"):
        monkeypatch.setattr(Forward, name, lambda *args, **kwargs: calls.append(args))
    words = [f"a {'red' if c else 'blue'} sole with a small lace" for _, c in samples.samples]
    run = fm.precompute(
        network, samples, name="mine", runs=tmp_path, words=words, min_images=2, **SPEED
    )
    assert not calls
    assert "red sole" in set(run.attributes["phrase"])
    assert fm.explain(run, 0).sentence


def test_other_weights_are_another_network(pictures, network, tmp_path):
    samples = vision.ImageFolder(pictures, transform=TRANSFORMS["Compose"])
    first = fm.precompute(network, samples, name="mine", runs=tmp_path, **SPEED)
    other = nn.Sequential(*network)
    other.load_state_dict({k: v * 1.5 if k == "8.bias" else v for k, v in
                           network.state_dict().items()})  # fmt: skip
    second = fm.precompute(other, samples, name="mine", runs=tmp_path, **SPEED)
    assert not np.allclose(first.array("class_bias"), second.array("class_bias"))


def test_a_table_a_folder_and_hugging_face_agree(pictures, network, tmp_path):
    from datasets import load_dataset

    fed = {"mean": MEAN, "std": STD, "input_size": 32, "resize": 48, "crop": "centre"}
    files = sorted(pictures.rglob("*.jpg"))
    frame = pd.DataFrame({"image": [str(p) for p in files], "kind": [p.parent.name for p in files]})
    frame["price"] = np.arange(len(frame)) * 1.5
    given = {
        "folder": (pictures, {}),
        "text": (str(pictures), {}),
        "frame": (frame, {"label": "kind"}),
        "hf": (load_dataset("imagefolder", data_dir=str(pictures), split="train"), {}),
    }
    logits = {}
    for name, (dataset, options) in given.items():
        run = fm.precompute(
            network, dataset, name=name, runs=tmp_path / "runs", **fed, **SPEED, **options
        )
        assert run.classes["name"].tolist() == list(COLOURS)
        # without the files' names, which a data set of Hugging Face does not have
        logits[name] = run.array("logits")[np.lexsort(run.array("logits").T)]
    for name in given:
        np.testing.assert_allclose(logits[name], logits["folder"], atol=1e-6)
    mine = own_loop(network, vision.ImageFolder(pictures, transform=TRANSFORMS["Compose"]))
    np.testing.assert_allclose(logits["folder"], mine[np.lexsort(mine.T)], atol=2e-5)


def test_a_data_set_of_fiftyone_has_files_labels_and_tags(pictures, network, tmp_path):
    """Of what its documentation promises: samples with a path, tags and fields."""
    files = sorted(pictures.rglob("*.jpg"))

    class Sample(dict):
        filepath, tags = "", ()

    samples = []
    for i, path in enumerate(files):
        sample = Sample(ground_truth=SimpleNamespace(label=path.parent.name))
        sample.filepath, sample.tags = str(path), ["test" if i % 4 == 0 else "train"]
        samples.append(sample)
    view = SimpleNamespace(iter_samples=lambda: iter(samples))
    run = fm.precompute(network, view, name="mine", runs=tmp_path, input_size=32, **SPEED)
    assert run.is_test.sum() == 6
    assert run.classes["name"].tolist() == list(COLOURS)


def _with(pictures, transform):
    return vision.ImageFolder(pictures, transform=transform)


def image_of_its_own_width(image):
    return transforms.ToTensor()(image)[..., : 64 + image.getpixel((0, 0))[0] % 8]


def _labelled(label):
    image = torch.zeros(3, 8, 8)
    return [(image, label), (image, label)]


WRONG = {
    "augmentation": (
        lambda p: _with(p, transforms.RandomResizedCrop(32)),
        "another picture each time",
    ),
    "several labels": (lambda p: _labelled(torch.tensor([1, 0, 1])), "3 labels.*not multi-label"),
    "no label": (lambda p: [torch.zeros(3, 8, 8)], "expected a picture and its label"),
    "a name in place of a number": (lambda p: _labelled("boot"), "numbers from 0 on, got 'boot'"),
    "normalised without saying how": (
        lambda p: _with(p, transforms.Compose([transforms.ToTensor(), lambda x: x * 2 - 1])),
        "pass mean= and std=",
    ),
    "of several sizes": (
        lambda p: _with(p, lambda image: image_of_its_own_width(image)),
        "expected images of one size",
    ),
    "two channels": (
        lambda p: _with(p, lambda image: transforms.ToTensor()(image)[:2]),
        r"shape \(3, h, w\) or \(1, h, w\)",
    ),
    "nothing": (lambda p: [], "is empty"),
    "a number": (lambda p: 7, "got a int"),
    "a table without files": (
        lambda p: pd.DataFrame({"kind": ["a"]}), "expected a column of picture files",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_data_set_is_said_in_one_line(pictures, network, tmp_path, case):
    dataset, told = WRONG[case]
    with pytest.raises(DataError, match=told):
        fm.precompute(network, dataset(pictures), name="mine", runs=tmp_path, **SPEED)


def test_an_unknown_option_is_refused(pictures, network, tmp_path):
    with pytest.raises(DataError, match="no option 'colour'"):
        fm.precompute(network, pictures, name="mine", runs=tmp_path, colour="red")


def test_a_transform_between_the_levels_is_told(pictures, network, tmp_path, capsys):
    between = transforms.Compose([transforms.ToTensor(), transforms.Resize((32, 32))])
    samples = vision.ImageFolder(pictures, transform=between)
    run = fm.precompute(network, samples, name="mine", runs=tmp_path, **SPEED)
    assert "levels from whole numbers; pictures are rounded" in capsys.readouterr().out
    row = {p: x for x, p in enumerate(run.images["path"])}
    paths = [str(Path(p).relative_to(pictures).with_suffix(".png")) for p, _ in samples.samples]
    off = run.array("logits")[[row[p] for p in paths]] - own_loop(network, samples)
    assert np.abs(off).max() < 0.02


def test_pictures_without_a_transform_keep_their_size(pictures, network, tmp_path):
    shutil.copytree(pictures, tmp_path / "copy")
    samples = vision.ImageFolder(tmp_path / "copy")
    run = fm.precompute(network, samples, name="mine", runs=tmp_path / "r", input_size=32, **SPEED)
    with Image.open(samples.samples[0][0]) as image:
        assert (run.images["width"].iloc[0], run.images["height"].iloc[0]) == image.size


def test_a_function_may_return_a_trained_network(pictures, network, tmp_path):
    torch.save(network.state_dict(), tmp_path / "weights.pth")
    code = tmp_path / "own.py"
    code.write_text(
        "import torch\nfrom torch import nn\nfrom pathlib import Path\n"
        "def trained():\n"
        "    net = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU(),\n"
        "        nn.Conv2d(8, 16, 3, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1),\n"
        "        nn.Flatten(), nn.Dropout(0.5), nn.Linear(16, 3))\n"
        "    net.load_state_dict(torch.load(Path(__file__).parent / 'weights.pth'))\n"
        "    return net\n"
    )
    samples = vision.ImageFolder(pictures, transform=TRANSFORMS["Compose"])
    source = f"{code}:trained"
    run = fm.precompute(source, samples, name="mine", runs=tmp_path / "runs", **SPEED)
    paths = [str(Path(p).relative_to(pictures).with_suffix("")) for p, _ in samples.samples]
    compare(run, own_loop(network, samples), paths)
    assert any("no --checkpoint is given" in line for line in run.manifest["notices"]["network"])
    torch.save({k: v + 1 if k == "8.bias" else v for k, v in network.state_dict().items()},
               tmp_path / "weights.pth")  # fmt: skip
    other = fm.precompute(source, samples, name="mine", runs=tmp_path / "runs", **SPEED)
    assert not np.allclose(other.array("logits"), run.array("logits"))
