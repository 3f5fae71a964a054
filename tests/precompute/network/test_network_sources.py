"""Networks by name, any state dict, and what they are fed."""

import argparse
import json
from collections import OrderedDict

import numpy as np
import pytest
import torch
import torchvision
from torch import nn
from torch.nn import functional

from fieldmarks.core.errors import DataError, FieldmarksError, ModelError
from fieldmarks.core.head import LINEAR
from fieldmarks.precompute.network.checkpoint import Checkpoint, write_checkpoint
from fieldmarks.precompute.network.loading import load_network
from fieldmarks.precompute.network.settings import NetworkSettings
from fieldmarks.precompute.network.sources import build_network, torchvision_names
from fieldmarks.precompute.network.weights import load_state
from fieldmarks.precompute.network.weights_file import read_weights

C, S = 3, 32
CODE = """
import torch
from torch import nn
from torch.nn import functional

class Net(nn.Module):
    def __init__(self, num_classes=1000, width=6):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(3, width, 3, 4), nn.Linear(width, num_classes)

    def forward(self, images):
        return self.fc(functional.relu(self.conv(images)).mean((2, 3)))

    @classmethod
    def from_name(cls, name):
        return cls(width={"narrow": 6, "wide": 9}[name])

def broken():
    raise RuntimeError("no such\\nvariant")

def number():
    return 7
"""


class Net(nn.Module):
    def __init__(self, num_classes=C, width=6):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(3, width, 3, 4), nn.Linear(width, num_classes)

    def forward(self, images):
        return self.fc(functional.relu(self.conv(images)).mean((2, 3)))


@pytest.fixture(scope="module")
def code(tmp_path_factory):
    path = tmp_path_factory.mktemp("own") / "mynet.py"
    path.write_text(CODE)
    return path


@pytest.fixture(scope="module")
def state():
    torch.manual_seed(0)
    return Net().state_dict()


def load(code, path, function="Net", args=(), **changes):
    settings = NetworkSettings(f"{code}:{function}", tuple(args), **changes)
    return load_network(settings, path, S, num_classes=C)


WRAPPED = {
    "plain": lambda s: s,
    "state_dict": lambda s: {"state_dict": s, "epoch": 3, "args": argparse.Namespace(lr=0.1)},
    "model": lambda s: {"model": s, "optimizer": {"state": {}}},
    "data parallel": lambda s: {f"module.{k}": v for k, v in s.items()},
    "compiled": lambda s: {f"_orig_mod.{k}": v for k, v in s.items()},
    "compiled within": lambda s: {f"module._orig_mod.{k}": v for k, v in s.items()},
    "Lightning": lambda s: {
        "state_dict": {f"net.{k}": v for k, v in s.items()} | {"loss.weight": torch.ones(C)},
        "pytorch-lightning_version": "2.5",
    },
    "moving average": lambda s: {
        "model": {k: v * 0 for k, v in s.items()},
        "model_ema": {f"module.{k}": v for k, v in s.items()} | {"n_averaged": torch.tensor(9)},
    },
    "ordered": OrderedDict,
}


@pytest.mark.parametrize("case", WRAPPED)
def test_weights_are_found_however_a_training_stored_them(code, state, tmp_path, case):
    torch.save(WRAPPED[case](state), tmp_path / "mine.pth")
    loaded = load(code, tmp_path / "mine.pth")
    assert loaded.head.kind == LINEAR
    np.testing.assert_array_equal(loaded.class_weights, state["fc.weight"])


def zeros(state, prefix=""):
    return {f"{prefix}{k}": v * 0 for k, v in state.items()}


def below(state, prefix):
    return {f"{prefix}{k}": v for k, v in state.items()}


SEVERAL = {
    "student and teacher": (
        lambda s: {"student": zeros(s), "teacher": s, "epoch": 3},
        "under 'teacher'; others fit, too: --weights-key student",
    ),
    "prefixes of names": (
        lambda s: {"state_dict": zeros(s, "model.") | below(s, "ema_model.module.")},
        "others fit, too: --weights-key state_dict.model",
    ),
    "a moving average within": (
        lambda s: {"state": {"net": zeros(s), "net_ema": s}},
        "under 'state.net_ema'",
    ),
    "a student beside a larger teacher": (
        lambda s: {"student": s, "teacher": s | {"conv.other": s["fc.bias"]}},
        None,
    ),
    "parts stored apart": (
        lambda s: {
            "conv": {k[5:]: v for k, v in s.items() if k.startswith("conv.")},
            "fc": {k[3:]: v for k, v in s.items() if k.startswith("fc.")},
            "optimizer": {"state": {0: {"step": torch.tensor(1)}}},
        },
        None,
    ),
    "classifier": (lambda s: {"classifier": s, "loss": {"weight": torch.ones(C)}}, None),
}


@pytest.mark.parametrize("case", SEVERAL)
def test_of_several_weights_the_likeliest_that_fits_is_taken_and_told(code, state, tmp_path, case):
    stored, told = SEVERAL[case]
    torch.save(stored(state), tmp_path / "mine.pth")
    loaded = load(code, tmp_path / "mine.pth")
    np.testing.assert_array_equal(loaded.class_weights, state["fc.weight"])
    notes = [note for note in loaded.notes if "--weights-key" in note]
    assert len(notes) == (told is not None)
    assert told is None or told in notes[0]


@pytest.mark.parametrize(
    ("key", "stored"),
    [
        ("student", lambda s: {"student": s, "teacher": zeros(s)}),
        ("model", lambda s: {"model": below(s, "module."), "model_ema": zeros(s)}),
        ("state.raw", lambda s: {"state": {"raw": s, "ema": zeros(s)}}),
        ("student", lambda s: {"state_dict": below(s, "student.") | zeros(s, "teacher.")}),
        (
            "state_dict.student",
            lambda s: {"state_dict": below(s, "student.net.") | zeros(s, "ema.")},
        ),
    ],
)
def test_a_key_takes_others(code, state, tmp_path, key, stored):
    torch.save(stored(state), tmp_path / "mine.pth")
    loaded = load(code, tmp_path / "mine.pth", weights_key=key)
    np.testing.assert_array_equal(loaded.class_weights, state["fc.weight"])
    assert not [note for note in loaded.notes if "--weights-key" in note]


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        (lambda s: {"student": s, "teacher": s}, "under 'ema': --weights-key: give one of teacher"),
        (lambda s: below(s, "student.") | zeros(s, "teacher."), "give one of student, teacher"),
        (lambda s: s, "under 'ema': --weights-key: leave it out"),
    ],
)
def test_an_unknown_key_is_told_with_those_that_there_are(code, state, tmp_path, stored, message):
    torch.save(stored(state), tmp_path / "mine.pth")
    with pytest.raises(DataError, match=message):
        load(code, tmp_path / "mine.pth", weights_key="ema")


def test_weights_of_another_network_are_told_with_the_keys_of_the_file(code, state, tmp_path):
    other = {"layer.weight": torch.ones(2)}
    torch.save({"student": other, "teacher": other}, tmp_path / "mine.pth")
    with pytest.raises(ModelError, match=r"holds weights under teacher, student: --weights-key"):
        load(code, tmp_path / "mine.pth")


def test_safetensors_are_read(code, state, tmp_path):
    from safetensors.torch import save_file

    save_file(state, tmp_path / "mine.safetensors")
    loaded = load(code, tmp_path / "mine.safetensors")
    np.testing.assert_array_equal(loaded.class_bias, state["fc.bias"])


def test_a_network_for_other_classes_gets_a_head_for_those_of_its_weights(code, state, tmp_path):
    torch.save(state, tmp_path / "mine.pth")
    loaded = load(code, tmp_path / "mine.pth", "Net.from_name", ["narrow"])
    np.testing.assert_array_equal(loaded.class_weights, state["fc.weight"])


def test_so_does_one_that_train_wrote(code, state, tmp_path):
    half, names = (0.5,) * 3, ["a", "b", "c"]
    trained = Checkpoint(f"{code}:Net.from_name", state, [1, 2, 3], names, S, half, half)
    write_checkpoint(tmp_path / "mine.pth", trained)
    loaded = load(code, tmp_path / "mine.pth", "Net.from_name", ["narrow"])
    np.testing.assert_array_equal(loaded.class_weights, state["fc.weight"])
    assert loaded.class_names == names


def test_flags_say_how_it_is_fed_and_what_nobody_says_is_told(code, state, tmp_path):
    torch.save(state, tmp_path / "mine.pth")
    said = load(
        code, tmp_path / "mine.pth", mean=(0.5,) * 3, std=(0.25,) * 3, crop="whole",
        interpolation="bicubic",
    )  # fmt: skip
    assert said.notes == []
    fed = said.preprocessing
    assert (fed.mean, fed.crop, fed.interpolation) == ((0.5,) * 3, "whole", "bicubic")
    assert "assuming ImageNet's mean and deviation" in load(code, tmp_path / "mine.pth").notes[0]


def test_torchvision_has_its_80_networks_and_says_how_they_are_fed():
    assert len(torchvision_names()) == 80
    fed = build_network("torchvision:efficientnet_b2", (), C).preprocessing
    assert (fed.input_size, fed.interpolation) == (288, "bicubic")


@pytest.mark.slow
def test_timm_builds_and_says_how_it_is_fed():
    pytest.importorskip("timm")
    built = build_network("timm:convnext_atto", (), C)
    assert built.model.num_classes == C
    assert (built.preprocessing.input_size, built.preprocessing.interpolation) == (224, "bicubic")
    with pytest.raises(ModelError, match=r"timm has no network 'convnext_atta'; did you mean conv"):
        build_network("timm:convnext_atta", (), C)
    with pytest.raises(ModelError, match="checkpoint_path: give the file as --checkpoint"):
        build_network("timm:convnext_atto", ("checkpoint_path=x.pth",), C)


@pytest.mark.slow
def test_a_folder_of_hugging_face_brings_weights_classes_and_preprocessing(tmp_path):
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    names = {0: "boot", 1: "shirt", 2: "sock"}
    config = transformers.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 12], depths=[1, 1], num_labels=3, id2label=names
    )
    model = transformers.ResNetForImageClassification(config)
    model.save_pretrained(tmp_path)
    (tmp_path / "preprocessor_config.json").write_text(
        json.dumps({"size": {"shortest_edge": 64}, "image_mean": [0.5] * 3, "image_std": [0.5] * 3})
    )
    loaded = load_network(NetworkSettings(f"hf:{tmp_path}"), None, num_classes=C)
    assert loaded.class_names == ["boot", "shirt", "sock"]
    assert (loaded.input_size, loaded.preprocessing.mean) == (64, (0.5,) * 3)
    assert loaded.head.kind == LINEAR
    np.testing.assert_array_equal(loaded.class_weights, model.classifier[1].weight.detach())


class Holder:
    """Not a tensor."""


BAD = {
    "another shape": (
        "Net",
        lambda s: {**s, "conv.weight": torch.ones(6, 3, 5, 5)},
        "such as conv",
    ),
    "another network": ("Net", lambda s: {"layer.weight": torch.ones(2)}, "lacks conv.weight"),
    "more than the network": ("Net", lambda s: {**s, "conv.extra": torch.ones(2)}, "also holds"),
    "no weights": (
        "Net",
        lambda s: {"epoch": 3},
        "no known weights: its entries are",
    ),
    "a pickled object": (
        "Net",
        lambda s: {"m": Holder()},
        "Python objects, such as .*Holder",
    ),
    "a list": ("Net", lambda s: [1], "holds a list"),
    "a wrong function": ("Nett", lambda s: s, "has no 'Nett'; did you mean Net"),
    "a function that fails": ("broken", lambda s: s, r"broken fails \(RuntimeError: no such\)"),
    "a function that gives none": ("number", lambda s: s, "returns a int, not an nn.Module"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_loaded_is_told_in_one_line(code, state, tmp_path, case):
    function, spoil, message = BAD[case]
    torch.save(spoil(state), tmp_path / "mine.pth")
    with pytest.raises(FieldmarksError, match=message) as caught:
        load(code, tmp_path / "mine.pth", function)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("torchvision:resnet51", "no classification network 'resnet51'; did you mean resnet"),
        ("torchvision", "--network is torchvision:NAME"),
        ("hf:/nowhere", "not a folder with a config.json"),
        ("no_such_package:net", "importing no_such_package, which --network names, fails"),
        ("/nowhere/net.py:net", "the code that --network names at /nowhere/net.py, found none"),
    ],
)
def test_an_unknown_source_is_told_in_one_line(source, message):
    with pytest.raises(FieldmarksError, match=message) as caught:
        build_network(source, (), C)
    assert "\n" not in str(caught.value)


def test_weights_that_do_not_say_their_network_need_its_name(state, tmp_path):
    torch.save(state, tmp_path / "plain.pth")
    with pytest.raises(DataError, match=r"does not say which network it is; name it by --network"):
        load_network(NetworkSettings(), tmp_path / "plain.pth", num_classes=C)
    with pytest.raises(DataError, match=r"weights of torchvision:resnet18, got none"):
        load_network(NetworkSettings("torchvision:resnet18"), None, num_classes=C)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"crop": "round"}, "--crop is one of box, centre, centre-floor, whole, squeeze"),
        ({"alpha": "black"}, "--alpha is one of drop, grey, white, got 'black'"),
        ({"orientation": "down"}, "--orientation is one of stored, upright, got 'down'"),
        ({"depth": "8"}, "--depth is one of clip, unit, 12, 16, got '8'"),
        ({"channels": "grb"}, "--channels is one of rgb, bgr, grey, got 'grb'"),
        ({"std": (1.0, 0.0, 1.0)}, "--std is three numbers above 0"),
        ({"mean": (1.0, 2.0)}, "--mean is three numbers"),
        ({"args": ("a",)}, "--network-args are for the function"),
    ],
)
def test_bad_flags_are_told(changes, message):
    with pytest.raises(DataError, match=message):
        NetworkSettings(**changes)


def test_a_file_of_weights_runs_no_code(tmp_path):
    class Intruder:
        def __reduce__(self):
            return exec, ("raise SystemExit",)

    torch.save({"state_dict": Intruder()}, tmp_path / "evil.pth")
    with pytest.raises(DataError, match="would run its author's code"):
        read_weights(tmp_path / "evil.pth")


def test_a_network_that_asks_for_the_version_of_its_weights_takes_a_plain_state_dict(tmp_path):
    model = torchvision.models.mnasnet0_5(num_classes=C)
    torch.save(dict(model.state_dict()), tmp_path / "plain.pth")
    state = torch.load(tmp_path / "plain.pth", weights_only=True)
    load_state(torchvision.models.mnasnet0_5(num_classes=C), state, tmp_path / "plain.pth")
