"""The network of a run as one file that ONNX Runtime runs: new pictures without torch.

The file maps pixels to feature maps, pooled activations, class scores and, where the network has
earlier blocks, their moments; normalisation, the order
of the classes and positive and negative parts of signed maps are in it. Writing a run checks it
against the stored class scores (`precompute.pipeline.stages.live`), by this same module.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fieldmarks.core.errors import DataError, MissingRunError, RunError, one_line
from fieldmarks.core.head import LocalWeights
from fieldmarks.core.input_file import is_regular
from fieldmarks.core.pictures.crop import (
    CROPS,
    INTERPOLATIONS,
    Box,
    Crop,
    Size,
    frame_of_box,
    size_of_sides,
    stated_size,
)
from fieldmarks.core.pictures.decoding import IMAGE_FOLDER, Decoding
from fieldmarks.core.run.files import NETWORK
from fieldmarks.core.run.run import Run

#: Names of the input and the outputs in the file.
PIXELS, OUTPUTS, MOMENTS = "pixels", ("maps", "pooled", "logits"), "block_moments"
#: More threads than these wait for each other on one picture.
_MAX_THREADS = 4
INSTALL = "python -m pip install onnxruntime"


@dataclass(frozen=True)
class NetworkOutput:
    """The outputs of a network for one picture.

    Parameters
    ----------
    maps : ndarray of shape (F, H, W), float32
    pooled : ndarray of shape (F,), float32
    logits : ndarray of shape (C,), float32
    local : LocalWeights, optional
        Of a head of first order: the weights of the classes in play.
    moments : ndarray of shape (B,), float32, optional
        Of earlier blocks, where the network has any.
    """

    maps: np.ndarray
    pooled: np.ndarray
    logits: np.ndarray
    local: LocalWeights | None = None
    moments: np.ndarray | None = None


class NetworkFile:
    """A network that is ready to run; safe to call from several threads.

    Parameters
    ----------
    path : Path
        Of the file.

    Attributes
    ----------
    input_size : Size
        Of the input in pixels.

    Raises
    ------
    DataError
        If ONNX Runtime is not installed.
    RunError
        If the file cannot be read.
    """

    def __init__(self, path: Path):
        try:
            import onnxruntime
        except ImportError:
            raise DataError(
                f"running the network on a new picture needs ONNX Runtime: install it by "
                f"'{INSTALL}'"
            ) from None
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = min(_MAX_THREADS, os.cpu_count() or 1)
        # threads that wait in a loop would take the cores from other sessions
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 4
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
            _, rows, columns, _ = self._session.get_inputs()[0].shape
            self._outputs = [output.name for output in self._session.get_outputs()]
            is_as_written = self._outputs in (list(OUTPUTS), [*OUTPUTS, MOMENTS])
        except Exception as error:
            # ONNX Runtime raises classes of its own without a common base
            raise RunError(
                f"{path} cannot be read ({one_line(error)}): delete it and precompute again"
            ) from None
        if not is_as_written or not (isinstance(rows, int) and isinstance(columns, int)):
            raise RunError(f"{path} is not a network of a run: delete it and precompute again")
        self.input_size: Size = size_of_sides(rows, columns)

    def __call__(self, pixels: np.ndarray) -> NetworkOutput:
        """Run one picture.

        Parameters
        ----------
        pixels : ndarray of shape (H, W, 3), uint8
            RGB, see `core.pictures.crop.cut_out`.
        """
        feed = {PIXELS: np.ascontiguousarray(pixels, np.uint8)[None]}
        try:
            maps, pooled, logits, *moments = self._session.run(self._outputs, feed)
        except Exception as error:
            # ONNX Runtime raises classes of its own without a common base
            raise RunError(f"the network cannot run ({one_line(error)})") from None
        return NetworkOutput(
            maps[0], pooled[0], logits[0], moments=moments[0][0] if moments else None
        )


def sha256_of(path: Path) -> str:
    """Return the digest that ties a file to its run."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def network_file(run: Run) -> NetworkFile:
    """Open the network of a run.

    Raises
    ------
    RunError
        If the file is another one than the run was made with.
    MissingRunError
        If the run has none; the message says why, and what makes one.
    """
    path = run.folder / NETWORK
    stage = run.manifest.get("stages", {}).get("live")
    if is_regular(path):
        stated = stage.get("measured", {}).get("sha256") if isinstance(stage, dict) else None
        if sha256_of(path) != stated:
            raise RunError(
                f"{path} is not the network that run {run.name!r} was made with: delete it, then "
                f"'fieldmarks export {run.name}' writes it again"
            )
        return NetworkFile(path)
    reason = stage.get("left_out", "") if stage else "it was made before there was one"
    raise MissingRunError(
        f"run {run.name!r} has no network that can run here ({reason or 'its file is missing'}): "
        f"'fieldmarks export {run.name}' makes it"
    )


@dataclass(frozen=True)
class Fed:
    """The preprocessing of a run's network.

    Parameters
    ----------
    crop : str
        One of `core.pictures.crop.CROPS`.
    crop_share : float
        See `core.pictures.crop.frame`.
    interpolation : str
        One of `core.pictures.crop.INTERPOLATIONS`.
    input_size : Size
        Of the input in pixels.
    decoding : Decoding
    """

    crop: str = "box"
    crop_share: float = 1.0
    interpolation: str = "bilinear"
    input_size: Size = 224
    decoding: Decoding = IMAGE_FOLDER

    @classmethod
    def of(cls, run: Run) -> "Fed":
        """Return what the manifest of a run says; what it does not say as older versions had it.

        Raises
        ------
        RunError
            If it says something unknown.
        """
        stated = run.manifest
        try:
            size = stated_size(stated.get("input_size", 224))
        except ValueError:
            size = 0
        fed = cls(
            stated.get("crop", "box"),
            stated.get("crop_share", 1.0),
            stated.get("interpolation", "bilinear"),
            size,
            Decoding(
                stated.get("alpha", "grey"),
                stated.get("orientation", "stored"),
                stated.get("depth", "clip"),
                "grey" if stated.get("channels") == "grey" else "rgb",
            ),
        )
        is_share = isinstance(fed.crop_share, float | int) and 0 < fed.crop_share <= 1
        is_named = all(
            isinstance(value, str) and value in known
            for value, known in ((fed.crop, CROPS), (fed.interpolation, INTERPOLATIONS))
        )
        if not (is_named and is_share and size and fed.decoding.is_known):
            raise RunError(
                f"manifest.json of run {run.name!r} does not hold the preprocessing: precompute "
                "it again"
            )
        return fed

    def square(self, size: tuple[int, int], box: Box) -> Crop:
        """Return what is fed of a picture of this size for a box, by default that of all of it."""
        return frame_of_box(*size, box, self.crop, self.crop_share, self.input_size)
