"""The scores of the experiments of a run, and their file ``experimental.json``.

A plain run and a plain ``fieldmarks evaluate`` compute none of them. The file states the
fingerprints of the stages that it was made from, and scores of another version of the run are
refused.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fieldmarks.core.corruptions.record import fingerprints
from fieldmarks.core.errors import RunError
from fieldmarks.core.experimental.interventions import score_interventions
from fieldmarks.core.experimental.sentence_test.scores import score_sentence_test
from fieldmarks.core.experimental.zero_shot.scores import score_zero_shot
from fieldmarks.core.run.run import Run
from fieldmarks.core.scores.evaluation import drawn_images, scorable_images
from fieldmarks.core.scores.result import Measure, as_json, read_scores, write_json
from fieldmarks.core.scores.text_tables import table

FILE, VERSION = "experimental.json", 1


@dataclass(frozen=True)
class Experiments:
    """The scores of the experiments.

    Parameters
    ----------
    default_estimator : str
    sentence_test : Measure
        Percent of sentences that pass.
    interventions : Measure or None
        What painted changes do to logit, word and heatmap; None for data that cannot be painted
        again.
    zero_shot : Measure or None
        Percent right of unseen and seen classes; None for a network that was trained on all.
    stages : dict of str to str
        Fingerprints of the stages of the run that were scored.
    version : int
    """

    default_estimator: str
    sentence_test: Measure
    interventions: Measure | None
    zero_shot: Measure | None
    stages: dict[str, str]
    version: int = VERSION


def score_experiments(run: Run, seed: int = 0, changes: pd.DataFrame | None = None) -> Experiments:
    """Score all experiments of a run.

    Parameters
    ----------
    run : Run
    seed : int
        Of samples, controls and resamples.
    changes : DataFrame, optional
        Images of a painted world after a change, see `core.experimental.interventions`.

    Raises
    ------
    DataError
        If there is no test image to score.
    """
    xs: np.ndarray = drawn_images(scorable_images(run), seed)
    return Experiments(
        run.default_estimator,
        score_sentence_test(run, xs, seed),
        score_interventions(run, xs, changes, seed),
        score_zero_shot(run, seed),
        fingerprints(run.manifest),
    )


def write_experiments(run: Run, experiments: Experiments) -> None:
    """Write ``experimental.json`` into a run."""
    write_json(run.folder / FILE, as_json(experiments))


def read_experiments(run: Run) -> Experiments | None:
    """Return the scores of the experiments of a run, None where there are none.

    Raises
    ------
    RunError
        If the file is damaged, or was made from another version of the run.
    """
    command = f"fieldmarks evaluate {run.name} --experimental"
    read = read_scores(run, FILE, Experiments, VERSION, command)
    if read is not None and read.stages != fingerprints(run.manifest):
        raise RunError(
            f"{FILE} was made from another version of run {run.name!r}: write it again by "
            f"'{command}'"
        )
    return read


def tables(experiments: Experiments) -> str:
    """Return the scores of the experiments as text."""
    return "\n\n".join(
        [
            "Experimental: docs/evidence/index.md lists what of this does not hold.",
            _sentence_test(experiments.sentence_test),
            _interventions(experiments.interventions),
            _zero_shot(experiments.zero_shot),
        ]
    )


def _sentence_test(measure: Measure) -> str:
    title = "Sentence test: percent that passes, and fall of the log-odds"
    return table(title, measure, {"passes": 1, "fall": 2})


def _interventions(measure: Measure | None) -> str:
    if measure is None:
        return "Interventions: these images cannot be painted again."
    percent = {name: 1 if "heat" in name or "peak" in name else 3 for name in measure.columns}
    title = f"Interventions, {measure.counts['marks']:,} marks painted again"
    return table(title, measure, percent, lies_down=True)


def _zero_shot(measure: Measure | None) -> str:
    if measure is None:
        return "Unseen classes: the network was trained on all that are described."
    n_unseen, n_seen = (measure.counts[name] for name in ("unseen classes", "seen classes"))
    title = (
        f"Unseen classes recognised by captions, percent: {n_unseen} unseen and {n_seen} seen "
        "classes"
    )
    return table(title, measure, dict.fromkeys(measure.columns, 1))
