"""Set-ups that change: after each change the run is that of the owner's network and files now."""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image
from torchvision.datasets.folder import default_loader

from fieldmarks.core.errors import RunError
from fieldmarks.core.live.network_file import network_file
from fieldmarks.core.run.reading import read_run
from fieldmarks.core.run.run import Run
from fieldmarks.precompute.pipeline import settings
from tests.support.owner import (
    CLASSES,
    FED,
    NET,
    STEPS,
    Judged,
    Owner,
    S,
    assert_equal,
    blocks,
    fieldmarks,
    run_of,
    write_folders,
)
from tests.support.tiny_birds import computed

pytestmark = pytest.mark.slow
WITH_HELPER = NET.replace("from torch import nn", "from torch import nn\nfrom parts import act")
WITH_HELPER = WITH_HELPER.replace("nn.ReLU(), nn.Conv2d(12", "act(), nn.Conv2d(12")


@pytest.fixture
def owner(tmp_path, monkeypatch) -> Owner:
    """An owner whose network has a helper module, with its files and its run."""
    write_folders(tmp_path / "data", n={"train": 6, "test": 4})
    (tmp_path / "parts.py").write_text("from torch.nn import ReLU as act\n")
    return trained(tmp_path)


def run_again(folder: Path, options: str) -> tuple[Run, str]:
    """Make the run as in a process of its own, which imports every module."""
    sys.modules.pop("parts", None)
    return run_of(folder, options)


def trained(folder: Path) -> Owner:
    """Return the owner of the code as it is now, trained; its weights are saved."""
    made = built(folder)
    return made.train(Judged.of_folders(folder / "data").train, folder / "net.pth")


def built(folder: Path, code: str = WITH_HELPER) -> Owner:
    """Return the network of the code as it is now, without weights."""
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(str(folder))
        patched.delitem(sys.modules, "parts", raising=False)
        return Owner.of_own_code(folder, lambda path: STEPS(default_loader(path)), code)


def with_weights(owner: Owner, folder: Path) -> Owner:
    owner.model.load_state_dict(torch.load(folder / "net.pth", weights_only=True))
    return owner


def other_code(folder: Path) -> Owner:
    """The activation of the network's own file is another one; its weights are the same."""
    code = WITH_HELPER.replace("nn.ReLU(),\n", "nn.Hardtanh(0, 1),\n")
    assert code != WITH_HELPER
    return with_weights(built(folder, code), folder)


def other_helper(folder: Path) -> Owner:
    """The activation of the module beside it is another one."""
    (folder / "parts.py").write_text("from torch.nn import ELU as act\n")
    return with_weights(built(folder), folder)


def other_weights(folder: Path) -> Owner:
    """Other weights in a file of the same size and time."""
    before = (folder / "net.pth").stat()
    now = with_weights(built(folder), folder)
    with torch.no_grad():
        for weight in now.model.parameters():
            weight.mul_(0.8)
    torch.save(now.model.state_dict(), folder / "net.pth")
    os.utime(folder / "net.pth", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (folder / "net.pth").stat().st_size == before.st_size
    return now


def other_pictures(folder: Path) -> Owner:
    """Two pictures exchanged, of one size and time, and one more."""
    one, two = (folder / "data" / "test" / "cap" / f"{i}.png" for i in (0, 1))
    content = [path.read_bytes() for path in (one, two)]
    length = max(map(len, content))
    for path, other in zip((two, one), content, strict=True):
        path.write_bytes(other.ljust(length, b"\0"))
        os.utime(path, ns=(10**18, 10**18))
    Image.fromarray(blocks(2, 77)).save(folder / "data" / "test" / "sock" / "77.png")
    return with_weights(built(folder), folder)


def other_labels(folder: Path) -> Owner:
    """A picture is put into the folder of another class."""
    path = folder / "data" / "test" / "cap" / "2.png"
    path.rename(folder / "data" / "test" / "boot" / "from cap.png")
    return with_weights(built(folder), folder)


CHANGES: tuple[Callable[[Path], Owner], ...] = (
    other_code, other_helper, other_weights, other_pictures, other_labels,
)  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_change_gives_the_run_of_the_owners_network_and_files_now(tmp_path, owner, change):
    run, said = run_again(tmp_path, FED)
    assert_equal(run, said, owner, Judged.of_folders(tmp_path / "data"))
    now = change(tmp_path)
    run, said = run_again(tmp_path, FED)
    assert "is up to date" not in said
    assert_equal(run, said, now, Judged.of_folders(tmp_path / "data"))
    assert "is up to date" in run_again(tmp_path, FED)[1]


def test_another_split_list_and_class_list_are_not_up_to_date(tmp_path, owner):
    names, held_out = tmp_path / "names.txt", tmp_path / "held.txt"
    names.write_text("\n".join(CLASSES))
    flat = tmp_path / "flat"
    for path in (tmp_path / "data").glob("*/*/*.png"):
        (flat / path.parent.name).mkdir(parents=True, exist_ok=True)
        shutil.copy(path, flat / path.parent.name / f"{path.parents[1].name}{path.name}")
    samples = [
        (str(path), CLASSES.index(path.parent.name)) for path in sorted(flat.glob("*/*.png"))
    ]
    options = f"{FED} --data {flat} --split {held_out} --classes {names} --keep-class-order"
    for start, order in ((0, CLASSES), (1, CLASSES), (1, CLASSES[::-1])):
        test = samples[start::3]
        held_out.write_text("\n".join(path for path, _ in test))
        names.write_text("\n".join(order))
        train = [sample for sample in samples if sample not in test]
        number = [order.index(name) for name in CLASSES]
        judged = Judged(
            flat, *([(path, number[c]) for path, c in part] for part in (train, test)), order
        )
        run, said = run_again(tmp_path, options)
        assert "is up to date" not in said
        assert_equal(run, said, owner, judged)


def test_a_new_version_of_timm_is_not_up_to_date(tmp_path, owner, monkeypatch):
    timm = pytest.importorskip("timm")
    torch.manual_seed(0)
    model = timm.create_model("test_resnet", num_classes=3)
    torch.save(model.state_dict(), tmp_path / "net.pth")
    command = "--network timm:test_resnet"
    run_again(tmp_path, command)
    assert "is up to date" in run_again(tmp_path, command)[1]
    real = settings.library_versions

    def newer(modules):
        return {name: f"{version}.1" for name, version in real(modules).items()}

    monkeypatch.setattr(settings, "library_versions", newer)
    assert "activations: computing" in run_again(tmp_path, command)[1]


def test_options_that_change_no_prediction_compute_no_prediction(tmp_path, owner):
    run_again(tmp_path, FED)
    for option, stages in (
        ("--thumb-size 64", {"thumbnails"}), ("--thumb-size 64 --keep-class-order", set()),
        ("--thumb-size 64 --workers 1", set()),
    ):  # fmt: skip
        _, said = run_again(tmp_path, f"{FED} {option}")
        assert computed(said.splitlines()) == stages


def test_moved_files_are_up_to_date_and_later_commands_find_them(tmp_path, owner):
    run_again(tmp_path, FED)
    (tmp_path / "moved").mkdir()
    for name in ("data", "net.pth", "net.py", "parts.py"):
        (tmp_path / name).rename(tmp_path / "moved" / name)
    code, said = fieldmarks(f"repair mine --runs {tmp_path / 'runs'} --out {tmp_path}/a.pth")
    assert code == 1
    assert "--checkpoint" in said
    places = f"--data {tmp_path}/moved/data --network {tmp_path}/moved/net.py:net "
    places += f"--checkpoint {tmp_path}/moved/net.pth --input-size {S}"
    run, said = run_again(tmp_path, f"{FED} {places}")
    assert "is up to date" in said
    assert run.manifest["settings"]["source"]["data"] == str(tmp_path / "moved" / "data")
    judged = Judged.of_folders(tmp_path / "moved" / "data")
    assert sorted(run.images["path"]) == sorted(
        str(Path(path).relative_to(tmp_path / "moved" / "data"))
        for path, _ in [*judged.train, *judged.test]
    )
    code, said = fieldmarks(
        f"repair mine --runs {tmp_path / 'runs'} --balance-classes --out {tmp_path}/a.pth"
    )
    assert code == 0, said
    assert (tmp_path / "a.pth").exists()


def test_a_network_file_of_other_weights_is_not_tried(tmp_path, owner):
    from tests.support.live_run import write_live_run

    one, two = (write_live_run(tmp_path / name, seed=i) for i, name in enumerate("ab"))
    network_file(one)
    shutil.copy(two.folder / "network.onnx", one.folder / "network.onnx")
    with pytest.raises(RunError, match="is not the network that run 'live' was made with"):
        network_file(read_run(one.folder))
