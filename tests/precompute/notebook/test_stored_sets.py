"""``run --data`` on data sets that hold their pictures: as torch scores the same pictures."""

import io
import json
from pathlib import Path

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
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

#: Not in the order of the alphabet: that of ClassLabel.
NAMES = sorted(COLOURS, reverse=True)


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """Return a data set with ClassLabel and embedded pictures."""
    folder = tmp_path_factory.mktemp("pictures")
    paths = write_classes(folder, n=8)
    contents = [(folder / path).read_bytes() for path in paths]
    return datasets.Dataset.from_dict(
        {
            "image": [{"bytes": content, "path": None} for content in contents],
            "label": [NAMES.index(Path(path).parent.name) for path in paths],
            "maker": ["Acme"] * len(paths),
        },
        features=datasets.Features(
            {
                "image": datasets.Image(),
                "label": datasets.ClassLabel(names=[*NAMES, "unseen"]),
                "maker": datasets.Value("string"),
            }
        ),
    )


def _saved(stored, folder):
    stored.save_to_disk(str(folder))
    return folder


def _saved_splits(stored, folder):
    datasets.DatasetDict(stored.train_test_split(0.25, seed=0)).save_to_disk(str(folder))
    return folder


def _hub(stored, folder):
    (folder / "data").mkdir(parents=True)
    (folder / "README.md").write_text("---\ndata_files: https://example.org/other.parquet\n---\n")
    for split, samples in stored.train_test_split(0.25, seed=0).items():
        samples.to_parquet(str(folder / "data" / f"{split}-00000-of-00001.parquet"))
    return folder


def _plain(stored, folder):
    """Without anything of `datasets`: labels are texts."""
    folder.mkdir()
    rows = stored.cast_column("image", datasets.Image(decode=False)).to_list()
    table = pa.Table.from_pylist([{**row, "label": NAMES[row["label"]]} for row in rows])
    pq.write_table(table, folder / "all.parquet")
    return folder / "all.parquet"


LAYOUTS = {
    "save_to_disk": (_saved, 0, True),
    "save_to_disk of splits": (_saved_splits, 6, True),
    "Hub": (_hub, 6, True),
    "one Parquet of bytes": (_plain, 0, False),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_pictures_labels_splits_and_order_are_those_of_the_data_set(stored, tmp_path, layout):
    write, n_test, is_named = LAYOUTS[layout]
    source = DataSource(write(stored, tmp_path / "set"))
    source, network = with_files(source, NetworkSettings(), tmp_path / "files")
    dataset = read_dataset(source)
    assert dataset.class_names == sorted(NAMES)
    if is_named:
        assert Path(network.classes).read_text().split("\n")[:-1] == [*NAMES, "unseen"]
    if n_test:
        assert (~dataset.images["is_train"]).sum() == n_test
    rows = stored.cast_column("image", datasets.Image(decode=False)).to_list()
    mine = sorted((NAMES[row["label"]], row["image"]["bytes"]) for row in rows)
    theirs = sorted(
        (dataset.class_names[c], (dataset.image_folder / path).read_bytes())
        for path, c in zip(dataset.images["path"], dataset.images["true_c"], strict=True)
    )
    assert theirs == mine
    again, _ = with_files(
        DataSource(tmp_path / "files" / "metadata.jsonl"), NetworkSettings(), tmp_path / "files"
    )
    assert again.data == source.data


def test_files_that_a_data_set_names_are_not_shown(stored, tmp_path):
    secret = tmp_path / "secret.jpg"
    Image.new("RGB", (8, 8)).save(secret)
    rows = [{"image": {"bytes": None, "path": str(secret)}, "label": "a"}] * 4
    schema = pa.schema(
        [("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])), ("label", "string")]
    )
    pq.write_table(pa.Table.from_pylist(rows, schema), tmp_path / "all.parquet")
    with pytest.raises(DataError, match="row 1 of the data set holds no picture"):
        with_files(DataSource(tmp_path / "all.parquet"), NetworkSettings(), tmp_path / "files")


def bomb() -> bytes:
    """Return a JPEG whose head says 65,535 pixels a side."""
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "JPEG")
    content = bytearray(buffer.getvalue())
    at = content.index(b"\xff\xc0")
    content[at + 5 : at + 9] = b"\xff" * 4
    return bytes(content)


def parquet_of(path, images, labels, names=NAMES):
    table = pa.table({"image": [{"bytes": each, "path": None} for each in images], "label": labels})
    info = {"features": {"image": {"_type": "Image"}}}
    info["features"]["label"] = {"_type": "ClassLabel", "names": list(names)}
    metadata = {"huggingface": json.dumps({"info": info})}
    path.parent.mkdir(exist_ok=True)
    pq.write_table(table.replace_schema_metadata(metadata), path)
    return path


@pytest.mark.parametrize("content", [bomb(), b"", b"%!PS-Adobe-3.0\n", b"\x89PNG\r\n\x1a\n" * 9])
def test_pictures_that_are_none_are_told_and_the_others_read(stored, tmp_path, content):
    rows = stored.cast_column("image", datasets.Image(decode=False)).to_list()
    images = [*(row["image"]["bytes"] for row in rows), content]
    path = parquet_of(
        tmp_path / "set" / "all.parquet", images, [row["label"] for row in rows] + [0]
    )
    source, _ = with_files(DataSource(path), NetworkSettings(), tmp_path / "files")
    told = " ".join(read_dataset(source).problems)
    assert len(read_dataset(source).images) == len(images)
    assert "unreadable" in told or content[:3] == b"\xff\xd8\xff"


@pytest.mark.parametrize("label", [99, -7])
def test_a_label_that_has_no_name_is_one_line(stored, tmp_path, label):
    rows = stored.cast_column("image", datasets.Image(decode=False)).to_list()
    images, labels = ([row["image"]["bytes"] for row in rows], [row["label"] for row in rows])
    path = parquet_of(tmp_path / "set" / "all.parquet", images, [*labels[:-1], label])
    with pytest.raises(DataError, match=r"labels from 0 to 2|cannot be read by datasets"):
        with_files(DataSource(path), NetworkSettings(), tmp_path / "files")


def test_a_split_whose_name_leads_elsewhere_writes_nothing_there(stored, tmp_path):
    """`dataset_dict.json` may name any folder as a split."""
    folder = _saved_splits(stored, tmp_path / "set" / "in")
    (folder / "train").rename(tmp_path / "elsewhere")
    names = {"splits": ["../../elsewhere", "test"]}
    (folder / "dataset_dict.json").write_text(json.dumps(names))
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(DataError, match=r"the name of a split, got '\.\./\.\./elsewhere'"):
        with_files(DataSource(folder), NetworkSettings(), tmp_path / "files")
    after = [path for path in tmp_path.rglob("*") if tmp_path / "files" not in path.parents]
    assert sorted({*after} - {tmp_path / "files"}) == before


@pytest.mark.parametrize("what", ["a folder of somebody's", "a link"])
def test_a_folder_in_the_way_of_the_files_stays_as_it_is(stored, tmp_path, what):
    place, mine = tmp_path / ".mine.data", tmp_path / "mine"
    mine.mkdir()
    (mine / "metadata.jsonl").write_text("years of work")
    mine.rename(place) if what != "a link" else place.symlink_to(mine)
    with pytest.raises(DataError, match="move it away"):
        with_files(DataSource(_saved(stored, tmp_path / "set")), NetworkSettings(), place)
    assert (place / "metadata.jsonl").read_text() == "years of work"


def test_other_commands_say_what_to_give(stored, tmp_path):
    with pytest.raises(DataError, match="`fieldmarks run` writes them"):
        read_dataset(DataSource(_saved(stored, tmp_path / "set")))


@pytest.mark.slow
def test_a_run_has_the_scores_of_a_loop_in_torch(stored, tmp_path):
    torch.manual_seed(0)
    code = tmp_path / "own.py"
    code.write_text(
        "from torch import nn\n"
        "def net(num_classes=3):\n"
        "    return nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1),\n"
        "        nn.Flatten(), nn.Linear(8, num_classes))\n"
    )
    network = nn.Sequential(
        *(nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1)),
        *(nn.Flatten(), nn.Linear(8, 4)),
    ).eval()
    torch.save(network.state_dict(), tmp_path / "w.pth")
    words = f"run --data {_hub(stored, tmp_path / 'set')} --network {code}:net --checkpoint"
    words += f" {tmp_path / 'w.pth'} --name mine --runs {tmp_path / 'runs'} --input-size 32"
    words += " --resize 48 --crop centre --mean 0.5 0.4 0.3 --std 0.2 0.3 0.25 --device cpu"
    assert main([*words.split(), "--keep-class-order"]) == 0
    fed = transforms.Compose(
        [
            *(transforms.Resize(48), transforms.CenterCrop(32), transforms.ToTensor()),
            transforms.Normalize((0.5, 0.4, 0.3), (0.2, 0.3, 0.25)),
        ]
    )
    rows = stored.cast_column("image", datasets.Image(decode=False)).to_list()
    images = [Image.open(io.BytesIO(row["image"]["bytes"])).convert("RGB") for row in rows]
    with torch.no_grad():
        mine = network(torch.stack([fed(image) for image in images])).numpy()[:, :3]
    run = read_run(tmp_path / "runs" / "mine")
    own = [run.classes["name"].tolist().index(name) for name in NAMES]
    theirs = run.array("logits")[:, own]
    np.testing.assert_allclose(theirs[np.lexsort(theirs.T)], mine[np.lexsort(mine.T)], atol=2e-5)
