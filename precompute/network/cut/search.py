"""How class scores come from feature maps: verified numerically, not recognised by names.

The network is cut at each bottleneck from the output backwards (`precompute.network.cut.tracing`).
Where the scores stay the same when every map is replaced by its mean (or its maximum), they are a
function of the pooled activations alone. That function is then compared with the forms that core
can evaluate by itself, on the network's own activations and on random ones:

- *linear*: W p + b
- *layer norm*: W (p / sqrt(var(p) + eps)) + b, with W = head times diag(gamma), centred
- *cosine*: W (p / |p|) + b

Whatever fits none of them (hidden layers, class tokens, dense stacks) is explained to *first
order*: by gradient times activation at the image itself.
"""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor, fx, nn

from fieldmarks.core.errors import ModelError
from fieldmarks.core.head import FIRST_ORDER, Head
from fieldmarks.core.pictures.crop import Size, sides
from fieldmarks.precompute.network.cut.forms import TOLERANCE, PooledFunction, fit_form
from fieldmarks.precompute.network.cut.layout import Layout, layouts
from fieldmarks.precompute.network.cut.tracing import Probe
from fieldmarks.precompute.network.receptive_field import can_be_followed, windows

#: The lowest values of Hardswish (-0.375), SiLU and GELU: maps that go lower have two signs.
_ONE_SIDED = -0.4
#: Candidates for maps whose receptive field cannot be followed before the first one is taken.
_MAX_CANDIDATES = 8
#: Layers that hand on the maps that they are given.
_SKIPPED = (nn.Dropout, nn.Dropout2d, nn.Identity, nn.AdaptiveAvgPool2d)


@dataclass(frozen=True)
class Cut:
    """Where a network is cut and what its head is.

    Parameters
    ----------
    maps : fx.Node
        Holds the maps, in a layout.
    layout : Layout
    pooled : fx.Node or None
        Holds the pooled activations (n, F, ...); None where the network computes none.
    pooling : str
        "average" or "maximum".
    head : Head
        For a head of first order W and b are zeros until the images are known.
    """

    maps: fx.Node
    layout: Layout
    pooled: fx.Node | None
    pooling: str
    head: Head


def pool(maps: Tensor, pooling: str) -> Tensor:
    """Return one value per map, shape (n, F)."""
    return maps.mean((2, 3)) if pooling == "average" else maps.amax((2, 3))


def find_cut(probe: Probe, name: str, layer: fx.Node | None = None) -> Cut:
    """Find maps and head.

    Parameters
    ----------
    probe : Probe
    name : str
        Of the network, for the message.
    layer : fx.Node, optional
        Take the maps from here; to first order, unless they are those of an exact head.

    Raises
    ------
    ModelError
        If there are no feature maps that the class scores depend on.
    """
    _check(probe.logits, name)
    exact = _exact(probe)
    if exact is not None and exact.layout.side == 1:
        exact = exact if _is_whole(probe.graph, exact.maps, probe.size) else None
    if exact is not None and layer in (None, exact.maps):
        return exact
    if layer is not None:
        return _at_layer(probe, layer, name)
    cuts = []
    for node, layout in _spatial(probe):
        if _reaches(probe, node, layout) and not _is_map_a_class(probe, node, layout):
            cuts.append(_first_order(probe, node, layout))
            if can_be_followed(probe.graph, node, probe.size):
                return cuts[-1]
            if len(cuts) == _MAX_CANDIDATES:
                break
    if not cuts:
        raise ModelError(
            f"{name} cannot be explained: no feature maps were found that its class scores "
            "depend on; name a convolutional layer with --layer"
        )
    return cuts[0]


def _is_whole(graph: fx.GraphModule, node: fx.Node, size: Size) -> bool:
    """Return whether maps of one cell are so by the network's strides: the input is that small."""
    if not can_be_followed(graph, node, size):
        return False
    seen = zip(windows(graph, node, size), sides(size), strict=True)
    return all(window.jump > n_pixels / 2 for window, n_pixels in seen)


def _check(logits: Tensor, name: str) -> None:
    """Refuse class scores that say nothing."""
    if not bool(torch.isfinite(logits).all()):
        raise ModelError(f"{name} gives class scores that are not finite: are the weights valid?")
    if torch.equal(logits[0], logits[1]):
        raise ModelError(
            f"{name} gives every image the same class scores: are these trained weights?"
        )


def _spatial(probe: Probe, least: int = 2) -> Iterator[tuple[fx.Node, Layout]]:
    """Yield bottlenecks that hold maps, from the output backwards."""
    modules = dict(probe.graph.named_modules())
    for node in reversed(probe.bottlenecks[:-1]):
        if node not in probe.values or node.op == "placeholder":
            continue
        if node.op == "call_module" and isinstance(modules[str(node.target)], _SKIPPED):
            continue
        for layout in layouts(probe.values[node], *sides(probe.size)):
            if layout.side >= least:
                yield node, layout


def _exact(probe: Probe) -> Cut | None:
    """Return the cut of a head that core can evaluate, None where there is none."""
    for least in (2, 1):
        cut = None
        for node, layout in _spatial(probe, least):
            if least == 1 and cut is not None and layout.side == 1:
                # the earliest of equal values: what stands before the pooling
                if not _is_same(probe.values[node], probe.values[cut.maps]):
                    break
                cut = Cut(node, layout, cut.pooled, cut.pooling, cut.head)
                continue
            pooling = _sufficient(probe, node, layout)
            if pooling is None:
                break
            tail, pooled_node, pooled = _after_pooling(probe, node, layout, pooling)
            head = fit_form(tail, pooled, probe.logits)
            if head is None:
                break
            if _is_identity(head):
                continue  # the maps are the class scores themselves: look further back
            cut = Cut(node, layout, pooled_node, pooling, head)
            if least == 2:
                break
        if cut is not None:
            return cut
    return None


def _is_same(first: Tensor, second: Tensor) -> bool:
    return first.shape == second.shape and torch.equal(first, second)


def _is_identity(head: Head) -> bool:
    C, F = head.weights.shape
    return C == F and bool(np.allclose(head.weights, np.eye(C), atol=1e-5))


@torch.no_grad()
def _sufficient(probe: Probe, node: fx.Node, layout: Layout) -> str | None:
    """Return the pooling that keeps all the class scores depend on, None for neither."""
    value, tail = probe.values[node], probe.tail(node)
    maps = layout.maps(value)
    effect = (tail(layout.with_maps(value, torch.zeros_like(maps))) - probe.logits).abs().max()
    for pooling in ("average", "maximum"):
        constant = pool(maps, pooling)[:, :, None, None].expand_as(maps)
        logits = tail(layout.with_maps(value, constant))
        if (logits - probe.logits).abs().max() < TOLERANCE * effect:
            return pooling
    return None


def _after_pooling(probe: Probe, node: fx.Node, layout: Layout, pooling: str):
    """Return the function from pooled activations to class scores, their node and value.

    The node is the last one that holds them; where there is none, the function fills each map with
    its one value.
    """
    value = probe.values[node]
    pooled = pool(layout.maps(value), pooling)
    scale = float(pooled.abs().max())
    later = probe.bottlenecks[probe.bottlenecks.index(node) + 1 : -1]
    for other in reversed(later):
        held = probe.values[other]
        if held.numel() == pooled.numel() and torch.allclose(
            held.reshape(pooled.shape), pooled, rtol=1e-4, atol=1e-5 * scale
        ):
            function = PooledFunction(probe.tail(other), partial(torch.reshape, shape=held.shape))
            return function, other, held.reshape(pooled.shape)

    def filled(p: Tensor) -> Tensor:
        maps = p[:, :, None, None].expand(-1, -1, layout.rows, layout.columns)
        return layout.with_maps(value.to(p.dtype), maps)

    return PooledFunction(probe.tail(node), filled), None, pooled


def _slope_of(probe: Probe, node: fx.Node, layout: Layout, scores: Tensor) -> Tensor:
    """Return the gradient of weighted class scores with respect to the maps of a bottleneck."""
    with torch.enable_grad():
        value = probe.values[node].detach().clone().requires_grad_()
        logits = probe.tail(node)(value.clone())
        if not logits.requires_grad:
            return torch.zeros_like(layout.maps(value))
        (slope,) = torch.autograd.grad((logits * scores).sum(), value, allow_unused=True)
    return layout.maps(torch.zeros_like(value) if slope is None else slope)


def _reaches(probe: Probe, node: fx.Node, layout: Layout) -> bool:
    """Return whether the class scores depend on the maps: not so the last tokens of patches."""
    weights = torch.randn(probe.logits.shape, generator=torch.Generator().manual_seed(0))
    return bool(_slope_of(probe, node, layout, weights).abs().max() > 0)


def _is_map_a_class(probe: Probe, node: fx.Node, layout: Layout) -> bool:
    """Return whether each class score comes from one map of its own."""
    n, C = probe.logits.shape
    if layout.maps(probe.values[node]).shape[1] != C:
        return False
    for c in range(min(C, 3)):
        only = torch.zeros(n, C)
        only[:, c] = 1
        slope = _slope_of(probe, node, layout, only).abs().amax((0, 2, 3))
        slope[c] = 0
        if slope.max() > 0:
            return False
    return True


def _first_order(probe: Probe, node: fx.Node, layout: Layout) -> Cut:
    F, C = layout.maps(probe.values[node]).shape[1], probe.logits.shape[1]
    head = Head(FIRST_ORDER, np.zeros((C, F), np.float32), np.zeros(C, np.float32))
    return Cut(node, layout, None, "average", head)


def _at_layer(probe: Probe, layer: fx.Node, name: str) -> Cut:
    value = probe.values.get(layer)
    spatial = (
        []
        if value is None
        else [lay for lay in layouts(value, *sides(probe.size)) if lay.side >= 2]
    )
    if not spatial:
        shape = "no tensor" if value is None else f"a tensor of shape {tuple(value.shape)}"
        raise ModelError(
            f"{name}: layer {layer.target} gives {shape}, not feature maps of two cells a side or "
            "more; choose another by --layer"
        )
    return _first_order(probe, layer, spatial[0])


def find_layer(graph: fx.GraphModule, layer: str, name: str) -> fx.Node:
    """Return the last node of the layer that has this name.

    Raises
    ------
    ModelError
        If there is none; the nearest names are named in the message.
    """
    last, known = None, {}
    for node in graph.graph.nodes:
        stack = [str(entry[0]) for entry in node.meta.get("nn_module_stack", {}).values()]
        names = {*stack, str(node.target) if node.op == "call_module" else node.name}
        known |= dict.fromkeys(sorted(names - {""}))
        if layer in names:
            last = node
    if last is None:
        near = difflib.get_close_matches(layer, known, n=3, cutoff=0.4)
        raise ModelError(
            f"{name} has no layer {layer!r}; did you mean {' or '.join(near or list(known)[-3:])}?"
        )
    return last


def is_signed(cut: Cut, probe: Probe) -> bool:
    """Return whether the maps have two signs, each of which is to be a filter of its own."""
    return cut.pooling == "average" and float(cut.layout.maps(probe.values[cut.maps]).min()) < (
        _ONE_SIDED
    )
