"""Attacks on pictures, and the command that keeps them in a run."""

import shutil

import numpy as np
import pytest
import torch
from torch import fx

from fieldmarks.__main__ import main
from fieldmarks.core.corruptions.record import UNCHANGED
from fieldmarks.core.errors import RunError
from fieldmarks.core.experimental.attacks.detection import LAYERS, Detectors
from fieldmarks.core.experimental.attacks.earlier_layer import EarlierWords
from fieldmarks.core.experimental.attacks.record import read_attacks
from fieldmarks.core.experimental.attacks.reference import LEAST, Reference
from fieldmarks.core.run.reading import read_run
from fieldmarks.precompute.experimental import attacks
from fieldmarks.precompute.experimental.attack import attack
from fieldmarks.precompute.experimental.attacks import (
    DifferentiableNetwork,
    adaptive_pgd,
    fgsm,
    pgd,
)
from fieldmarks.precompute.experimental.layered import LayeredNetwork, earlier_node, layer_agreement
from fieldmarks.precompute.network.forward import Forward
from fieldmarks.precompute.network.loading import load_checkpoint
from fieldmarks.precompute.pipeline.registry import STAGES
from tests.support.tiny_birds import CHUNK, INPUT_SIZE, raised, run_tiny, write_tiny_birds

pytestmark = pytest.mark.slow

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def birds(tmp_path_factory):
    folder = write_tiny_birds(tmp_path_factory.mktemp("birds"))
    run_tiny(folder, folder / "runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fieldmarks.precompute.pipeline.chunks.CHUNK", CHUNK)
        attack(folder / "runs", "tiny", ["1-6"])
    return folder


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr("fieldmarks.precompute.pipeline.chunks.CHUNK", CHUNK)


@pytest.fixture(scope="module")
def model(birds):
    return load_checkpoint(birds / "tiny.pth")


@pytest.fixture(scope="module")
def network(model):
    return DifferentiableNetwork(model, CPU)


@pytest.fixture
def clean():
    pixels = np.random.default_rng(0).integers(0, 256, (4, 3, INPUT_SIZE, INPUT_SIZE))
    return torch.from_numpy(pixels).float() / 255


def test_the_network_that_is_attacked_is_the_one_of_the_run(model, network, clean):
    pixels = (clean * 255).to(torch.uint8).permute(0, 2, 3, 1).contiguous()
    expected = Forward(model, CPU)(pixels).arrays()
    pooled, logits = network(clean)
    np.testing.assert_allclose(pooled, expected["pooled"], atol=1e-4)
    np.testing.assert_allclose(logits, expected["logits"], atol=1e-4)


def made(network, clean, c, eps):
    generator = torch.Generator().manual_seed(0)
    agree = lambda pooled, c: pooled[:, 0]  # noqa: E731
    return {
        "FGSM": fgsm(network, clean, c, eps),
        "PGD": pgd(network, clean, c, eps, generator),
        "adaptive": adaptive_pgd(network, clean, c, eps, generator, agree),
    }


@pytest.mark.parametrize("units", attacks.STRENGTHS)
def test_attacked_pictures_are_pictures_within_the_strength(network, clean, units):
    c = network(clean)[1].argmax(dim=1)
    for changed in made(network, clean, c, units / 255).values():
        levels = changed * 255
        assert torch.equal(levels, levels.round())
        assert levels.min() >= 0
        assert levels.max() <= 255
        assert (changed - clean).abs().max() <= units / 255 + 1e-6


def test_attacks_lower_the_class_and_many_steps_more_than_one(network, clean):
    c = network(clean)[1].argmax(dim=1)
    loss = {
        name: torch.nn.functional.cross_entropy(network(changed)[1], c).item()
        for name, changed in {"none": clean, **made(network, clean, c, 8 / 255)}.items()
    }
    assert loss["none"] < loss["FGSM"] <= loss["PGD"] + 1e-3


def test_the_adaptive_attack_agrees_more_than_the_plain_one(network, clean):
    c, generator = network(clean)[1].argmax(dim=1), torch.Generator().manual_seed(0)

    def agreement(pooled, c):
        return torch.tanh(20 * (pooled[:, 0] - pooled[:, 1]))

    plain = pgd(network, clean, c, 8 / 255, generator)
    adaptive = adaptive_pgd(network, clean, c, 8 / 255, generator, agreement)
    values = [agreement(network(p)[0], None).mean().item() for p in (clean, plain, adaptive)]
    assert values[2] > max(values[:2])


def test_the_earlier_layer_is_that_of_finer_maps(model, network, clean):
    layered = LayeredNetwork(model, CPU)
    pixels = (clean * 255).to(torch.uint8).permute(0, 2, 3, 1).contiguous()
    both, logits = layered(clean)
    pooled, expected = network(clean)
    torch.testing.assert_close(logits, expected)
    torch.testing.assert_close(both[:, : pooled.shape[1]], pooled)
    earlier = layered.earlier(pixels)
    np.testing.assert_allclose(both[:, pooled.shape[1] :], earlier, atol=1e-5)
    rectified = model.network.get_submodule(layered.layer)
    kept = {}
    handle = rectified.register_forward_hook(lambda *seen: kept.__setitem__("maps", seen[-1]))
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in
                 (model.preprocessing.mean, model.preprocessing.std))  # fmt: skip
    model.network((clean - mean) / std)
    handle.remove()
    np.testing.assert_allclose(kept["maps"].mean((2, 3)), earlier, atol=1e-4)


def test_a_network_whose_maps_are_its_finest_has_no_earlier_layer():
    graph = fx.symbolic_trace(torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.ReLU()))
    (output,) = (node for node in graph.graph.nodes if node.op == "output")
    output.args = ((output.args[0],),)
    graph.recompile()
    assert earlier_node(graph, torch.rand(1, 3, 16, 16)) is None


def test_the_words_of_two_layers_agree_as_the_detector_says(birds, model, clean):
    run = read_run(birds / "runs" / "tiny")
    earlier = EarlierWords.of(run, read_attacks(run).earlier_of_run)
    layered, reference = LayeredNetwork(model, CPU), Reference.of(run)
    both, logits = layered(clean)
    last = run.array("p_t_given_f"), run.array("class_weights")
    agreement = layer_agreement(*last, reference.mean, reference.deviation, earlier, LEAST, CPU)(
        both, logits.argmax(dim=1)
    )
    F = run.sizes["F"]
    suspicion = Detectors(run, earlier=earlier).suspicion(
        both[:, :F].numpy(), logits.numpy(), np.arange(4), both[:, F:].numpy()
    )
    np.testing.assert_allclose(agreement, -suspicion[LAYERS], atol=1e-3)


def test_the_record_holds_every_change_of_every_image(birds):
    run = read_run(birds / "runs" / "tiny")
    record = read_attacks(run)
    assert record.xs.tolist() == [1, 2, 3, 4, 5, 6]
    n_pictures = 1 + 4 * len(attacks.STRENGTHS)
    assert len(record.table) == 6 * n_pictures
    clean = record.rows(UNCHANGED)
    np.testing.assert_allclose(record.pooled[clean], run.array("pooled")[record.xs], atol=1e-4)
    assert record.earlier_of_run.layer == "features.1"
    assert record.earlier.shape == (len(record.table), record.earlier_of_run.pooled.shape[1])


def test_a_record_outlives_a_stage_that_it_does_not_depend_on(birds, tmp_path, monkeypatch):
    shutil.copytree(birds / "runs", tmp_path / "runs")
    monkeypatch.setitem(STAGES, "explanations", raised("explanations"))
    assert "explanations: computing" in run_tiny(birds, tmp_path / "runs")
    assert read_attacks(read_run(tmp_path / "runs" / "tiny")) is not None
    monkeypatch.setitem(STAGES, "estimates", raised("estimates"))
    run_tiny(birds, tmp_path / "runs")
    assert read_attacks(read_run(tmp_path / "runs" / "tiny")) is None


def test_the_command_says_in_one_line_what_is_wrong(tmp_path, capsys):
    assert main(["attack", "gone", "--runs", str(tmp_path)]) == 1
    assert "there is no run 'gone'" in capsys.readouterr().err


def test_a_run_from_other_weights_is_refused(birds, tmp_path, monkeypatch):
    monkeypatch.setitem(STAGES, "activations", raised("activations"))
    with pytest.raises(RunError, match="changed since run"):
        attack(birds / "runs", "tiny", ["1-2"])
