"""The registered networks with random weights, each built once for all tests: it takes seconds."""

from functools import cache

import torch
from torch import nn

from fieldmarks.precompute.network.registry import build

C = 5
#: What the README promises; tests register networks of their own beside these.
ARCHS = (
    "densenet121",
    "efficientnet_b0",
    "mobilenet_v2",
    "regnet_y_400mf",
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "small",
)


@cache
def network(name: str) -> nn.Module:
    """Return a network in eval mode; tests do not change it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return build(name, C).eval().requires_grad_(False)
