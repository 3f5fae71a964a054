"""A picture that is tried: what the network makes of it, explained by the run's estimates."""

import hashlib
import time
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

from fieldmarks.core.explanations.contrast import Contrast, contrast
from fieldmarks.core.explanations.explanation import Explanation, explain
from fieldmarks.core.live.neighbours import Novelty, TrainingImages
from fieldmarks.core.live.network_file import Fed
from fieldmarks.core.pictures.crop import Box, Size, sides, size_of_sides
from fieldmarks.core.pictures.upload import Upload
from fieldmarks.core.run.one_image import one_image_run
from fieldmarks.core.run.per_run import per_run
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import data
from fieldmarks.dashboard.figures import overlay
from fieldmarks.dashboard.try_picture.network import opened_network

#: Side of the picture on the page, pixels; the network is fed its own size.
SHOWN = 448
#: Training images shown beside it.
N_NEAREST = 8
_LAST = "try.last"


@dataclass(frozen=True)
class TriedPicture:
    """What is tried.

    Parameters
    ----------
    content : bytes
        The file.
    x : int, optional
        The image of the run, whose stored picture is the network's square already.
    """

    content: bytes
    x: int | None = None


@dataclass(frozen=True)
class Trial:
    """The network's result for a picture.

    Parameters
    ----------
    image : Run
        The picture as the only image of a run.
    photo : bytes
        What the network saw, as a JPEG.
    novelty : Novelty or None
        None where the run has no test images.
    nearest, cosine : ndarray of shape (n,)
        Training images by descending cosine of their activations with the picture's.
    network_ms, all_ms : float
        Time that the network took, and that all of this took.
    """

    image: Run
    photo: bytes
    novelty: Novelty | None
    nearest: np.ndarray
    cosine: np.ndarray
    network_ms: float
    all_ms: float

    @property
    def logits(self) -> np.ndarray:
        """Class scores, shape (C,)."""
        return self.image.array("logits")[0]

    @property
    def predicted_c(self) -> int:
        """The predicted class."""
        return int(self.image.images["predicted_c"].iloc[0])

    def runner_up(self, c: int) -> int:
        """Return the most probable class other than c."""
        return next(int(other) for other in np.argsort(-self.logits, kind="stable") if other != c)

    def explained(self, c: int, versus: int) -> tuple[Explanation, Explanation, Contrast]:
        """Return the explanations as two classes, and what separates them."""
        first, second = (explain(self.image, 0, each) for each in (c, versus))
        return first, second, contrast(self.image, first, second)


@per_run
def _training(run: Run) -> TrainingImages:
    return TrainingImages(run)


def tried(run: Run, upload: Upload, picture: TriedPicture, box: Box) -> Trial:
    """Return what the network makes of a box of a picture; the last result of a session is kept.

    Raises
    ------
    FieldmarksError
        If the run has no network, or the picture cannot be decoded.
    """
    key = (data.identity(run), hashlib.sha256(picture.content).hexdigest(), picture.x, box)
    last = st.session_state.get(_LAST)
    if last is None or last[0] != key:
        last = st.session_state[_LAST] = (key, _computed(run, upload, picture, box))
    return last[1]


def _shown_size(size: Size) -> Size:
    """Return the size of the picture on the page, of the shape of the network's input."""
    larger = max(1.0, SHOWN / max(sides(size)))
    return size_of_sides(*(round(larger * side) for side in sides(size)))


def _computed(run: Run, upload: Upload, picture: TriedPicture, box: Box) -> Trial:
    opened, training = opened_network(run), _training(run)
    start = time.perf_counter()
    fed = Fed.of(run)
    if picture.x is not None:
        fed = replace(fed, crop="box")
    square = fed.square(upload.size, box)
    pixels = np.asarray(upload.cut_out(square, opened.input_size, fed.interpolation))
    before = time.perf_counter()
    output = opened(pixels)
    network_ms = 1000 * (time.perf_counter() - before)
    image = one_image_run(
        run, output.maps, output.pooled, output.logits, output.local, output.moments
    )
    shown = upload.cut_out(square, _shown_size(opened.input_size), "bicubic")
    nearest, cosine = training.nearest(output.pooled, N_NEAREST, leave_out=picture.x)
    novelty = training.novelty(output.pooled, leave_out=picture.x)
    all_ms = 1000 * (time.perf_counter() - start)
    return Trial(image, overlay.jpeg(shown), novelty, nearest, cosine, network_ms, all_ms)
