"""The scores of a run, as a file of it."""

from fieldmarks.core.run.run import Run
from fieldmarks.core.scores.evaluation import evaluate
from fieldmarks.core.scores.result import Evaluation, write_evaluation
from fieldmarks.precompute.pipeline.registry import SCORES_SEED
from fieldmarks.precompute.pipeline.stages.painted_truth import write_painted_truth
from fieldmarks.precompute.pipeline.work import Work


def compute(work: Work) -> None:
    """Compute the stage ``scores``."""
    write_scores(work.read(), SCORES_SEED)


def write_scores(run: Run, seed: int) -> Evaluation:
    """Score a run, write ``evaluation.json`` into it and return the scores.

    The truth of a painted world is written into its run first.

    Parameters
    ----------
    run : Run
        Finished, or still being written.
    seed : int
        Of resamples and random baselines.
    """
    write_painted_truth(run)
    evaluation = evaluate(run, seed=seed)
    write_evaluation(run, evaluation)
    return evaluation
