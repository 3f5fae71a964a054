"""Fingerprint of a user's code: the modules that it is in, found without running them.

Imports are followed through what is not installed as a package: a helper beside the file counts,
wherever in it the import stands. Of installed packages the version counts. Modules that are
imported by a computed name, and files that the code reads, are not seen.
"""

import ast
import sysconfig
from collections.abc import Iterator
from importlib.machinery import PathFinder
from pathlib import Path

from fieldmarks.core.input_file import MAX_LIST, read_text
from fieldmarks.precompute.resume.fingerprint import file_digest, library_versions

#: More files than these belong to no network.
_MOST = 2000


def code_fingerprint(place: str) -> dict[str, str]:
    """Return the digest of each file of a user's code, and versions of packages it imports.

    Parameters
    ----------
    place : str
        ``file.py`` or ``package.module``.

    Returns
    -------
    dict
        By the module's name; files are named without their folders, for moved code is the same.

    Raises
    ------
    DataError
        If a file cannot be read.
    """
    digests: dict[str, str] = {}
    start = Path(place).expanduser()
    beside = [str(start.resolve().parent)] if start.suffix == ".py" else []
    todo: list[tuple[str, Path]] = []
    if beside:
        todo.append((start.name, start))
    else:
        todo += _files(place, None)
    while todo and len(digests) < _MOST:
        name, path = todo.pop()
        if name in digests:
            continue
        digests[name] = file_digest(path)
        for imported in _imports(path, name):
            top = imported.partition(".")[0]
            followed = [each for each in _files(imported, beside) if not _is_installed(each[1])]
            todo += followed
            if not followed:
                digests |= {f"{p} version": v for p, v in library_versions((top,)).items()}
    return dict(sorted(digests.items()))


def _files(name: str, beside: list[str] | None) -> list[tuple[str, Path]]:
    """Return the file of a module and those of the packages above it; nothing is imported."""
    files, where, parts = [], None, name.split(".")
    for n in range(1, len(parts) + 1):
        full = ".".join(parts[:n])
        spec = PathFinder.find_spec(full, where) if where is not None else None
        if n == 1:
            spec = PathFinder.find_spec(full, beside) if beside else None
            spec = spec or PathFinder.find_spec(full)
        if spec is None:
            break
        if spec.origin and spec.origin.endswith(".py"):
            files.append((full, Path(spec.origin)))
        where = list(spec.submodule_search_locations or [])
    return files


def _imports(path: Path, name: str) -> Iterator[str]:
    """Yield the names of modules that a file imports, with what may be modules of a package."""
    try:
        tree = ast.parse(read_text(path, "code", MAX_LIST))
    except (SyntaxError, ValueError, RecursionError):
        return  # told when it is run
    is_package = path.name == "__init__.py"
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:
                parts = name.split(".")
                kept = len(parts) - node.level + is_package
                module = ".".join([*parts[: max(kept, 0)], *filter(None, [module])])
            if module:
                yield module
            prefix = f"{module}." if module else ""
            yield from (prefix + alias.name for alias in node.names if alias.name != "*")


def _is_installed(path: Path) -> bool:
    """Return whether a file belongs to Python or to an installed package."""
    places = (sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
    real = path.resolve()
    return any(real.is_relative_to(Path(place).resolve()) for place in places)
