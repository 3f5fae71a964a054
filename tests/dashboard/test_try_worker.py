"""Try where no file holds the network: a worker runs it, with the scores that the run stores."""

import io
import json
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from fieldmarks.__main__ import main
from fieldmarks.core.explanations.explanation import explain
from fieldmarks.core.live.network_worker import NetworkWorker
from fieldmarks.core.pictures.upload import Upload
from fieldmarks.core.run.files import MANIFEST, NETWORK
from fieldmarks.core.run.one_image import one_image_run
from fieldmarks.core.run.reading import read_run
from fieldmarks.dashboard.try_picture import network
from fieldmarks.precompute.network.settings import NetworkSettings
from fieldmarks.precompute.pipeline import chunks
from tests.support.pages import component_data, said, visit
from tests.support.tiny_birds import CHUNK, CLASSES, run_tiny, write_tiny_birds

pytestmark = pytest.mark.slow

CODE = """
from torch import nn

def two_layers(num_classes):
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, 4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(6, 9), nn.Hardswish(), nn.Linear(9, num_classes),
    )
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run whose network has a hidden layer after pooling, in a file of the user's own."""
    folder = write_tiny_birds(tmp_path_factory.mktemp("worker"))
    file = folder / "own_net.py"
    file.write_text(CODE)
    namespace: dict = {}
    exec(CODE, namespace)
    torch.manual_seed(0)
    torch.save(namespace["two_layers"](len(CLASSES)).state_dict(), folder / "own.pth")
    run_tiny(
        folder,
        folder / "runs",
        is_live=True,
        checkpoint=folder / "own.pth",
        input_size=32,
        network=NetworkSettings(source=f"{file}:two_layers", crop="centre", keep_order=True),
    )
    return read_run(folder / "runs" / "tiny")


@pytest.fixture
def shown(made, monkeypatch):
    monkeypatch.setenv("FIELDMARKS_RUNS", str(made.folder.parent))
    network._opened.clear()
    yield made
    network._opened.clear()


def named(made, monkeypatch):
    source = made.manifest["settings"]["network"]["source"]
    monkeypatch.setattr(network, "named_code", lambda: source)


def test_the_run_says_why_there_is_no_file_and_how_the_network_was_checked(made):
    stage = made.manifest["stages"]["live"]
    assert "not linear in the pooled activations" in stage["left_out"]
    assert 0 <= stage["measured"]["difference"] < 1e-4 < stage["measured"]["tolerance"]
    assert not (made.folder / NETWORK).exists()
    assert len(made.array("neighbour_distance")) == (made.is_test & made.is_readable).sum()


def test_a_worker_gives_what_the_run_stores(shown, monkeypatch):
    named(shown, monkeypatch)
    worker = network.opened_network(shown)
    assert isinstance(worker, NetworkWorker)
    folder = shown.folder.parent.parent / "CUB_200_2011" / "images"
    for x in np.flatnonzero(shown.is_test & shown.is_readable)[:6]:
        upload = Upload((folder / shown.images["path"].iloc[x]).read_bytes())
        fed = network_fed(shown)
        box = (0.0, 0.0, *map(float, upload.size))
        square = upload.cut_out(fed.square(upload.size, box), worker.input_size, fed.interpolation)
        done = worker(np.asarray(square))
        new = one_image_run(shown, done.maps, done.pooled, done.logits, done.local, done.moments)
        np.testing.assert_allclose(done.logits, shown.array("logits")[x], atol=1e-4)
        c = new.images["predicted_c"].iloc[0]
        np.testing.assert_allclose(new.weights(0, c), shown.weights(int(x), c), atol=1e-4)
        assert explain(new, 0).sentence == explain(shown, int(x)).sentence


def network_fed(run):
    from fieldmarks.core.live.network_file import Fed

    return Fed.of(run)


def test_the_page_explains_an_upload_by_a_worker(shown, monkeypatch):
    named(shown, monkeypatch)
    buffer = io.BytesIO()
    Image.new("RGB", (80, 60), (30, 30, 200)).save(buffer, "PNG")
    app = visit("try")
    app = app.file_uploader[0].set_value(("a.png", buffer.getvalue(), "image/png")).run()
    assert not app.exception
    assert component_data(app, "try.words")
    assert "First order" in said(app)
    assert "could not be exported" in next(each.help for each in app.caption if each.help
                                           and "process of its own" in each.help)  # fmt: skip


def test_code_of_the_user_runs_only_where_the_command_line_names_it(shown):
    app = visit("try")
    assert not app.exception
    told = app.info[0].value.replace("\\", "")
    assert "runs only where the command line names it" in told
    assert "--network" in told
    assert not app.get("file_uploader")


def test_a_checkpoint_that_is_gone_is_told(shown, tmp_path, monkeypatch):
    shutil.copytree(shown.folder, tmp_path / "tiny")
    manifest = json.loads((tmp_path / "tiny" / MANIFEST).read_text())
    manifest["settings"]["checkpoint"] = "/nowhere/own.pth"
    (tmp_path / "tiny" / MANIFEST).write_text(json.dumps(manifest))
    monkeypatch.setenv("FIELDMARKS_RUNS", str(tmp_path))
    app = visit("try")
    assert not app.exception
    assert "not at /nowhere/own.pth any more" in app.info[0].value.replace("\\", "")


def test_a_changed_checkpoint_is_refused(shown, tmp_path, monkeypatch, capsys):
    manifest = shown.manifest
    other = tmp_path / "other.pth"
    torch.save({"weight": torch.zeros(1)}, other)
    shutil.copytree(shown.folder, tmp_path / "tiny")
    changed = {**manifest, "settings": {**manifest["settings"], "checkpoint": str(other)}}
    (tmp_path / "tiny" / MANIFEST).write_text(json.dumps(changed))
    source = manifest["settings"]["network"]["source"]
    arguments = ["worker", "tiny", "--runs", str(tmp_path), "--network", source, "--socket", "9"]
    assert main(arguments) == 1
    assert "is not what run 'tiny' was made with" in capsys.readouterr().err


def test_export_says_that_a_worker_takes_the_place_of_a_file(shown, capsys, monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK", CHUNK)
    assert main(["export", "tiny"]) == 0
    assert "the page Try runs the network in a separate process" in capsys.readouterr().out
