"""Whether somebody's own network is fed what it was trained on: what is tried, found and said."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from fieldmarks.precompute.data.decoding import Decoder
from fieldmarks.precompute.data.read import read_dataset
from fieldmarks.precompute.data.source import DataSource
from fieldmarks.precompute.network.forward import Forward
from fieldmarks.precompute.network.loading import load_network
from fieldmarks.precompute.network.preprocessing import DEFAULT
from fieldmarks.precompute.network.settings import NetworkSettings
from fieldmarks.precompute.pipeline.notices import accuracy_notice, picture_notices
from fieldmarks.precompute.pipeline.stages.feeding import other_ways, try_ways
from tests.support.pages import said as said_on_page
from tests.support.pages import visit
from tests.support.tiny_birds import run_tiny

S, N = 64, 40
#: A network that says which of red, green and blue a picture has most of.
NET = """
import torch
from torch import nn

def colours(num_classes):
    net = nn.Sequential(
        nn.Conv2d(3, 3, 1, bias=False), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(3, 3),
    )
    with torch.no_grad():
        net[0].weight.copy_(torch.eye(3)[:, :, None, None])
        net[4].weight.copy_(10 * torch.eye(3))
        net[4].bias.zero_()
    return net
"""
CLASSES = ("a blue", "b green", "c red")
COLOURS = ((40, 40, 220), (40, 220, 40), (220, 40, 40))


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def plain(colour, rng) -> Image.Image:
    pixels = np.array(colour) + rng.integers(-30, 30, (64, 64, 3))
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def at_the_ends(colour, rng) -> Image.Image:
    """A picture whose class is seen at its ends only: the square in the middle has another."""
    pixels = rng.integers(0, 60, (64, 256, 3))
    pixels[:, 80:176] += np.roll(np.array(colour), rng.integers(0, 3)) // 3
    pixels[:, :70] += colour
    pixels[:, 186:] += colour
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def transparent(colour, rng) -> Image.Image:
    """A picture of one colour where it is opaque, on another colour that cannot be seen."""
    alpha = np.zeros((64, 64), np.uint8)
    alpha[20:44, 20:44] = 255
    hidden = np.array(plain(np.roll(np.array(colour), rng.integers(0, 3)), rng))
    hidden[20:44, 20:44] = np.array(plain(colour, rng))[20:44, 20:44]
    return Image.fromarray(np.dstack([hidden, alpha]), "RGBA")


def write(folder, draw):
    rng = np.random.default_rng(0)
    for name, colour in zip(CLASSES, COLOURS, strict=True):
        for split, n in (("train", 4), ("test", N)):
            (folder / split / name).mkdir(parents=True)
            for i in range(n):
                draw(colour, rng).save(folder / split / name / f"{i}.png")
                text = folder / split / name / f"{i}.txt"
                text.write_text(f"a {name[2:]} thing with a {['big', 'small'][i % 2]} edge\n")
    return folder


def tried(tmp_path, draw, trained_on=CLASSES, **options):
    """Return what is found of a network whose scores are of the classes in this order."""
    code = tmp_path / "net.py"
    code.write_text(NET)
    dataset = read_dataset(DataSource(write(tmp_path / "data", draw)))
    settings = NetworkSettings(f"{code}:colours", mean=(0,) * 3, std=(1,) * 3, **options)
    torch.save(_state(code), tmp_path / "net.pth")
    model = load_network(settings, tmp_path / "net.pth", S, num_classes=3, has_boxes=False)
    # its scores are of red, green and blue, the classes blue, green and red
    model = model.in_order([["c red", "b green", "a blue"].index(name) for name in trained_on])
    device = torch.device("cpu")
    decoder = Decoder(dataset, model.preprocessing, 1)
    xs = np.arange(len(dataset.images))
    forward = Forward(model, device)
    logits = forward(decoder.pixels(xs)).arrays()["logits"]
    affected = [decoder._crop(x).affected for x in xs]
    return try_ways(
        model, dataset, lambda: Forward(model, device), logits, np.ones(len(xs), bool), affected
    )


def _state(code):
    import runpy

    return runpy.run_path(str(code))["colours"](3).state_dict()


def best(told) -> str:
    return told["tried"][0]["option"]


def test_a_network_that_is_right_is_not_tried(tmp_path):
    told = tried(tmp_path, plain)
    assert (told["accuracy"], told["images"], told["tried"]) == (1.0, 3 * N, [])


FORGOTTEN = {
    "squeezed, not cut": (at_the_ends, {}, CLASSES, "--crop squeeze --resize 64"),
    "laid on white or grey": (transparent, {}, CLASSES, "--alpha"),
    "blue first": (plain, {}, ("c red", "b green", "a blue"), "--channels bgr"),
}


@pytest.mark.parametrize("case", FORGOTTEN)
def test_what_was_forgotten_is_named_first_with_what_it_gives(tmp_path, case):
    draw, options, trained_on, expected = FORGOTTEN[case]
    told = tried(tmp_path, draw, trained_on, **options)
    assert told["accuracy"] < 0.6
    assert len(told["tried"]) == 3
    assert best(told).startswith(expected)
    first = told["tried"][0]
    assert first["before"] == pytest.approx(told["accuracy"], abs=0.05)
    assert first["images"] == 132  # of which the last 12 are training images
    assert first["after"] > 0.95
    (sentence,) = accuracy_notice(told)
    assert f"accuracy here {told['accuracy']:.1%} on 120 test images: is this yours?" in sentence
    assert f"{best(told)} raises it" in sentence
    assert all(way["option"] in sentence for way in told["tried"])


def test_the_options_that_are_named_do_what_was_tried(tmp_path):
    for name in ("as it is", "as told"):
        (tmp_path / name).mkdir()
    before = tried(tmp_path / "as it is", at_the_ends)
    after = tried(tmp_path / "as told", at_the_ends, crop="squeeze", resize=S)
    assert after["accuracy"] == before["tried"][0]["after"]


def test_a_network_that_knows_no_better_is_told_so(tmp_path):
    def noise(colour, rng):
        return Image.fromarray(rng.integers(0, 256, (64, 64, 3), np.uint8))

    told = tried(tmp_path, noise)
    assert told["accuracy"] < 0.6
    (sentence,) = accuracy_notice(told)
    assert "No common variation of the preprocessing raises it. Tried: " in sentence


def test_ways_are_other_ways_and_each_is_an_option_of_the_command_line():
    import argparse

    from fieldmarks.precompute.network.settings import add_network_arguments, network_of

    parser = argparse.ArgumentParser()
    parser.add_argument("--input-size", type=int)
    add_network_arguments(parser)
    for fed in (DEFAULT, replace(DEFAULT, crop="squeeze", channels="bgr", alpha="white")):
        for option, (way, _) in other_ways(fed, has_boxes=True).items():
            assert way != fed
            args = parser.parse_args(option.split())
            network_of(args)


def test_pictures_that_a_choice_matters_for_are_counted_in_words():
    class Model:
        preprocessing = replace(DEFAULT, orientation="upright")

    lines = picture_notices({"alpha": 12, "depth": 0, "orientation": 1300}, 2000, Model())
    assert lines == [
        (
            "12 of 2,000 pictures have transparent pixels: transparency is dropped, as "
            "torchvision's ImageFolder does (--alpha drop; else grey or white)"
        ),
        (
            "1,300 of 2,000 pictures have a camera's orientation tag: they are rotated upright, "
            "and boxes refer to the rotated picture (--orientation upright; else stored)"
        ),
    ]


@pytest.mark.slow
def test_a_run_says_so_in_the_terminal_and_on_the_overview(tmp_path, monkeypatch):
    code = tmp_path / "net.py"
    code.write_text(NET)
    torch.save(_state(code), tmp_path / "net.pth")
    folder = write(tmp_path / "data", transparent)
    for name in CLASSES:  # no split is left
        (folder / "train" / name).rename(folder / name)
        for path in (folder / "test" / name).iterdir():
            path.rename(folder / name / f"t{path.name}")
        (folder / "test" / name).rmdir()
    (folder / "train").rmdir()
    (folder / "test").rmdir()
    (folder / "empty").mkdir()
    (tmp_path / "classes.txt").write_text("c red\nb green\na blue\n")
    network = NetworkSettings(
        f"{code}:colours", mean=(0.0,) * 3, std=(1.0,) * 3, classes=str(tmp_path / "classes.txt")
    )
    said = run_tiny(
        tmp_path, tmp_path / "runs", source=DataSource(folder), network=network, input_size=S,
        checkpoint=tmp_path / "net.pth",
    )  # fmt: skip
    assert said[0].startswith("note: test images may have been used for training: no split")
    assert any("1 class folders hold no picture that can be read: empty" in line for line in said)
    (asked,) = [line for line in said if "is this yours?" in line]
    assert "--alpha" in asked
    assert any("132 of 132 pictures have transparent pixels" in line for line in said)
    manifest = json.loads((tmp_path / "runs" / "tiny" / "manifest.json").read_text())
    notices = [line for kind in manifest["notices"].values() for line in kind]
    assert [f"note: {line}" in said for line in notices] == [True] * 3
    monkeypatch.setenv("FIELDMARKS_RUNS", str(tmp_path / "runs"))
    page = said_on_page(visit())
    assert "Test images may have been used for training" in page
    assert "is this yours?" in page
    assert "have transparent pixels" in page
    again = run_tiny(
        tmp_path, tmp_path / "runs", source=DataSource(folder), network=network, input_size=S,
        checkpoint=tmp_path / "net.pth",
    )  # fmt: skip
    assert again == ["run 'tiny' is up to date"]
