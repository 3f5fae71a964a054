"""A network and the pooled activations of an earlier layer, for detectors of attacks.

The earlier layer is the last one whose maps are finer than those that are explained: at least twice
as many cells along a side, rectified, so that a filter is active or not.
"""

from copy import deepcopy
from typing import cast

import numpy as np
import torch
from torch import Tensor, fx
from torch.nn import functional

from fieldmarks.core.experimental.attacks.earlier_layer import EarlierWords
from fieldmarks.core.pictures.crop import sides
from fieldmarks.precompute.experimental.attacks import (
    Agreement,
    DifferentiableNetwork,
    differentiable_words,
)
from fieldmarks.precompute.network.loading import LoadedModel


class _Outputs(fx.Interpreter):
    """Runs a graph and keeps the shape and the lowest value of what each node gives."""

    def __init__(self, graph: fx.GraphModule):
        super().__init__(graph)
        self.values: dict[fx.Node, Tensor] = {}

    def run_node(self, n: fx.Node):
        """Run one node."""
        result = super().run_node(n)
        if isinstance(result, Tensor) and result.ndim == 4:
            self.values[n] = result
        return result


def earlier_node(graph: fx.GraphModule, images: Tensor) -> fx.Node | None:
    """Return the node of the earlier layer, None where no layer has finer maps.

    Parameters
    ----------
    graph : GraphModule
        Returns maps (n, F, H, W) first.
    images : Tensor of shape (n, 3, S, S)
        Normalised.
    """
    outputs = _Outputs(graph)
    with torch.no_grad():
        maps = outputs.run(images)[0]
    finer = [
        node
        for node, value in outputs.values.items()
        if value.shape[2] == value.shape[3] >= 2 * maps.shape[2]
        and value.shape[1] > 3
        and value.min() >= 0
    ]
    return finer[-1] if finer else None


class LayeredNetwork(DifferentiableNetwork):
    """A network whose activations of two layers are differentiable by the picture.

    Called as a `DifferentiableNetwork` it gives the pooled activations of both side by side,
    (n, F + E), which `layer_agreement` takes apart.

    Parameters
    ----------
    model : LoadedModel
    device : torch.device

    Attributes
    ----------
    layer : str or None
        Name of the earlier layer; without one only that of the run can be asked for.
    """

    def __init__(self, model: LoadedModel, device: torch.device):
        super().__init__(model, device)
        shape = (1, 3, *sides(model.input_size))
        images = torch.randn(shape, generator=torch.Generator().manual_seed(0))
        graph = cast(fx.GraphModule, deepcopy(self._network))
        node = None
        if model.layout.kind == "channels first":
            node = earlier_node(graph, images.to(device))
        self.layer = None if node is None else str(node.target)
        if node is None:
            return
        (output,) = (n for n in graph.graph.nodes if n.op == "output")
        with graph.graph.inserting_after(node):
            # a later layer may change the value in place
            pooled = graph.graph.call_method("mean", (node, (2, 3)))
        output.args = ((*output.args[0], pooled),)
        graph.recompile()
        self._layered = graph

    def __call__(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Return pooled activations of both layers (n, F + E) and logits (n, C)."""
        *head, earlier = self._layered((pictures - self._mean) / self._std)
        pooled, logits = self._activations(*head)
        return torch.cat([pooled, earlier], dim=1), logits

    @torch.no_grad()
    def earlier(self, pixels: Tensor) -> np.ndarray:
        """Return the pooled activations of the earlier layer, (n, E), of (n, S, S, 3) uint8."""
        pictures = pixels.to(self.device).permute(0, 3, 1, 2).float() / 255
        return self._layered((pictures - self._mean) / self._std)[-1].cpu().numpy()


def layer_agreement(
    p_t_given_f: np.ndarray,
    class_weights: np.ndarray,
    mean: np.ndarray,
    deviation: np.ndarray,
    earlier: EarlierWords,
    least: float,
    device: torch.device,
) -> Agreement:
    """Return how much the words of two layers agree, as a differentiable function.

    Parameters
    ----------
    p_t_given_f, class_weights, mean, deviation, least, device
        Of the last layer, see `precompute.experimental.attacks.word_agreement`.
    earlier : EarlierWords
    """
    last = differentiable_words(p_t_given_f, class_weights, mean, deviation, least, device)
    first = differentiable_words(
        earlier.p_t_given_f, earlier.class_weights, earlier.mean, earlier.deviation, least, device
    )
    weights, bias = (
        torch.tensor(np.asarray(values, np.float32), device=device)
        for values in (earlier.class_weights, earlier.class_bias)
    )
    F = len(p_t_given_f)

    def agreement(pooled: Tensor, c: Tensor) -> Tensor:
        of_last, of_first = pooled[:, :F], pooled[:, F:]
        c_first = (of_first.detach() @ weights.T + bias).argmax(dim=1)
        return functional.cosine_similarity(
            last(of_last, c), first(of_first, c_first), dim=1, eps=least
        )

    return agreement
