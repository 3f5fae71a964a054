"""Data flows one way: precompute -> run on disk -> core <- dashboard."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent
HEAVY = {"torch", "torchvision", "spacy", "streamlit", "plotly"}
FORBIDDEN = {
    "core": HEAVY | {"precompute", "dashboard"},
    "dashboard": {"torch", "torchvision", "spacy", "precompute"},
    "precompute": {"streamlit", "plotly", "dashboard"},
}


def modules(layer: str) -> list[str]:
    """Return the importable modules of a layer, entry scripts and pages left out."""
    paths = sorted((ROOT / layer).rglob("*.py"))
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths]
    scripts = ("__main__", "__init__", "app")
    return [n for n in names if n.split(".")[-1] not in scripts and ".app_pages." not in n]


@pytest.mark.parametrize("layer", FORBIDDEN)
def test_a_layer_does_not_import_what_it_must_not_know(layer):
    names = modules(layer)
    code = (
        f"import importlib, sys; sys.path.insert(0, {str(ROOT)!r})\n"
        f"for name in {names!r}: importlib.import_module(name)\n"
        f"print(sorted({FORBIDDEN[layer]!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip().splitlines()[-1] == "[]"


def test_no_file_grows_beyond_one_noun():
    long = {
        str(path.relative_to(ROOT)): n_lines
        for layer in [*FORBIDDEN, "tests"]
        for path in (ROOT / layer).rglob("*.py")
        if (n_lines := len(path.read_text("utf-8").splitlines())) > 300
    }
    assert long == {}, "split files of more than 300 lines"
