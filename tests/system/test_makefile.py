"""Which build of PyTorch `make` installs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CPU = "https://download.pytorch.org/whl/cpu"

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or Path("/dev/nvidia0").exists(), reason="for Linux without a GPU"
)


def commands(path: Path, *given: str) -> str:
    """Return what `make` would run to set up an environment, with the programs of a folder."""
    for name in ("make", "bash", "uname", "grep", "sed", "expand"):
        (path / name).symlink_to(str(shutil.which(name)))
    ready = path / "venv" / "ready"
    done = subprocess.run(
        ["make", "--dry-run", f"VENV={ready.parent}", *given, str(ready)],
        cwd=ROOT,
        env={"PATH": str(path), "HOME": os.environ["HOME"]},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_a_machine_without_a_gpu_installs_pytorch_without_cuda_first(tmp_path):
    said = commands(tmp_path)
    assert 0 < said.index(f'--index-url "{CPU}"') < said.index("-r requirements.txt")


def test_a_machine_with_a_gpu_installs_the_usual_build(tmp_path):
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    assert CPU not in commands(tmp_path)


def test_another_index_or_none_can_be_named(tmp_path):
    assert CPU not in commands(tmp_path, "TORCH_INDEX=")
