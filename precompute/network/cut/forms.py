"""The forms of a head that core can evaluate, compared with a network's own tail."""

from collections.abc import Iterator
from copy import deepcopy

import numpy as np
import torch
from torch import Tensor, fx

from fieldmarks.core.head import COSINE, LAYER_NORM, LINEAR, Head

#: How far a form of the head may lie from the network's logits, as a share of their spread.
TOLERANCE = 1e-4


class PooledFunction:
    """A function of pooled activations (2, F), in the network's precision or in double."""

    def __init__(self, tail: fx.GraphModule, prepare):
        self._tail, self._prepare = tail, prepare

    def __call__(self, pooled: Tensor) -> Tensor:
        """Return the class scores, (2, C)."""
        return self._tail(self._prepare(pooled.clone()))

    def double(self) -> "PooledFunction":
        """Return the same function in double precision."""
        return PooledFunction(deepcopy(self._tail).double(), self._prepare)

    def slopes(self, pooled: Tensor) -> Tensor:
        """Return the gradient of each class score at each point, shape (2, C, F)."""
        with torch.enable_grad():
            pooled = pooled.detach().clone().requires_grad_()
            logits = self(pooled)
            if not logits.requires_grad:
                return logits.new_zeros(*logits.shape, pooled.shape[1])
            rows = [
                torch.autograd.grad(logits[:, c].sum(), pooled, retain_graph=True)[0]
                for c in range(logits.shape[1])
            ]
        return torch.stack(rows, dim=1)


def fit_form(function: PooledFunction, pooled: Tensor, logits: Tensor) -> Head | None:
    """Return the form that the function has, None for a form that core does not know."""
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(pooled.shape, generator=generator)
    # where the network's own activations lie, and far from there, with both signs
    points = [pooled, pooled.flip(0) * 3, noise, 10 * pooled.abs().mean() * noise]
    points = [point.to(pooled.dtype) for point in points]
    with torch.no_grad():
        bias = function(torch.zeros_like(pooled))[0]
        expected = [logits, *(function(point) for point in points[1:])]
    slopes = function.slopes(pooled)

    def is_right(head: Head) -> bool:
        for point, scores in zip(points, expected, strict=True):
            off = np.abs(head.logits(point.double().numpy()) - scores.double().numpy()).max()
            moved, rounding = (scores - bias).abs().max(), 1e-6 * scores.abs().max()
            if not off <= float(TOLERANCE * moved + rounding):
                return False
        return True

    linear = Head(LINEAR, slopes[0].numpy(), bias.numpy())
    if is_right(linear):
        return linear
    return next((head for head in _normalised(function, pooled) if is_right(head)), None)


@torch.no_grad()
def _normalised(function: PooledFunction, pooled: Tensor) -> Iterator[Head]:
    """Yield the layer norm and the cosine that a function would be, from its values alone."""
    function = function.double()
    n, F = pooled.shape
    if F < 2:
        return
    bias = function(torch.zeros(n, F, dtype=torch.double))[0]
    far = 1e4
    columns = []
    for start in range(0, F, n):
        units = torch.zeros(n, F, dtype=torch.double)
        rows = range(min(n, F - start))
        units[list(rows), [start + row for row in rows]] = far
        columns.append((function(units) - bias)[: len(rows)])
    raw = torch.cat(columns).T
    spread_of_unit = (F - 1) / F**2
    centred = raw * spread_of_unit**0.5
    strongest = int(raw.abs().max(dim=0).values.argmax())
    near = (1e-6 / spread_of_unit) ** 0.5
    unit = torch.zeros(n, F, dtype=torch.double)
    unit[:, strongest] = near
    c = int(raw[:, strongest].abs().argmax())
    moved = float((function(unit) - bias)[0, c]) / (float(centred[c, strongest]) * near or 1.0)
    eps = max(1 / moved**2 - 1e-6, 0.0) if moved else 0.0
    yield Head(LAYER_NORM, centred.float().numpy(), bias.float().numpy(), eps=float(f"{eps:.2g}"))
    yield Head(COSINE, raw.float().numpy(), bias.float().numpy(), eps=1e-12)
