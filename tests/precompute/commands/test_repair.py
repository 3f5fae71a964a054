"""The last layer fitted again: its loss, whom it is fitted to, how it is judged and written."""

import numpy as np
import pytest
import torch

from fieldmarks.__main__ import main
from fieldmarks.core.causes.diagnosis import write_diagnoses
from fieldmarks.core.errors import DataError
from fieldmarks.core.head import Head
from fieldmarks.core.run.run import Run
from fieldmarks.precompute.network.patching import patch_head
from tests.support.faulty_run import write_faulty_run


@pytest.fixture(scope="module")
def faulty(tmp_path_factory) -> Run:
    run = write_faulty_run(tmp_path_factory.mktemp("runs"))
    return write_diagnoses(run)


@pytest.mark.parametrize("wrap", [lambda state: state, lambda state: {"state_dict": state}])
def test_a_patched_checkpoint_differs_in_the_last_layer_only(tmp_path, wrap):
    head = Head.linear(np.arange(6.0).reshape(2, 3), np.zeros(2))
    state = {"conv.weight": torch.ones(4, 3), "fc.weight": torch.tensor(head.weights).float()}
    state["fc.bias"] = torch.zeros(2)
    torch.save(wrap(state), tmp_path / "old.pth")
    new = Head.linear(head.weights + 1, np.ones(2))
    assert patch_head(tmp_path / "old.pth", tmp_path / "new.pth", head, new) == "fc.weight"
    patched = torch.load(tmp_path / "new.pth", weights_only=True)
    patched = patched.get("state_dict", patched)
    assert torch.equal(patched["conv.weight"], state["conv.weight"])
    np.testing.assert_array_equal(patched["fc.weight"], new.weights)
    np.testing.assert_array_equal(patched["fc.bias"], new.bias)


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    torch.save({"fc.weight": torch.zeros(2, 3)}, tmp_path / "old.pth")
    head = Head.linear(np.ones((2, 3)), np.zeros(2))
    with pytest.raises(DataError, match=r"expected one tensor .* found 0"):
        patch_head(tmp_path / "old.pth", tmp_path / "new.pth", head, head)


def test_the_command_prints_the_repair_beside_its_baselines(faulty, capsys):
    args = ["repair", faulty.name, "--runs", str(faulty.folder.parent), "--drop-suspects"]
    assert main(args) == 0
    printed = capsys.readouterr().out
    for row in ("no change", "plain refit", "class-balanced refit", "this repair"):
        assert row in printed


def test_the_command_removes_without_a_refit(faulty, capsys):
    runs = str(faulty.folder.parent)
    args = ["repair", faulty.name, "--runs", runs, "--filters-off", "3", "--no-refit"]
    assert main(args) == 0
    printed = capsys.readouterr().out
    assert "this repair" in printed
    assert "removal without a refit" not in printed


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (
            ["--no-refit", "--drop-suspects"],
            "without a refit attributes",
        ),
        (["--balance", "purple zebra"], "has no attribute 'purple zebra'"),
        (["--hard", "0"], "--hard is a number above 0"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(faulty, capsys, args, message):
    assert main(["repair", faulty.name, "--runs", str(faulty.folder.parent), *args]) == 1
    assert message in capsys.readouterr().err
