"""The file that a training leaves: weights, and what is needed to use and to repeat it.

It is read with ``weights_only=True``: loading one runs no code of its author.
"""

import json
import math
from dataclasses import dataclass, field, fields
from pathlib import Path

import torch
from torch import nn

from fieldmarks.core.errors import DataError, one_line
from fieldmarks.core.input_file import without_halves
from fieldmarks.core.outputs import atomic_write
from fieldmarks.precompute.network.preprocessing import Preprocessing
from fieldmarks.precompute.network.registry import last_linear
from fieldmarks.precompute.network.settings import MAX_INPUT
from fieldmarks.precompute.network.weights import fit, load_state, stored_weights
from fieldmarks.precompute.network.weights_file import read_weights, require_plain

_FORMAT = "fieldmarks-checkpoint-1"
#: Classes of the largest data sets, ImageNet-21k and the like.
_MOST_CLASSES = 100_000
#: What a training may say of how it fed images, besides size and normalisation.
_MADE_FED = (
    *("crop", "crop_share", "interpolation"),
    *("alpha", "orientation", "depth", "channels"),
)


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

    @property
    def preprocessing(self) -> Preprocessing:
        """How images are fed: normalisation, size, and as the training cut them."""
        fed = self.made.get("preprocessing", {})
        # a training that does not say it laid transparent pixels on grey
        return Preprocessing(
            tuple(self.mean), tuple(self.std), self.input_size, **{"alpha": "grey", **fed}
        )


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint atomically."""
    atomic_save(path, {"format": _FORMAT, **vars(checkpoint)})


def atomic_save(path: Path, state: dict) -> None:
    """Write tensors and plain values to ``path`` in one atomic write."""
    try:
        with atomic_write(path) as file:
            torch.save(state, file)
    except (RuntimeError, OSError) as error:
        raise DataError(f"{path} could not be written: {one_line(error)}") from None


def read_checkpoint(path: str | Path) -> Checkpoint:
    """Read a checkpoint that ``train`` wrote.

    Raises
    ------
    DataError
        If there is none, or it is something else.
    """
    checkpoint = checkpoint_of(read_weights(path), path)
    if checkpoint is None:
        raise DataError(
            f"{path} is not a checkpoint of Fieldmarks: it lacks class names and input size; "
            "make one by `fieldmarks train --weights` from it"
        )
    return checkpoint


def checkpoint_of(contents: dict, path: str | Path) -> Checkpoint | None:
    """Return the checkpoint of ``train`` that a file's contents are, None for anything else."""
    if contents.get("format") != _FORMAT:
        return None
    return _checkpoint(path, {key: value for key, value in contents.items() if key != "format"})


def load_weights(model: nn.Module, path: str | Path) -> Checkpoint | None:
    """Start ``model`` from any state dict, or from a checkpoint.

    The last linear layer keeps its random start where its shape differs: another number of classes.

    Returns
    -------
    Checkpoint or None
        None for anything but a checkpoint of ``train``.
    """
    contents = read_weights(path)
    checkpoint = checkpoint_of(contents, path)
    if checkpoint is None:
        state, told = fit(model, stored_weights(contents, path), path)
        for line in told:
            print(f"note: {line}")
    else:
        state = checkpoint.state_dict
    expected = model.state_dict()
    head, _ = last_linear(model)
    for name in (f"{head}.weight", f"{head}.bias"):
        if name in state and state[name].shape != expected[name].shape:
            state = {**state, name: expected[name]}
    load_state(model, state, path)
    return checkpoint


def _checkpoint(path: str | Path, state: dict) -> Checkpoint:
    expected = {entry.name for entry in fields(Checkpoint)}
    if state.keys() != expected:
        wrong = ", ".join(sorted(expected ^ state.keys()))
        raise DataError(f"{path} holds other entries than a checkpoint: {wrong} differ")
    wrong = _wrong_in(state)
    if wrong:
        raise DataError(f"{path} is damaged: expected {wrong}; train again, or give another file")
    for name, tensor in state["state_dict"].items():
        require_plain(name, tensor, path)
    return Checkpoint(**state)


def _wrong_in(state: dict) -> str:
    """Return what was expected of the first entry that is something else, empty for none."""
    ids, names, weights = state["class_ids"], state["class_names"], state["state_dict"]
    if not isinstance(state["arch"], str):
        return "the name of an architecture as arch"
    if not isinstance(weights, dict) or not all(
        isinstance(name, str) and isinstance(value, torch.Tensor) for name, value in weights.items()
    ):
        return "tensors by name as state_dict"
    if not isinstance(ids, list) or not all(type(i) is int and abs(i) < 2**31 for i in ids):
        return "whole numbers as class_ids"
    if not isinstance(names, list) or not all(
        isinstance(name, str) and name == without_halves(name) for name in names
    ):
        return "texts as class_names"
    if len(ids) > _MOST_CLASSES:
        return f"at most {_MOST_CLASSES:,} classes"
    if not ids or len(ids) != len(names) or len(set(ids)) != len(ids):
        return f"one name for each of the classes, found {len(ids)} and {len(names)}"
    if type(state["input_size"]) is not int or not 1 <= state["input_size"] <= MAX_INPUT:
        return f"pixels from 1 to {MAX_INPUT:,} as input_size"
    for name, least in (("mean", -math.inf), ("std", 0.0)):
        values = state[name]
        if not isinstance(values, list | tuple) or len(values) != 3 or not all(
            isinstance(value, int | float) and abs(value) < 1e3 and value > least
            for value in values
        ):  # fmt: skip
            return f"three numbers as {name}" + (" above 0" if least == 0 else "")
    return _wrong_in_made(state["made"])


def _wrong_in_made(made: object) -> str:
    """Return what was expected of how it was made: it goes into the run's manifest as JSON."""
    try:
        is_plain = isinstance(made, dict) and json.loads(json.dumps(made)) is not None
    except (TypeError, ValueError, RecursionError):
        is_plain = False
    if not isinstance(made, dict) or not is_plain:
        return "how it was made, a dictionary of plain values, as made"
    args, left_out = made.get("network_args", []), made.get("left_out", [])
    if not isinstance(args, list | tuple) or not all(isinstance(arg, str) for arg in args):
        return "texts as network_args"
    if not isinstance(left_out, list) or not all(type(i) is int for i in left_out):
        return "whole numbers as left_out"
    fed = made.get("preprocessing", {})
    if not isinstance(fed, dict) or not fed.keys() <= set(_MADE_FED):
        return f"{', '.join(_MADE_FED[:-1])} and {_MADE_FED[-1]} as preprocessing"
    return ""
