"""What the network computes in, chosen by the processor and by what changes."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from fieldmarks.core.errors import DataError
from fieldmarks.core.run.reading import read_run
from fieldmarks.precompute.network import device
from fieldmarks.precompute.network.checkpoint import Checkpoint, write_checkpoint
from fieldmarks.precompute.network.forward import Forward
from fieldmarks.precompute.network.loading import load_checkpoint
from fieldmarks.precompute.network.registry import build, model_names, register_model
from fieldmarks.precompute.parallel.ranks import Ranks
from fieldmarks.precompute.pipeline import inputs as run_inputs
from fieldmarks.precompute.pipeline.inputs import RunInputs
from fieldmarks.precompute.pipeline.precision import compared
from tests.support.tiny_birds import (
    CLASSES,
    INPUT_SIZE,
    TinyNet,
    computed,
    run_tiny,
    tiny_settings,
    write_tiny_birds,
)

CPU = torch.device("cpu")


class Coarse(nn.Module):
    """Adds a large number and takes it off: bfloat16 has no digits for what is small beside it."""

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return values + 300 - 300


class Single(nn.Module):
    """Refuses anything but float32."""

    def __init__(self):
        super().__init__()
        self.register_buffer("zero", torch.zeros(1))

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return torch.lerp(self.zero, values, 1.0)


def _register(name: str, layer: type[nn.Module]) -> None:
    if name not in model_names():

        @register_model(name)
        def net(num_classes: int, pretrained: bool = False) -> nn.Module:
            network = TinyNet(num_classes)
            network.features.insert(3, layer())
            return network


_register("tiny_coarse", Coarse)
_register("tiny_single", Single)


def _colours(network: nn.Module) -> nn.Module:
    """Return the network with weights that take a class for its colour."""
    with torch.no_grad():
        for layer in (network.features[0], network.features[2], network.classifier):
            layer.weight *= 0.01
            layer.bias.zero_()
            for c in range(len(CLASSES)):
                layer.weight[c, c] = 0.1 if layer.weight.ndim == 4 else 1
    return network


@pytest.fixture(scope="module")
def birds(tmp_path_factory):
    folder = write_tiny_birds(tmp_path_factory.mktemp("birds"))
    for arch in ("tiny_coarse", "tiny_single"):
        weights, half = _colours(build(arch, len(CLASSES))).state_dict(), (0.5, 0.5, 0.5)
        names, ids = [name.split(".")[1] for name in CLASSES], [1, 7, 12]
        write_checkpoint(
            folder / f"{arch}.pth", Checkpoint(arch, weights, ids, names, INPUT_SIZE, half, half)
        )
    return folder


@pytest.fixture
def _has_bfloat16(monkeypatch):
    monkeypatch.setattr(run_inputs, "has_bfloat16", lambda: True)


def _inputs(birds, runs, arch="tiny", **changes) -> RunInputs:
    given = {"precision": "auto", "checkpoint": birds / f"{arch}.pth", **changes}
    return RunInputs(tiny_settings(birds, runs, **given), Ranks())


def test_bfloat16_gives_nearly_the_same_and_what_is_kept_is_of_the_same_dtypes(birds):
    model = load_checkpoint(birds / "tiny.pth")
    pixels = torch.from_numpy(np.random.default_rng(0).integers(0, 255, (9, 32, 32, 3), np.uint8))
    single = Forward(model, CPU, precision=torch.float32)(pixels).arrays()
    half = Forward(model, CPU, precision=torch.bfloat16)(pixels).arrays()
    for name, values in single.items():
        assert half[name].dtype == values.dtype
        spread = np.abs(values.astype(float)).max()
        np.testing.assert_allclose(half[name], values, atol=0.02 * spread)
    assert not np.array_equal(half["pooled"], single["pooled"])
    # mixed precision ends at the maps
    logits = half["pooled"] @ model.class_weights.T + model.class_bias
    np.testing.assert_allclose(half["logits"], logits, atol=1e-5)


@pytest.mark.usefixtures("_has_bfloat16")
@pytest.mark.parametrize(
    ("arch", "name", "why"),
    [
        ("tiny", "bfloat16", "precision: bfloat16, 0 of 5 images are predicted otherwise than in "),
        ("tiny_coarse", "float32", "precision: float32, since in bfloat16 "),
        ("tiny_single", "float32", "precision: float32, the network does not run in bfloat16"),
    ],
)
def test_bfloat16_is_taken_where_predictions_stay(birds, tmp_path, arch, name, why):
    inputs = _inputs(birds, tmp_path, arch)
    assert inputs.precision == f"cpu {name}"
    assert inputs.chosen_precision.why.startswith(why)


def test_a_processor_without_bfloat16_computes_in_float32_and_compares_nothing(
    birds, tmp_path, monkeypatch
):
    monkeypatch.setattr(run_inputs, "has_bfloat16", lambda: False)
    monkeypatch.setattr(run_inputs, "compared", None)
    inputs = _inputs(birds, tmp_path)
    assert (inputs.precision, inputs.chosen_precision.why) == ("cpu float32", "")


@pytest.mark.parametrize(
    ("capabilities", "has"),
    [
        ({"avx512_bf16": True}, True),
        ({"avx512_bf16": False, "amx_bf16": True}, True),
        ({"bf16": True, "neon": True}, True),
        ({"avx2": True, "avx512_bf16": False}, False),
        (None, False),
    ],
)
def test_what_a_processor_has_is_what_pytorch_says(monkeypatch, capabilities, has):
    if capabilities is None:  # before 2.10
        monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    else:
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    assert device.has_bfloat16() == has


@pytest.mark.usefixtures("_has_bfloat16")
def test_nothing_is_compared_unless_it_is_asked_for(birds, tmp_path, monkeypatch):
    monkeypatch.setattr(run_inputs, "compared", None)
    inputs = _inputs(birds, tmp_path, precision=None)
    assert (inputs.precision, inputs.chosen_precision.why) == ("cpu float32", "")


@pytest.mark.usefixtures("_has_bfloat16")
def test_what_is_asked_for_is_taken_uncompared(birds, tmp_path):
    for name in ("float32", "bfloat16"):
        inputs = _inputs(birds, tmp_path, "tiny_coarse", precision=name)
        assert (inputs.precision, inputs.chosen_precision.why) == (f"cpu {name}", "")
    with pytest.raises(DataError, match="--precision is auto, float32 or bfloat16, got 'half'"):
        _inputs(birds, tmp_path, precision="half")


@pytest.mark.usefixtures("_has_bfloat16")
def test_a_head_of_first_order_is_differentiated_in_float32(birds, tmp_path):
    model = load_checkpoint(birds / "tiny.pth")
    bent = replace(model, head=replace(model.head, kind="first order"))
    assert compared(bent, _inputs(birds, tmp_path).dataset, CPU, 1).name == "float32"


@pytest.mark.slow
@pytest.mark.usefixtures("_has_bfloat16")
def test_a_run_says_what_it_took_and_stays_in_it(birds, tmp_path):
    said = run_tiny(birds, tmp_path, precision="auto")
    assert sum(line.startswith("precision: bfloat16") for line in said) == 1
    manifest = json.loads((tmp_path / "tiny" / "manifest.json").read_text())
    assert (manifest["precision"], manifest["settings"]["precision"]) == ("cpu bfloat16", "auto")
    assert computed(run_tiny(birds, tmp_path, precision="auto")) == set()
    assert "activations" in computed(run_tiny(birds, tmp_path, precision="float32"))
    single = read_run(tmp_path / "tiny")
    assert single.array("pooled").dtype == np.float32
    # made in float32, so by whom it was asked for does not count
    said = run_tiny(birds, tmp_path, precision="auto")
    assert computed(said) == set()
    assert not [line for line in said if "precision" in line]
