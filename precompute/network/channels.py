"""Networks that take blue first, or one channel: a first layer makes it of red, green and blue."""

import torch
from torch import Tensor, nn

#: Weights of a convolution of one pixel, (channels of the network, 3).
_BGR = ((0, 0, 1), (0, 1, 0), (1, 0, 0))
_FIRST = ((1, 0, 0),)


class Mixed(nn.Module):
    """A network behind a layer that gives it its channels; one that can be followed.

    Parameters
    ----------
    model : nn.Module
    weights : sequence
        Of shape (channels of the network, 3).
    """

    def __init__(self, model: nn.Module, weights: tuple[tuple[int, ...], ...]):
        super().__init__()
        self.mix = nn.Conv2d(3, len(weights), 1, bias=False).requires_grad_(False)
        self.mix.weight.copy_(torch.tensor(weights)[:, :, None, None])
        self.model = model

    def forward(self, images: Tensor) -> object:
        """Return what the network makes of images (N, 3, h, w)."""
        return self.model(self.mix(images))


def takes_one_channel(model: nn.Module, images: Tensor) -> bool:
    """Return whether a network in eval mode takes images of one channel and none of three."""
    first = next((m for m in model.modules() if isinstance(m, nn.Conv2d)), None)
    return (
        (first is None or first.in_channels == 1)
        and not _takes(model, images)
        and _takes(model, images[:, :1])
    )


def with_channels(model: nn.Module, channels: str, images: Tensor) -> nn.Module:
    """Return a network that takes red, green and blue.

    Parameters
    ----------
    model : nn.Module
        In eval mode.
    channels : str
        What it was trained on: "rgb", "bgr", or "grey" in three channels or in one.
    images : Tensor of shape (n, 3, h, w)
    """
    if channels == "bgr":
        return Mixed(model, _BGR)
    if channels == "grey" and takes_one_channel(model, images):
        return Mixed(model, _FIRST)
    return model


@torch.no_grad()
def _takes(model: nn.Module, images: Tensor) -> bool:
    try:
        model(images)
    except Exception:
        # the network's own code, which may raise anything
        return False
    return True
