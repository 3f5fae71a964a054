"""The network as a run needs it: cut open where its maps lie, and verified to be unchanged."""

import numpy as np
import torch
from torch import Tensor, fx

from fieldmarks.core.errors import ModelError
from fieldmarks.precompute.network.cut.forms import TOLERANCE
from fieldmarks.precompute.network.cut.layout import maps_of
from fieldmarks.precompute.network.cut.search import Cut, pool


def open_leaf(value: Tensor) -> Tensor:
    """Return a value as a leaf of autograd: what follows can be differentiated by it."""
    return value.detach().requires_grad_()


def opened(graph: fx.GraphModule, cut: Cut) -> fx.GraphModule:
    """Make the graph return what a run needs of it."""
    nodes = graph.graph
    (output,) = (node for node in nodes.nodes if node.op == "output")
    logits = output.args[0]
    if cut.head.is_exact:
        maps, pooled = cut.maps, cut.pooled
        with nodes.inserting_before(output):
            if cut.layout.kind != "channels first":
                maps = nodes.call_function(maps_of, (maps, *vars(cut.layout).values()))
            if pooled is None:
                pooled = nodes.call_function(pool, (maps, cut.pooling))
            pooled = nodes.call_method("flatten", (pooled, 1))
        output.args = ((maps, pooled, logits),)
    else:
        with nodes.inserting_after(cut.maps):
            leaf = nodes.call_function(open_leaf, (cut.maps,))
        with nodes.inserting_after(leaf):
            # what follows works on a copy, for it may change it in place
            copy = nodes.call_method("clone", (leaf,))
        cut.maps.replace_all_uses_with(copy, delete_user_cb=lambda user: user is not leaf)
        output.args = ((leaf, logits),)
    nodes.eliminate_dead_code()
    graph.recompile()
    return graph


@torch.no_grad()
def prove(network: fx.GraphModule, cut: Cut, images: Tensor, expected: Tensor) -> float:
    """Return how far the cut network's head lies from the network's own logits.

    Raises
    ------
    ModelError
        If it is more than 1e-4 of the largest logit.
    """
    if cut.head.is_exact:
        maps, pooled, _ = network(images)
        logits = cut.head.logits(pool(maps, cut.pooling).numpy())
        apart = float((pool(maps, cut.pooling) - pooled).abs().max())
        apart /= max(float(pooled.abs().max()), 1.0)
    else:
        with torch.enable_grad():
            _, scores = network(images)
        logits, apart = scores.detach().numpy(), 0.0
    difference = float(np.abs(logits - expected.numpy()).max()) / max(
        float(expected.abs().max()), 1.0
    )
    if not max(difference, apart) <= TOLERANCE:
        raise ModelError(
            f"pooled maps and head differ from the logits by {max(difference, apart):.1e} of the "
            f"largest one, where {TOLERANCE:.0e} is allowed"
        )
    return difference
