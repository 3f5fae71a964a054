"""Fingerprints: what a stage was computed from, in 32 characters.

A stage's result is used again only where its fingerprint is the same: the data, the settings, and
the code itself. Code counts as the syntax of every module of this project that the stage imports,
directly or not, without comments and docstrings, the data files they name, and the versions of the
libraries they import.
"""

import ast
import hashlib
import importlib.metadata
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import numpy as np

_ROOT = Path(__file__).resolve().parents[2]
_PACKAGES = ("core", "precompute")


def digest(*parts: object) -> str:
    """Return the fingerprint of strings, numbers, arrays, bytes and JSON values, in this order."""
    hasher = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            hasher.update(f"{part.dtype}{part.shape}".encode())
            part = np.ascontiguousarray(part).data
        elif not isinstance(part, bytes):
            part = json.dumps(part, sort_keys=True).encode()
        hasher.update(memoryview(part).nbytes.to_bytes(8, "little"))
        hasher.update(part)
    return hasher.hexdigest()[:32]


def file_digest(path: Path) -> str:
    """Return the fingerprint of a file's bytes."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:32]


def listing(folder: Path, path: str) -> str:
    """Return path, size and time of change of a file; a missing file has neither.

    >>> listing(Path("/nowhere"), "a.jpg")
    'a.jpg'
    """
    try:
        status = (folder / path).stat()
    except OSError:
        return path
    return f"{path} {status.st_size} {status.st_mtime_ns}"


@cache
def code_version(module: str) -> str:
    """Return the fingerprint of a module of this project and of all that it imports.

    Parameters
    ----------
    module : str
        Dotted name, e.g. ``"precompute.stages.activation_pass"``.
    """
    syntax, data, libraries, todo = {}, {}, set(), [module]
    while todo:
        name = todo.pop()
        path = _source(name)
        if path is None or name in syntax:
            continue
        tree = ast.parse(path.read_text("utf-8"))
        syntax[name] = _syntax(tree)
        data |= {file.name: file_digest(file) for file in _data_files(tree, path.parent)}
        for imported in _imports(tree):
            top = imported.partition(".")[0]
            if top in _PACKAGES:
                todo += [imported, imported.rpartition(".")[0]]
            else:
                libraries.add(top)
    return digest(syntax, data, library_versions(libraries))


def library_versions(modules: Iterable[str]) -> dict[str, str]:
    """Return the installed version of the package that each module belongs to.

    Modules of the standard library are left out.
    """
    packages = _packages()
    names = {name for module in modules for name in packages.get(module, ())}
    return {name: importlib.metadata.version(name) for name in sorted(names)}


@cache
def _packages() -> dict[str, list[str]]:
    return dict(importlib.metadata.packages_distributions())


def _source(name: str) -> Path | None:
    path = _ROOT.joinpath(*name.split("."))
    candidates = (path / "__init__.py", path.with_suffix(".py"))
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def _imports(tree: ast.Module) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def _data_files(tree: ast.Module, folder: Path) -> list[Path]:
    """Return the files of this folder that a module's strings name, such as a word list."""
    constants = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    names = {name for name in constants if isinstance(name, str) and name.endswith(".csv")}
    return [folder / name for name in sorted(names) if (folder / name).is_file()]


def _syntax(tree: ast.Module) -> str:
    """Return a module's syntax without its docstrings."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            value = body[0].value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                body[0] = ast.Pass()
    return ast.dump(tree)
