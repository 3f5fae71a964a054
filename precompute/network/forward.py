"""The network's forward pass over batches: one pass gives maps, pooled, logits and moments.

On a CPU each thread runs its own batches on one core: the cores never wait for each other, where
one batch spread over all cores ends every layer with a wait for the slowest. On a GPU batches are
copied to and fro beside computing, by pinned memory and an event in place of a wait.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.fx.experimental.optimization import fuse
from torch.nn import functional

from fieldmarks.core.head import LINEAR
from fieldmarks.precompute.network.cut.blocks import with_moments
from fieldmarks.precompute.network.device import autocast
from fieldmarks.precompute.network.loading import LoadedModel
from fieldmarks.precompute.network.own_code import own_code


@contextmanager
def threads_of_torch(n: int) -> Iterator[None]:
    """Let each operation on the CPU use n threads, as long as the context lasts."""
    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)


#: Classes in play in an image for which a head of first order is differentiated.
N_LOCAL = 5


@dataclass(frozen=True)
class BatchActivations:
    """What one batch came to; on a GPU it may still be under way.

    Parameters
    ----------
    tensors : dict of Tensor
        maps (n, F, H, W) float16, pooled (n, F) float32 and logits (n, C) float32; where the
        network has earlier blocks also block_moments (n, B) float32; of a head of first order also
        local_c (n, J) int32 and local_weights (n, J, F) float32. In host memory.
    is_copied : torch.cuda.Event, optional
        Happens when they are there.
    """

    tensors: dict[str, Tensor]
    is_copied: torch.cuda.Event | None = None

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the tensors as arrays, waiting for them where they are under way."""
        if self.is_copied is not None:
            self.is_copied.synchronize()
        return {name: tensor.numpy() for name, tensor in self.tensors.items()}


class Forward:
    """A network ready to be run on a device.

    Parameters
    ----------
    model : LoadedModel
    device : torch.device
    compile : bool
        Compile by ``torch.compile``: minutes before the first batch, faster ones afterwards.
    precision : torch.dtype, optional
        Of an exact head's network; by default what the device usually computes in.
    """

    def __init__(
        self,
        model: LoadedModel,
        device: torch.device,
        compile: bool = False,
        precision: torch.dtype | None = None,
    ):
        self.device, self._precision = device, precision
        self._model = model
        # a convolution and its batch norm become one: a third less time on a CPU
        network = fuse(with_moments(model.network, model.blocks)).to(device)
        if all(value.ndim != 5 for value in network.state_dict(keep_vars=True).values()):
            network = network.to(memory_format=torch.channels_last)
        network.requires_grad_(False)
        self._network: Callable = torch.compile(network) if compile else network
        self._is_average = model.pooling == "average"
        mean, std = torch.tensor(model.preprocessing.mean), torch.tensor(model.preprocessing.std)
        self._scale = (1 / (255 * std)).view(1, 3, 1, 1).to(device)
        self._shift = (mean / std).view(1, 3, 1, 1).to(device)
        self._weights = torch.tensor(model.class_weights, device=device)
        self._bias = torch.tensor(model.class_bias, device=device)
        order = model.order
        self._order = None if order is None else torch.as_tensor(order, device=device)

    def __call__(self, pixels: Tensor, labels: np.ndarray | None = None) -> BatchActivations:
        """Run one batch.

        Parameters
        ----------
        pixels : Tensor of shape (n, h, w, 3), uint8
            In host memory.
        labels : ndarray of shape (n,), optional
            The labelled classes: a head of first order is differentiated for them too.
        """
        with own_code(f"the network {self._model.arch}"):
            pixels = pixels.to(self.device, non_blocking=True).permute(0, 3, 1, 2)
            normalised = pixels.float().mul_(self._scale).sub_(self._shift)
            if self._model.head.is_exact:
                return self._exact(normalised)
            return self._first_order(normalised, labels)

    def scores(self, images: Tensor) -> np.ndarray:
        """Return the class scores of normalised images (n, 3, h, w), shape (n, C)."""
        with autocast(self.device, self._precision):
            outputs = self._network(images.to(self.device))
        logits = outputs[2 if self._model.head.is_exact else 1].detach().float()
        return (logits if self._order is None else logits[:, self._order]).cpu().numpy()

    @torch.inference_mode()
    def _exact(self, images: Tensor) -> BatchActivations:
        model = self._model
        with autocast(self.device, self._precision):
            maps, pooled, logits, *moments = self._network(images)
        is_mixed = maps.dtype != torch.float32
        if is_mixed:
            # mixed precision ends at the maps: logits are W times pooled plus b in float32
            maps = maps.float()
            pooled = maps.mean((2, 3)) if self._is_average else maps.amax((2, 3))
        if model.head.is_split:
            maps = _two_signs(maps)
            pooled = maps.mean((2, 3))
        if is_mixed:
            logits = self._head(pooled)
        elif self._order is not None:
            logits = logits[:, self._order]
        return self._on_host(
            maps=maps.half().contiguous(), pooled=pooled, logits=logits, **_named(moments)
        )

    def _head(self, pooled: Tensor) -> Tensor:
        """Return the class scores of an exact head in float32."""
        head = self._model.head
        if head.kind == LINEAR:
            return functional.linear(pooled, self._weights, self._bias)
        scale = torch.as_tensor(head.scale(pooled.cpu().numpy()), device=self.device)
        return functional.linear(pooled, self._weights) * scale + self._bias

    def _first_order(self, images: Tensor, labels: np.ndarray | None) -> BatchActivations:
        """Run a batch, and differentiate the scores of the classes in play by the maps."""
        model = self._model
        with torch.enable_grad():
            leaf, logits, *moments = self._network(images)
            if self._order is not None:
                logits = logits[:, self._order]
            C = logits.shape[1]
            shown = logits.detach().clone()
            if labels is not None:
                # the labelled class stands first, whatever its score
                rows = torch.tensor(labels, device=self.device).long()[:, None]
                shown.scatter_(1, rows, float("inf"))
            classes = shown.topk(min(N_LOCAL, C), dim=1).indices
            scores = logits.gather(1, classes)
            slopes = [
                torch.autograd.grad(scores[:, j].sum(), leaf, retain_graph=True)[0]
                for j in range(scores.shape[1])
            ]
        with torch.no_grad():
            maps = model.layout.maps(leaf.detach())
            parts = _two_signs(maps) if model.head.is_split else maps
            pooled = parts.mean((2, 3))
            weights = torch.stack(
                [_local_weights(parts, pooled, model.layout.maps(slope)) for slope in slopes], dim=1
            )
        return self._on_host(
            maps=parts.half().contiguous(),
            pooled=pooled,
            logits=logits.detach(),
            local_c=classes.int(),
            local_weights=weights,
            **_named(moments),
        )

    def _on_host(self, **tensors: Tensor) -> BatchActivations:
        if self.device.type != "cuda":
            return BatchActivations({name: tensor.cpu() for name, tensor in tensors.items()})
        copies = {
            name: torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True).copy_(
                tensor, non_blocking=True
            )
            for name, tensor in tensors.items()
        }
        event = torch.cuda.Event()
        event.record()
        return BatchActivations(copies, event)


def _named(moments: list[Tensor]) -> dict[str, Tensor]:
    return {"block_moments": moments[0]} if moments else {}


def _two_signs(maps: Tensor) -> Tensor:
    """Return the positive parts of the maps, then their negative parts, (n, 2 F, H, W)."""
    return torch.cat([maps.clamp(min=0), (-maps).clamp(min=0)], dim=1)


def _local_weights(parts: Tensor, pooled: Tensor, slope: Tensor) -> Tensor:
    """Return the weights whose products with pooled activations are gradient times activation.

    Parameters
    ----------
    parts : Tensor of shape (n, F, H, W)
        Maps, or their positive and negative parts.
    pooled : Tensor of shape (n, F)
        Their means.
    slope : Tensor of shape (n, F or F / 2, H, W)
        Gradient of a class score by the maps.
    """
    if slope.shape[1] != parts.shape[1]:
        slope = torch.cat([slope, -slope], dim=1)
    contribution = (parts * slope).sum((2, 3))
    return torch.where(pooled != 0, contribution / torch.where(pooled != 0, pooled, 1), 0)
