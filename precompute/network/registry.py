"""The networks that can be explained: a registry, and what of a network the method uses.

Maps and head of a network are found and verified numerically (``precompute.network.cut.search``),
so a new model is one registered function that builds it::

    @register_model("wide_resnet50_2")
    def wide_resnet50_2(num_classes, pretrained=False):
        return torchvision_model("wide_resnet50_2", num_classes, pretrained)
"""

import urllib.error
from collections.abc import Callable
from pathlib import Path

import torch
import torchvision
from torch import nn

from fieldmarks.core.errors import ModelError, one_line
from fieldmarks.precompute.network.small_net import SmallNet

#: Builds a network for so many classes; ``pretrained`` starts from its ImageNet weights.
Builder = Callable[..., nn.Module]

_MODELS: dict[str, Builder] = {}


def register_model(name: str) -> Callable[[Builder], Builder]:
    """Register a builder under ``name``."""

    def register(builder: Builder) -> Builder:
        _MODELS[name] = builder
        return builder

    return register


def model_names() -> list[str]:
    """Return the registered names."""
    return sorted(_MODELS)


def build(name: str, num_classes: int, pretrained: bool = False) -> nn.Module:
    """Build a network in training mode.

    Raises
    ------
    ModelError
        If the name is unknown, or the pre-trained weights are neither cached nor reachable.
    """
    if name not in _MODELS:
        raise ModelError(f"unknown architecture {name!r}; known are {', '.join(model_names())}")
    return _MODELS[name](num_classes, pretrained=pretrained)


def torchvision_model(name: str, num_classes: int, pretrained: bool) -> nn.Module:
    """Build one of torchvision's networks; from ImageNet weights, the linear layer is new."""
    weights = torchvision.models.get_model_weights(name).DEFAULT if pretrained else None
    if weights is None:
        return torchvision.models.get_model(name, num_classes=num_classes)
    try:
        model = torchvision.models.get_model(name, weights=weights)
    except (urllib.error.URLError, OSError) as error:
        cache = Path(torch.hub.get_dir()) / "checkpoints" / Path(weights.url).name
        raise ModelError(
            f"the ImageNet weights of {name} could not be downloaded ({one_line(error)}); fetch "
            f"{weights.url} by hand and put it at {cache}, or give another file by --weights"
        ) from None
    return replace_head(model, num_classes)


def replace_head(model: nn.Module, num_classes: int) -> nn.Module:
    """Put a new last linear layer for so many classes in place of one for another number."""
    name, head = last_linear(model)
    if len(head.weight) == num_classes:
        return model
    parent, _, leaf = name.rpartition(".")
    if isinstance(head, nn.Conv2d):
        new = nn.Conv2d(head.in_channels, num_classes, 1)
    else:
        new = nn.Linear(head.in_features, num_classes)
    nn.init.normal_(new.weight, std=0.01)
    if new.bias is not None:
        nn.init.zeros_(new.bias)
    setattr(model.get_submodule(parent), leaf, new)
    return model


def last_linear(model: nn.Module) -> tuple[str, nn.Linear | nn.Conv2d]:
    """Return the name and module of the last linear layer in order of definition.

    In a network without one it is the last convolution of one pixel, as in SqueezeNet.
    """
    layers = list(model.named_modules())
    linears = [(name, module) for name, module in layers if isinstance(module, nn.Linear)]
    linears = linears or [
        (name, module)
        for name, module in layers
        if isinstance(module, nn.Conv2d) and module.kernel_size == (1, 1)
    ]
    if not linears:
        raise ModelError(f"{type(model).__name__} has no linear layer to give class scores")
    return linears[-1]


def _register_torchvision(name: str) -> None:
    @register_model(name)
    def builder(num_classes: int, pretrained: bool = False) -> nn.Module:
        return torchvision_model(name, num_classes, pretrained)


for _name in (
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "densenet121",
    "mobilenet_v2",
    "efficientnet_b0",
    "regnet_y_400mf",
):
    _register_torchvision(_name)


@register_model("small")
def small(num_classes: int, pretrained: bool = False) -> nn.Module:
    """Build the demo's own network, which is trained from scratch."""
    return SmallNet(num_classes)
