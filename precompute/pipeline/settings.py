"""The settings of a run: every choice of the user, in one place."""

import importlib.util
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fieldmarks.core.errors import DataError, FieldmarksError, RunError
from fieldmarks.core.estimators import (
    DEFAULT_ESTIMATOR,
    ESTIMATORS,
    is_estimator,
    uses_keypoints,
)
from fieldmarks.core.input_file import MAX_LIST, MAX_WEIGHTS, require_file
from fieldmarks.core.pictures.crop import Size, in_words, stated_size
from fieldmarks.core.run.run import Run
from fieldmarks.precompute.data.source import DataSource
from fieldmarks.precompute.network.hub import model_folder
from fieldmarks.precompute.network.settings import (
    MAX_INPUT,
    PACKAGES,
    PRECISIONS,
    NetworkSettings,
)
from fieldmarks.precompute.pipeline.class_order import NATURAL
from fieldmarks.precompute.resume.code import code_fingerprint
from fieldmarks.precompute.resume.fingerprint import digest, file_digest, library_versions

#: Least and most of what decides how much memory and time a run takes.
_LIMITS = {
    "input_size": (32, MAX_INPUT),
    "thumb_size": (16, MAX_INPUT),
    "batch_size": (1, 4096),
    "workers": (1, 256),
}


class Moved(NamedTuple):
    """Where the data set and the checkpoint of a run lie now; None for where the run says."""

    data: Path | None = None
    checkpoint: Path | None = None


NOT_MOVED = Moved()


@dataclass(frozen=True)
class Settings:
    """The arguments of ``fieldmarks run``.

    Parameters
    ----------
    source : DataSource
        The data set and its words.
    checkpoint : Path or None
        The weights of the trained network; None where its source has them.
    name : str
        Of the run.
    runs : Path
        The folder of all runs.
    network : NetworkSettings
        Which network, and how it is fed.
    dataset : str, optional
        What the data set is called on the pages; its folder's or table's name by default.
    arch : str, optional
        The architecture that the checkpoint is expected to hold.
    input_size : Size, optional
        Of the network's input in pixels; the checkpoint's own by default.
    maps : str
        Whose feature maps are kept: ``all``, ``test``, ``none`` or a number of test images.
    merge : bool
        Make synonyms one attribute.
    synonyms : Path, optional
        Further rules, those that a person accepted, see `core.review.accepted_synonyms`.
    nouns : Path, optional
        A table of nouns, see `precompute.data.language`.
    min_images : int, optional
        Attributes named in fewer images are left out; a default by
        `precompute.attributes.extraction`.
    estimators : tuple of str
        Estimators of p(t given f) to run; the first is the default unless `DEFAULT_ESTIMATOR` is
        among them. One that uses keypoints is never the default.
    leave_out : tuple of int
        Numbers of the classes that the network was trained without; see `run.is_left_out`.
    thumb_size : int
        Side of the stored thumbnails in pixels.
    seed : int
        Of everything random.
    batch_size, workers : int, optional
        Images per forward pass and decoding threads; chosen by the device by default.
    device : str
        ``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps``.
    compile : bool
        Compile the network by ``torch.compile``.
    precision : str, optional
        What the network computes in: ``float32``, ``bfloat16`` or ``auto``, see
        `precompute.pipeline.precision`; by default what the device usually computes in.
    """

    source: DataSource
    checkpoint: Path | None
    name: str
    runs: Path
    network: NetworkSettings = field(default_factory=NetworkSettings)
    dataset: str | None = None
    arch: str | None = None
    input_size: Size | None = None
    maps: str = "all"
    merge: bool = True
    synonyms: Path | None = None
    nouns: Path | None = None
    min_images: int | None = None
    estimators: tuple[str, ...] = field(default_factory=lambda: tuple(sorted(ESTIMATORS)))
    leave_out: tuple[int, ...] = ()
    thumb_size: int = 224
    seed: int = 0
    batch_size: int | None = None
    workers: int | None = None
    device: str = "auto"
    compile: bool = False
    precision: str | None = None

    def __post_init__(self):
        unknown = [name for name in self.estimators if not is_estimator(name)]
        if unknown or not self.estimators:
            raise DataError(
                f"expected estimators among {', '.join(sorted(ESTIMATORS))}, got "
                f"{', '.join(unknown) or 'none'}"
            )
        if all(map(uses_keypoints, self.estimators)):
            raise DataError(
                f"expected an estimator that does without keypoints, for the explanations, beside "
                f"{', '.join(self.estimators)}"
            )
        if self.maps not in ("all", "test", "none") and not self.maps.isdecimal():
            raise DataError(f"--maps is all, test, none or a number of images, got {self.maps!r}")
        if self.precision not in (None, *PRECISIONS):
            raise DataError(
                f"--precision is {', '.join(PRECISIONS[:-1])} or {PRECISIONS[-1]}, got "
                f"{self.precision!r}"
            )
        for option, (least, most) in _LIMITS.items():
            value = getattr(self, option)
            values = value if isinstance(value, tuple) else (value,)
            if value is not None and not all(least <= each <= most for each in values):
                raise DataError(
                    f"--{option.replace('_', '-')} is at least {least} and at most {most}, "
                    f"got {in_words(value)}"
                )

    @classmethod
    def of_run(cls, run: Run) -> "Settings":
        """Return the settings that the manifest of a finished run records.

        Raises
        ------
        RunError
            If it records none.
        """
        try:
            return cls._read(run)
        except FieldmarksError:
            raise
        except (KeyError, TypeError, ValueError, AttributeError):
            raise RunError(
                f"run {run.name!r} does not say what it was made from: precompute it again"
            ) from None

    @classmethod
    def _read(cls, run: Run) -> "Settings":
        recorded = run.manifest["settings"]
        changed = {
            "source": DataSource.from_plain(recorded["source"]),
            "checkpoint": Path(recorded["checkpoint"]) if recorded["checkpoint"] else None,
            "network": NetworkSettings.from_plain(recorded["network"]),
            "estimators": tuple(recorded["estimators"]),
            "synonyms": Path(recorded["synonyms"]) if recorded.get("synonyms") else None,
            "nouns": Path(recorded["nouns"]) if recorded.get("nouns") else None,
            "leave_out": tuple(recorded.get("leave_out", ())),
            "input_size": _size_or_none(recorded.get("input_size")),
        }
        return cls(**{**recorded, **changed}, name=run.name, runs=run.folder.parent)

    def moved(self, moved: Moved) -> "Settings":
        """Return these settings for a data set and a checkpoint that lie elsewhere now."""
        changed: dict = {}
        data, checkpoint = moved
        if data is not None:
            old, source = self.source.data, self.source

            def new(path: Path | None) -> Path | None:
                """Follow what lay in or beside the data set."""
                if path is None or path.exists():
                    return path
                for above in (old, old.parent):
                    if path.is_relative_to(above):
                        place = data if above == old else data.resolve().parent
                        return place / path.relative_to(above)
                return path

            changed["source"] = replace(
                source, data=data, images=new(source.images), captions=new(source.captions)
            )
        if checkpoint is not None:
            changed["checkpoint"] = checkpoint
        return replace(self, **changed)

    def check_network(self) -> None:
        """Refuse settings without a network, or whose files are not there or no files."""
        checkpoint, own_code = self.checkpoint, self.network.own_code
        if checkpoint is None and self.network.source is None:
            raise DataError(
                "expected a network: give --checkpoint, made by 'fieldmarks train', or "
                "--network with its weights"
            )
        if checkpoint is not None and not checkpoint.exists():
            raise DataError(
                f"expected a checkpoint at {checkpoint}, found none: pass its path as "
                "--checkpoint, or make one with 'fieldmarks train'"
            )
        # before they are read to their ends for a fingerprint
        if checkpoint is not None and not checkpoint.is_dir():
            require_file(checkpoint, "a checkpoint or state dict", MAX_WEIGHTS)
        if own_code is not None:
            require_file(own_code, "the code that --network names", MAX_LIST)
        if self.network.classes not in (None, NATURAL):
            require_file(self.network.classes, "the classes that --classes names", MAX_LIST)
        if self.network.graph is not None:
            require_file(self.network.graph, "the network that --network names", MAX_WEIGHTS)
        package = PACKAGES.get((self.network.source or "").partition(":")[0])
        if package is not None and importlib.util.find_spec(package) is None:
            raise DataError(
                f"--network {self.network.source} needs {package}, which is not installed: install "
                f"it by 'python -m pip install {package}'"
            )

    @property
    def default_estimator(self) -> str:
        """The estimator that explanations use unless asked otherwise."""
        is_there = DEFAULT_ESTIMATOR in self.estimators
        without_keypoints = (name for name in self.estimators if not uses_keypoints(name))
        return DEFAULT_ESTIMATOR if is_there else next(without_keypoints)

    @property
    def other_estimators(self) -> tuple[str, ...]:
        """The estimators that the default one is compared with."""
        return tuple(name for name in self.estimators if name != self.default_estimator)


def _size_or_none(stated: object) -> Size | None:
    return None if stated is None else stated_size(stated)


def map_rows(maps: str, is_train: np.ndarray) -> np.ndarray:
    """Return the row of each image in the kept feature maps, -1 where they are not kept.

    Parameters
    ----------
    maps : str
        See `Settings`; a number takes so many test images, evenly spread.
    is_train : ndarray of shape (X,), bool

    Returns
    -------
    ndarray of shape (X,), int32

    >>> map_rows("2", np.array([True, False, False, False]))
    array([-1,  0, -1,  1], dtype=int32)
    """
    chosen = {
        "all": np.arange(len(is_train)),
        "none": np.array([], int),
    }.get(maps, np.flatnonzero(~is_train))
    if maps.isdecimal():
        n = min(int(maps), len(chosen))
        chosen = chosen[np.linspace(0, len(chosen) - 1, n).round().astype(int)]
    rows = np.full(len(is_train), -1, np.int32)
    rows[chosen] = np.arange(len(chosen), dtype=np.int32)
    return rows


def network_digest(settings: Settings) -> str:
    """Return a fingerprint of all that the network comes from: files, code, versions of packages.

    Where files lie does not count, and neither does what only decides whether a run goes on.
    """
    network, checkpoint = settings.network, settings.checkpoint
    if replace(network, keep_order=False) == NetworkSettings() and checkpoint is not None:
        return file_digest(checkpoint)
    source = network.source or ""
    kind, _, name = source.partition(":")
    files = [checkpoint] if checkpoint is not None else []
    code: dict = {}
    if network.graph is not None:
        files.append(network.graph)
        kind = name = ""
    if kind == "hf":
        files += sorted(model_folder(name).glob("*.*"))
    if network.runs_code:
        place, _, name = source.rpartition(":")
        kind, code = "", code_fingerprint(place)
    elif kind in PACKAGES:
        code = library_versions((PACKAGES[kind],))
    if network.classes not in (None, NATURAL):
        files.append(Path(network.classes))
    digests = [file_digest(file) for file in files if file.is_file()]
    said = {**vars(network), "source": [kind, "" if kind == "hf" else name]}
    said["classes"] = network.classes if network.classes == NATURAL else None
    del said["keep_order"]
    return digest(digests, said, code)
