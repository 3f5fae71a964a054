"""Receptive fields: the input pixels that a cell of the feature maps depends on.

Strides and paddings decide it. The stride-2 convolutions of torchvision's networks put the centre
of cell i at pixel 32 * i, not at 32 * i + 16: laying a map over the image by plain resizing shifts
it by half a cell.

Each node of the graph looks through a window: cell i sees input pixels from ``low + i * jump`` to
``high + i * jump``, both included. A convolution widens the window, addition and concatenation
unite the windows of their branches. A branch that pools globally (squeeze and excitation) sees the
whole image and says nothing about place, so it is left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import fx, nn
from torch.fx.passes.shape_prop import ShapeProp
from torch.nn import functional

from fieldmarks.core.errors import ModelError
from fieldmarks.core.pictures.crop import Size, sides

_LOCAL = (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)
_ATEN = torch.ops.aten
_MAX_POOLS = (functional.max_pool2d, _ATEN.max_pool2d.default)
_POOLS = (*_MAX_POOLS, functional.avg_pool2d, _ATEN.avg_pool2d.default)
_CONVOLUTIONS = (functional.conv2d, torch.conv2d, _ATEN.conv2d.default)
_PADS = (functional.pad, _ATEN.pad.default)


@dataclass(frozen=True)
class Window:
    """Input pixels that cell 0 sees along one axis, and the step from cell to cell.

    >>> Window(0, 0, 1).through(kernel=3, stride=2, padding=1)
    Window(low=-1, high=1, jump=2)
    """

    low: float
    high: float
    jump: float

    def through(self, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1):
        """Return the window of a cell that a kernel makes of cells with this one."""
        low = self.low - padding * self.jump
        high = self.high + ((kernel - 1) * dilation - padding) * self.jump
        return Window(low, high, self.jump * stride)

    @property
    def size(self) -> float:
        """Side of the receptive field in pixels."""
        return self.high - self.low + 1

    def centres(self, n_cells: int, n_pixels: int) -> np.ndarray:
        """Return the centres of n cells in units of n pixels, shape (n_cells,).

        Pixel i spans i / n_pixels to (i + 1) / n_pixels.
        """
        middle = (self.low + self.high) / 2 + self.jump * np.arange(n_cells)
        return (middle + 0.5) / n_pixels


#: Along rows and columns.
Windows = tuple[Window, Window]


def windows(graph: fx.GraphModule, node: fx.Node, size: Size) -> Windows:
    """Return the windows of a node's cells along rows and columns.

    Raises
    ------
    ModelError
        If a layer on the way moves cells in a way that is not understood.
    """
    device = next(graph.parameters()).device
    with torch.no_grad():
        ShapeProp(graph).propagate(torch.zeros(1, 3, *sides(size), device=device))
    modules = dict(graph.named_modules())
    seen: dict[fx.Node, Windows | None] = {}
    for current in graph.graph.nodes:
        seen[current] = _window(current, seen, modules)
        if current is node:
            break
    of_node = seen[node]
    if of_node is None:
        raise ModelError(
            f"{node.name} sees the whole image in each cell: no heatmap can be located"
        )
    return of_node


def can_be_followed(graph: fx.GraphModule, node: fx.Node, size: Size) -> bool:
    """Return whether every layer on the way to a node moves cells in a way that is understood."""
    try:
        windows(graph, node, size)
    except ModelError:
        return False
    return True


def cell_centres(graph: fx.GraphModule, node: fx.Node, size: Size) -> np.ndarray:
    """Return where the cells of a node look.

    Returns
    -------
    ndarray of shape (H, W, 2)
        Row and column of each receptive field's centre in the unit square of the input, float32.
    """
    seen = windows(graph, node, size)
    *_, n_rows, n_columns = _shape(node)
    return _grid(seen, (n_rows, n_columns), sides(size))


def patch_centres(rows: int, columns: int) -> np.ndarray:
    """Return the centres of patches that tile the input, shape (rows, columns, 2).

    Where a network cuts its input into patches (transformers, ConvNeXt) its cells are these.
    """
    patch = Window(0, 0, 1)
    return _grid((patch, patch), (rows, columns), (rows, columns))


def _grid(seen: Windows, n_cells: tuple[int, int], n_pixels: tuple[int, int]) -> np.ndarray:
    axes = (
        window.centres(cells, pixels)
        for window, cells, pixels in zip(seen, n_cells, n_pixels, strict=True)
    )
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).astype(np.float32)


def _window(
    node: fx.Node, seen: dict[fx.Node, Windows | None], modules: Mapping[str, nn.Module]
) -> Windows | None:
    """Return the windows (rows, columns) of one node, None where it sees the whole image."""
    if node.op == "placeholder":
        return Window(0, 0, 1), Window(0, 0, 1)
    sources = [
        source
        for source in node.all_input_nodes
        if source.op != "get_attr" and len(_shape(source)) == 4
    ]
    windows = [window for source in sources if (window := seen[source]) is not None]
    shape = _shape(node)
    if len(shape) != 4 or not windows:
        return None
    geometry = _geometry(node, modules)
    if geometry is not None:
        rows, columns = windows[0]
        return rows.through(*geometry[0]), columns.through(*geometry[1])
    if tuple(shape[2:]) == (1, 1) and any(tuple(_shape(s)[2:]) != (1, 1) for s in sources):
        return None
    if any(tuple(_shape(s)[2:]) not in (tuple(shape[2:]), (1, 1)) for s in sources):
        raise ModelError(
            f"the receptive field cannot be followed through {node.name}, which turns maps of "
            f"{tuple(_shape(sources[0])[2:])} cells into {tuple(shape[2:])}"
        )
    return _united([rows for rows, _ in windows], node), _united([c for _, c in windows], node)


def _united(windows: list[Window], node: fx.Node) -> Window:
    """Return the window that covers those of all branches."""
    jumps = {window.jump for window in windows}
    if len(jumps) > 1:
        raise ModelError(f"the branches that meet in {node.name} have strides {sorted(jumps)}")
    low, high = min(w.low for w in windows), max(w.high for w in windows)
    return Window(low, high, jumps.pop())


def _geometry(
    node: fx.Node, modules: Mapping[str, nn.Module]
) -> list[tuple[int, int, int, int]] | None:
    """Return (kernel, stride, padding, dilation) along rows and columns, None if it has none."""
    module = modules[str(node.target)] if node.op == "call_module" else None
    if isinstance(module, _LOCAL):
        kernel, stride, padding = module.kernel_size, module.stride, module.padding
        dilation = getattr(module, "dilation", 1)
    elif isinstance(module, nn.ZeroPad2d):
        return _padded(module.padding)
    elif node.target in _PADS:
        sides = node.args[1] if len(node.args) > 1 else node.kwargs.get("pad")
        return _padded(sides) if isinstance(sides, list | tuple) and len(sides) == 4 else None
    elif node.target in _POOLS:
        names = ("kernel_size", "stride", "padding", "dilation")
        given = _given(node, names if node.target in _MAX_POOLS else names[:3], 1)
        kernel, stride = given["kernel_size"], given.get("stride") or given["kernel_size"]
        padding, dilation = given.get("padding", 0), given.get("dilation", 1)
    elif node.target in _CONVOLUTIONS:
        given = _given(node, ("weight", "bias", "stride", "padding", "dilation"), 1)
        kernel = tuple(_shape(given["weight"])[2:])
        stride, padding = given.get("stride", 1), given.get("padding", 0)
        dilation = given.get("dilation", 1)
    else:
        return None
    if isinstance(padding, str):
        raise ModelError(f"{node.name} pads by {padding!r}; give the padding as a number")
    return list(zip(*(_pair(v) for v in (kernel, stride, padding, dilation)), strict=True))


def _padded(sides) -> list[tuple[int, int, int, int]]:
    """Return the geometry of padding by (left, right, top, bottom)."""
    left, _, top, _ = sides
    return [(1, 1, top, 1), (1, 1, left, 1)]


def _given(node: fx.Node, names: tuple[str, ...], first: int) -> dict:
    """Return a function's arguments by name, from the one at ``first`` on."""
    return dict(zip(names, node.args[first:], strict=False)) | dict(node.kwargs)


def _pair(value) -> tuple[int, int]:
    if isinstance(value, int):
        return value, value
    return (value[0], value[0]) if len(value) == 1 else tuple(value)


def _shape(node: fx.Node) -> tuple[int, ...]:
    """Return the shape of a node's tensor, empty for anything else."""
    shape = getattr(node.meta.get("tensor_meta"), "shape", ())
    return tuple(shape)
