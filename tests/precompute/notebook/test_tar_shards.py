"""``run --data`` on shards of WebDataset: pictures, classes, captions, splits as in them."""

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torchvision import transforms

from fieldmarks.__main__ import main
from fieldmarks.core.errors import DataError
from fieldmarks.core.run.reading import read_run
from fieldmarks.precompute.data.read import read_dataset
from fieldmarks.precompute.data.source import DataSource
from fieldmarks.precompute.network.settings import NetworkSettings
from fieldmarks.precompute.notebook.stored_sets import with_files
from tests.support.picture_folders import COLOURS, write_classes

#: Not in the order of the alphabet: that of the numbers.
NAMES = sorted(COLOURS, reverse=True)


def add(archive, name, content):
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))


def write_shard(path, samples, mode="w"):
    """Write samples, each a dictionary of contents by endings."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, mode) as archive:
        for i, sample in enumerate(samples):
            for ending, content in sample.items():
                add(archive, f"./deep/{i:05d}.{ending}", content)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """The bytes of pictures and their classes."""
    folder = tmp_path_factory.mktemp("pictures")
    return [
        ((folder / path).read_bytes(), Path(path).parent.name) for path in write_classes(folder, 8)
    ]


def numbered(content, name):
    cls = str(NAMES.index(name)).encode()
    return {"jpg": content, "cls": cls, "txt": f"a plain {name}\na thing\n".encode()}


def stated(content, name):
    return {"JPG": content, "json": json.dumps({"label": name, "caption": f"a {name}"}).encode()}


def read(path, folder, **named):
    source, network = with_files(DataSource(path, **named), NetworkSettings(), folder)
    return read_dataset(source), source, network


def contents(dataset):
    rows = zip(dataset.images["path"], dataset.images["true_c"], strict=True)
    return sorted(
        ((dataset.image_folder / p).read_bytes(), dataset.class_names[c]) for p, c in rows
    )


@pytest.mark.parametrize("name", ["train-0000.tar", "train-0000.tar.gz"])
def test_numbers_have_the_names_of_a_list_beside_the_shards(pictures, tmp_path, name):
    mode = "w:gz" if name.endswith("gz") else "w"
    write_shard(tmp_path / "set" / name, [numbered(*p) for p in pictures[::2]], mode)
    write_shard(tmp_path / "set" / "val-0000.tar", [numbered(*p) for p in pictures[1::2]])
    (tmp_path / "set" / "classnames.txt").write_text("\n".join(NAMES))
    dataset, _, network = read(tmp_path / "set", tmp_path / "files")
    assert contents(dataset) == sorted(pictures)
    assert (~dataset.images["is_train"]).sum() == len(pictures) // 2
    assert Path(network.classes).read_text().split() == NAMES
    assert dataset.words().lines[0][0].startswith("a plain ")


def test_without_a_list_classes_are_numbers(pictures, tmp_path):
    write_shard(tmp_path / "all.tar", [numbered(*p) for p in pictures])
    dataset, _, network = read(tmp_path / "all.tar", tmp_path / "files")
    assert dataset.class_names == ["0", "1", "2"]
    assert Path(network.classes).read_text().split() == ["0", "1", "2"]


def test_labels_may_be_names_in_json(pictures, tmp_path):
    write_shard(tmp_path / "set" / "train" / "0.tar", [stated(*p) for p in pictures])
    dataset, _, _ = read(tmp_path / "set", tmp_path / "files")
    assert contents(dataset) == sorted(pictures)


def test_samples_without_a_picture_or_a_class_are_told(pictures, tmp_path, capsys):
    samples = [numbered(*p) for p in pictures] + [{"txt": b"lost"}, {"jpg": pictures[0][0]}]
    write_shard(tmp_path / "all.tar", samples)
    read(tmp_path / "all.tar", tmp_path / "files")
    assert "2 samples hold no picture or no class" in capsys.readouterr().out


def test_names_in_an_archive_lead_nowhere(pictures, tmp_path):
    with tarfile.open(tmp_path / "evil.tar", "w") as archive:
        link = tarfile.TarInfo("link.jpg")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        archive.addfile(link)
        for i, (content, name) in enumerate(pictures):
            add(archive, f"../../../outside{i}.jpg", content)
            add(archive, f"../../../outside{i}.cls", name.encode())
    dataset, _, _ = read(tmp_path / "evil.tar", tmp_path / "in" / "files")
    assert contents(dataset) == sorted(pictures)
    assert not list(tmp_path.glob("outside*"))


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"no archive", "cannot be read as a tar archive"), (None, "none of 3 samples of .* holds a")],
)
def test_what_cannot_be_read_is_told(tmp_path, content, message):
    if content is None:
        write_shard(tmp_path / "a.tar", [{"npy": b"1"}] * 3)
    else:
        (tmp_path / "a.tar").write_bytes(content)
    with pytest.raises(DataError, match=message):
        read(tmp_path / "a.tar", tmp_path / "files")


def test_an_archive_beside_class_folders_is_what_they_came_from(tmp_path):
    paths = write_classes(tmp_path, 6)
    (tmp_path / "download.tar").write_bytes(b"anything")
    dataset, source, _ = read(tmp_path, tmp_path.parent / "files")
    assert source.data == tmp_path
    assert len(dataset.images) == len(paths)


def test_other_commands_say_what_to_give(pictures, tmp_path):
    write_shard(tmp_path / "all.tar", [numbered(*p) for p in pictures])
    with pytest.raises(DataError, match="`fieldmarks run` writes them"):
        read_dataset(DataSource(tmp_path / "all.tar"))


@pytest.mark.slow
def test_a_run_has_the_scores_of_a_loop_over_the_archive(pictures, tmp_path):
    torch.manual_seed(0)
    layers = nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    network = nn.Sequential(*layers, nn.Linear(8, 3)).eval()
    torch.save(network.state_dict(), tmp_path / "w.pth")
    (tmp_path / "own.py").write_text(
        "from torch import nn\n"
        "def net(num_classes=3):\n"
        "    return nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1),\n"
        "        nn.Flatten(), nn.Linear(8, num_classes))\n"
    )
    samples = [{**numbered(*p), "txt": b""} for p in pictures]
    write_shard(tmp_path / "set" / "train-0.tar", samples[::2])
    write_shard(tmp_path / "set" / "test-0.tar", samples[1::2])
    words = f"run --data {tmp_path / 'set'} --network {tmp_path / 'own.py'}:net --checkpoint"
    words += f" {tmp_path / 'w.pth'} --name mine --runs {tmp_path / 'runs'} --input-size 32"
    words += " --crop squeeze --mean 0.5 --std 0.25 --device cpu --keep-class-order"
    assert main(words.split()) == 0
    fed = transforms.Compose(
        [
            *(transforms.Resize((32, 32)), transforms.ToTensor()),
            transforms.Normalize((0.5,) * 3, (0.25,) * 3),
        ]
    )
    images = []
    for shard in ("test-0.tar", "train-0.tar"):
        with tarfile.open(tmp_path / "set" / shard) as archive:
            images += [
                fed(Image.open(archive.extractfile(member)).convert("RGB"))
                for member in archive.getmembers()
                if member.name.endswith(".jpg")
            ]
    with torch.no_grad():
        mine = network(torch.stack(images)).numpy()
    theirs = read_run(tmp_path / "runs" / "mine").array("logits")
    np.testing.assert_allclose(theirs[np.lexsort(theirs.T)], mine[np.lexsort(mine.T)], atol=2e-5)
