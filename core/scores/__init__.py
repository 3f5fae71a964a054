"""Evaluation of a run: one file per metric, combined by `core.scores.evaluation`."""
