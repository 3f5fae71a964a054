"""Networks of one input channel, and networks that see grey pictures in three."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torchvision import transforms
from torchvision.datasets import ImageFolder

import fieldmarks as fm
from fieldmarks.__main__ import main
from fieldmarks.core.errors import ModelError
from fieldmarks.core.run.reading import read_run
from fieldmarks.precompute.network.loading import explainable, load_network
from fieldmarks.precompute.network.preprocessing import DEFAULT
from fieldmarks.precompute.network.settings import NetworkSettings
from tests.support.picture_folders import write_classes

CODE = """
from torch import nn
def net(channels, num_classes=3):
    return nn.Sequential(nn.Conv2d(channels, 8, 3, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Linear(8, num_classes))
"""


def network(channels):
    torch.manual_seed(0)
    layers = nn.Conv2d(channels, 8, 3, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1)
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(8, 3)).eval()


def transform(channels, mean, std):
    return transforms.Compose(
        [
            *(transforms.Grayscale(channels), transforms.Resize(48), transforms.CenterCrop(32)),
            *(transforms.ToTensor(), transforms.Normalize(mean, std)),
        ]
    )


@pytest.fixture(scope="module")
def birds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    write_classes(folder, n=8)
    return folder


def scores_by_torch(folder, net, fed):
    samples = ImageFolder(str(folder), fed)
    with torch.no_grad():
        scores = net(torch.stack([image for image, _ in samples])).numpy()
    return {
        path.removeprefix(f"{folder}/"): z
        for (path, _), z in zip(samples.imgs, scores, strict=True)
    }


def assert_same(run, mine):
    for x, path in enumerate(run.images["path"]):
        np.testing.assert_allclose(run.array("logits")[x], mine[path], atol=2e-5)


@pytest.mark.slow
@pytest.mark.parametrize("channels", [1, 3])
def test_a_run_has_the_scores_of_torchvision_on_grey_pictures(birds, tmp_path, channels):
    net = network(channels)
    torch.save(net.state_dict(), tmp_path / "w.pth")
    (tmp_path / "own.py").write_text(CODE)
    words = f"run --data {birds} --network {tmp_path / 'own.py'}:net --network-args {channels}"
    words += f" --checkpoint {tmp_path / 'w.pth'} --name mine --runs {tmp_path / 'runs'}"
    words += " --input-size 32 --resize 48 --crop centre --mean 0.13 --std 0.31 --device cpu"
    words += " --keep-class-order" + (" --channels grey" if channels == 3 else "")
    assert main(words.split()) == 0
    run = read_run(tmp_path / "runs" / "mine")
    fed = transform(channels, [0.13] * channels, [0.31] * channels)
    assert_same(run, scores_by_torch(birds, net, fed))
    assert run.manifest["channels"] == "grey"
    told = " ".join(run.manifest["notices"]["network"])
    assert ("takes one channel" in told) == (channels == 1)
    options = " ".join(
        way["option"] for way in run.manifest["stages"]["feeding"]["measured"]["feeding"]["tried"]
    )
    assert "bgr" not in options


@pytest.mark.slow
def test_a_data_set_of_grey_tensors_is_fed_as_it_is(birds, tmp_path):
    net, fed = network(1), transform(1, [0.13], [0.31])
    run = fm.precompute(net, ImageFolder(str(birds), fed), name="grey", runs=tmp_path, device="cpu")
    mine = scores_by_torch(birds, net, fed)
    assert_same(run, {path.replace(".jpg", ".png"): z for path, z in mine.items()})


def test_pictures_are_grey_as_pillow_makes_them(birds):
    fed = replace(DEFAULT, channels="grey").decoding
    from fieldmarks.core.pictures.decoding import to_rgb

    for path in sorted(birds.rglob("*.jpg"))[:3]:
        with Image.open(path) as image:
            theirs = np.asarray(image.convert("L"))
            mine = np.asarray(to_rgb(image, fed))
        np.testing.assert_array_equal(mine, np.dstack([theirs] * 3))


def test_nothing_said_takes_half_and_tells(tmp_path):
    torch.save(network(1).state_dict(), tmp_path / "w.pth")
    (tmp_path / "own.py").write_text(CODE)
    settings = NetworkSettings(f"{tmp_path / 'own.py'}:net", ("1",))
    loaded = load_network(settings, tmp_path / "w.pth", 32, num_classes=3)
    assert loaded.preprocessing.mean == loaded.preprocessing.std == (0.5,) * 3
    assert "assuming 0.5 and 0.5 mean and deviation" in loaded.notes[0]
    assert loaded.layer == "1"


def test_a_network_of_six_channels_is_refused_with_what_to_do():
    with pytest.raises(ModelError, match=r"takes 6 channels, and pictures have red, green and bl"):
        explainable(network(6), "net", replace(DEFAULT, input_size=32))
