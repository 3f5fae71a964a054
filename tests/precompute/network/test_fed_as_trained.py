"""Each way to train: what a network is fed here and predicts is what its owner's pipeline gives."""

import json
import runpy

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import transforms
from torchvision.datasets.folder import default_loader
from torchvision.models import get_model_weights

from fieldmarks.core.errors import DataError
from fieldmarks.precompute.data.crop import load_crop
from fieldmarks.precompute.network.forward import Forward
from fieldmarks.precompute.network.image_processor import of_hf
from fieldmarks.precompute.network.loading import load_network
from fieldmarks.precompute.network.preprocessing import (
    DEFAULT,
    Preprocessing,
    of_timm,
    of_torchvision,
    resized,
)
from fieldmarks.precompute.network.settings import NetworkSettings

S = 64
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
NET = """
from torch import nn

def net(num_classes):
    return nn.Sequential(
        nn.Conv2d(3, 8, 5, 2), nn.ReLU(), nn.Conv2d(8, 12, 5, 2), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(12, num_classes)
    )
"""


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Pictures of several shapes with gradients and edges, as files."""
    folder, rng = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for i, (width, height) in enumerate([(120, 90), (90, 130), (201, 77), (64, 64), (150, 151)]):
        blocks = rng.integers(0, 256, (6, 7, 4 if i == 1 else 3), np.uint8)
        image = Image.fromarray(blocks).resize((width, height), Image.Resampling.BICUBIC)
        exif = Image.Exif()
        exif[0x0112] = 6 if i == 2 else 1
        image.save(folder / f"{i}.png", exif=exif)
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """A network of somebody's own: its file, its weights, and itself."""
    folder = tmp_path_factory.mktemp("theirs")
    (folder / "net.py").write_text(NET)
    torch.manual_seed(0)
    net = runpy.run_path(str(folder / "net.py"))["net"](4).eval()
    torch.save(net.state_dict(), folder / "net.pth")
    return folder, net


def loaded(theirs, **options):
    folder, _ = theirs
    settings = NetworkSettings(f"{folder / 'net.py'}:net", **options)
    return load_network(settings, folder / "net.pth", S, num_classes=4, has_boxes=False)


def seen(path, fed):
    return np.asarray(load_crop(path, None, fed.input_size, fed)[0])


TORCHVISION = {
    "Resize(s), CenterCrop(s)": ({}, [transforms.Resize(S), transforms.CenterCrop(S)]),
    "Resize(73), CenterCrop(64)": (
        {"resize": 73},
        [transforms.Resize(73), transforms.CenterCrop(S)],
    ),
    "Resize((s, s))": ({"crop": "squeeze"}, [transforms.Resize((S, S))]),
    "Resize((s, s)), bicubic": (
        {"crop": "squeeze", "interpolation": "bicubic"},
        [transforms.Resize((S, S), transforms.InterpolationMode.BICUBIC)],
    ),
}


@pytest.mark.parametrize("case", TORCHVISION)
@pytest.mark.parametrize("channels", ["rgb", "bgr"])
@pytest.mark.parametrize("normalised", [IMAGENET, ((0.5,) * 3, (0.25,) * 3)])
def test_transforms_of_torchvision(theirs, pictures, case, channels, normalised):
    options, steps = TORCHVISION[case]
    mean, std = normalised
    model = loaded(theirs, mean=mean, std=std, channels=channels, **options)
    pipeline = transforms.Compose([*steps, transforms.ToTensor(), transforms.Normalize(mean, std)])
    forward = Forward(model, torch.device("cpu"))
    for path in pictures:
        pixels = seen(path, model.preprocessing)
        image = default_loader(str(path))
        np.testing.assert_array_equal(pixels, np.asarray(transforms.Compose(steps)(image)))
        batch = pipeline(image)[None]
        with torch.no_grad():
            expected = theirs[1](batch.flip(1) if channels == "bgr" else batch)
        scores = forward(torch.from_numpy(pixels[None].copy())).arrays()["logits"]
        np.testing.assert_allclose(scores, expected, atol=1e-5)
        assert scores.argmax() == expected.argmax()


def test_a_network_of_blue_green_red_keeps_its_geometry(theirs):
    plain, turned = loaded(theirs), loaded(theirs, channels="bgr")
    np.testing.assert_array_equal(plain.cell_centres, turned.cell_centres)
    assert plain.receptive_field == turned.receptive_field
    np.testing.assert_array_equal(plain.class_weights, turned.class_weights)


def test_a_picture_is_not_resized_to_less_than_the_input(theirs):
    with pytest.raises(DataError, match="--resize is at least the network's input of 64 pixels"):
        loaded(theirs, resize=32)
    assert resized(DEFAULT, 256).crop_share == 0.875


@pytest.mark.parametrize("name", ["resnet50", "efficientnet_b0", "efficientnet_b3", "swin_t",
                                  "vit_b_16", "regnet_y_400mf"])  # fmt: skip
def test_weights_that_torchvision_publishes(pictures, name):
    weights = get_model_weights(name).DEFAULT
    fed = of_torchvision(weights).over(Preprocessing(crop="centre")).over(DEFAULT)
    preset = weights.transforms()
    for path in pictures:
        # the preset's own pixels, before it normalises them
        pixels = torch.from_numpy(seen(path, fed).copy()).permute(2, 0, 1) / 255
        ours = (pixels - torch.tensor(fed.mean)[:, None, None]) / torch.tensor(fed.std)[
            :, None, None
        ]
        np.testing.assert_allclose(ours, preset(default_loader(str(path))), atol=1e-5)


TIMM = {
    "centre": {"crop_pct": 0.875},
    "another share": {"crop_pct": 0.9, "interpolation": "bilinear"},
    "squash": {"crop_pct": 1.0, "crop_mode": "squash"},
    "squash and crop": {"crop_pct": 0.95, "crop_mode": "squash"},
}


@pytest.mark.parametrize("case", TIMM)
def test_transforms_of_timm(pictures, case):
    data = pytest.importorskip("timm.data")
    config = {
        "input_size": (3, S, S),
        "interpolation": "bicubic",
        "mean": (0.5, 0.5, 0.5),
        "std": (0.5, 0.5, 0.5),
        "crop_mode": "center",
        **TIMM[case],
    }
    fed = of_timm(config).over(Preprocessing(crop="centre")).over(DEFAULT)
    transform = data.create_transform(**config, is_training=False)
    for path in pictures:
        pixels = transform(default_loader(str(path))) * 0.5 + 0.5
        theirs = (pixels * 255).round().permute(1, 2, 0).numpy()
        np.testing.assert_array_equal(seen(path, fed), theirs)


PROCESSORS = {
    "ViTImageProcessor": {"size": {"height": S, "width": S}},
    "ConvNextImageProcessor": {"size": {"shortest_edge": S}},
    "BeitImageProcessor": {
        "size": {"height": 80, "width": 80}, "crop_size": {"height": S, "width": S},
        "do_center_crop": True,
    },
    "CLIPImageProcessor": {
        "size": {"shortest_edge": S}, "crop_size": {"height": S, "width": S}
    },
    "MobileNetV2ImageProcessor": {
        "size": {"shortest_edge": 74}, "crop_size": {"height": S, "width": S}
    },
    "LevitImageProcessor": {
        "size": {"shortest_edge": S}, "crop_size": {"height": S, "width": S}
    },
    "EfficientNetImageProcessor": {
        "size": {"height": S, "width": S}, "rescale_factor": 1 / 127.5, "rescale_offset": True,
        "resample": 2,
    },
    "MobileViTImageProcessor": {
        "size": {"shortest_edge": 74}, "crop_size": {"height": S, "width": S}
    },
}  # fmt: skip


@pytest.mark.parametrize("kind", PROCESSORS)
def test_image_processors_of_transformers(pictures, tmp_path, kind):
    transformers = pytest.importorskip("transformers")
    (tmp_path / "preprocessor_config.json").write_text(
        json.dumps({"image_processor_type": kind, **PROCESSORS[kind]})
    )
    processor = transformers.AutoImageProcessor.from_pretrained(tmp_path, backend="pil")
    fed = of_hf(tmp_path, processor.to_dict()).over(Preprocessing(crop="centre")).over(DEFAULT)
    assert fed.input_size == S
    for path in pictures:
        image = default_loader(str(path))
        theirs = np.asarray(processor(image, return_tensors="np")["pixel_values"][0])
        pixels = seen(path, fed).transpose(2, 0, 1) / 255
        ours = (pixels - np.array(fed.mean)[:, None, None]) / np.array(fed.std)[:, None, None]
        ours = ours[::-1] if fed.channels == "bgr" else ours
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


@pytest.mark.slow
def test_a_vit_of_transformers_predicts_what_its_own_pipeline_does(pictures, tmp_path):
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = transformers.ViTConfig(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        image_size=S, patch_size=16, num_labels=4,
    )  # fmt: skip
    net = transformers.ViTForImageClassification(config).eval()
    net.save_pretrained(tmp_path)
    transformers.ViTImageProcessor(size={"height": S, "width": S}).save_pretrained(tmp_path)
    processor = transformers.AutoImageProcessor.from_pretrained(tmp_path, backend="pil")
    settings = NetworkSettings(f"hf:{tmp_path}")
    model = load_network(settings, None, num_classes=4, has_boxes=False)
    assert model.preprocessing.crop == "squeeze"
    forward = Forward(model, torch.device("cpu"))
    for path in pictures:
        scores = forward(torch.from_numpy(seen(path, model.preprocessing)[None].copy())).arrays()
        with torch.no_grad():
            theirs = net(**processor(default_loader(str(path)), return_tensors="pt")).logits
        np.testing.assert_allclose(scores["logits"], theirs, atol=1e-4)


@pytest.mark.parametrize(
    ("config", "crop", "size", "share"),
    [
        ({"size": 224, "feature_extractor_type": "ViTFeatureExtractor"}, "squeeze", 224, 1),
        ({"size": 224, "crop_size": 224, "do_center_crop": True,
          "feature_extractor_type": "CLIPFeatureExtractor"}, "centre-floor", 224, 1),
        ({"size": 224, "crop_pct": 0.875,
          "feature_extractor_type": "ConvNextFeatureExtractor"}, "centre-floor", 224, 0.875),
        ({"size": 384, "feature_extractor_type": "ConvNextFeatureExtractor"}, "squeeze", 384, 1),
        ({"size": {"shortest_edge": 256}, "crop_size": {"height": 224, "width": 224},
          "do_center_crop": True}, "centre-floor", 224, 0.875),
    ],
)  # fmt: skip
def test_a_file_of_an_older_processor_is_read_as_it_was_meant(tmp_path, config, crop, size, share):
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(config))
    fed = of_hf(tmp_path)
    assert (fed.crop, fed.input_size, fed.crop_share) == (crop, size, share)


def test_a_processor_that_does_not_normalise_leaves_pixels_in_0_to_1(tmp_path):
    config = {"size": 64, "do_normalize": False, "do_flip_channel_order": True}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(config))
    fed = of_hf(tmp_path)
    assert (fed.mean, fed.std, fed.channels) == ((0, 0, 0), (1, 1, 1), "bgr")
