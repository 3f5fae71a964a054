"""One picture through the network as torch runs it, as `core.live` wants it."""

import numpy as np
import torch

from fieldmarks.core.half_precision import to_float32
from fieldmarks.core.head import LocalWeights
from fieldmarks.core.live.network_file import NetworkOutput
from fieldmarks.precompute.network.forward import Forward
from fieldmarks.precompute.network.loading import LoadedModel


class PictureForward:
    """A network that takes one picture, on the CPU and in single precision.

    Parameters
    ----------
    model : LoadedModel
    """

    def __init__(self, model: LoadedModel):
        self.input_size = model.input_size
        self._forward = Forward(model, torch.device("cpu"))

    def __call__(self, pixels: np.ndarray) -> NetworkOutput:
        """Run one picture.

        Parameters
        ----------
        pixels : ndarray of shape (h, w, 3), uint8
        """
        batch = self._forward(torch.as_tensor(np.array(pixels, np.uint8))[None]).arrays()
        local = None
        if "local_c" in batch:
            local = LocalWeights(batch["local_c"][0], batch["local_weights"][0])
        maps = to_float32(batch["maps"][0])
        moments = batch["block_moments"][0] if "block_moments" in batch else None
        return NetworkOutput(maps, batch["pooled"][0], batch["logits"][0], local, moments)
