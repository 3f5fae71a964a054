"""The stages of a run with what they depend on, for the inputs as they are now."""

from dataclasses import dataclass

import numpy as np

from fieldmarks.precompute.pipeline.chunks import Chunk, Chunking
from fieldmarks.precompute.pipeline.facts import Facts, KeptMaps
from fieldmarks.precompute.pipeline.inputs import RunInputs
from fieldmarks.precompute.pipeline.registry import STAGES
from fieldmarks.precompute.resume.fingerprint import digest, library_versions, listings
from fieldmarks.precompute.resume.stage import PlannedStage


@dataclass(frozen=True)
class Plan:
    """The stages of a run by name, in the order in which they are computed."""

    stages: dict[str, PlannedStage]


def make_plan(inputs: RunInputs, chunks: list[Chunk], kept: KeptMaps | None = None) -> Plan:
    """Return the stages for the inputs as they are now.

    Parameters
    ----------
    inputs : RunInputs
    chunks : list of Chunk
        Of the pass over the images, with the files as they are or as they were read.
    kept : KeptMaps, optional
        The maps that the run has; those that the settings ask for otherwise.
    """
    kept = kept or KeptMaps(inputs.map_row, np.ones(len(inputs.true_c), bool))
    facts = Facts(inputs, chunks, kept)
    stages: dict[str, PlannedStage] = {}
    fingerprints: dict[str, str] = {}
    for name, stage in STAGES.items():
        estimators = stage.estimators(inputs)
        stages[name] = stage.planned(
            stage.inputs(facts), fingerprints, estimators, inputs.has_words
        )
        fingerprints[name] = stages[name].fingerprint
    return Plan(stages)


def plan_chunks(inputs: RunInputs) -> tuple[Chunking, list[Chunk]]:
    """Return all chunks of the pass over the images for the files as they are now."""
    settings, stage = inputs.settings, STAGES["activations"]
    fingerprint = digest(
        inputs.checkpoint,
        settings.input_size,
        inputs.batch_size,
        inputs.precision,
        settings.compile,
        stage.version,
        library_versions(stage.libraries),
    )
    chunking = Chunking(inputs.dataset, inputs.map_row, fingerprint)
    paths = inputs.dataset.images["path"].array
    listed = listings(inputs.dataset.image_folder, paths, inputs.workers)
    return chunking, chunking.chunks(listed, inputs.batch_size)
