"""A network that is an exported program, as ``torch.export.save`` writes it."""

import copy
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, fx

from fieldmarks.core.errors import ModelError, one_line
from fieldmarks.core.input_file import require_file
from fieldmarks.core.pictures.crop import Size, sides, size_of_sides
from fieldmarks.precompute.network.cut.tracing import plain_graph
from fieldmarks.precompute.network.weights_file import MAX_BYTES

_ATEN = torch.ops.aten
#: What is given a shape that begins with the number of images.
_RESHAPING = (_ATEN.view.default, _ATEN.reshape.default)
_TOLERANCE = 1e-4


def read_exported(path: Path) -> tuple[fx.GraphModule, Size | None]:
    """Return a network and the size of its input, None where any will do.

    Raises
    ------
    DataError
        If there is no such file, or it is too large.
    ModelError
        If it is no network of images, or takes one number of images only.
    """
    require_file(path, "an exported program", MAX_BYTES)
    try:
        program = torch.export.load(path)
        original = plain_graph(_graph_of(program))
    except ModelError as error:
        raise ModelError(f"{path} cannot be explained: {error}") from None
    except Exception as error:
        # a damaged file, or one of another version
        raise ModelError(f"{path} cannot be read as a network ({one_line(error)})") from None
    network, shape = for_any_batch(original, _shape_of(program), path)
    size = shape[2:]
    return network, size_of_sides(*size) if all(size) else None


def _graph_of(program: Any) -> fx.GraphModule:
    graph = program.module()
    assert isinstance(graph, fx.GraphModule), "an exported program is a graph"
    return graph


def _shape_of(program: Any) -> tuple[int, ...]:
    """Return the lengths of the input's axes, 0 where any will do."""
    (name,) = program.graph_signature.user_inputs
    value = next(node for node in program.graph.nodes if node.name == name).meta["val"]
    shape = tuple(n if type(n) is int else 0 for n in value.shape)
    if len(shape) != 4:
        raise ModelError(f"its input has {len(shape)} axes, images have four")
    return shape


@torch.no_grad()
def for_any_batch(
    original: fx.GraphModule, shape: tuple[int, ...], path: Path
) -> tuple[fx.GraphModule, tuple[int, ...]]:
    """Return a network that takes any number of images, which one that was traced may not.

    Parameters
    ----------
    original : fx.GraphModule
        Of ATen's operators.
    shape : tuple of int
        Lengths of the input's axes, 0 where any will do.
    path : Path
        For the message.

    Raises
    ------
    ModelError
        If it gives several images other scores than each of them alone.
    """
    n, channels, *size = shape
    network = copy.deepcopy(original)
    for node in network.graph.nodes if n else ():
        given = node.args[1] if node.target in _RESHAPING else None
        if isinstance(given, list | tuple) and given and given[0] == n and -1 not in given:
            node.args = (node.args[0], [-1, *given[1:]])
    network.recompile()
    side = size if all(size) else sides(224)
    images = torch.rand(
        3 * (n or 1), channels or 3, *side, generator=torch.Generator().manual_seed(0)
    )
    try:
        alone = torch.cat([_scores(original, each) for each in images.split(n or 1)])
        together = _scores(network, images)
        is_same = torch.allclose(alone, together, rtol=_TOLERANCE, atol=_TOLERANCE)
    except Exception as error:
        # operators that were given the number of images in another way
        raise ModelError(
            f"{path} was written for {n or 'some'} image{'s' * (n != 1)} at a time "
            f"({one_line(error)}): write it with a dynamic batch, dynamic_shapes=({{0: "
            "torch.export.Dim('batch')}},)"
        ) from None
    if not is_same:
        raise ModelError(f"{path} gives an image other scores among others than alone")
    return network, shape


def _scores(network: fx.GraphModule, images: Tensor) -> Tensor:
    returned = network(images)
    return returned[0] if isinstance(returned, tuple | list) else returned
