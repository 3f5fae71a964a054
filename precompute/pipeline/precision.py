"""What the network computes in: float32, or bfloat16 where it is asked for.

Products in bfloat16 take half the time on processors that have instructions for them. ``auto``
takes it where it changes next to no prediction: images from all over the data set are computed both
ways first. A finished run stays in what it was made in, so that nothing is computed again.
"""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from fieldmarks.core.errors import FieldmarksError
from fieldmarks.core.run.files import MANIFEST
from fieldmarks.precompute.data.dataset import Dataset

if TYPE_CHECKING:
    from fieldmarks.precompute.network.loading import LoadedModel

#: Images that are computed both ways, and at most one of so many.
N_COMPARED, ONE_OF = 200, 8
#: bfloat16 is taken where it changes at most so large a share of the predictions.
MAX_CHANGED = 0.005
_BATCH = 16


@dataclass(frozen=True)
class Precision:
    """What a network computes in.

    Attributes
    ----------
    name : str
        ``float32``, ``bfloat16`` or ``float16``.
    why : str
        A sentence where it was chosen by what changes.
    """

    name: str
    why: str = ""

    @classmethod
    def of(cls, number: torch.dtype) -> "Precision":
        """Return that of a dtype."""
        return cls(str(number).removeprefix("torch."))

    @property
    def number(self) -> torch.dtype:
        """The dtype."""
        return getattr(torch, self.name)


def precision_of(folder: Path, kind: str) -> Precision | None:
    """Return what the run in a folder was made in.

    Parameters
    ----------
    folder : Path
    kind : str
        Type of a device.

    Returns
    -------
    Precision or None
        None where there is no run, or another type of device made it.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        made_on, name = manifest["precision"].split()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    is_known = made_on == kind and name in ("float32", "bfloat16")
    return Precision(name) if is_known else None


def compared(
    model: "LoadedModel", dataset: Dataset, device: torch.device, workers: int
) -> Precision:
    """Return bfloat16 where it changes next to no prediction, else float32.

    Parameters
    ----------
    model : LoadedModel
    dataset : Dataset
    device : torch.device
        A processor that has bfloat16.
    workers : int
        Threads that decode and compute.
    """
    from fieldmarks.precompute.data.decoding import Decoder
    from fieldmarks.precompute.network.forward import Forward, threads_of_torch

    if not model.head.is_exact:
        return Precision("float32")  # gradients are taken in float32
    n = len(dataset.images)
    xs = np.linspace(0, n - 1, max(1, min(N_COMPARED, n // ONE_OF))).astype(int)
    decoder = Decoder(dataset, model.preprocessing, thumb_size=1)
    ways = [Forward(model, device, precision=each) for each in (torch.float32, torch.bfloat16)]

    def differs(some: np.ndarray) -> np.ndarray:
        pixels = decoder.pixels(some)
        logits = [forward(pixels).arrays()["logits"] for forward in ways]
        is_number = np.isfinite(logits[1]).all(axis=1)
        return (logits[0].argmax(axis=1) != logits[1].argmax(axis=1)) | ~is_number

    try:
        with ThreadPoolExecutor(workers) as pool, threads_of_torch(1):
            parts = [xs[start : start + _BATCH] for start in range(0, len(xs), _BATCH)]
            changed = int(np.concatenate(list(pool.map(differs, parts))).sum())
    except FieldmarksError:
        # the network's own code, which may not take another dtype
        return Precision("float32", "precision: float32, the network does not run in bfloat16")
    found = f"{changed:,} of {len(xs):,} images are predicted otherwise than in float32"
    if changed <= MAX_CHANGED * len(xs):
        return Precision("bfloat16", f"precision: bfloat16, {found} (--precision float32)")
    return Precision("float32", f"precision: float32, since in bfloat16 {found}")
