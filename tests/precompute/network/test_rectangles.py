"""Networks whose input is no square: pixels and scores are those of torchvision."""

import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional
from torchvision import transforms
from torchvision.datasets import ImageFolder

import fieldmarks as fm
from fieldmarks.__main__ import main
from fieldmarks.core.errors import DataError
from fieldmarks.core.live.network_file import Fed, network_file
from fieldmarks.core.pictures.crop import cut_out, frame, square_crop
from fieldmarks.core.run.reading import read_run
from fieldmarks.precompute.data.crop import load_crop
from fieldmarks.precompute.network.cut.layout import Layout, layouts
from fieldmarks.precompute.network.loading import explainable
from fieldmarks.precompute.network.preprocessing import DEFAULT
from fieldmarks.precompute.network.receptive_field import patch_centres
from tests.support.picture_folders import write_classes, write_picture

#: Height and width of the input.
SIZE = (48, 64)
CODE = """
from torch import nn
def net(num_classes=3):
    return nn.Sequential(nn.Conv2d(3, 8, 3, 4, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Linear(8, num_classes))
"""
MEAN, STD = (0.5, 0.4, 0.3), (0.2, 0.3, 0.25)
TRANSFORMS = {
    "squeezed": ("", [transforms.Resize(SIZE)]),
    "squeezed, then cut": (
        "--crop squeeze --resize 60",
        [transforms.Resize((60, 80)), transforms.CenterCrop(SIZE)],
    ),
    "cut": ("--crop centre --resize 72", [transforms.Resize(72), transforms.CenterCrop(SIZE)]),
}


def network():
    torch.manual_seed(0)
    layers = nn.Conv2d(3, 8, 3, 4, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1)
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(8, 3)).eval()


def fed_by(steps):
    return transforms.Compose([*steps, transforms.ToTensor(), transforms.Normalize(MEAN, STD)])


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    write_classes(folder, n=6)
    for i, size in enumerate([(100, 200), (200, 100), (160, 128), (64, 48)]):
        write_picture(folder / "boot" / f"of {i}.png", seed=900 + i, size=size)
    return folder


def scores_by_torch(folder, fed):
    samples = ImageFolder(str(folder), fed)
    with torch.no_grad():
        scores = network()(torch.stack([image for image, _ in samples])).numpy()
    paths = [path.removeprefix(f"{folder}/") for path, _ in samples.imgs]
    return dict(zip(paths, scores, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("case", TRANSFORMS)
def test_a_run_has_the_scores_of_torchvision(pictures, tmp_path, case):
    options, steps = TRANSFORMS[case]
    torch.save(network().state_dict(), tmp_path / "w.pth")
    (tmp_path / "own.py").write_text(CODE)
    words = f"run --data {pictures} --network {tmp_path / 'own.py'}:net --checkpoint"
    words += f" {tmp_path / 'w.pth'} --name mine --runs {tmp_path / 'runs'} --input-size 48x64"
    words += f" --mean 0.5 0.4 0.3 --std 0.2 0.3 0.25 --device cpu --keep-class-order {options}"
    assert main(words.split()) == 0
    run = read_run(tmp_path / "runs" / "mine")
    assert run.manifest["input_size"] == list(SIZE)
    assert (run.sizes["H"], run.sizes["W"]) == (12, 16)
    mine = scores_by_torch(pictures, fed_by(steps))
    for x, path in enumerate(run.images["path"]):
        np.testing.assert_allclose(run.array("logits")[x], mine[path], atol=2e-5)
        with Image.open(io.BytesIO(run.packed("thumb", x))) as thumb:
            assert thumb.size == SIZE[::-1]
    # the page Try: the exported network, and what it cuts out of the file
    opened, fed = network_file(run), Fed.of(run)
    assert opened.input_size == fed.input_size == SIZE
    with Image.open(pictures / run.images["path"][0]) as image:
        crop = fed.square(image.size, (0, 0, *image.size))
        pixels = np.asarray(cut_out(image, crop, opened.input_size, fed.interpolation))
    np.testing.assert_allclose(opened(pixels).logits, run.array("logits")[0], atol=1e-4)


@pytest.mark.slow
def test_a_data_set_with_its_own_transform_is_fed_as_it_is(pictures, tmp_path):
    fed = fed_by([transforms.Resize(SIZE)])
    samples = ImageFolder(str(pictures), fed)
    run = fm.precompute(network(), samples, name="mine", runs=tmp_path, device="cpu")
    mine = scores_by_torch(pictures, fed)
    for path, scores in mine.items():
        x = run.images["path"].tolist().index(str(path).rpartition(".")[0] + ".png")
        np.testing.assert_allclose(run.array("logits")[x], scores, atol=2e-5)


@pytest.mark.parametrize("size", [(100, 200), (200, 100), (160, 128), (64, 48), (63, 47)])
@pytest.mark.parametrize("case", TRANSFORMS)
def test_pixels_are_those_of_torchvision(tmp_path, size, case):
    _, steps = TRANSFORMS[case]
    write_picture(tmp_path / "a.png", size=size)
    share = {"squeezed": 1.0, "squeezed, then cut": 48 / 60, "cut": 48 / 72}[case]
    kind = "centre" if case == "cut" else "squeeze"
    fed = replace(DEFAULT, input_size=SIZE, crop=kind, crop_share=share)
    mine = np.asarray(load_crop(tmp_path / "a.png", None, SIZE, fed)[0])
    with Image.open(tmp_path / "a.png") as image:
        theirs = np.asarray(transforms.Compose(steps)(image.convert("RGB")))
    black = theirs.sum(axis=2) == 0  # torchvision pads with black, where grey says nothing
    np.testing.assert_array_equal(mine[~black], theirs[~black])


def test_a_box_and_the_whole_picture_keep_the_shape_of_the_input():
    crop = square_crop(200, 100, (50, 20, 10, 60), size=SIZE)
    assert (crop.side, crop.rows) == (80, 60)
    assert (crop.left, crop.top) == (15, 20)
    whole = frame(200, 100, None, "whole", size=SIZE)
    assert (whole.side, whole.rows) == (200, 150)
    assert (whole.left, whole.top) == (0, -25)


@pytest.mark.parametrize(
    ("shape", "found"),
    [
        ((2, 7, 12, 16), [Layout("channels first", 12, 16)]),
        ((2, 12, 16, 7), [Layout("channels last", 12, 16)]),
        ((2, 7, 2, 2), [Layout("channels first", 2, 2)]),
        ((2, 7, 16, 12), []),
        ((2, 192, 7), [Layout("tokens", 12, 16, 0)]),
        ((2, 193, 7), [Layout("tokens", 12, 16, 1)]),
        ((2, 10, 7), [Layout("tokens", 2, 3, 4)]),
    ],
)
def test_maps_have_the_shape_of_the_input(shape, found):
    assert layouts(torch.zeros(shape), *SIZE) == found


class Tokens(nn.Module):
    """A patch a token, mixed by an operation that no receptive field can follow."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.patches, self.mix, self.fc = nn.Conv2d(3, 8, 8, 8), nn.Linear(8, 8), nn.Linear(8, 3)

    def forward(self, images):
        tokens = self.patches(images).flatten(2).transpose(1, 2)
        return self.fc(functional.relu(self.mix(tokens)).mean(1))


def test_tokens_lie_where_their_patches_do():
    loaded = explainable(Tokens().eval(), "net", replace(DEFAULT, input_size=SIZE))
    assert (loaded.layout.rows, loaded.layout.columns) == (6, 8)
    np.testing.assert_allclose(loaded.cell_centres, patch_centres(6, 8))
    np.testing.assert_allclose(loaded.cell_centres[0, :, 1], (np.arange(8) + 0.5) / 8)
    np.testing.assert_allclose(loaded.cell_centres[:, 0, 0], (np.arange(6) + 0.5) / 6)


@pytest.mark.parametrize("said", ["48x", "48x64x3", "0x64", "wide"])
def test_a_size_that_is_none_is_refused(said, capsys):
    with pytest.raises(SystemExit):
        main(["run", "--data", "x", "--name", "y", "--input-size", said])
    assert "--input-size" in capsys.readouterr().err


def test_a_side_beyond_the_limits_is_refused(pictures, tmp_path):
    with pytest.raises(DataError, match=r"--input-size is at least 32 and at most .* got 48x4096"):
        fm.precompute(network(), pictures, name="a", runs=tmp_path, input_size=(48, 4096))
