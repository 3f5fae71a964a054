"""Large products of the stages after the pass, on the device that the network runs on."""

import weakref
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any

import numpy as np
import torch

from fieldmarks.core.accelerator import NUMPY, Formula

#: Numbers in all arrays of a formula that are worth sending.
LEAST = 1 << 16


class _Torch:
    """What formulas call on a device, see `core.accelerator`."""

    expit = staticmethod(torch.special.expit)
    take_along_axis = staticmethod(torch.take_along_dim)

    @staticmethod
    def kth_largest(values: torch.Tensor, k: int) -> torch.Tensor:
        return values.topk(k, dim=1).values[:, -1]

    def __getattr__(self, name: str) -> Any:
        return getattr(torch, name)


class TorchAccelerator:
    """Computes formulas by PyTorch; by numpy those for which the device's memory does not suffice.

    Parameters
    ----------
    device : torch.device
    say : callable
        Is told once that memory did not suffice.
    least : int
        Numbers in all arrays of a formula from which on the device computes; what is of a single
        image, a vector, numpy does.
    """

    def __init__(self, device: torch.device, say: Callable[[str], None], least: int = LEAST):
        self._device, self._say, self._least = device, say, least
        self._is_told, self._xp = False, _Torch()
        self._kept: dict[tuple, tuple[weakref.ref, torch.Tensor]] = {}
        self._lock = Lock()

    def __call__(
        self, formula: Formula, arrays: Sequence[np.ndarray], kept: Sequence[np.ndarray]
    ) -> np.ndarray:
        """Return ``formula(xp, *arrays, *kept)``, see `core.accelerator.computed`."""
        if arrays[0].ndim < 2 or sum(each.size for each in (*arrays, *kept)) < self._least:
            return formula(NUMPY, *arrays, *kept)
        # products of PyTorch are of one type
        floats = [each.dtype for each in (*arrays, *kept) if each.dtype.kind == "f"]
        dtype = np.result_type(*floats) if floats else None
        try:
            with torch.inference_mode():
                there = [self._put(array, dtype) for array in arrays]
                there += [self._keep(array, dtype) for array in kept]
                return formula(self._xp, *there).cpu().numpy()
        except RuntimeError as error:
            # cuBLAS, which takes memory of its own, says it in another way
            is_full = isinstance(error, torch.OutOfMemoryError) or "ALLOC_FAILED" in str(error)
            if not is_full:
                raise
            self._make_room()
            return formula(NUMPY, *arrays, *kept)

    def _put(self, array: np.ndarray, dtype: np.dtype | None) -> torch.Tensor:
        array = np.asarray(array, dtype if array.dtype.kind == "f" else None)
        # PyTorch warns of arrays that cannot be written, and has none that run backwards
        if not array.flags.writeable or min(array.strides, default=0) < 0:
            array = array.copy()
        return torch.from_numpy(array).to(self._device)

    def _keep(self, array: np.ndarray, dtype: np.dtype | None) -> torch.Tensor:
        key = id(array), dtype
        with self._lock:
            if key not in self._kept:
                there = self._put(array, dtype)
                forget = weakref.ref(array, lambda _: self._kept.pop(key, None))
                self._kept[key] = (forget, there)
            return self._kept[key][1]

    def _make_room(self) -> None:
        with self._lock:
            self._kept.clear()
            if not self._is_told:
                self._is_told = True
                self._say(f"{self._device}: memory does not suffice for a product, numpy takes it")
        torch.cuda.empty_cache()


def accelerator_of(
    device: torch.device, say: Callable[[str], None] = print
) -> TorchAccelerator | None:
    """Return the accelerator of a device: of CUDA only, None where numpy computes."""
    return TorchAccelerator(device, say) if device.type == "cuda" else None
