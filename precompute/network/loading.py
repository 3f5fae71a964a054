"""A trained network, ready to be explained: one pass gives maps, pooled activations and logits."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import fx

from core.errors import ModelError, one_line
from precompute.network.checkpoint import Checkpoint, load_state, read_checkpoint
from precompute.network.graph import Anatomy, dissect
from precompute.network.receptive_field import cell_centres, windows
from precompute.network.registry import build

#: How far maps times head may lie from the network's logits, as a share of the largest one.
_TOLERANCE = 1e-4


@dataclass(frozen=True)
class LoadedModel:
    """A network, its head and the geometry of its maps.

    Parameters
    ----------
    arch : str
    network : fx.GraphModule
        In eval mode; maps normalised images (N, 3, S, S) to maps (N, F, H, W), pooled (N, F) and
        logits (N, C) in one pass.
    class_weights, class_bias : ndarray of shape (C, F) and (C,)
        W and b, float32.
    cell_centres : ndarray of shape (H, W, 2)
        Row and column of each cell's receptive-field centre in the unit square of the input.
    receptive_field : float
        Its side in pixels of the input.
    input_size : int
        S, the side of the input in pixels.
    mean, std : tuple of 3 float
        Normalisation of RGB in [0, 1].
    class_ids, class_names : list of C
    layer : str
        Name of the layer whose output are the maps.
    pooling : str
        "average" or "maximum".
    made : dict
        How the checkpoint was made.
    """

    arch: str
    network: fx.GraphModule
    class_weights: np.ndarray
    class_bias: np.ndarray
    cell_centres: np.ndarray
    receptive_field: float
    input_size: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    class_ids: list[int]
    class_names: list[str]
    layer: str
    pooling: str
    made: dict


def load_checkpoint(
    path: str | Path, input_size: int | None = None, arch: str | None = None
) -> LoadedModel:
    """Load a checkpoint and prove that it can be explained.

    Parameters
    ----------
    path : str or Path
        Written by ``train``.
    input_size : int or None
        Side of the input in pixels; None for the size that it was trained at.
    arch : str or None
        What the caller takes it for; None for what the checkpoint says.

    Raises
    ------
    DataError
        If this is no checkpoint.
    ModelError
        If it is another architecture, or a network that cannot be explained.
    """
    checkpoint = read_checkpoint(path)
    if arch not in (None, checkpoint.arch):
        raise ModelError(f"{path} holds a {checkpoint.arch}, not a {arch}: is --arch right?")
    model = build(checkpoint.arch, len(checkpoint.class_ids)).eval()
    load_state(model, checkpoint.state_dict, path)
    return explainable(model, checkpoint, input_size or checkpoint.input_size)


def explainable(model: torch.nn.Module, checkpoint: Checkpoint, input_size: int) -> LoadedModel:
    """Dissect a network that is in eval mode; see `load_checkpoint`."""
    anatomy = dissect(model, checkpoint.arch)
    head = model.get_submodule(anatomy.head)
    prove(model, anatomy, input_size)
    rows, columns = windows(anatomy.graph, anatomy.maps_node, input_size)
    bias = torch.zeros(head.out_features) if head.bias is None else head.bias
    return LoadedModel(
        arch=checkpoint.arch,
        network=anatomy.graph,
        class_weights=head.weight.detach().numpy(),
        class_bias=bias.detach().numpy(),
        cell_centres=cell_centres(anatomy.graph, anatomy.maps_node, input_size),
        receptive_field=max(rows.size, columns.size),
        input_size=input_size,
        mean=tuple(checkpoint.mean),
        std=tuple(checkpoint.std),
        class_ids=list(checkpoint.class_ids),
        class_names=list(checkpoint.class_names),
        layer=anatomy.layer,
        pooling=anatomy.pooling,
        made=checkpoint.made,
    )


@torch.inference_mode()
def prove(model: torch.nn.Module, anatomy: Anatomy, input_size: int) -> None:
    """Check on random images that pooled maps times the head are the network's own logits.

    Raises
    ------
    ModelError
        If they differ by more than 1e-4 of the largest logit, or are not finite, or the network
        takes no input of this size.
    """
    images = torch.randn(2, 3, input_size, input_size, generator=torch.Generator().manual_seed(0))
    try:
        logits = model(images)
    except RuntimeError as error:
        raise ModelError(
            f"the network takes no input of {input_size} pixels: {one_line(error)}"
        ) from None
    maps, pooled, _ = anatomy.graph(images)
    head = model.get_submodule(anatomy.head)
    repooled = maps.mean((2, 3)) if anatomy.pooling == "average" else maps.amax((2, 3))
    scale = max(float(logits.abs().max()), 1.0)
    difference = max(
        float((head(repooled) - logits).abs().max()) / scale,
        float((repooled - pooled).abs().max()) / max(float(pooled.abs().max()), 1.0),
    )
    if not difference <= _TOLERANCE:
        raise ModelError(
            f"pooled maps times the linear layer {anatomy.head} differ from the logits by "
            f"{difference:.1e} of the largest one, where {_TOLERANCE:.0e} is allowed"
        )
