"""Stages: the steps of a run, each computed once for the same inputs.

A finished stage leaves a completion marker with its fingerprint. The next start reuses the stages
whose marker has the expected fingerprint, from an interrupted or finished run, and computes the
others.
"""

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from core.runs.contract import ARRAYS
from core.runs.files import array_path, atomic_write
from precompute.resume.fingerprint import code_version, digest


@dataclass(frozen=True)
class Stage:
    """One step: what it depends on and which files it leaves.

    Parameters
    ----------
    name : str
    code : str
        The module of this project that computes it.
    inputs : dict
        Fingerprints and settings, JSON values.
    arrays : tuple of str
        Names in the contract; one per estimator where the contract requires it.
    files : tuple of str
        Other files, below the run's folder.
    estimators : tuple of str
        Those of the run.
    """

    name: str
    code: str
    inputs: dict[str, object]
    arrays: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    estimators: tuple[str, ...] = field(default=())

    @property
    def fingerprint(self) -> str:
        """Of all that the stage depends on, its code included."""
        return digest(self.inputs, code_version(self.code))

    def outputs(self, folder: Path) -> list[Path]:
        """Return the files that the stage leaves in a run's folder."""
        per_estimator = {spec.name for spec in ARRAYS if spec.per_estimator}
        optional = {spec.name for spec in ARRAYS if spec.optional}
        names = [
            f"{name}/{estimator}" if estimator else name
            for name in self.arrays
            for estimator in (self.estimators if name in per_estimator else [""])
        ]
        arrays = [
            array_path(folder, name)
            for name in names
            if name not in optional or array_path(folder, name).exists()
        ]
        return arrays + [folder / file for file in self.files]


class Marks:
    """The marks of finished stages in a folder.

    Parameters
    ----------
    folder : Path
        Of a run that is being written.
    """

    def __init__(self, folder: Path):
        self.folder = folder

    def has(self, stage: Stage) -> bool:
        """Return whether the stage is finished here, from the same inputs."""
        try:
            mark = json.loads(self._path(stage).read_text("utf-8"))
        except (OSError, ValueError):
            return False
        return mark == stage.fingerprint and all(p.exists() for p in stage.outputs(self.folder))

    def put(self, stage: Stage) -> None:
        """Mark a stage as finished; its files must be on the disk by now."""
        self._path(stage).parent.mkdir(exist_ok=True)
        with atomic_write(self._path(stage)) as file:
            file.write(json.dumps(stage.fingerprint).encode())

    def remove(self, stage: Stage) -> None:
        """Take the mark away, before anything of the stage changes."""
        self._path(stage).unlink(missing_ok=True)

    def clear(self) -> None:
        """Take all marks away."""
        shutil.rmtree(self.folder / "stages", ignore_errors=True)

    def _path(self, stage: Stage) -> Path:
        return self.folder / "stages" / f"{stage.name}.json"
