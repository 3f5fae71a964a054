"""Set-ups of libraries: networks of torchvision, timm and transformers, fed as these feed them.

``run`` is given the network's name or folder and no word of how images are fed.
"""

import json

import pytest
import torch
import torchvision
from torchvision.datasets.folder import default_loader

from tests.support.owner import CLASSES, Judged, Owner, assert_equal, run_of, write_folders

pytestmark = pytest.mark.slow


@pytest.fixture
def data(tmp_path, monkeypatch):
    """Pictures in folders of splits and classes."""
    return write_folders(tmp_path / "data", n={"train": 6, "test": 4})


def seeded(build):
    torch.manual_seed(0)
    return build().eval()


TORCHVISION = ("resnet18", "mobilenet_v2", "shufflenet_v2_x0_5")


@pytest.mark.parametrize("name", TORCHVISION)
def test_a_network_of_torchvision_is_fed_by_the_transforms_of_its_weights(tmp_path, data, name):
    model = seeded(lambda: torchvision.models.get_model(name, num_classes=3))
    preset = torchvision.models.get_model_weights(name).DEFAULT.transforms()
    owner = Owner(model, lambda path: preset(default_loader(path)))
    owner.train(Judged.of_folders(data).train, tmp_path / "net.pth")
    run, said = run_of(tmp_path, f"--network torchvision:{name}")
    assert_equal(run, said, owner, Judged.of_folders(data), atol=0.02)


TIMM = {
    "resnet10t": {},
    "convnext_atto": {},
    "vit_tiny_patch16_224": {},
    "test_resnet": {},
    "mobilenetv4_conv_small": {},
}


@pytest.mark.parametrize("name", TIMM)
def test_a_network_of_timm_is_fed_by_its_own_configuration(tmp_path, data, name):
    timm = pytest.importorskip("timm")
    model = seeded(lambda: timm.create_model(name, num_classes=3))
    config = timm.data.resolve_model_data_config(model)
    transform = timm.data.create_transform(**config, is_training=False)
    owner = Owner(model, lambda path: transform(default_loader(path)))
    owner.train(Judged.of_folders(data).train, tmp_path / "net.pth")
    run, said = run_of(tmp_path, f"--network timm:{name}")
    assert_equal(run, said, owner, Judged.of_folders(data), atol=0.02)


def vit(**changes):
    import transformers

    config = transformers.ViTConfig(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        image_size=64, patch_size=16, num_labels=3, **names(),
    )  # fmt: skip
    return transformers.ViTForImageClassification(config)


def resnet():
    import transformers

    config = transformers.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 12], depths=[1, 1], layer_type="basic", num_labels=3,
        **names(),
    )  # fmt: skip
    return transformers.ResNetForImageClassification(config)


def names():
    return {
        "id2label": dict(enumerate(CLASSES)),
        "label2id": {name: c for c, name in enumerate(CLASSES)},
    }


S = 64
PROCESSORS = {
    "not square": (resnet, "ViTImageProcessor", {"size": {"height": S, "width": 48}}),
    "ViT squeezes": (vit, "ViTImageProcessor", {"size": {"height": S, "width": S}}),
    "ConvNeXt cuts by its share": (
        resnet, "ConvNextImageProcessor", {"size": {"shortest_edge": S}, "crop_pct": 0.875},
    ),
    "ConvNeXt of 384 squeezes": (
        resnet, "ConvNextImageProcessor", {"size": {"shortest_edge": 384}},
    ),
    "CLIP: shorter side, bicubic, its own mean": (
        resnet, "CLIPImageProcessor",
        {"size": {"shortest_edge": S}, "crop_size": {"height": S, "width": S}},
    ),
    "without a mean": (
        resnet, "ViTImageProcessor", {"size": {"height": S, "width": S}, "do_normalize": False},
    ),
    "BiT": (
        resnet, "BitImageProcessor",
        {"size": {"shortest_edge": 74}, "crop_size": {"height": S, "width": S}},
    ),
    "blue first": (
        resnet, "MobileViTImageProcessor",
        {"size": {"shortest_edge": 74}, "crop_size": {"height": S, "width": S}},
    ),
    "twice normalised, [-1, 1]": (
        resnet, "EfficientNetImageProcessor",
        {"size": {"height": S, "width": S}, "rescale_factor": 1 / 127.5, "rescale_offset": True,
         "resample": 2},
    ),
}  # fmt: skip


def owner_of(folder, data, build, kind="", config=None) -> Owner:
    """Return the owner of a network that is saved in a folder with its image processor."""
    transformers = pytest.importorskip("transformers")
    model = seeded(build)
    model.save_pretrained(folder)
    if kind:
        text = json.dumps({"image_processor_type": kind, **(config or {})})
        (folder / "preprocessor_config.json").write_text(text)
    processor = transformers.AutoImageProcessor.from_pretrained(folder, backend="pil")

    def pipeline(path):
        return torch.as_tensor(
            processor(default_loader(path), return_tensors="pt")["pixel_values"][0]
        )

    owner = Owner(model, pipeline).train(Judged.of_folders(data).train)
    model.save_pretrained(folder)
    return owner


@pytest.mark.parametrize("name", PROCESSORS)
def test_a_folder_of_transformers_is_fed_by_its_processor(tmp_path, data, name):
    owner = owner_of(tmp_path / "hf", data, *PROCESSORS[name])
    run, said = run_of(tmp_path, f"--network hf:{tmp_path / 'hf'}")
    assert_equal(run, said, owner, Judged.of_folders(data), atol=0.02)
    assert run.classes["name"].tolist() == list(CLASSES)


def test_a_network_of_timm_in_a_folder_of_transformers_is_fed_by_its_configuration(tmp_path, data):
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("timm")
    config = transformers.TimmWrapperConfig(
        architecture="resnet10t", num_labels=3, **names(),
        pretrained_cfg={
            "input_size": [3, 96, 96], "mean": [0.5] * 3, "std": [0.5] * 3, "crop_pct": 0.9,
            "interpolation": "bicubic", "num_classes": 3,
        },
    )  # fmt: skip
    owner = owner_of(
        tmp_path / "hf", data, lambda: transformers.TimmWrapperForImageClassification(config)
    )
    run, said = run_of(tmp_path, f"--network hf:{tmp_path / 'hf'}")
    assert_equal(run, said, owner, Judged.of_folders(data), atol=0.02)
    assert run.classes["name"].tolist() == list(CLASSES)


#: Processors that do what cannot be done here, and what is said of each.
UNLIKE = {
    "not resized": ({"do_resize": False}, "but the network gets 64 x 64"),
    "not cut": ({"size": {"shortest_edge": S}, "do_center_crop": False}, "makes 96 x 64 pixels"),
    "cut larger than it is resized": (
        {"size": {"shortest_edge": S}, "crop_size": {"height": 80, "width": 80}},
        "gives other pixels than the preprocessing here, by up to 255 of 255",
    ),
    "resized by boxes": ({"resample": 4}, "gives other pixels than the preprocessing here"),
}


@pytest.mark.parametrize("name", UNLIKE)
def test_what_a_processor_does_that_is_not_done_here_is_told(tmp_path, data, name):
    config, told = UNLIKE[name]
    kind = (
        "CLIPImageProcessor" if "shortest_edge" in config.get("size", {}) else "ViTImageProcessor"
    )
    owner_of(tmp_path / "hf", data, resnet, kind, {"size": {"height": S, "width": S}, **config})
    run, said = run_of(tmp_path, f"--network hf:{tmp_path / 'hf'}")
    assert f"note: the image processor of {tmp_path / 'hf'}" in said
    assert told in said
    assert told in run.manifest["notices"]["network"][0]


def test_a_configuration_of_timm_that_is_not_square_is_told(tmp_path, data, monkeypatch):
    timm = pytest.importorskip("timm")
    model = seeded(lambda: timm.create_model("resnet10t", num_classes=3))
    torch.save(model.state_dict(), tmp_path / "net.pth")
    config = {**timm.data.resolve_model_data_config(model), "input_size": (3, 96, 64)}
    monkeypatch.setattr(timm.data, "resolve_model_data_config", lambda _: config)
    run, said = run_of(tmp_path, "--network timm:resnet10t")
    assert "note: the transform of timm gives other pixels than the preprocessing here" in said
    assert "the transform of timm gives other pixels" in run.manifest["notices"]["network"][0]
    assert run.manifest["input_size"] == [96, 64]
