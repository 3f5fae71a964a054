"""Set-ups of pixels: scores of a run are those of the owner's pipeline, or a difference is told.

Each row is a way in which people store pictures and feed networks. The owner's pipeline is plain
torchvision; the run is made by the command line that the row has.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps
from torchvision import transforms as T
from torchvision.datasets.folder import default_loader
from torchvision.transforms import InterpolationMode

from fieldmarks.precompute.pipeline.stages import feeding
from tests.support.owner import (
    Judged,
    Owner,
    S,
    asked,
    assert_equal,
    blocks,
    run_of,
    save_rgb,
    write_folders,
)

pytestmark = pytest.mark.slow
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
HALF = ((0.5,) * 3, (0.5,) * 3)
CLIP = ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    # other ways to feed a network are tried where the owner forgot one, below
    monkeypatch.setattr(feeding, "N_JUDGED", 4)


# how files are stored


def rgba(path: Path, c: int, seed: int) -> None:
    """A cut-out product: its background is transparent and holds anything."""
    pixels = blocks(c, seed, 4)
    pixels[..., 3] = np.where(blocks((c + seed) % 3, seed + 50, 4)[..., 3].mean() > 90, 255, 60)
    pixels[: len(pixels) // 3, :, 3] = 0
    Image.fromarray(pixels).save(path.with_suffix(".png"))


def palette(path: Path, c: int, seed: int) -> None:
    image = Image.fromarray(blocks(c, seed)).quantize(16)
    image.save(path.with_suffix(".png"), transparency=seed % 5)


def grey_alpha(path: Path, c: int, seed: int) -> None:
    grey = blocks(c, seed, 1)[..., 0]
    Image.fromarray(np.dstack([grey, 255 - grey // 2])).save(path.with_suffix(".png"))


def tagged(path: Path, c: int, seed: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = (1, 3, 6, 8)[seed % 4]
    Image.fromarray(blocks(c, seed)).save(path.with_suffix(".jpg"), exif=exif, quality=95)


def twelve_bits(path: Path, c: int, seed: int) -> None:
    values = blocks(c, seed, 1)[..., 0].astype(np.uint16) * 16 + seed
    Image.fromarray(values).save(path.with_suffix(".png"))


def sixteen_bits(path: Path, c: int, seed: int) -> None:
    values = blocks(c, seed, 1)[..., 0].astype(np.uint16) * 257
    Image.fromarray(values).save(path.with_suffix(".png"))


def few_of_sixteen_bits(path: Path, c: int, seed: int) -> None:
    Image.fromarray(blocks(c, seed, 1)[..., 0].astype(np.uint16)).save(path.with_suffix(".png"))


def float_tiff(path: Path, c: int, seed: int) -> None:
    values = blocks(c, seed, 1)[..., 0].astype(np.float32) / 255
    Image.fromarray(values).save(path.with_suffix(".tif"))


def cmyk(path: Path, c: int, seed: int) -> None:
    Image.fromarray(blocks(c, seed, 4), "CMYK").save(path.with_suffix(".jpg"), quality=95)


def grey(path: Path, c: int, seed: int) -> None:
    Image.fromarray(blocks(c, seed, 1)[..., 0]).save(path.with_suffix(".jpg"), quality=95)


def one_bit(path: Path, c: int, seed: int) -> None:
    Image.fromarray(blocks(c, seed, 1)[..., 0]).convert("1").save(path.with_suffix(".png"))


def lossy(path: Path, c: int, seed: int) -> None:
    suffix = (".webp", ".bmp", ".ppm", ".JPG", ".jpeg")[seed % 5]
    Image.fromarray(blocks(c, seed)).save(path.with_suffix(suffix))


def pages(path: Path, c: int, seed: int) -> None:
    first, other = (Image.fromarray(blocks(k, seed)) for k in (c, (c + 1) % 3))
    first.save(path.with_suffix(".tiff"), save_all=True, append_images=[other])


def lab(path: Path, c: int, seed: int) -> None:
    Image.fromarray(blocks(c, seed), "LAB").save(path.with_suffix(".tif"))


def wide(path: Path, c: int, seed: int) -> None:
    pixels = np.concatenate([blocks(c, seed)[:70], blocks((c + 1) % 3, seed + 9)[:70]], axis=1)
    Image.fromarray(np.repeat(pixels, 1 + seed % 2, axis=1)).save(path.with_suffix(".png"))


def small(path: Path, c: int, seed: int) -> None:
    Image.fromarray(blocks(c, seed)[::4, ::5]).save(path.with_suffix(".png"))


# how an owner reads and feeds them


def upright(path: str) -> Image.Image:
    return ImageOps.exif_transpose(Image.open(path)).convert("RGB")


def on_white(path: str) -> Image.Image:
    image = Image.open(path).convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def over(white: float) -> Callable[[str], Image.Image]:
    """Read as `skimage.io.imread` does and divide by what is white."""

    def read(path: str) -> Image.Image:
        values = np.asarray(Image.open(path)).astype(np.float64) / white
        return Image.fromarray(np.round(255 * values.clip(0, 1)).astype(np.uint8)).convert("RGB")

    return read


def centre(resize: int = S, size: int = S, mode=InterpolationMode.BILINEAR) -> list:
    return [T.Resize(resize, mode), T.CenterCrop(size), T.ToTensor()]


def squeezed(side: int = S, mode=InterpolationMode.BILINEAR) -> list:
    return [T.Resize((side, side), mode), T.ToTensor()]


def caffe(image: torch.Tensor) -> torch.Tensor:
    """Blue first, 0 to 255, less the mean of ImageNet."""
    return 255 * image.flip(0) - torch.tensor([103.939, 116.779, 123.68]).view(3, 1, 1)


BICUBIC = InterpolationMode.BICUBIC
NORMAL = T.Normalize(*IMAGENET)
SIXTEEN = [*centre(), NORMAL]


class SetUp(NamedTuple):
    """Files, the owner's steps, the options of ``run``, and what has to be said."""

    save: Callable = save_rgb
    steps: list = SIXTEEN
    options: str = ""
    said: str = ""
    read: Callable = default_loader


EQUAL = {
    # resizing and cutting
    "Resize(s), CenterCrop(s)": SetUp(),
    "Resize(73), CenterCrop(64)": SetUp(steps=[*centre(73), NORMAL], options="--resize 73"),
    "bicubic": SetUp(
        steps=[*centre(mode=BICUBIC), NORMAL], options="--interpolation bicubic"
    ),
    "nearest": SetUp(
        steps=[*centre(mode=InterpolationMode.NEAREST), NORMAL], options="--interpolation nearest"
    ),
    "Resize((s, s))": SetUp(steps=[*squeezed(), NORMAL], options="--crop squeeze"),
    "Resize((s, s)) of wide pictures": SetUp(wide, [*squeezed(), NORMAL], "--crop squeeze"),
    "Resize((s, s)), bicubic": SetUp(
        steps=[*squeezed(mode=BICUBIC), NORMAL],
        options="--crop squeeze --interpolation bicubic",
    ),
    "Resize((72, 72)), CenterCrop(64)": SetUp(
        steps=[T.Resize((72, 72)), T.CenterCrop(S), T.ToTensor(), NORMAL],
        options="--crop squeeze --resize 72",
    ),
    "pictures smaller than the input": SetUp(small),
    "an input of 224": SetUp(steps=[*centre(256, 224), NORMAL],
                             options="--input-size 224 --resize 256"),
    "an input of 299": SetUp(steps=[*squeezed(299), NORMAL],
                             options="--input-size 299 --crop squeeze"),
    # numbers
    "normalised by one half": SetUp(
        steps=[*centre(), T.Normalize(*HALF)], options="--mean .5 .5 .5 --std .5 .5 .5"
    ),
    "normalised as CLIP": SetUp(
        steps=[*centre(mode=BICUBIC), T.Normalize(*CLIP)],
        options="--interpolation bicubic --mean {} {} {} --std {} {} {}".format(*CLIP[0], *CLIP[1]),
    ),
    "not normalised": SetUp(steps=centre(), options="--mean 0 0 0 --std 1 1 1"),
    "rescaled to [-1, 1], as TensorFlow": SetUp(
        steps=[*squeezed(), T.Lambda(lambda x: 255 * x / 127.5 - 1)],
        options="--crop squeeze --mean .5 .5 .5 --std .5 .5 .5",
    ),
    "0 to 255": SetUp(
        steps=[*centre(), T.Lambda(lambda x: 255 * x)],
        options="--mean 0 0 0 --std .0039215686 .0039215686 .0039215686",
    ),
    "blue first, as OpenCV": SetUp(
        steps=[*SIXTEEN, T.Lambda(lambda x: x.flip(0))], options="--channels bgr"
    ),
    "blue first, 0 to 255, as Caffe": SetUp(
        steps=[*centre(), T.Lambda(caffe)],
        options="--channels bgr --mean .48501961 .45795686 .40760392 "
        "--std .0039215686 .0039215686 .0039215686",
    ),
    # files
    "transparent, as ImageFolder reads it": SetUp(rgba, said="have transparent pixels"),
    "transparent, laid on white": SetUp(
        rgba, options="--alpha white", said="put on white", read=on_white
    ),
    "a palette with a transparent entry": SetUp(palette, said="have transparent pixels"),
    "grey with transparency": SetUp(grey_alpha, said="have transparent pixels"),
    "a camera's tag, as ImageFolder reads it": SetUp(
        tagged, said="have a camera's orientation tag: it is ignored"
    ),
    "a camera's tag, turned upright": SetUp(
        tagged, options="--orientation upright", said="rotated upright", read=upright
    ),
    "16 bits, as ImageFolder reads it": SetUp(few_of_sixteen_bits, said="more than 8 bits"),
    "12 bits over 4095": SetUp(
        twelve_bits, options="--depth 12", said="4095 is white", read=over(4095)
    ),
    "16 bits over 65535": SetUp(
        sixteen_bits, options="--depth 16", said="65535 is white", read=over(65535)
    ),
    "float TIFF in [0, 1]": SetUp(
        float_tiff, options="--depth unit", said="1.0 is white", read=over(1)
    ),
    "CMYK": SetUp(cmyk),
    "grey": SetUp(grey),
    "black or white": SetUp(one_bit),
    "WebP, BMP, PPM, JPG and jpeg": SetUp(lossy),
    "TIFF of two pages": SetUp(pages),
    "LAB": SetUp(lab),
}  # fmt: skip


def owner_of(folder: Path, set_up: SetUp) -> tuple[Owner, Judged]:
    """Write files and train the owner's network on them."""
    judged = Judged.of_folders(write_folders(folder / "data", set_up.save))
    steps = T.Compose(set_up.steps)
    owner = Owner.of_own_code(folder, lambda path: steps(set_up.read(path)))
    return owner.train(judged.train, folder / "net.pth"), judged


@pytest.mark.parametrize("name", EQUAL)
def test_scores_predictions_and_accuracy_are_those_of_the_owner(tmp_path, name):
    set_up = EQUAL[name]
    owner, judged = owner_of(tmp_path, set_up)
    run, said = run_of(tmp_path, set_up.options)
    assert_equal(run, said, owner, judged)
    notices = " ".join(line for kind in run.manifest["notices"].values() for line in kind)
    assert set_up.said in said
    assert set_up.said in notices


#: Options that an owner forgets, and what is said beside the question about the accuracy.
FORGOTTEN = {
    "Resize((s, s)) of wide pictures": "--crop squeeze",
    "normalised by one half": "--mean 0.5 0.5 0.5 --std 0.5 0.5 0.5",
    "not normalised": "--mean 0 0 0 --std 1 1 1",
    "blue first, as OpenCV": "--channels bgr",
    "transparent, laid on white": "--alpha white",
    "a camera's tag, turned upright": "(--orientation stored; else upright)",
    "16 bits over 65535": "--depth 16",
    "12 bits over 4095": "--depth 12",
    "float TIFF in [0, 1]": "--depth unit",
    "Resize(73), CenterCrop(64)": "--crop centre --resize 73",
}


@pytest.mark.parametrize("name", FORGOTTEN)
def test_a_forgotten_option_is_named_beside_another_accuracy(tmp_path, name, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    owner, judged = owner_of(tmp_path, EQUAL[name])
    run, said = run_of(tmp_path)
    by_path = dict(zip(run.images["path"], run.images["predicted_c"], strict=True))
    samples = [*judged.train, *judged.test]
    theirs, _ = owner.predictions(samples)
    names = [str(Path(path).relative_to(tmp_path / "data")) for path, _ in samples]
    assert [by_path[name] for name in names] != list(theirs)
    here = (run.images["predicted_c"] == run.images["true_c"])[~run.images["is_train"]].mean()
    question = asked(said)
    assert f"accuracy here {here:.1%} on 24 test images: is this yours?" in question
    assert FORGOTTEN[name] in said
    assert [question.removeprefix("note: ")] == run.manifest["notices"]["accuracy"]
