"""Batch decoding of image files to the network's crops, with the measured facts of each file."""

import io
import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from PIL import Image

from fieldmarks.core.causes.image_quality_measures import quality
from fieldmarks.core.pictures.crop import sides
from fieldmarks.core.run.contract import UNREADABLE
from fieldmarks.precompute.data.crop import LoadedCrop, load_square, parts_in_crop
from fieldmarks.precompute.data.dataset import BBOX, Dataset
from fieldmarks.precompute.network.preprocessing import CompletePreprocessing
from fieldmarks.precompute.resume.fingerprint import listing

#: JPEG quality of the thumbnails.
_QUALITY = 85


@dataclass
class Batch:
    """Decoded images ``start`` to ``stop``, n of them.

    Parameters
    ----------
    start, stop : int
    pixels : Tensor of shape (n, h, w, 3), uint8, or None
        What the network sees, until it is taken.
    facts : DataFrame of n rows
        Columns of the images table, and ``listed``: the file as it was found when it was read.
    parts : ndarray of shape (n, P, 2)
        Keypoints in the unit square of the crop.
    thumbs : list of bytes
        JPEG.
    """

    start: int
    stop: int
    pixels: torch.Tensor | None
    facts: pd.DataFrame
    parts: np.ndarray
    thumbs: list[bytes]

    def take_pixels(self) -> torch.Tensor:
        """Return the pixels and let go of them: a batch may wait long to be written."""
        pixels, self.pixels = self.pixels, None
        assert pixels is not None, "the pixels of a batch are taken once"
        return pixels

    def pin_memory(self) -> "Batch":
        """Move the pixels to memory from which a GPU can copy by itself, and return the batch."""
        assert self.pixels is not None, "the pixels of a batch are taken once"
        self.pixels = self.pixels.pin_memory()
        return self


class Decoder:
    """Decodes batches of a data set; safe to call from several threads.

    Parameters
    ----------
    dataset : Dataset
    fed : CompletePreprocessing
        Size and crop of the network's input.
    thumb_size : int
        Side of the thumbnails in pixels.
    """

    def __init__(
        self,
        dataset: Dataset,
        fed: CompletePreprocessing,
        thumb_size: int,
    ):
        self._folder = dataset.image_folder
        # arrays: a look-up in a DataFrame costs as much as decoding the image
        self._paths = dataset.images["path"].array
        self._boxes = dataset.images[BBOX].to_numpy(float) if dataset.has_boxes else None
        self._parts = dataset.parts
        self._labels = dataset.images["true_c"].to_numpy()
        self._fed, self._thumb_size = fed, thumb_size

    def batch(self, start: int, stop: int) -> Batch:
        """Decode images ``start`` to ``stop``; one that cannot be read is a grey square."""
        size = (stop - start, *sides(self._fed.input_size), 3)
        pixels = torch.empty(size, dtype=torch.uint8)
        facts, parts, thumbs = [], [], []
        for x in range(start, stop):
            fact, part, thumb = self._decode(x, pixels[x - start].numpy())
            facts.append(fact)
            parts.append(part)
            thumbs.append(thumb)
        return Batch(start, stop, pixels, pd.DataFrame(facts), np.stack(parts), thumbs)

    @property
    def image_bytes(self) -> int:
        """Bytes of an image's pixels."""
        return 3 * math.prod(sides(self._fed.input_size))

    def labels(self, batch: Batch) -> np.ndarray:
        """Return the labelled classes of a batch, shape (n,)."""
        return self._labels[batch.start : batch.stop]

    def pixels(self, xs: np.ndarray) -> torch.Tensor:
        """Decode some images and nothing else, shape (n, h, w, 3), uint8."""
        images = (self._crop(x).image for x in xs)
        return torch.from_numpy(np.stack([np.asarray(image) for image in images]))

    def _crop(self, x: int) -> LoadedCrop:
        bbox = None if self._boxes is None else self._boxes[x].tolist()
        return load_square(self._folder / self._paths[x], bbox, self._fed.input_size, self._fed)

    def _decode(self, x: int, pixels: np.ndarray) -> tuple[dict, np.ndarray, bytes]:
        # looked up before reading: a file that changes meanwhile is read again at the next start
        listed = listing(self._folder, self._paths[x])
        loaded = self._crop(x)
        image, crop, (width, height) = loaded.image, loaded.crop, loaded.original_size
        if crop.problem.startswith(UNREADABLE):
            listed = listing(self._folder, self._paths[x])
        pixels[:] = np.asarray(image)
        fact = {
            "listed": listed,
            "width": width,
            "height": height,
            "crop_left": crop.left,
            "crop_top": crop.top,
            "crop_side": crop.side,
            **quality(pixels, crop, (width, height)),
            "problem": crop.problem,
            "affected": " ".join(loaded.affected),
        }
        return fact, parts_in_crop(self._parts[x], crop), thumbnail(image, self._thumb_size)


def thumbnail(image: Image.Image, size: int) -> bytes:
    """Return an image as JPEG of at most ``size`` by ``size`` pixels; it is never enlarged."""
    if max(image.size) > size:
        width, height = (max(1, round(side * size / max(image.size))) for side in image.size)
        image = image.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=2.0)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()
