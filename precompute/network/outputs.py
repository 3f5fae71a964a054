"""Class scores however a network returns them.

They may lie in a dictionary, a tuple or an object with ``logits``; they may be probabilities, from
a softmax or a sigmoid at the end; and one score may distinguish two classes.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, fx, nn
from torch.nn import functional

from fieldmarks.core.errors import ModelError

#: Key or attribute of the scores where several values could be them.
LOGITS = "logits"

_ATEN = torch.ops.aten
#: What makes probabilities of class scores at the end of a network: modules, functions, methods and
#: operators of exported graphs, those with a leading underscore by their name.
_ENDS = {
    "softmax": {
        *(nn.Softmax, torch.softmax, functional.softmax, "softmax"),
        *(_ATEN.softmax.int, "aten._softmax.default"),
    },
    "log softmax": {
        *(nn.LogSoftmax, torch.log_softmax, functional.log_softmax, "log_softmax"),
        *(_ATEN.log_softmax.int, "aten._log_softmax.default"),
    },
    "sigmoid": {nn.Sigmoid, torch.sigmoid, functional.sigmoid, "sigmoid", _ATEN.sigmoid.default},
}
#: What changes no value, between that and what the network returns.
_SHAPES = {
    *(nn.Identity, nn.Flatten, nn.Dropout),
    *(torch.flatten, torch.squeeze, torch.unsqueeze, torch.reshape),
    *("flatten", "squeeze", "unsqueeze", "reshape", "view"),
    *(_ATEN.view.default, _ATEN.squeeze.default, _ATEN.squeeze.dim, _ATEN.squeeze.dims),
    *(_ATEN.reshape.default, _ATEN.flatten.using_ints, _ATEN.unsqueeze.default),
}


class OnePart(nn.Module):
    """A network that returns its class scores alone.

    Parameters
    ----------
    model : nn.Module
    place : str or int
        Key, attribute or position of the scores in what the network returns.
    """

    def __init__(self, model: nn.Module, place: str | int):
        super().__init__()
        self.model, self.place = model, place

    def forward(self, images: Tensor) -> Tensor:
        """Return the class scores of images, (n, C)."""
        returned = self.model(images)
        if self.place == LOGITS and not isinstance(returned, dict):
            return returned.logits
        return returned[self.place]


def place_of_scores(returned: object, n_images: int) -> str | int | None:
    """Return where the class scores lie: ``logits``, or the only value of a row per image.

    None for a tensor, and where no value, or more than one, could be the scores.
    """
    if isinstance(returned, Tensor):
        return None
    if isinstance(returned, Mapping) and isinstance(returned.get(LOGITS), Tensor):
        return LOGITS
    if isinstance(getattr(returned, LOGITS, None), Tensor):
        return LOGITS
    if isinstance(returned, Mapping):
        values = list(returned.items())
    else:
        values = list(enumerate(returned)) if isinstance(returned, tuple | list) else []
    places = [
        place
        for place, value in values
        if isinstance(value, Tensor) and value.ndim == 2 and len(value) == n_images
    ]
    return places[0] if len(places) == 1 else None


def two_scores(score: Tensor) -> Tensor:
    """Return two class scores, (n, 2), for one that distinguishes two classes, (n,) or (n, 1).

    Their softmax gives the second class the sigmoid of the one score, and both have weights.

    >>> two_scores(torch.tensor([3.0]))
    tensor([[-1.5000,  1.5000]])
    """
    half = score.flatten()[:, None] / 2
    return torch.cat([-half, half], dim=1)


def with_class_scores(graph: fx.GraphModule, returned: Tensor, name: str) -> list[str]:
    """Let a traced network return scores of two classes or more, not probabilities.

    Parameters
    ----------
    graph : fx.GraphModule
        Changed in place.
    returned : Tensor
        What it gives for some images.
    name : str
        Of the network, for the message.

    Returns
    -------
    list of str
        What was changed, a sentence each.

    Raises
    ------
    ModelError
        If a softmax makes probabilities of one score, or of other scores than those of an image.
    """
    (output,) = (node for node in graph.graph.nodes if node.op == "output")
    if not isinstance(output.args[0], fx.Node):
        return []
    told = []
    node, end = _end_of(graph, output.args[0])
    if node is not None and end:
        sums = returned.exp() if end == "log softmax" else returned
        is_of_images = returned.ndim == 2 and torch.allclose(sums.sum(1), torch.ones(len(sums)))
        if end != "sigmoid" and (not is_of_images or returned.shape[1] == 1):
            raise ModelError(
                f"{name} ends in a {end} that does not make probabilities of the classes of an "
                "image: is its dim right?"
            )
        node.replace_all_uses_with(node.all_input_nodes[0])
        graph.graph.erase_node(node)
        told.append(f"the network ends in a {end}: class scores are its input")
    if returned.ndim == 1 or (returned.ndim == 2 and returned.shape[1] == 1):
        with graph.graph.inserting_before(output):
            output.args = (graph.graph.call_function(two_scores, (output.args[0],)),)
        told.append(
            "the network gives one score: a score above 0 means the second class, otherwise the "
            "first"
        )
    graph.recompile()
    return told


def _end_of(graph: fx.GraphModule, node: fx.Node) -> tuple[fx.Node | None, str]:
    """Return the node that makes probabilities of what becomes the output, and what it is."""
    modules = dict(graph.named_modules())
    while len(node.all_input_nodes) == 1:
        is_module = node.op == "call_module"
        target = type(modules[str(node.target)]) if is_module else node.target
        names = {target, str(target)}
        end = next((name for name, known in _ENDS.items() if names & known), "")
        if end or target not in _SHAPES:
            return node, end
        node = node.all_input_nodes[0]
    return None, ""
