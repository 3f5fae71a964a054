"""Scores a finished run again, and writes into its manifest what the scores were computed from."""

import json
from pathlib import Path

from fieldmarks.core.outputs import atomic_write
from fieldmarks.core.run.files import MANIFEST
from fieldmarks.core.run.run import Run
from fieldmarks.core.scores.result import Evaluation
from fieldmarks.precompute.pipeline.manifest import recorded
from fieldmarks.precompute.pipeline.registry import SCORES_SEED, STAGES, score_inputs
from fieldmarks.precompute.pipeline.settings import Settings
from fieldmarks.precompute.pipeline.stages.scores import write_scores
from fieldmarks.precompute.resume.lock import locked


def rescore(run: Run, seed: int = SCORES_SEED) -> Evaluation:
    """Score a run, write ``evaluation.json`` and return the scores.

    Scores of another seed are computed again by the next ``fieldmarks run``.

    Parameters
    ----------
    run : Run
    seed : int
        Of resamples and random baselines.
    """
    run.require_complete()
    with locked(run.folder.parent, run.name):
        stages = dict(run.manifest.get("stages", {}))
        data = Settings.of_run(run).source.data if stages else Path()
        # between the two manifests the scores belong to no stage: the next start computes them
        stages.pop("scores", None)
        _write_stages(run, stages)
        evaluation = write_scores(run, seed)
        if stages:
            fingerprints = {name: stage["fingerprint"] for name, stage in stages.items()}
            planned = STAGES["scores"].planned(score_inputs(data, seed), fingerprints)
            _write_stages(run, {**stages, "scores": recorded(planned)})
    return evaluation


def _write_stages(run: Run, stages: dict) -> None:
    if stages:
        with atomic_write(run.folder / MANIFEST) as file:
            manifest = {**run.manifest, "stages": stages}
            file.write(json.dumps(manifest, indent=1, ensure_ascii=False).encode())
