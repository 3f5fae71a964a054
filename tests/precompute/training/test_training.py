import json

import numpy as np
import pytest
import torch
from torch import nn

from fieldmarks.__main__ import main
from fieldmarks.core.errors import DataError, ModelError
from fieldmarks.precompute.data.readers.cub import read_cub
from fieldmarks.precompute.network.checkpoint import read_checkpoint
from fieldmarks.precompute.network.preprocessing import NORMALISATIONS
from fieldmarks.precompute.network.registry import build, register_model
from fieldmarks.precompute.training import loop as training_module
from fieldmarks.precompute.training.finetune import finetune
from fieldmarks.precompute.training.loop import Training, TrainingSettings, has_folded_norm, n_steps
from tests.support.cub_folder import write_cub

pytestmark = pytest.mark.slow

INPUT_SIZE = 16
SETTINGS = TrainingSettings(epochs=4, batch_size=8, input_size=INPUT_SIZE, lr=0.05, backbone_lr=1.0)


class Tiny(nn.Module):
    """One convolution with batch norm, pooling, dropout, a linear layer."""

    def __init__(self, num_classes):
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3, 2, 1)
        self.norm = nn.BatchNorm2d(6)
        self.dropout = nn.Dropout(0.1)
        self.fc = nn.Linear(6, num_classes)

    def forward(self, images):
        maps = torch.relu(self.norm(self.conv(images)))
        return self.fc(self.dropout(maps.mean((2, 3))))


@register_model("test_tiny")
def tiny(num_classes, pretrained=False):
    return Tiny(num_classes)


@pytest.fixture(scope="module")
def cub(tmp_path_factory):
    return write_cub(tmp_path_factory.mktemp("cub"), n_images=32)


def train(cub, out, settings=SETTINGS, **changes):
    return finetune(
        read_cub(cub), arch="test_tiny", out=out, settings=settings, device="cpu", **changes
    )


def test_training_separates_red_from_blue_on_images_it_has_not_seen(cub, tmp_path):
    checkpoint = train(cub, tmp_path / "out.pth")
    history = checkpoint.made["history"]
    assert [sorted(epoch) for epoch in history[:-1]] == [["loss", "train_accuracy"]] * 3
    assert history[-1]["loss"] < history[0]["loss"]
    assert checkpoint.made["held_out_accuracy"] == 1
    assert not (tmp_path / "out.pth.partial").exists()


def test_a_checkpoint_says_what_it_is_and_how_it_was_made(cub, tmp_path):
    train(cub, tmp_path / "out.pth")
    checkpoint = read_checkpoint(tmp_path / "out.pth")
    assert checkpoint.arch == "test_tiny"
    assert checkpoint.class_ids == [3, 11]
    assert checkpoint.class_names == ["Red Finch", "Blue footed Jay"]
    assert checkpoint.input_size == INPUT_SIZE
    made = json.loads(json.dumps(checkpoint.made))
    assert made["settings"]["epochs"] == 4
    assert (made["n_train"], made["n_held_out"]) == (16, 16)
    assert set(made["versions"]) == {"python", "torch", "torchvision"}


def test_a_seed_decides_the_outcome(cub, tmp_path):
    one = train(cub, tmp_path / "one.pth").state_dict
    same = train(cub, tmp_path / "same.pth").state_dict
    other_settings = TrainingSettings(**{**vars(SETTINGS), "seed": 1})
    other = train(cub, tmp_path / "other.pth", other_settings).state_dict
    assert torch.equal(one["fc.weight"], same["fc.weight"])
    assert not torch.equal(one["fc.weight"], other["fc.weight"])


@pytest.fixture
def killed(cub, tmp_path, monkeypatch):
    """A training that was killed after its second epoch."""
    save = Training.save

    def save_and_die(self, path, key):
        save(self, path, key)
        if self.epoch == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Training, "save", save_and_die)
        with pytest.raises(KeyboardInterrupt):
            train(cub, tmp_path / "killed.pth")
    assert not (tmp_path / "killed.pth").exists()
    return tmp_path / "killed.pth"


def test_a_killed_training_resumes_to_the_same_weights(cub, killed, tmp_path, capsys):
    whole = train(cub, tmp_path / "whole.pth")
    resumed = train(cub, killed)
    assert "resumed after epoch 2" in capsys.readouterr().out
    assert resumed.made["history"] == whole.made["history"]
    for name, value in whole.state_dict.items():
        assert torch.equal(value, resumed.state_dict[name]), name


def test_a_training_with_other_settings_is_not_resumed(cub, killed):
    with pytest.raises(DataError, match="other settings or data; delete it"):
        train(cub, killed, TrainingSettings(**{**vars(SETTINGS), "seed": 5}))


def test_a_damaged_partial_file_is_named(cub, killed):
    partial = killed.with_name("killed.pth.partial")
    partial.write_bytes(partial.read_bytes()[:500])
    with pytest.raises(DataError, match="cannot be resumed from"):
        train(cub, killed)


@pytest.mark.parametrize(
    "state",
    [[1, 2], 3, None, {}, {"key": 3}, "every field of text", "a history of numbers"],
    ids=str,
)
def test_a_partial_file_of_something_else_is_named(cub, killed, state):
    partial = killed.with_name("killed.pth.partial")
    known = torch.load(partial, weights_only=True)
    if state == "every field of text":
        state = {**dict.fromkeys(known, "a"), "key": known["key"]}
    elif state == "a history of numbers":
        state = {**known, "history": [1, 2]}
    torch.save(state, partial)
    with pytest.raises(DataError, match=r"cannot be resumed from|other settings or data") as error:
        train(cub, killed)
    assert "\n" not in str(error.value)


def test_a_full_disk_leaves_the_last_epoch_and_one_line(cub, tmp_path, monkeypatch):
    def full(state, file):
        file.write(b"half")
        raise RuntimeError("PytorchStreamWriter failed writing file: no space left\nstack")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(DataError, match="could not be written: PytorchStreamWriter") as failure:
        train(cub, tmp_path / "out.pth")
    assert "\n" not in str(failure.value)
    assert list(tmp_path.iterdir()) == []


def test_an_unreadable_image_is_left_out_and_named(tmp_path, capsys):
    cub = write_cub(tmp_path / "cub", n_images=16)
    broken = cub / "images" / "003.Red_Finch" / "a.jpg"
    broken.write_bytes(broken.read_bytes()[:300])
    (cub / "images" / "003.Red_Finch" / "c.jpg").unlink()
    made = train(cub, tmp_path / "out.pth").made
    said = capsys.readouterr().out
    assert "left out 003.Red_Finch/a.jpg: unreadable: " in said
    assert "left out 003.Red_Finch/c.jpg: unreadable: no such file" in said
    assert (made["n_train"], made["n_held_out"]) == (7, 7)


def test_validation_leaves_the_test_split_alone(tmp_path):
    cub = write_cub(tmp_path / "cub", n_images=32)
    dataset = read_cub(cub)
    for x in np.flatnonzero(~dataset.images["is_train"]):
        dataset.path(x).unlink()
    made = train(cub, tmp_path / "out.pth", validate=0.25).made
    assert (made["n_train"], made["n_held_out"]) == (12, 4)
    assert made["held_out"] == "part of the training split"
    assert all("held_out_accuracy" in epoch for epoch in made["history"])


def test_a_split_without_test_images_is_refused(tmp_path):
    cub = write_cub(tmp_path / "cub", n_images=2)
    with pytest.raises(DataError, match="found 2 and 0"):
        train(cub, tmp_path / "out.pth")


def test_a_loss_that_is_not_finite_is_blamed_on_the_learning_rate(cub, tmp_path):
    with pytest.raises(DataError, match="choose a smaller --lr"):
        train(cub, tmp_path / "out.pth", TrainingSettings(**{**vars(SETTINGS), "lr": 1e30}))


def test_folded_batch_norm_keeps_its_statistics(cub, tmp_path):
    weights = Tiny(2).state_dict()
    torch.save(weights, tmp_path / "folded.pth")
    checkpoint = train(cub, tmp_path / "out.pth", weights=tmp_path / "folded.pth")
    assert torch.equal(checkpoint.state_dict["norm.running_var"], torch.ones(6))
    assert not torch.equal(checkpoint.state_dict["norm.weight"], weights["norm.weight"])
    assert checkpoint.mean == NORMALISATIONS["half"][0]


def test_living_batch_norm_follows_the_data(cub, tmp_path):
    weights = Tiny(2).state_dict() | {"norm.running_mean": torch.ones(6)}
    torch.save(weights, tmp_path / "living.pth")
    checkpoint = train(cub, tmp_path / "out.pth", weights=tmp_path / "living.pth")
    assert not torch.equal(checkpoint.state_dict["norm.running_var"], torch.ones(6))
    assert checkpoint.mean == NORMALISATIONS["imagenet"][0]


def test_a_network_without_batch_norm_has_none_folded():
    assert not has_folded_norm(nn.Sequential(nn.Conv2d(3, 4, 3)))


def test_a_checkpoint_is_a_start_for_other_classes_and_keeps_its_normalisation(cub, tmp_path):
    train(cub, tmp_path / "first.pth", normalise="imagenet")
    dataset = read_cub(cub)
    dataset.class_ids.append(12)
    dataset.class_names.append("Green Heron")
    second = finetune(
        dataset,
        arch="test_tiny",
        out=tmp_path / "second.pth",
        settings=SETTINGS,
        weights=tmp_path / "first.pth",
    )
    assert second.state_dict["fc.weight"].shape == (3, 6)
    assert second.mean == NORMALISATIONS["imagenet"][0]


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (None, DataError, "expected a checkpoint or state dict at"),
        (b"not weights", DataError, "cannot be read as weights"),
        ([1, 2], DataError, "holds a list; a state dict was expected"),
        ({"epoch": 3}, DataError, "holds no known weights: its entries are 'epoch'"),
        ({"a": torch.zeros(2)}, ModelError, "holds other weights than this Tiny: .* lacks"),
        (Tiny(2).state_dict() | {"conv.weight": torch.zeros(1)}, ModelError, r"conv\.weight"),
    ],
)
def test_weights_that_do_not_fit_are_refused(cub, tmp_path, content, error, message):
    path = tmp_path / "weights.pth"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        torch.save(content, path)
    with pytest.raises(error, match=message):
        train(cub, tmp_path / "out.pth", weights=path)


@pytest.mark.parametrize(
    ("n_images", "batch_size", "expected"), [(16, 8, 2), (17, 8, 3), (3, 8, 1)]
)
def test_no_batch_is_larger_than_asked_and_none_is_a_lone_image(n_images, batch_size, expected):
    sizes = [len(b) for b in training_module._batches(np.arange(n_images), batch_size)]
    assert n_steps(n_images, batch_size) == len(sizes) == expected
    assert max(sizes) <= batch_size
    assert min(sizes) > 1


def test_the_command_trains_and_writes_a_checkpoint(cub, tmp_path):
    torch.save(build("test_tiny", 2).state_dict(), tmp_path / "start.pth")
    words = f"train --cub {cub} --arch test_tiny --weights {tmp_path}/start.pth --epochs 1 "
    words += f"--input-size 16 --batch-size 8 --device cpu --out {tmp_path}/new/out.pth"
    assert main(words.split()) == 0
    assert read_checkpoint(tmp_path / "new" / "out.pth").made["settings"]["epochs"] == 1


@pytest.mark.gpu
def test_a_gpu_trains_in_mixed_precision(cub, tmp_path):
    words = f"train --cub {cub} --arch test_tiny --out {tmp_path}/out.pth --epochs 4 --lr 0.05 "
    assert main((words + "--input-size 16 --batch-size 8 --device cuda").split()) == 0
    checkpoint = read_checkpoint(tmp_path / "out.pth")
    assert checkpoint.state_dict["fc.weight"].device.type == "cpu"
    assert checkpoint.made["history"][-1]["loss"] < checkpoint.made["history"][0]["loss"]
