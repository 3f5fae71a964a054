"""Opening a file of weights: as tensors and plain values only, and of bounded size.

Loading one runs no code of its author. What a file declares is looked at before it is unpacked: a
small file may declare any size.
"""

import argparse
import datetime
import pickle
import struct
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path, PosixPath, PurePosixPath, PureWindowsPath

import numpy as np
import torch

from fieldmarks.core.errors import DataError, brief, one_line
from fieldmarks.core.input_file import MAX_WEIGHTS, require_file

#: Records and bytes of names in a file of weights: the largest networks with their optimiser have
#: some thousand tensors. Finding a record takes time that grows with all.
MAX_RECORDS, MAX_NAMES = 20_000, 8 << 20
#: What records may come to over the size of the file: torch does not compress.
_MAX_RATIO, _SMALL = 2, 64 << 20

_STATE = "give the network's state dict, torch.save(model.state_dict(), FILE), with --network"
_OTHER = "only networks of PyTorch can be explained: convert it, and give its state dict"
#: What is said of formats of other programs; by the start of the file where it has a mark.
_FORMATS = {
    "onnx": "is an ONNX file, a network with its weights: give it by --network, no --checkpoint",
    "torchscript": "is a TorchScript archive, a network with its weights: give it by --network, no "
    "--checkpoint",
    "pt2": "is an exported program, a network with its weights: give it by --network, no "
    "--checkpoint",
    "keras": f"is a network of Keras: {_OTHER}",
    "tflite": f"is a network of TensorFlow Lite: {_OTHER}",
    "tensorflow": f"is a network of TensorFlow: {_OTHER}",
    "numpy": f"is an archive of NumPy: {_STATE}",
    "hdf5": f"is an HDF5 file, as Keras writes it: {_OTHER}",
    "gguf": f"is a GGUF file: {_OTHER}",
    "coreml": f"is a network of Core ML: {_OTHER}",
    "engine": f"is compiled by TensorRT: {_STATE}",
    "zip": f"is a zip archive of something else than weights: {_STATE}",
}
_BY_SUFFIX = {
    ".onnx": "onnx",
    ".pt2": "pt2",
    ".keras": "keras",
    ".tflite": "tflite",
    ".npz": "numpy",
    ".pb": "tensorflow",
    ".h5": "hdf5",
    ".hdf5": "hdf5",
    ".gguf": "gguf",
    ".mlmodel": "coreml",
    ".engine": "engine",
    ".plan": "engine",
    ".npy": "numpy",
}
_BY_START = {b"\x89HDF\r\n\x1a\n": "hdf5", b"GGUF": "gguf", b"\x93NUMPY": "numpy"}


def _numpy_globals() -> list:
    """Return what a scalar of NumPy is made by, under the names of both of its generations."""
    scalar = np.float64(0).__reduce__()[0]
    kinds = [getattr(np.dtypes, name) for name in np.dtypes.__all__]
    return [
        np.dtype,
        *kinds,
        (scalar, "numpy._core.multiarray.scalar"),
        (scalar, "numpy.core.multiarray.scalar"),
    ]


#: Bare holders of values, which trainings store beside the weights; none of them runs code.
HARMLESS: tuple[Callable | tuple[Callable, str], ...] = (
    *(argparse.Namespace, Counter, dict, list, int, float, set),
    *(datetime.datetime, datetime.date, datetime.time, datetime.timedelta, datetime.timezone),
    *(PosixPath, PurePosixPath, PureWindowsPath, (PureWindowsPath, "pathlib.WindowsPath")),
    (PosixPath, "pathlib._local.PosixPath"),
    (PurePosixPath, "pathlib._local.PurePosixPath"),
    (PureWindowsPath, "pathlib._local.WindowsPath"),
    *_numpy_globals(),
)


def read_weights(path: str | Path) -> dict:
    """Return what a file of weights holds: ``.safetensors``, or what ``torch.save`` wrote.

    Raises
    ------
    DataError
        If there is no such file, it is in another format, too large, or holds more than tensors
        and plain values.
    """
    path = Path(path)
    if path.is_dir():
        hint = "--network hf:FOLDER" if (path / "config.json").is_file() else "a file in it"
        raise DataError(f"{path} is a folder; a checkpoint or state dict was expected: give {hint}")
    require_file(path, "a checkpoint or state dict", MAX_WEIGHTS)
    try:
        is_safetensors = _check_declared(path)
        if is_safetensors:
            from safetensors.torch import load_file

            return dict(load_file(path))
        with torch.serialization.safe_globals(list(HARMLESS)), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch says what it will no longer load one day
            state = torch.load(path, map_location="cpu", weights_only=True)
    except DataError:
        raise
    except pickle.UnpicklingError as error:
        raise DataError(f"{path} cannot be read as weights ({_pickled(path, error)})") from None
    except Exception as error:
        # damaged files end in any kind of error
        raise DataError(f"{path} cannot be read as weights ({one_line(error)})") from None
    if not isinstance(state, Mapping):
        raise DataError(
            f"{path} holds {_article(type(state).__name__)}; a state dict was expected: {_STATE}"
        )
    return dict(state)


def _article(name: str) -> str:
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def _check_declared(path: Path) -> bool:
    """Refuse other formats and what unpacks to too much; return whether it is safetensors."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(64)
    kind = next((name for mark, name in _BY_START.items() if start.startswith(mark)), None)
    if start[4:8] == b"TFL3":
        kind = "tflite"
    if zipfile.is_zipfile(path):
        kind = kind_of_archive(path, size)
    elif path.suffix == ".safetensors" or start[8:10] == b'{"':
        length = struct.unpack("<Q", start[:8].ljust(8, b"\0"))[0]
        if length > MAX_NAMES:
            raise DataError(f"{path} has a header of {length:,} bytes: no network needs so many")
        return True
    kind = kind or (None if start[:2] == b"\x80\x02" else _BY_SUFFIX.get(path.suffix.lower()))
    if kind is not None:
        raise DataError(f"{path} {_FORMATS[kind]}")
    return False


def kind_of_archive(path: Path, size: int) -> str | None:
    """Return the format of an archive that torch did not save; None for one that it did."""
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
    names = [entry.filename for entry in entries]
    inside = {name.partition("/")[2] or name for name in names}
    n_bytes = sum(entry.file_size for entry in entries)
    pickled = sum(entry.file_size for entry in entries if entry.filename.endswith(".pkl"))
    if n_bytes > max(_MAX_RATIO * size, _SMALL):
        raise DataError(
            f"{path} has {size / 1e6:.1f} MB and unpacks to {n_bytes / 1e9:.1f} GB: it is not "
            "loaded; torch.save writes weights without compression"
        )
    if len(entries) > MAX_RECORDS or pickled > MAX_NAMES:
        raise DataError(
            f"{path} holds {len(entries):,} records and {pickled:,} bytes of names: expected at "
            f"most {MAX_RECORDS:,} and {MAX_NAMES:,}; save model.state_dict() alone"
        )
    if "constants.pkl" in inside and any("/code/" in f"/{name}" for name in names):
        return "torchscript"
    if any(name.startswith(("archive_format", "models/")) for name in inside):
        return "pt2"
    if "model.weights.h5" in names or {"config.json", "metadata.json"} <= set(names):
        return "keras"
    if names and all(name.endswith(".npy") for name in names):
        return "numpy"
    return None if "data.pkl" in inside else "zip"


def _pickled(path: Path, error: Exception) -> str:
    """Say what else than weights a file holds."""
    try:
        names = torch.serialization.get_unsafe_globals_in_checkpoint(path)
    except Exception:
        names = []
    allowed = {each[1] if isinstance(each, tuple) else _full_name(each) for each in HARMLESS}
    names = sorted(set(names) - allowed)
    if not names:
        reason = one_line(error)
        # torch's own text goes on with how to switch its safety off
        return "it is damaged" if "weights_only" in reason or "Weights only" in reason else reason
    return (
        f"it holds Python objects, such as {brief(names[0])[1:-1]}, and loading them would run "
        "its author's code; save model.state_dict() instead"
    )


def _full_name(kind: Callable) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def require_plain(name: str, tensor: torch.Tensor, path: str | Path) -> None:
    """Refuse a tensor that is not a plain array of values.

    Raises
    ------
    DataError
        If it is sparse, quantised, complex, without values, or repeats few values many times.
    """
    wrong = ""
    if tensor.is_meta:
        wrong = "has a shape and no values (device meta): save it from a network that has them"
    elif tensor.is_nested or tensor.layout != torch.strided:
        kind = "nested" if tensor.is_nested else str(tensor.layout).removeprefix("torch.")
        wrong = f"is {kind}: save it dense, by tensor.to_dense()"
    elif tensor.is_quantized:
        wrong = f"is quantised ({str(tensor.dtype).removeprefix('torch.')}): save the weights of "
        wrong += "the network before it was quantised"
    elif tensor.is_complex():
        wrong = "is complex: expected real numbers"
    elif tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
        wrong = f"repeats its values to a shape of {tuple(tensor.shape)}: save a copy of it"
    if wrong:
        raise DataError(f"{path}: the weight {brief(name)[1:-1]} {wrong}")
