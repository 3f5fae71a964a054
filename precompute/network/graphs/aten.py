"""Operators of ATen by name, of those that compute: some of them open files."""

from collections.abc import Callable

import torch

from fieldmarks.core.errors import ModelError

_OVERLOAD = type(torch.ops.aten.relu.default)
_OF_FILES = ("from_file", "save")


def aten(name: str, overload: str = "default") -> Callable:
    """Return an operator.

    Raises
    ------
    ModelError
        If there is none, or it opens a file.
    """
    found = getattr(getattr(torch.ops.aten, name, None), overload, None)
    if name in _OF_FILES or not isinstance(found, _OVERLOAD):
        raise ModelError(f"it has the operator {name}.{overload}")
    return found
