"""The commands of ``fieldmarks``, one a file; those of experiments lie with the experiments."""

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType

#: The package of the experiments. Nothing else imports it, see `tests/system/test_imports.py`.
_EXPERIMENTAL = "fieldmarks.precompute.experimental"


def modules() -> Iterator[ModuleType]:
    """Yield the modules of all commands, those of experiments last."""
    for package in (import_module(__name__), experimental("commands")):
        for command in pkgutil.iter_modules(package.__path__):
            yield import_module(f"{package.__name__}.{command.name}")


def experimental(name: str) -> ModuleType:
    """Return a module of the experiments."""
    return import_module(f"{_EXPERIMENTAL}.{name}")
