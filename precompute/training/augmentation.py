"""Random views of a batch of crops, on whichever device the batch lies."""

import math

import torch
from torch.nn.functional import affine_grid, grid_sample

#: A view shows between this share of the crop's area and all of it.
MIN_AREA = 0.4
#: Aspect ratios lie between 1 / MAX_ASPECT and MAX_ASPECT.
MAX_ASPECT = 4 / 3
#: Brightness, contrast and saturation are multiplied by factors in 1 +- JITTER.
JITTER = 0.2


def augment(images: torch.Tensor, size: int, generator: torch.Generator) -> torch.Tensor:
    """Return a random view of each image: part of it, perhaps mirrored, colours a little off.

    Parameters
    ----------
    images : uint8 tensor of shape (N, 3, S, S)
    size : int
        Side of the views.
    generator : torch.Generator
        On the CPU, so that every device sees the same views.

    Returns
    -------
    float32 tensor of shape (N, 3, size, size), in [0, 1]
    """
    n = len(images)
    uniform = torch.rand(n, 8, generator=generator)
    side = torch.sqrt(MIN_AREA + (1 - MIN_AREA) * uniform[:, 0])
    aspect = torch.exp(math.log(MAX_ASPECT) / 2 * (2 * uniform[:, 1] - 1))
    width, height = (side * aspect).clamp(max=1), (side / aspect).clamp(max=1)
    mirror = torch.where(uniform[:, 2] < 0.5, -1.0, 1.0)
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0] = width * mirror
    theta[:, 1, 1] = height
    theta[:, 0, 2] = (1 - width) * (2 * uniform[:, 3] - 1)
    theta[:, 1, 2] = (1 - height) * (2 * uniform[:, 4] - 1)
    grid = affine_grid(theta.to(images.device), [n, 3, size, size], align_corners=False)
    views = grid_sample(images.float() / 255, grid, padding_mode="border", align_corners=False)
    factors = (1 + JITTER * (2 * uniform[:, 5:] - 1)).to(images.device)
    return _jitter(views, factors)


def _jitter(views: torch.Tensor, factors: torch.Tensor) -> torch.Tensor:
    """Scale brightness, contrast and saturation of each image by its three factors."""
    brightness, contrast, saturation = factors[:, :, None, None, None].unbind(1)
    views = views * brightness
    mean = views.mean((1, 2, 3), keepdim=True)
    views = mean + (views - mean) * contrast
    grey = views.mean(1, keepdim=True)
    return (grey + (views - grey) * saturation).clamp(0, 1)


def normalise(
    images: torch.Tensor, mean: tuple[float, ...], std: tuple[float, ...]
) -> torch.Tensor:
    """Return what the network takes, from uint8 or from floats in [0, 1] of shape (N, 3, h, w)."""
    if images.dtype == torch.uint8:
        images = images.float() / 255
    centre, scale = (torch.tensor(v, device=images.device).view(3, 1, 1) for v in (mean, std))
    return (images - centre) / scale
