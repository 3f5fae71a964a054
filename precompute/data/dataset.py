"""What every data set is turned into before a network sees it.

An image is known by its path below ``image_folder`` and its row ``x``; a class by its index ``c``,
because names can repeat and a data set's own numbers need not be contiguous.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from fieldmarks.precompute.data.captions import Words, no_words
from fieldmarks.precompute.data.language import Language

#: Columns of the bounding box, in the order in which it is passed around.
BBOX = ["bbox_left", "bbox_top", "bbox_width", "bbox_height"]


@dataclass(frozen=True)
class Dataset:
    """Images with labels, split, boxes and keypoints.

    Parameters
    ----------
    image_folder : Path
    images : DataFrame of X rows
        ``path`` (str, below image_folder), ``true_c`` (int32), ``is_train`` (bool), ``bbox_left``,
        ``bbox_top``, ``bbox_width``, ``bbox_height`` (float32, pixels of the original, NaN where
        the data set has no box) and ``problem`` (str, empty for none).
    class_ids : list of C int
        The data set's own numbers.
    class_names : list of C str
        For people, e.g. "Black footed Albatross".
    part_names : list of P str
    parts : ndarray of shape (X, P, 2)
        Row and column in pixels of the original, NaN where the part is not visible.
    problems : list of str
        One counted sentence for each kind of trouble in the annotation files.
    is_split_drawn : bool
        Whether the test images were drawn here, because the data set has no split.
    read_words : callable, optional
        Reads the words of the images: only a run needs it, a training does not. None where there
        are none.
    language : Language
        How that is read.
    """

    image_folder: Path
    images: pd.DataFrame
    class_ids: list[int]
    class_names: list[str]
    part_names: list[str]
    parts: np.ndarray
    problems: list[str] = field(default_factory=list)
    is_split_drawn: bool = False
    read_words: Callable[[], Words] | None = None
    language: Language = field(default_factory=Language)

    def words(self) -> Words:
        """Read the words of the images; a data set may have none."""
        return no_words(len(self.images)) if self.read_words is None else self.read_words()

    def path(self, x: int) -> Path:
        """Return where image ``x`` lies."""
        return self.image_folder / self.images["path"].iloc[x]

    @cached_property
    def has_boxes(self) -> bool:
        """Whether any image has a box; where none has, all are used whole."""
        return bool(self.images[BBOX].notna().to_numpy().any())

    def bbox(self, x: int) -> tuple[float, float, float, float] | None:
        """Return left, top, width and height of the box of image ``x`` in pixels, None for none."""
        if not self.has_boxes:
            return None
        left, top, width, height = (float(self.images[column].iloc[x]) for column in BBOX)
        return left, top, width, height
