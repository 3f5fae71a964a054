"""Stages: the steps of a run, each computed once for the same inputs.

A finished stage leaves a completion marker with its fingerprint. The next start reuses the stages
whose marker has the expected fingerprint, from an interrupted or finished run, and computes the
others.
"""

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from fieldmarks.core.outputs import atomic_write
from fieldmarks.core.run.contract import ARRAYS
from fieldmarks.core.run.files import array_path
from fieldmarks.precompute.resume.fingerprint import digest


@dataclass(frozen=True)
class StageMark:
    """What is known of a finished stage.

    Parameters
    ----------
    fingerprint : str
        Of what it was computed from.
    left_out : str
        Why it could not be computed and left no file, empty where it did.
    measured : dict
        What was measured of its result, JSON values.
    """

    fingerprint: str
    left_out: str = ""
    measured: dict = field(default_factory=dict)


class Computed(NamedTuple):
    """What computing a stage came to.

    Parameters
    ----------
    left_out : str
        Why it could not be computed, empty where it was.
    measured : dict
        What was measured of its result, JSON values.
    """

    left_out: str = ""
    measured: dict | None = None


@dataclass(frozen=True)
class Outputs:
    """The files that a stage leaves.

    Parameters
    ----------
    arrays : tuple of str
        Names in the contract; one per estimator where the contract requires it.
    files : tuple of str
        Other files, below the run's folder.
    optional : tuple of str
        Files that it leaves for some inputs.
    by_estimator : dict of tuple of str
        Files that one estimator leaves, by its name.
    """

    arrays: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    by_estimator: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class PlannedStage:
    """A stage with what it depends on, for the inputs as they are now.

    Parameters
    ----------
    name : str
    version : int
        Its author raises it when the same inputs give other results.
    inputs : dict
        Fingerprints and settings, JSON values.
    outputs : Outputs
    estimators : tuple of str
        Those of the run.
    has_words : bool
        A run without words has no array of words.
    """

    name: str
    version: int
    inputs: dict[str, object]
    outputs: Outputs
    estimators: tuple[str, ...] = ()
    has_words: bool = True

    @property
    def fingerprint(self) -> str:
        """Of all that the stage depends on."""
        return digest(self.version, self.inputs)

    @property
    def arrays(self) -> list[str]:
        """The names of its arrays, e.g. ``"p_t_given_f/literal"``."""
        per_estimator = {spec.name for spec in ARRAYS if spec.per_estimator}
        of_words = {spec.name for spec in ARRAYS if spec.is_of_words}
        return [
            f"{name}/{estimator}" if estimator else name
            for name in self.outputs.arrays
            if self.has_words or name not in of_words
            for estimator in (self.estimators if name in per_estimator else [""])
        ]

    @property
    def names(self) -> list[str]:
        """All arrays and files that it may leave, as a manifest lists them."""
        return [*self.arrays, *self.outputs.files, *self._optional]

    @property
    def _optional(self) -> list[str]:
        of_estimators = self.outputs.by_estimator
        left = [file for name in self.estimators for file in of_estimators.get(name, ())]
        return [*self.outputs.optional, *left]

    def paths(self, folder: Path) -> list[Path]:
        """Return the files that the stage always leaves in a run's folder."""
        optional = {spec.name for spec in ARRAYS if spec.optional}
        arrays = [
            array_path(folder, name)
            for name in self.arrays
            if name.partition("/")[0] not in optional or array_path(folder, name).exists()
        ]
        return arrays + [folder / file for file in self.outputs.files]

    def existing_files(self, folder: Path) -> list[Path]:
        """Return the files of the stage, optional ones too, that are in a run's folder."""
        paths = [*self.paths(folder), *(folder / name for name in self._optional)]
        return [path for path in paths if path.exists()]

    def is_finished(self, mark: StageMark | None, folder: Path) -> bool:
        """Return whether a mark is this stage's, and all of its files lie in the folder."""
        if mark is None or mark.fingerprint != self.fingerprint:
            return False
        return bool(mark.left_out) or all(path.exists() for path in self.paths(folder))

    def remove(self, folder: Path) -> None:
        """Delete the files of the stage from a folder."""
        for path in self.existing_files(folder):
            path.unlink()


class Marks:
    """The marks of finished stages in a folder.

    Parameters
    ----------
    folder : Path
        Of a run that is being written.
    """

    def __init__(self, folder: Path):
        self.folder = folder

    def get(self, stage: PlannedStage) -> StageMark | None:
        """Return the mark of a stage, None where there is none."""
        try:
            return StageMark(**json.loads(self._path(stage).read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def put(
        self, stage: PlannedStage, left_out: str = "", measured: dict | None = None
    ) -> StageMark:
        """Mark a stage as finished; its files must be on the disk by now."""
        mark = StageMark(stage.fingerprint, left_out, measured or {})
        self._path(stage).parent.mkdir(exist_ok=True)
        with atomic_write(self._path(stage)) as file:
            file.write(json.dumps(vars(mark)).encode())
        return mark

    def remove(self, stage: PlannedStage) -> None:
        """Take the mark away, before anything of the stage changes."""
        self._path(stage).unlink(missing_ok=True)

    def clear(self) -> None:
        """Take all marks away."""
        shutil.rmtree(self.folder / "stages", ignore_errors=True)

    def _path(self, stage: PlannedStage) -> Path:
        return self.folder / "stages" / f"{stage.name}.json"
