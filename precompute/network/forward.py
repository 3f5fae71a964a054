"""The network's forward pass over batches of pixels: one pass gives maps, pooled and logits.

On a CPU each thread runs its own batches on one core: the cores never wait for each other, where
one batch spread over all cores ends every layer with a wait for the slowest. On a GPU batches are
copied to and fro beside computing, by pinned memory and an event in place of a wait.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch.fx.experimental.optimization import fuse
from torch.nn import functional

from precompute.network.device import autocast
from precompute.network.loading import LoadedModel


@contextmanager
def threads_of_torch(n: int) -> Iterator[None]:
    """Let each operation on the CPU use n threads, as long as the context lasts."""
    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@dataclass(frozen=True)
class BatchActivations:
    """What one batch came to; on a GPU it may still be under way.

    Parameters
    ----------
    tensors : tuple of 3 Tensor
        maps (n, F, H, W) float16, pooled (n, F) float32, logits (n, C) float32, in host memory.
    is_copied : torch.cuda.Event, optional
        Happens when they are there.
    """

    tensors: tuple[torch.Tensor, torch.Tensor, torch.Tensor]
    is_copied: torch.cuda.Event | None = None

    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return maps, pooled and logits, waiting for them where they are under way."""
        if self.is_copied is not None:
            self.is_copied.synchronize()
        return tuple(tensor.numpy() for tensor in self.tensors)


class Forward:
    """A network ready to be run on a device.

    Parameters
    ----------
    model : LoadedModel
    device : torch.device
    compile : bool
        Compile by ``torch.compile``: minutes before the first batch, faster ones afterwards.
    """

    def __init__(self, model: LoadedModel, device: torch.device, compile: bool = False):
        self.device = device
        # a convolution and its batch norm become one: a third less time on a CPU
        network = fuse(model.network).to(device, memory_format=torch.channels_last)
        self._network: Callable = torch.compile(network) if compile else network
        self._is_average = model.pooling == "average"
        mean, std = torch.tensor(model.mean), torch.tensor(model.std)
        self._scale = (1 / (255 * std)).view(1, 3, 1, 1).to(device)
        self._shift = (mean / std).view(1, 3, 1, 1).to(device)
        self._weights = torch.tensor(model.class_weights, device=device)
        self._bias = torch.tensor(model.class_bias, device=device)

    @torch.inference_mode()
    def __call__(self, pixels: torch.Tensor) -> BatchActivations:
        """Run one batch.

        Parameters
        ----------
        pixels : Tensor of shape (n, S, S, 3), uint8
            In host memory.
        """
        pixels = pixels.to(self.device, non_blocking=True).permute(0, 3, 1, 2)
        normalised = pixels.float().mul_(self._scale).sub_(self._shift)
        with autocast(self.device):
            maps, pooled, logits = self._network(normalised)
        if maps.dtype != torch.float32:
            # mixed precision ends at the maps: logits are W times pooled plus b in float32
            exact = maps.float()
            pooled = exact.mean((2, 3)) if self._is_average else exact.amax((2, 3))
            logits = functional.linear(pooled, self._weights, self._bias)
        return self._on_host(maps.half().contiguous(), pooled, logits)

    def _on_host(self, *tensors: torch.Tensor) -> BatchActivations:
        if self.device.type != "cuda":
            return BatchActivations(tuple(tensor.cpu() for tensor in tensors))
        copies = tuple(
            torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True).copy_(
                tensor, non_blocking=True
            )
            for tensor in tensors
        )
        event = torch.cuda.Event()
        event.record()
        return BatchActivations(copies, event)
