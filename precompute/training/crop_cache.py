"""The crops of a data set as uint8 batches, decoded once where memory allows.

Over many epochs decoding would cost as much as the network; decoded crops of all CUB at 224 pixels
take 1.2 GB.
"""

from concurrent.futures import ThreadPoolExecutor
from os import cpu_count, sysconf

import numpy as np
import torch
from tqdm import tqdm

from fieldmarks.core.run.contract import UNREADABLE
from fieldmarks.precompute.data.crop import load_crop
from fieldmarks.precompute.data.dataset import Dataset
from fieldmarks.precompute.network.preprocessing import DEFAULT, Preprocessing


class CropStore:
    """Square crops of some images of a data set, with their labels.

    Parameters
    ----------
    dataset : Dataset
    xs : ndarray of int
        Which images. Those that cannot be read are left out.
    size : int
        Side of the crops in pixels.
    fed : Preprocessing
        How the square is cut out.
    memory : int or None
        Bytes that the decoded crops may take, by default a quarter of the machine's memory. Above
        it they are decoded again for each batch.

    Attributes
    ----------
    xs : ndarray of n int
        The images that can be read; ``batch`` counts from 0 to n - 1.
    labels : ndarray of n int
    unreadable : list of str
        One line for each image left out.
    """

    def __init__(
        self,
        dataset: Dataset,
        xs: np.ndarray,
        size: int,
        fed: Preprocessing = DEFAULT,
        memory: int | None = None,
    ):
        self.dataset, self.size, self.fed = dataset, size, fed
        self._pool = ThreadPoolExecutor(cpu_count())
        limit = physical_memory() // 4 if memory is None else memory
        is_kept = len(xs) * 3 * size * size <= limit
        crops = np.empty((len(xs) if is_kept else 0, 3, size, size), np.uint8)
        is_readable = np.ones(len(xs), bool)
        self.unreadable = []
        decoded = self._pool.map(self._decode, xs)
        for i, (pixels, problem) in enumerate(tqdm(decoded, "decoding", len(xs), unit="image")):
            if problem.startswith(UNREADABLE):
                is_readable[i] = False
                self.unreadable.append(f"{dataset.images['path'].iloc[xs[i]]}: {problem}")
            if is_kept:
                crops[i] = pixels
        self.xs = np.asarray(xs)[is_readable]
        self.labels = dataset.images["true_c"].to_numpy()[self.xs]
        self._crops = crops if is_readable.all() or not is_kept else crops[is_readable]

    def __len__(self) -> int:
        return len(self.xs)

    def batch(self, indices: np.ndarray) -> torch.Tensor:
        """Return crops as a uint8 tensor of shape (len(indices), 3, size, size)."""
        if len(self._crops):
            return torch.from_numpy(self._crops[indices])
        decoded = self._pool.map(self._decode, self.xs[indices])
        return torch.from_numpy(np.stack([pixels for pixels, _ in decoded]))

    def _decode(self, x: int) -> tuple[np.ndarray, str]:
        image, crop, _ = load_crop(self.dataset.path(x), self.dataset.bbox(x), self.size, self.fed)
        return np.asarray(image).transpose(2, 0, 1), crop.problem


def physical_memory() -> int:
    """Return the machine's memory in bytes, 8 GB where the system does not say."""
    try:
        return sysconf("SC_PHYS_PAGES") * sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return 8 << 30
