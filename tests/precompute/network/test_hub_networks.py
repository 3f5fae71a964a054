"""``--network hf:organisation/name``: from a hub on this machine, as transformers scores them."""

import shutil
from functools import partial

import numpy as np
import pytest
import torch
from PIL import Image

from fieldmarks.core.errors import ModelError
from fieldmarks.core.run.reading import read_run
from fieldmarks.precompute.network.hub import model_folder
from tests.support import processes
from tests.support.hub_server import hub_of
from tests.support.owner import SLOW
from tests.support.picture_folders import write_classes

transformers = pytest.importorskip("transformers")
#: Not in the order of the alphabet.
NAMES = {0: "sock", 1: "boot", 2: "cap"}


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A network with its processor, as ``save_pretrained`` writes them."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("tiny-resnet")
    config = transformers.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 12], depths=[1, 1], num_labels=3, id2label=NAMES
    )
    transformers.ResNetForImageClassification(config).eval().save_pretrained(folder)
    transformers.ConvNextImageProcessor(size={"shortest_edge": 64}).save_pretrained(folder)
    (folder / "modeling_evil.py").write_text("raise SystemExit")
    return folder


def run(data, runs, cache, endpoint, name="shop/tiny-resnet", left_out=SLOW):
    words = f"run --data {data} --network hf:{name} --name mine --runs {runs} --device cpu"
    hub = {"HF_ENDPOINT": endpoint, "HF_HOME": str(cache), "HF_HUB_OFFLINE": "0"}
    words = [*words.split(), "--keep-class-order"]
    return processes.call(partial(processes.command, *words, left_out=left_out), **hub)


@pytest.mark.slow
def test_a_run_has_the_scores_of_transformers_and_needs_the_hub_once(stored, tmp_path):
    paths = write_classes(tmp_path / "data", n=8)
    with hub_of({"shop/tiny-resnet": stored}) as (address, asked):
        done = run(tmp_path / "data", tmp_path / "runs", tmp_path / "cache", address)
        assert done.returncode == 0, done.stderr
        assert any(path.endswith("model.safetensors") for path in asked)
        assert not any(path.endswith(".py") for path in asked)
        before = len(asked)
        missing = run(tmp_path / "data", tmp_path / "runs", tmp_path / "cache", address, "no/such")
        assert len(asked) > before
    assert missing.returncode == 1
    assert "hf:no/such is not a local folder and cannot be fetched" in missing.stderr
    finished = read_run(tmp_path / "runs" / "mine")
    network = transformers.AutoModelForImageClassification.from_pretrained(stored).eval()
    processor = transformers.AutoImageProcessor.from_pretrained(stored, backend="pil")
    order = [list(NAMES.values()).index(name) for name in finished.classes["name"]]
    for x, path in enumerate(finished.images["path"]):
        image = Image.open(tmp_path / "data" / path).convert("RGB")
        with torch.no_grad():
            mine = network(**processor(image, return_tensors="pt")).logits[0].numpy()[order]
        np.testing.assert_allclose(finished.array("logits")[x], mine, atol=1e-4)
    assert len(finished.images) == len(paths)
    # the hub is gone, and the network is in its cache
    shutil.rmtree(tmp_path / "runs")
    others = set(SLOW) - {"live"}  # the stage reads the network, too
    again = run(tmp_path / "data", tmp_path / "runs", tmp_path / "cache", address, left_out=others)
    assert again.returncode == 0, again.stderr


def test_a_folder_is_taken_before_the_hub(stored, tmp_path, monkeypatch):
    assert model_folder(str(stored)) == stored
    (tmp_path / "org" / "name").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match=r"hf:org/name is not a folder with a config\.json"):
        model_folder("org/name")
