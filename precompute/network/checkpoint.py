"""The file that a training leaves: weights, and what is needed to use and to repeat it.

It is read with ``weights_only=True``: loading one runs no code of its author.
"""

from dataclasses import dataclass, field, fields
from pathlib import Path

import torch
from torch import nn

from core.errors import DataError, ModelError, one_line
from precompute.network.registry import last_linear

_FORMAT = "fieldmarks-checkpoint-1"

#: Normalisations of RGB in [0, 1]: torchvision's, and the [-1, 1] of networks from TensorFlow.
NORMALISATIONS = {
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "half": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
}


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint file holds.

    Parameters
    ----------
    arch : str
        Name in the registry of ``precompute.network.registry``.
    state_dict : dict of tensors
    class_ids, class_names : list
        Of the C classes, in the order of the logits.
    input_size : int
        Side of the square input in pixels.
    mean, std : tuple of 3 float
        Normalisation of RGB in [0, 1].
    made : dict
        How it was made: arguments, versions, accuracy. Plain JSON values.
    """

    arch: str
    state_dict: dict[str, torch.Tensor]
    class_ids: list[int]
    class_names: list[str]
    input_size: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    made: dict = field(default_factory=dict)


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint atomically."""
    atomic_save(path, {"format": _FORMAT, **vars(checkpoint)})


def atomic_save(path: Path, state: dict) -> None:
    """Save under a temporary name and rename: an atomic write of ``path``."""
    beside = path.with_name(path.name + ".writing")
    try:
        torch.save(state, beside)
        beside.replace(path)
    except (RuntimeError, OSError) as error:
        beside.unlink(missing_ok=True)
        raise DataError(f"{path} could not be written: {one_line(error)}") from None


def read_checkpoint(path: str | Path) -> Checkpoint:
    """Read a checkpoint that ``train`` wrote.

    Raises
    ------
    DataError
        If there is none, or it is something else.
    """
    state = _load(Path(path))
    if state.pop("format", None) != _FORMAT:
        raise DataError(
            f"{path} is not a checkpoint of Fieldmarks: it lacks class names and input size; "
            "make one by `python -m precompute train --weights` from it"
        )
    return _checkpoint(path, state)


def load_weights(model: nn.Module, path: str | Path) -> Checkpoint | None:
    """Start ``model`` from a plain state dict or from a checkpoint.

    The last linear layer keeps its random start where its shape differs: another number of classes.

    Returns
    -------
    Checkpoint or None
        None for a plain state dict.
    """
    state = _load(Path(path))
    checkpoint = None
    if state.pop("format", None) == _FORMAT:
        checkpoint = _checkpoint(path, state)
        state = checkpoint.state_dict
    expected = model.state_dict()
    head, _ = last_linear(model)
    for name in (f"{head}.weight", f"{head}.bias"):
        if name in state and state[name].shape != expected[name].shape:
            state = {**state, name: expected[name]}
    load_state(model, state, path)
    return checkpoint


def load_state(model: nn.Module, state: dict, path: str | Path) -> None:
    """Load a state dict that came from ``path``.

    Raises
    ------
    ModelError
        If names or shapes differ.
    """
    expected = model.state_dict()
    wrong = sorted(expected.keys() ^ state.keys())
    wrong += [
        name for name in expected if name in state and expected[name].shape != state[name].shape
    ]
    if wrong:
        raise ModelError(
            f"{path} holds other weights than this {type(model).__name__}: {len(wrong)} of "
            f"{len(expected)} entries differ, such as {wrong[0]}; is --arch right?"
        )
    model.load_state_dict(state)


def _checkpoint(path: str | Path, state: dict) -> Checkpoint:
    expected = {entry.name for entry in fields(Checkpoint)}
    if state.keys() != expected:
        wrong = ", ".join(sorted(expected ^ state.keys()))
        raise DataError(f"{path} holds other entries than a checkpoint: {wrong} differ")
    return Checkpoint(**state)


def _load(path: Path) -> dict:
    if not path.is_file():
        raise DataError(f"there is no file {path}; a checkpoint or state dict was expected")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise DataError(f"{path} cannot be read as weights ({one_line(error)})") from None
    if not isinstance(state, dict):
        raise DataError(f"{path} holds a {type(state).__name__}; a state dict was expected")
    return dict(state)
