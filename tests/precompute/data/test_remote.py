"""Tables that name pictures by address: fetched once, from a server on this machine."""

import hashlib
import sys
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

import pytest

from fieldmarks.__main__ import main
from fieldmarks.core.errors import DataError
from fieldmarks.core.run.reading import read_run
from fieldmarks.precompute.data.read import read_dataset
from fieldmarks.precompute.data.remote import with_fetched
from fieldmarks.precompute.data.source import DataSource
from tests.support.picture_folders import write_classes
from tests.support.serving import serving


@contextmanager
def served(folder):
    """Serve a folder; give its address and the paths that were asked for."""
    asked = []

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(folder))

        def log_message(self, *args):
            asked.append(self.path)

    with serving(Handler) as address:
        yield address, asked


@pytest.fixture
def shop(tmp_path):
    """Pictures on a server, and a table that names them."""
    paths = write_classes(tmp_path / "shop", 8)
    with served(tmp_path / "shop") as (address, asked):
        rows = [f"{address}/{path}?size=full,{Path(path).parent.name}" for path in paths]
        (tmp_path / "table.csv").write_text("\n".join(["file_name,label", *rows]) + "\n")
        yield tmp_path, paths, address, asked


def contents(dataset):
    rows = zip(dataset.images["path"], dataset.images["true_c"], strict=True)
    return sorted(
        ((dataset.image_folder / p).read_bytes(), dataset.class_names[c]) for p, c in rows
    )


def test_pictures_are_those_of_the_server_and_are_fetched_once(shop):
    folder, paths, _, asked = shop
    source = with_fetched(DataSource(folder / "table.csv"), folder / "files")
    mine = sorted(((folder / "shop" / p).read_bytes(), Path(p).parent.name) for p in paths)
    assert contents(read_dataset(source)) == mine
    assert len(asked) == len(paths)
    again = with_fetched(DataSource(folder / "table.csv"), folder / "files")
    assert again == source
    assert len(asked) == len(paths)


def test_what_cannot_be_fetched_is_told_and_tried_again(shop, capsys):
    folder, paths, _, asked = shop
    (folder / "shop" / paths[3]).rename(folder / "away.jpg")
    source = with_fetched(DataSource(folder / "table.csv"), folder / "files")
    assert "1 pictures could not be fetched, such as" in capsys.readouterr().out
    problems = read_dataset(source).problems
    assert any("1 of 24 images are missing" in each for each in problems)
    (folder / "away.jpg").rename(folder / "shop" / paths[3])
    n = len(asked)
    with_fetched(DataSource(folder / "table.csv"), folder / "files")
    assert len(asked) == n + 1


def test_a_server_that_is_not_there_is_one_line(tmp_path):
    rows = [f"http://127.0.0.1:9/{i}.jpg,{'ab'[i % 2]}" for i in range(30)]
    (tmp_path / "table.csv").write_text("\n".join(["file_name,label", *rows]) + "\n")
    with pytest.raises(DataError, match="no picture could be fetched, the first") as caught:
        with_fetched(DataSource(tmp_path / "table.csv"), tmp_path / "files")
    assert "\n" not in str(caught.value)


def test_storage_without_its_package_says_which(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "s3fs", None)
    (tmp_path / "table.csv").write_text("file_name,label\ns3://shop/1.jpg,a\ns3://shop/2.jpg,b\n")
    with pytest.raises(DataError, match="pip install s3fs"):
        with_fetched(DataSource(tmp_path / "table.csv"), tmp_path / "files")


@pytest.mark.slow
def test_pictures_in_s3_are_those_of_the_bucket(tmp_path, monkeypatch):
    moto = pytest.importorskip("moto.server", reason="moto[server] is not installed")
    pytest.importorskip("s3fs", reason="s3fs is not installed")
    import boto3

    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    try:
        host, port = server.get_host_and_port()
        given = {"AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_ACCESS_KEY_ID": "any",
                 "AWS_SECRET_ACCESS_KEY": "any", "AWS_DEFAULT_REGION": "us-east-1"}  # fmt: skip
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        paths = write_classes(tmp_path / "shop", 8)
        bucket = boto3.client("s3")
        bucket.create_bucket(Bucket="shop")
        for path in paths:
            bucket.put_object(Bucket="shop", Key=path, Body=(tmp_path / "shop" / path).read_bytes())
        rows = [f"s3://shop/{path},{Path(path).parent.name}" for path in paths]
        table = tmp_path / "table.csv"
        table.write_text("\n".join(["file_name,label", *rows]) + "\n")
        source = with_fetched(DataSource(table), tmp_path / "files")
    finally:
        server.stop()
    mine = sorted(((tmp_path / "shop" / p).read_bytes(), Path(p).parent.name) for p in paths)
    assert contents(read_dataset(source)) == mine


def test_files_of_this_machine_are_no_addresses(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    (tmp_path / "table.csv").write_text(f"file_name,label\nfile://{secret},a\nfile://{secret},b\n")
    source = DataSource(tmp_path / "table.csv")
    assert with_fetched(source, tmp_path / "files") == source
    assert not (tmp_path / "files").exists()


@pytest.mark.slow
def test_a_run_of_addresses_is_that_of_the_files(shop):
    folder, _, _, _ = shop
    (folder / "net.py").write_text(
        "import torch\nfrom torch import nn\n"
        "def net(num_classes=3):\n"
        "    torch.manual_seed(0)\n"
        "    return nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1),\n"
        "        nn.Flatten(), nn.Linear(8, num_classes))\n"
    )
    runs = {}
    for name, data in (("remote", "table.csv"), ("local", "shop")):
        words = f"run --data {folder / data} --network {folder / 'net.py'}:net --name {name}"
        words += f" --runs {folder / 'runs'} --input-size 32 --device cpu --keep-class-order"
        assert main(words.split()) == 0
        run = read_run(folder / "runs" / name)
        where = folder / ("shop" if name == "local" else "runs/.remote.data")
        logits = run.array("logits")
        runs[name] = {
            hashlib.sha256((where / path).read_bytes()).hexdigest(): logits[x].tolist()
            for x, path in enumerate(run.images["path"])
        }
    assert runs["remote"] == runs["local"]


def test_a_folder_of_somebody_else_is_not_written_into(shop):
    folder, _, _, asked = shop
    (folder / "mine").mkdir()
    (folder / "mine" / "metadata.jsonl").write_text("mine")
    with pytest.raises(DataError, match="holds files that Fieldmarks did not write"):
        with_fetched(DataSource(folder / "table.csv"), folder / "mine")
    assert (folder / "mine" / "metadata.jsonl").read_text() == "mine"
    assert not asked
