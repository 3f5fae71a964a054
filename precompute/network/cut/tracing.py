"""A network's graph, read by tracing, and the places through which everything passes.

A *bottleneck* is a value on which the class scores depend in no other way: whatever lies before it
is known to what lies after it through this value alone. So a network can be cut there, and what is
after it, the *tail*, is a function of its own that can be evaluated, differentiated and
verified.
"""

import operator
from dataclasses import dataclass

import torch
from torch import Tensor, fx, nn
from torch.fx.graph import CodeGen

from fieldmarks.core.errors import ModelError, one_line
from fieldmarks.core.pictures.crop import Size, size_of_sides
from fieldmarks.precompute.network.cut.layout import Layout, layouts

#: Operations that depend on the shape of a tensor and not on its values.
_SHAPE_METHODS = ("size", "dim", "numel", "ndimension", "stride")
_SHAPE_ATTRIBUTES = ("shape", "ndim", "dtype", "device")
#: Bottlenecks whose values are kept: those near the output.
_KEPT = 64


def trace(model: nn.Module, images: Tensor, name: str) -> fx.GraphModule:
    """Return the network as a graph.

    First by ``torch.fx``, whose graph keeps the network's own modules; where that fails, because
    the network's code branches on its values, by ``torch.export`` for images of this size.

    Parameters
    ----------
    model : nn.Module
        In eval mode; its modules are shared with the result.
    images : Tensor of shape (n, 3, H, W)
    name : str
        Of the network, for the message.

    Raises
    ------
    ModelError
        If neither can read it.
    """
    try:
        return fx.GraphModule(model, fx.Tracer().trace(model), type(model).__name__)
    except Exception as error:
        # tracing runs the network's own code, which may raise anything
        reason = one_line(error)
    try:
        batch = torch.export.Dim("batch", min=1)
        exported = torch.export.export(model, (images,), dynamic_shapes=({0: batch},))
        return plain_graph(exported.module())
    except Exception as error:
        raise ModelError(
            f"{name} cannot be explained: its graph cannot be read ({reason}; by torch.export: "
            f"{one_line(error)})"
        ) from None


def plain_graph(graph: fx.GraphModule) -> fx.GraphModule:
    """Leave out the checks of the input that an export begins with, and return its first output.

    Raises
    ------
    ModelError
        If it takes more than one input.
    """
    for node in list(graph.graph.nodes):
        if not node.users and node.op in ("call_module", "call_function"):
            graph.graph.erase_node(node)
    graph.graph.set_codegen(CodeGen())
    placeholders = [node for node in graph.graph.nodes if node.op == "placeholder"]
    (output,) = (node for node in graph.graph.nodes if node.op == "output")
    scores = output.args[0]
    output.args = (scores[0] if isinstance(scores, tuple | list) else scores,)
    if len(placeholders) != 1:
        raise ModelError(f"it takes {len(placeholders)} inputs, not images alone")
    graph.recompile()
    return graph


@dataclass(frozen=True)
class Probe:
    """A traced network and what it made of some images.

    Parameters
    ----------
    graph : fx.GraphModule
    bottlenecks : list of fx.Node
        In the order of the graph; the last one is the output's.
    values : dict of Node to Tensor
        Of the bottlenecks near the output.
    constants : dict of Node to object
        Sizes and the like, which a tail may need from before it.
    size : Size
        Of the images in pixels.
    held : dict of Node to (Layout, int)
        How each bottleneck that may hold maps does so most likely, and their number; in the order
        of the graph.
    """

    graph: fx.GraphModule
    bottlenecks: list[fx.Node]
    values: dict[fx.Node, Tensor]
    constants: dict[fx.Node, object]
    size: Size
    held: dict[fx.Node, tuple[Layout, int]]

    @property
    def logits(self) -> Tensor:
        """The class scores, (n, C)."""
        return self.values[self.bottlenecks[-1]]

    def tail(self, start: fx.Node) -> fx.GraphModule:
        """Return what lies between a bottleneck and the class scores, for as many images."""
        graph = fx.Graph()
        copies = {start: graph.placeholder("value")}
        is_after = False
        for node in self.graph.graph.nodes:
            is_after |= node is start
            if node is start or node.op == "placeholder":
                continue
            if node.op == "output":
                graph.output(copies[node.args[0]])
            elif is_after or node.op == "get_attr":
                needed = [source for source in node.all_input_nodes if source not in copies]
                if all(source in self.constants for source in needed):
                    copies |= {source: self._constant(graph, source) for source in needed}
                    copies[node] = graph.node_copy(node, copies.__getitem__)
        tail = fx.GraphModule(self.graph, graph)
        tail.graph.eliminate_dead_code()
        tail.recompile()
        return tail

    def _constant(self, graph: fx.Graph, source: fx.Node):
        """Return what stands in a graph for a value that does not depend on the images."""
        value = self.constants[source]
        if not isinstance(value, Tensor):
            return value
        name = f"_constant_{source.name}"
        self.graph.register_buffer(name, value, persistent=False)
        return graph.get_attr(name)


def probe(graph: fx.GraphModule, images: Tensor, name: str, also: fx.Node | None = None) -> Probe:
    """Run a traced network on images and keep what the search for its head needs.

    Parameters
    ----------
    graph : fx.GraphModule
    images : Tensor of shape (n, 3, H, W)
    name : str
        Of the network, for the message.
    also : fx.Node, optional
        Its value is kept too, bottleneck or not.

    Raises
    ------
    ModelError
        If it gives no single tensor of one row per image.
    """
    (output,) = (node for node in graph.graph.nodes if node.op == "output")
    if not isinstance(output.args[0], fx.Node):
        raise ModelError(f"{name} cannot be explained: it does not return one tensor")
    dependent = _dependent(graph)
    bottlenecks = _bottlenecks(graph, dependent)
    height, width = images.shape[2:]
    kept = {also, *bottlenecks[-_KEPT:]}
    recorder = _Recorder(graph, kept, dependent, set(bottlenecks), (height, width))
    recorder.run(images)
    logits = recorder.values.get(output.args[0])
    if not isinstance(logits, Tensor) or logits.ndim != 2 or len(logits) != len(images):
        shape = tuple(logits.shape) if isinstance(logits, Tensor) else "nothing"
        raise ModelError(
            f"{name} cannot be explained: for {len(images)} images it returns {shape}, where one "
            "row of class scores an image was expected"
        )
    size = size_of_sides(height, width)
    constants, held = recorder.constants, recorder.held
    return Probe(graph, bottlenecks, recorder.values, constants, size, held)


class _Recorder(fx.Interpreter):
    """Keeps the values of some nodes, and those of all nodes that do not depend on the images."""

    def __init__(
        self,
        graph: fx.GraphModule,
        kept: set[fx.Node | None],
        dependent: set[fx.Node],
        bottlenecks: set[fx.Node],
        sides: tuple[int, int],
    ):
        super().__init__(graph)
        self._sides = sides
        self._kept, self._dependent, self._bottlenecks = kept, dependent, bottlenecks
        self.held: dict[fx.Node, tuple[Layout, int]] = {}
        self.values: dict[fx.Node, Tensor] = {}
        self.constants: dict[fx.Node, object] = {}

    def run_node(self, n: fx.Node):
        value = super().run_node(n)
        if n in self._bottlenecks and n.op != "placeholder" and isinstance(value, Tensor):
            for layout in layouts(value, *self._sides)[:1]:
                self.held[n] = layout, layout.maps(value).shape[1]
        if n in self._kept and isinstance(value, Tensor):
            # a copy: what follows may change the value in place
            self.values[n] = value.clone()
        elif n not in self._dependent and n.op != "get_attr":
            self.constants[n] = value
        return value


def _dependent(graph: fx.GraphModule) -> set[fx.Node]:
    """Return the nodes whose values depend on those of the images, not on their shape alone."""
    dependent: set[fx.Node] = set()
    for node in graph.graph.nodes:
        if node.op == "placeholder":
            # the images; what follows them are options with defaults
            dependent |= set() if dependent else {node}
        elif not _asks_shape(node) and any(s in dependent for s in node.all_input_nodes):
            dependent.add(node)
    return dependent


def _asks_shape(node: fx.Node) -> bool:
    if node.op == "call_method":
        return node.target in _SHAPE_METHODS
    if node.target is getattr:
        return node.args[1] in _SHAPE_ATTRIBUTES
    return node.op == "call_function" and (
        "sym_size" in str(node.target)
        or node.target is operator.eq
        or getattr(node.target, "__name__", "") == "_assert"  # of torch
    )


def _bottlenecks(graph: fx.GraphModule, dependent: set[fx.Node]) -> list[fx.Node]:
    """Return the dependent nodes that every path from the images to the output passes through."""
    nodes = [node for node in graph.graph.nodes if node in dependent]
    is_needed = set()
    for node in reversed(nodes):
        if node.op == "output" or any(user in is_needed for user in node.users):
            is_needed.add(node)
    waiting: dict[fx.Node, int] = {}
    bottlenecks = []
    for node in (node for node in nodes if node in is_needed):
        for source in node.all_input_nodes:
            if source in waiting:
                waiting[source] -= 1
                if not waiting[source]:
                    del waiting[source]
        if node.op == "output":
            break
        waiting[node] = sum(user in is_needed for user in node.users)
        if len(waiting) == 1:
            bottlenecks.append(node)
    return bottlenecks
