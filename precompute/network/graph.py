"""Where a network keeps what the method needs: feature maps, global pooling, one linear layer.

Read off the network's own graph, from its output backwards, so that neither layer names nor forward
hooks are needed, and a network of another build is refused by what it really does.
"""

from dataclasses import dataclass

import torch
from torch import fx, nn
from torch.nn import functional

from core.errors import ModelError, one_line

_NEEDED = "an explanation needs feature maps, global pooling and one linear layer, in this order"
_DROPOUT = (nn.Dropout, nn.Identity, functional.dropout)
_FLATTEN = (nn.Flatten, torch.flatten, "flatten", "view", "reshape", "squeeze", torch.squeeze)
_AVERAGE = (nn.AdaptiveAvgPool2d, functional.adaptive_avg_pool2d)
_MAXIMUM = (nn.AdaptiveMaxPool2d, functional.adaptive_max_pool2d)
_MEAN = ("mean", torch.mean)


@dataclass(frozen=True)
class Anatomy:
    """A network's graph and the places that matter in it.

    Parameters
    ----------
    graph : fx.GraphModule
        Maps images to (maps, pooled, logits) in one pass.
    layer : str
        Name of the layer whose output are the maps.
    head : str
        Name of the linear layer.
    pooling : str
        "average" or "maximum".
    """

    graph: fx.GraphModule
    layer: str
    head: str
    pooling: str

    @property
    def maps_node(self) -> fx.Node:
        """The node of the graph that gives the maps."""
        (output,) = (node for node in self.graph.graph.nodes if node.op == "output")
        return output.args[0][0]


def dissect(model: nn.Module, name: str) -> Anatomy:
    """Find maps, pooling and linear layer.

    Parameters
    ----------
    model : nn.Module
        In eval mode; its modules are shared with the result.
    name : str
        Of the architecture, for the message.

    Raises
    ------
    ModelError
        If the network cannot be explained; the sentence says why.
    """
    try:
        graph = fx.Tracer().trace(model)
    except Exception as error:
        # tracing runs the network's own code, which may raise anything
        raise ModelError(
            f"{name} cannot be explained: its graph cannot be read ({one_line(error)})"
        ) from None
    modules = dict(model.named_modules())
    (output,) = (node for node in graph.nodes if node.op == "output")
    head = _skip(output.args[0], modules, _DROPOUT)
    if not isinstance(head, fx.Node):
        raise ModelError(f"{name} cannot be explained: it does not return one tensor; {_NEEDED}")
    if _kind(head, modules) is not nn.Linear:
        raise ModelError(
            f"{name} cannot be explained: its class scores come from {_describe(head, modules)}, "
            f"not from a linear layer; {_NEEDED}"
        )
    pooled = head.args[0]
    pool = _skip(pooled, modules, _DROPOUT + _FLATTEN)
    pooling = _pooling(pool, modules)
    if pooling is None:
        raise ModelError(
            f"{name} cannot be explained: before its linear layer {head.target} stands "
            f"{_describe(pool, modules)}, not global pooling; {_NEEDED}"
        )
    maps = pool.args[0]
    output.args = ((maps, pooled, head),)
    network = fx.GraphModule(model, graph, class_name=type(model).__name__)
    network.graph.eliminate_dead_code()
    network.recompile()
    return Anatomy(
        graph=network,
        layer=str(maps.target) if maps.op == "call_module" else maps.name,
        head=head.target,
        pooling=pooling,
    )


def _kind(node: fx.Node, modules: dict[str, nn.Module]):
    """Return what a node does: a module's class, a function or a method's name."""
    return type(modules[node.target]) if node.op == "call_module" else node.target


def _skip(node, modules: dict[str, nn.Module], kinds: tuple):
    """Walk back over nodes of some kinds."""
    while isinstance(node, fx.Node) and _kind(node, modules) in kinds:
        node = node.args[0]
    return node


def _pooling(node: fx.Node, modules: dict[str, nn.Module]) -> str | None:
    """Return "average" or "maximum" for a pooling to one value per map, None for anything else."""
    kind = _kind(node, modules)
    if kind in _MEAN:
        dims = node.kwargs.get("dim", node.args[1] if len(node.args) > 1 else None)
        is_spatial = isinstance(dims, list | tuple) and set(dims) in ({2, 3}, {-1, -2})
        return "average" if is_spatial else None
    if kind not in _AVERAGE + _MAXIMUM:
        return None
    if node.op == "call_module":
        size = modules[node.target].output_size
    else:
        size = node.kwargs.get("output_size", node.args[1] if len(node.args) > 1 else None)
    if size not in (1, (1, 1), [1, 1]):
        return None
    return "average" if kind in _AVERAGE else "maximum"


def _describe(node: fx.Node, modules: dict[str, nn.Module]) -> str:
    """Return a node in words."""
    if node.op == "call_module":
        return f"{modules[node.target]} ({node.target})".replace("\n", " ")
    if node.op == "placeholder":
        return "its input"
    return getattr(node.target, "__name__", str(node.target))
