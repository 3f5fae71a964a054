"""Which device computes, and in which precision."""

import torch

from fieldmarks.core.errors import ModelError


def choose_device(name: str = "auto") -> torch.device:
    """Return the device of that name; ``auto`` takes CUDA, then MPS, then the CPU.

    Raises
    ------
    ModelError
        If this machine has no such device.
    """
    has = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        name = next(kind for kind in has if has[kind])
    if not has.get(name.partition(":")[0], False):
        usable = ", ".join(kind for kind in has if has[kind])
        raise ModelError(f"no device {name!r} here; this machine has {usable}")
    return torch.device(name)


def autocast(device: torch.device) -> torch.autocast:
    """Return the context of mixed precision: bfloat16 or float16 on CUDA, none elsewhere."""
    is_cuda = device.type == "cuda"
    has_bfloat16 = is_cuda and torch.cuda.is_bf16_supported()
    return torch.autocast(
        device.type, torch.bfloat16 if has_bfloat16 or not is_cuda else torch.float16, is_cuda
    )
