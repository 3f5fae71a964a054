"""Diagnoses and scores, computed from a finished run.

Both need a finished run, so they are added to it after its publication, each file by an atomic
write. A run without one of them, because a process was killed, gets it at the next start.
"""

import json
from collections.abc import Callable

from core.diagnosis.diagnosis import write_diagnoses
from core.errors import FieldmarksError
from core.metrics.evaluation import evaluate
from core.runs.files import EVALUATION, atomic_write
from core.runs.run import Run
from precompute.stages.painted_changes import painted_changes
from precompute.stages.painted_truth import write_painted_truth


def complete(run: Run, say: Callable[[str], None] = print) -> Run:
    """Write the diagnoses and scores that a run lacks and return it.

    A run that cannot be diagnosed or scored, one without test images for instance, is told of and
    left as it is.
    """
    steps = {
        "diagnoses": (run.folder / "tables" / "diagnoses.parquet", write_diagnoses),
        "scores": (run.folder / EVALUATION, write_evaluation),
    }
    for name, (path, write) in steps.items():
        if path.exists():
            continue
        say(f"{name}: computing")
        try:
            write(run)
        except FieldmarksError as error:
            say(f"{name}: left out, {error}")
    return Run(run.folder)


def write_evaluation(run: Run, seed: int = 0) -> dict:
    """Score a run, write ``evaluation.json`` into it and return the scores.

    The truth of a painted world is written into its run first.
    """
    write_painted_truth(run)
    evaluation = evaluate(run, seed=seed, changes=painted_changes(run))
    with atomic_write(run.folder / EVALUATION) as file:
        file.write(json.dumps(evaluation, indent=1, ensure_ascii=False).encode("utf-8"))
    return evaluation
