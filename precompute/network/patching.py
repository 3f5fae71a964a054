"""A state dict with another last layer, otherwise as it was and in the format it came in."""

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from fieldmarks.core.errors import DataError
from fieldmarks.core.head import Head
from fieldmarks.precompute.network.checkpoint import atomic_save
from fieldmarks.precompute.network.weights_file import read_weights

_SAME = 1e-6


def patch_head(checkpoint: Path, out: Path, before: Head, after: Head) -> str:
    """Write a copy of a checkpoint in which the last layer is another one.

    The layer is found by its values: the one tensor that holds the run's class weights, or, of a
    network with one score for two classes, their difference.

    Parameters
    ----------
    checkpoint, out : Path
    before, after : Head
        The head that the run was made with, and the one to write.

    Returns
    -------
    str
        Name of the tensor that was replaced.

    Raises
    ------
    DataError
        If the file cannot be read, or not exactly one tensor holds these weights.
    """
    state = copy.deepcopy(read_weights(checkpoint))
    new, places = after, list(_holding(state, before.weights))
    for sign in (1, -1) if len(before.weights) == 2 and not places else ():
        found = list(_holding(state, _one_score(before, sign).weights))
        new, places = (_one_score(after, sign), found) if found else (new, places)
    if len(places) != 1:
        raise DataError(
            f"expected one tensor in {checkpoint} that holds the class weights of the run, found "
            f"{len(places)}: was the run made with this checkpoint?"
        )
    holder, key = places[0]
    _replace(holder, key, new.weights)
    bias = key.removesuffix("weight") + "bias"
    if bias in holder:
        _replace(holder, bias, new.bias)
    atomic_save(out, state)
    return key


def _one_score(head: Head, sign: int) -> Head:
    """Return the one score that two are of, see `precompute.network.outputs.two_scores`."""
    (first, second), (low, high) = head.weights, head.bias
    return replace(
        head, weights=sign * (second - first)[None], bias=np.array([sign * (high - low)])
    )


def _holding(node: object, weights: np.ndarray):
    """Yield each dictionary and key of a nested one whose tensor equals the weights."""
    if not isinstance(node, dict):
        return
    for key, value in node.items():
        if isinstance(value, torch.Tensor) and value.numel() == weights.size:
            same = np.abs(value.float().numpy().reshape(weights.shape) - weights).max()
            if same <= _SAME * max(1.0, float(np.abs(weights).max())):
                yield node, str(key)
        else:
            yield from _holding(value, weights)


def _replace(holder: dict, key: str, values: np.ndarray) -> None:
    old = holder[key]
    holder[key] = torch.as_tensor(values).reshape(old.shape).to(old.dtype)
