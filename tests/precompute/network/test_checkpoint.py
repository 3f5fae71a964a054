import numpy as np
import pytest
import torch
from torch import nn

from fieldmarks.core.errors import DataError, ModelError
from fieldmarks.precompute.network.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from fieldmarks.precompute.network.loading import load_checkpoint
from fieldmarks.precompute.network.registry import build, register_model

HALF = (0.5, 0.5, 0.5)
NAMES = ["Red Finch", "Blue footed Jay", "Grey Owl"]


@register_model("test_headless")
def headless(num_classes, pretrained=False):
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, num_classes))


def checkpoint(arch="small", **changes):
    torch.manual_seed(0)
    given = {
        "arch": arch,
        "state_dict": build(arch, len(NAMES)).state_dict(),
        "class_ids": [3, 11, 12],
        "class_names": NAMES,
        "input_size": 32,
        "mean": HALF,
        "std": HALF,
        "made": {"seed": 0},
    }
    return Checkpoint(**{**given, **changes})


@pytest.fixture
def path(tmp_path):
    write_checkpoint(tmp_path / "small.pth", checkpoint())
    return tmp_path / "small.pth"


def test_a_checkpoint_comes_back_as_it_was_written(path):
    before, after = checkpoint(), read_checkpoint(path)
    assert vars(after) | {"state_dict": None} == vars(before) | {"state_dict": None}
    for name, value in before.state_dict.items():
        assert torch.equal(after.state_dict[name], value)


def test_a_loaded_network_gives_maps_pooled_and_logits_in_one_pass(path):
    loaded = load_checkpoint(path)
    images = torch.randn(2, 3, 32, 32)
    with torch.inference_mode():
        maps, pooled, logits = loaded.network(images)
    assert maps.shape == (2, 160, 4, 4)
    by_hand = maps.mean((2, 3)).numpy() @ loaded.class_weights.T + loaded.class_bias
    np.testing.assert_allclose(by_hand, logits, atol=1e-4)
    np.testing.assert_allclose(pooled, maps.mean((2, 3)), atol=1e-5)
    assert loaded.class_names == NAMES
    assert loaded.class_ids == [3, 11, 12]
    assert (loaded.layer, loaded.receptive_field) == ("stage3.relu", 39)
    np.testing.assert_allclose(loaded.cell_centres[:, 0, 0], np.array([0.5, 8.5, 16.5, 24.5]) / 32)
    assert not loaded.network.training


def test_another_input_size_gives_other_maps(path):
    loaded = load_checkpoint(path, input_size=64)
    assert loaded.input_size == 64
    assert loaded.cell_centres.shape == (8, 8, 2)


def test_a_checkpoint_of_another_architecture_is_refused(path):
    assert load_checkpoint(path, arch="small").arch == "small"
    with pytest.raises(ModelError, match="holds a small, not a resnet50: is --arch right"):
        load_checkpoint(path, arch="resnet50")


def test_a_network_that_cannot_be_explained_is_refused(tmp_path):
    write_checkpoint(tmp_path / "headless.pth", checkpoint("test_headless"))
    with pytest.raises(ModelError, match=r"^test_headless cannot be explained: no feature maps"):
        load_checkpoint(tmp_path / "headless.pth")


def test_weights_for_another_number_of_classes_are_refused(tmp_path):
    write_checkpoint(tmp_path / "x.pth", checkpoint(class_ids=[1, 2], class_names=["a", "b"]))
    with pytest.raises(
        ModelError, match=r"other weights than this SmallNet: 2 of .* such as fc\.weight"
    ):
        load_checkpoint(tmp_path / "x.pth")


def test_a_plain_state_dict_is_told_how_to_become_a_checkpoint(tmp_path):
    torch.save(build("small", 3).state_dict(), tmp_path / "plain.pth")
    with pytest.raises(
        DataError, match="lacks class names and input size; make one by `fieldmarks"
    ):
        read_checkpoint(tmp_path / "plain.pth")


@pytest.mark.parametrize("damage", [lambda c: c[:1000], lambda c: b"", lambda c: b"GIF89a" * 99])
def test_a_damaged_file_is_named_in_one_line(path, damage):
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError, match="cannot be read as weights") as failure:
        read_checkpoint(path)
    assert "\n" not in str(failure.value)


class Intruder:
    """Runs code of its author when it is unpickled."""

    def __reduce__(self):
        return exec, ("import fieldmarks.precompute.network.checkpoint as c; c.intruded = True",)


def test_a_checkpoint_runs_no_code_of_its_author(tmp_path):
    import fieldmarks.precompute.network.checkpoint as module

    torch.save({"format": "fieldmarks-checkpoint-1", "arch": Intruder()}, tmp_path / "evil.pth")
    with pytest.raises(DataError, match="cannot be read as weights"):
        read_checkpoint(tmp_path / "evil.pth")
    assert not hasattr(module, "intruded")


def test_a_checkpoint_with_missing_entries_is_refused(tmp_path):
    torch.save({"format": "fieldmarks-checkpoint-1", "arch": "small"}, tmp_path / "half.pth")
    with pytest.raises(DataError, match="holds other entries than a checkpoint"):
        read_checkpoint(tmp_path / "half.pth")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("arch", 3, "the name of an architecture"),
        ("arch", None, "the name of an architecture"),
        ("state_dict", [1, 2], "tensors by name"),
        ("state_dict", {"fc.weight": 3}, "tensors by name"),
        ("state_dict", {3: torch.zeros(2)}, "tensors by name"),
        ("class_ids", "abc", "whole numbers as class_ids"),
        ("class_ids", [1.5, 2, 3], "whole numbers as class_ids"),
        ("class_ids", [1, 2, 2**40], "whole numbers as class_ids"),
        ("class_ids", [1, 1, 2], "one name for each"),
        ("class_ids", [], "one name for each"),
        ("class_names", None, "texts as class_names"),
        ("class_names", [1, 2, 3], "texts as class_names"),
        ("class_names", ["a"], "one name for each of the classes, found 3 and 1"),
        ("input_size", "224", "pixels from 1 to"),
        ("input_size", 0, "pixels from 1 to"),
        ("input_size", 10**9, "pixels from 1 to"),
        ("mean", 0.5, "three numbers as mean"),
        ("mean", (0.5, float("nan"), 0.5), "three numbers as mean"),
        ("std", (0.5, 0, 0.5), "three numbers as std above 0"),
        ("std", ("a", "b", "c"), "three numbers as std"),
        ("made", [1], "a dictionary of plain values, as made"),
    ],
)
def test_a_checkpoint_with_a_field_of_another_type_is_refused(tmp_path, field, value, message):
    state = {"format": "fieldmarks-checkpoint-1", **vars(checkpoint()), field: value}
    torch.save(state, tmp_path / "x.pth")
    with pytest.raises(DataError, match=message) as failure:
        load_checkpoint(tmp_path / "x.pth")
    assert "\n" not in str(failure.value)
