"""Which device computes, and in which precision."""

import torch

from fieldmarks.core.errors import ModelError

#: What PyTorch calls instructions for products in bfloat16.
_BFLOAT16 = ("avx512_bf16", "amx_bf16", "bf16", "sve_bf16")


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


def usual_precision(device: torch.device) -> torch.dtype:
    """Return what a device computes in: bfloat16 or float16 on CUDA, float32 elsewhere."""
    if device.type != "cuda":
        return torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16


def has_bfloat16() -> bool:
    """Return whether the processor multiplies in bfloat16 (AVX512-BF16, AMX or Arm's).

    Where PyTorch does not tell (before 2.10), it counts as one that does not.
    """
    capabilities = getattr(torch.cpu, "get_capabilities", dict)()
    return any(capabilities.get(each, False) for each in _BFLOAT16)


def autocast(device: torch.device, precision: torch.dtype | None = None) -> torch.autocast:
    """Return the context of mixed precision, or of none for float32.

    Parameters
    ----------
    device : torch.device
    precision : torch.dtype, optional
        Of products; by default what the device usually computes in.
    """
    precision = precision or usual_precision(device)
    is_mixed = precision != torch.float32
    return torch.autocast(device.type, precision if is_mixed else torch.bfloat16, is_mixed)
