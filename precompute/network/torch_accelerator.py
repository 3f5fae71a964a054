"""Large products of the stages after the pass, on the device that the network runs on."""

import weakref
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any

import numpy as np
import torch

from fieldmarks.core.accelerator import NUMPY, Formula


class _Torch:
    """What formulas call on a device, see `core.accelerator`."""

    expit = staticmethod(torch.special.expit)

    def __getattr__(self, name: str) -> Any:
        return getattr(torch, name)


class TorchAccelerator:
    """Computes formulas by PyTorch; by numpy those for which the device's memory does not suffice.

    Parameters
    ----------
    device : torch.device
    say : callable
        Is told once that memory did not suffice.
    """

    def __init__(self, device: torch.device, say: Callable[[str], None]):
        self._device, self._say, self._is_told, self._xp = device, say, False, _Torch()
        self._kept: dict[int, tuple[weakref.ref, torch.Tensor]] = {}
        self._lock = Lock()

    def __call__(
        self, formula: Formula, arrays: Sequence[np.ndarray], kept: Sequence[np.ndarray]
    ) -> np.ndarray:
        """Return ``formula(xp, *arrays, *kept)``, see `core.accelerator.computed`."""
        try:
            with torch.inference_mode():
                there = [*map(self._put, arrays), *map(self._keep, kept)]
                return formula(self._xp, *there).cpu().numpy()
        except torch.OutOfMemoryError:
            self._make_room()
            return formula(NUMPY, *arrays, *kept)

    def _put(self, array: np.ndarray) -> torch.Tensor:
        array = np.asarray(array)
        # PyTorch warns of arrays that cannot be written
        array = array if array.flags.writeable else array.copy()
        return torch.from_numpy(array).to(self._device)

    def _keep(self, array: np.ndarray) -> torch.Tensor:
        key = id(array)
        with self._lock:
            if key not in self._kept:
                there = self._put(array)
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
