"""Networks of ATen's operators that were traced for one number of images."""

import copy
from collections.abc import Iterable

import torch
from torch import Tensor, fx

from fieldmarks.core.errors import ModelError, one_line
from fieldmarks.core.pictures.crop import sides
from fieldmarks.precompute.network.settings import MAX_INPUT

_ATEN = torch.ops.aten
#: What is given a shape that begins with the number of images.
_RESHAPING = (_ATEN.view.default, _ATEN.reshape.default)
_TOLERANCE = 1e-4
_MOST_IMAGES = 1024


def of_images(lengths: Iterable[int]) -> tuple[int, ...]:
    """Return the lengths of an input's axes, 0 where any will do.

    Raises
    ------
    ModelError
        If images do not have them.
    """
    shape = tuple(lengths)
    if len(shape) != 4:
        raise ModelError(f"its input has {len(shape)} axes, images have four")
    if not all(0 <= n <= MAX_INPUT for n in shape) or shape[0] > _MOST_IMAGES:
        raise ModelError(
            f"its input has the shape {shape}: expected at most {_MOST_IMAGES:,} images of at "
            f"most {MAX_INPUT:,} pixels a side"
        )
    return shape


@torch.no_grad()
def for_any_batch(
    original: fx.GraphModule, shape: tuple[int, ...]
) -> tuple[fx.GraphModule, tuple[int, ...]]:
    """Return a network that takes any number of images, which one that was traced may not.

    Parameters
    ----------
    original : fx.GraphModule
        Of ATen's operators.
    shape : tuple of int
        Lengths of the input's axes, 0 where any will do.

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
            f"it was written for {n or 'some'} image{'s' * (n != 1)} at a time "
            f"({one_line(error)}): write it with a dynamic batch, dynamic_shapes=({{0: "
            "torch.export.Dim('batch')}},)"
        ) from None
    if not is_same:
        raise ModelError("it gives an image other scores among others than alone")
    return network, shape


def _scores(network: fx.GraphModule, images: Tensor) -> Tensor:
    returned = network(images)
    return returned[0] if isinstance(returned, tuple | list) else returned
