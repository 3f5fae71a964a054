"""What the manifest says of a run: sizes, network, data, settings, versions, fingerprints."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from fieldmarks.core.estimators import uses_keypoints
from fieldmarks.core.outputs import atomic_write
from fieldmarks.core.pictures.crop import Size
from fieldmarks.core.run.contract import N_EXPLAIN
from fieldmarks.core.run.files import MANIFEST
from fieldmarks.core.run.run import Run
from fieldmarks.precompute.attributes.inflection import with_plurals
from fieldmarks.precompute.attributes.noun_classes import keypoints_by_name
from fieldmarks.precompute.data.dataset import Dataset
from fieldmarks.precompute.pipeline.inputs import RunInputs
from fieldmarks.precompute.pipeline.notices import (
    accuracy_notice,
    picture_notices,
    problem_notices,
    split_notice,
)
from fieldmarks.precompute.pipeline.plan import Plan
from fieldmarks.precompute.pipeline.settings import Settings
from fieldmarks.precompute.resume.fingerprint import library_versions
from fieldmarks.precompute.resume.stage import PlannedStage, StageMark

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_LIBRARIES = ("torch", "torchvision", "numpy", "scipy", "sklearn", "pandas", "PIL", "spacy")
#: Settings that change how fast a run is made, not what is in it.
_SPEED = ("workers", "name", "runs")


def run_manifest(
    inputs: RunInputs, plan: Plan, sizes: dict, marks: dict[str, StageMark] | None = None
) -> dict:
    """Return the manifest of a run.

    It holds no time and no name of a machine: the same inputs give the same bytes.

    Parameters
    ----------
    inputs : RunInputs
    plan : Plan
    sizes : dict of str to int
        Of the run, by letter.
    marks : dict of StageMark, optional
        Of the finished stages, by name; the others are pending. None for a run that is not
        published: it holds what lies in its folder.
    """
    model, dataset = inputs.model, inputs.dataset
    measured = marks["feeding"].measured if marks and "feeding" in marks else {}
    done = {name: plan.stages[name] for name in plan.stages if marks and name in marks}
    pending = {name: plan.stages[name].names for name in plan.stages if marks and name not in marks}
    default = inputs.settings.default_estimator if inputs.estimators else ""
    estimators = list(inputs.estimators)
    if "other_estimators" in pending:
        estimators = list(filter(None, [default]))
    return {
        "sizes": sizes,
        "estimators": estimators,
        "default_estimator": default,
        "keypoint_estimators": sorted(filter(uses_keypoints, estimators)),
        "n_explain": N_EXPLAIN,
        "arch": model.arch,
        "layer": model.layer,
        "input_size": _plain_size(model.input_size),
        "receptive_field": model.receptive_field,
        "mean": list(model.preprocessing.mean),
        "std": list(model.preprocessing.std),
        "crop": model.preprocessing.crop,
        "crop_share": model.preprocessing.crop_share,
        "interpolation": model.preprocessing.interpolation,
        "alpha": model.preprocessing.alpha,
        "orientation": model.preprocessing.orientation,
        "depth": model.preprocessing.depth,
        "channels": model.preprocessing.channels,
        "head": {
            "kind": model.head.kind,
            "eps": float(model.head.eps),
            "is_split": model.head.is_split,
            "difference": model.difference,
        },
        "precision": inputs.precision,
        "dataset": inputs.settings.dataset or inputs.settings.source.name,
        "left_out": list(inputs.settings.leave_out),
        "part_names": dataset.part_names,
        "part_keypoints": {part: list(names) for part, names in _keypoints(dataset).items()},
        "synonyms": with_plurals(dataset.language.synonym_groups),
        "notices": {
            "split": split_notice(dataset, model),
            "network": list(model.notes),
            "accuracy": accuracy_notice(measured.get("feeding")),
            "words": not_visible(marks or {}),
            "pictures": [
                *problem_notices(measured.get("problems", {}), len(dataset.images)),
                *picture_notices(measured.get("affected", {}), len(dataset.images), model),
            ],
        },
        "problems": [*dataset.problems, *inputs.words.problems],
        "checkpoint": {"sha256": inputs.checkpoint, "made": model.made},
        "settings": _recorded(inputs.settings),
        "seed": inputs.settings.seed,
        "stages": {name: recorded(stage, (marks or {})[name]) for name, stage in done.items()},
        **({"pending": pending} if pending else {}),
        "versions": library_versions(_LIBRARIES),
    }


def _plain_size(size: Size) -> int | list[int]:
    return size if isinstance(size, int) else list(size)


def not_visible(marks: dict[str, StageMark]) -> list[str]:
    """Return a sentence on each column of a table that pictures do not hold."""
    return list(marks["presence"].measured.get("not_visible", [])) if "presence" in marks else []


def refresh_settings(run: Run, settings: Settings) -> bool:
    """Write into the manifest of a finished run where its data set and its files lie now.

    Returns
    -------
    bool
        Whether they lie elsewhere than it said.
    """
    plain = _recorded(settings)
    if run.manifest.get("settings") == json.loads(json.dumps(plain)):
        return False
    with atomic_write(run.folder / MANIFEST) as file:
        manifest = {**run.manifest, "settings": plain}
        file.write(json.dumps(manifest, indent=1, ensure_ascii=False).encode())
    return True


def _recorded(settings: Settings) -> dict:
    return {key: value for key, value in _plain(settings).items() if key not in _SPEED}


def _keypoints(dataset: Dataset) -> dict[str, tuple[str, ...]]:
    """Return the keypoints of each part: as the data set says, else by the keypoints' names."""
    nouns = dataset.language.nouns
    return keypoints_by_name(dataset.part_names) if nouns is None else dict(nouns.keypoints)


def recorded(stage: PlannedStage, mark: StageMark | None = None) -> dict:
    """Return what a manifest says of a stage."""
    return {
        "fingerprint": stage.fingerprint,
        "version": stage.version,
        "inputs": stage.inputs,
        "left_out": mark.left_out if mark else "",
        **({"measured": mark.measured} if mark and mark.measured else {}),
    }


def marks_of(run: Run | None) -> dict[str, StageMark]:
    """Return what the manifest of a finished run says of its stages."""
    stages = run.manifest.get("stages", {}) if run is not None else {}
    return {
        name: StageMark(stage["fingerprint"], stage.get("left_out", ""), stage.get("measured", {}))
        for name, stage in stages.items()
    }


def _plain(settings: "DataclassInstance") -> dict:
    """Return a dataclass as JSON values, paths in full."""
    return asdict(
        settings,
        dict_factory=lambda items: {
            key: str(value.resolve()) if isinstance(value, Path) else value for key, value in items
        },
    )
