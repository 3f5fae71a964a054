"""A network as a file that holds its graph, by what the file is."""

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from fieldmarks.core.errors import DataError, ModelError, one_line
from fieldmarks.core.input_file import MAX_WEIGHTS, require_file
from fieldmarks.precompute.network.weights_file import kind_of_archive

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from fieldmarks.core.pictures.crop import Size

_OTHERWISE = "give the network itself by --network FILE.py:FUNCTION"


def read_graph(path: Path) -> "tuple[nn.Module, Size | None]":
    """Return a network and the size of its input, None where nothing says it.

    Raises
    ------
    DataError
        If the file is not there, or is none of ONNX, an exported program and TorchScript.
    ModelError
        If it cannot be explained.
    """
    require_file(path, "a file that holds a network", MAX_WEIGHTS)
    try:
        return _reader(path)(path)
    except ModelError as error:
        raise ModelError(f"{path} cannot be explained: {error}: {_OTHERWISE}") from None
    except DataError:
        raise
    except Exception as error:
        # a damaged file, one of another version, or an operator in a way that is not known
        reason = f"it lacks {error}" if isinstance(error, KeyError) else one_line(error)
        raise ModelError(f"{path} cannot be read as a network ({reason}): {_OTHERWISE}") from None


def _reader(path: Path) -> "Callable[[Path], tuple[nn.Module, Size | None]]":
    """Return what reads such a file."""
    if path.suffix.lower() == ".onnx":
        from fieldmarks.precompute.network.graphs.onnx_network import read_onnx

        return read_onnx
    kind = kind_of_archive(path, path.stat().st_size) if zipfile.is_zipfile(path) else None
    if kind == "pt2":
        from fieldmarks.precompute.network.graphs.exported import read_exported

        return read_exported
    if kind == "torchscript":
        from fieldmarks.precompute.network.graphs.torchscript import read_torchscript

        return read_torchscript
    raise DataError(
        f"{path} holds no network that can be run, such as ONNX, an exported program or "
        "TorchScript: give weights as --checkpoint, and name their network by --network"
    )
