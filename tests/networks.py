"""The registered networks with random weights, each built once for all tests: it takes seconds."""

from functools import cache

import torch
from torch import nn

from precompute.models import build

C = 5


@cache
def network(name: str) -> nn.Module:
    """Return a network in eval mode; tests do not change it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return build(name, C).eval().requires_grad_(False)
