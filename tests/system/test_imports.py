"""Imports go one way: fieldmarks -> dashboard, precompute -> core; inside core along `ORDER`."""

import ast
import re
import subprocess
import sys
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("core", "precompute", "dashboard")
HEAVY = {"torch", "torchvision", "spacy", "streamlit", "plotly"}
FORBIDDEN = {
    "core": HEAVY | {"inflect", "typeguard", "fieldmarks.precompute", "fieldmarks.dashboard"},
    "dashboard": {"torch", "torchvision", "spacy", "inflect", "typeguard", "fieldmarks.precompute"},
    "precompute": {"streamlit", "plotly", "fieldmarks.dashboard"},
}
#: Packages of core from the bottom; one imports its own group and those before it.
ORDER = (
    {
        *("errors", "batching", "processes", "probability", "head", "name_status"),
        *("class_statistics", "class_folds", "bootstrap", "shares", "outputs", "input_file"),
        *("accelerator", "ridge_regression", "unit_length", "half_precision"),
    },
    {"run", "attributes"},
    {"estimators", "pictures"},
    {"presence"},
    {"explanations", "search", "image_map", "live"},
    {"causes"},
    {"review", "comparison", "repair", "corruptions"},
    {"scores"},
    {"experimental"},
)
#: The one module of each part that names modules of its experiments, as text, and imports or opens
#: them when one is asked for.
ENTRIES = {"core/estimators/base.py", "precompute/commands/__init__.py", "dashboard/frame.py"}


def name_of(path: Path) -> str:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    return f"fieldmarks.{name}"


def modules(part: str) -> dict[str, Path]:
    return {name_of(path): path for path in sorted((ROOT / part).rglob("*.py"))}


@cache
def imports() -> dict[str, set[str]]:
    """Return the modules of the project that each module imports, at the top or in a function."""
    known = {name: path for part in PARTS for name, path in modules(part).items()}
    graph = {}
    for name, path in known.items():
        named = set()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                named |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                below = {f"{node.module}.{alias.name}" for alias in node.names}
                named |= below & known.keys() or {node.module}
        graph[name] = (named & known.keys()) - {name}
    return graph


def package(module: str) -> str:
    """Return the package or single module below core, precompute or dashboard."""
    return ".".join(module.split(".")[:3])


def packages() -> dict[str, set[str]]:
    graph: dict[str, set[str]] = {}
    for module, imported in imports().items():
        graph.setdefault(package(module), set()).update(
            package(each) for each in imported if package(each) != package(module)
        )
    return graph


@pytest.mark.slow
@pytest.mark.parametrize("part", PARTS)
def test_a_part_does_not_load_what_it_must_not_know(part):
    scripts = ("__main__", "app")
    names = [
        name
        for name in modules(part)
        if name.split(".")[-1] not in scripts and not re.search(r"\.(app_)?pages\.", name)
    ]
    code = (
        f"import importlib, sys; sys.path.insert(0, {str(ROOT)!r})\n"
        f"for name in {names!r}: importlib.import_module(name)\n"
        f"print(sorted({FORBIDDEN[part]!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip().splitlines()[-1] == "[]"


@pytest.mark.parametrize("graph_of", [imports, packages], ids=["modules", "packages"])
def test_there_are_no_import_cycles(graph_of):
    try:
        TopologicalSorter(graph_of()).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_packages_of_core_import_only_what_lies_below_them():
    group_of = {name: group for group, names in enumerate(ORDER) for name in names}
    against = [
        f"{above} -> {below}"
        for above, imported in packages().items()
        for below in imported
        if above.startswith("fieldmarks.core.") and below.startswith("fieldmarks.core.")
        if group_of[above.split(".")[2]] < group_of[below.split(".")[2]]
    ]
    assert against == []


@pytest.mark.parametrize("part", [*PARTS, "fieldmarks", "benchmarks"])
def test_nothing_outside_the_experiments_imports_them(part):
    importing = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / part).rglob("*.py"))
        if "experimental" not in path.parts
        if any(re.match(r"fieldmarks\.\w+\.experimental\b", name) for name in named_in(path))
    ]
    assert importing == []


def named_in(path: Path) -> set[str]:
    """Return the modules, and names of modules, that a file imports at the top or in a function."""
    named = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            named |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return named


def test_experiments_are_named_in_one_module_of_each_part():
    paths = [
        path for part in (*PARTS, "fieldmarks") for path in sorted((ROOT / part).rglob("*.py"))
    ]
    naming = {
        str(path.relative_to(ROOT))
        for path in paths
        if "experimental" not in path.parts
        for text in texts(path)
        if re.search(r"\bexperimental\b[./]|[./]experimental\b", text)
    }
    assert naming == ENTRIES


def texts(path: Path) -> list[str]:
    """Return the texts of a module that are not docstrings, those in f-strings too."""
    tree = ast.parse(path.read_text("utf-8"))
    told = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        if node.body and isinstance(node.body[0], ast.Expr)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told
    ]


def test_every_module_is_imported_by_its_full_name():
    flat = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for part in (*PARTS, "fieldmarks", "benchmarks", "tests")
        for path in sorted((ROOT / part).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else []
        )
        if name.split(".")[0] in PARTS
    ]
    assert flat == []
