"""Scores the diagnoses of a run of a made world against its planted truth, beside two baselines.

    python -m tests.benchmarks.triage RUN --world DIR [--runs DIR]

Wrong labels and degraded pictures: average precision. Spurious cue: how many of the failures that
it caused are diagnosed so. Baselines: lowest confidence first (confidence of the label for wrong
labels, of the answer for degraded pictures), and confident learning (Northcutt, Jiang, Chuang 2021)
as in cleanlab, on cross-validated probabilities of a logistic regression over pooled activations.
cleanlab is needed by this benchmark only: ``pip install cleanlab``; without it its rows are left
out. Thresholds were chosen on worlds of seeds 1 and 2: judge on another.
"""

import argparse
import platform
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from core.diagnosis.diagnosis import diagnose
from core.diagnosis.finding import Pattern
from core.runs.run import Run, open_run
from precompute.demo_world.planting.ground_truth import Truth

#: How a failure with this planted cause should be diagnosed.
FOUND_AS = {
    "wrong label": Pattern.WRONG_LABEL,
    "degraded": Pattern.IMAGE_QUALITY,
    "spurious cue": Pattern.SPURIOUS_CUE,
    "nothing": Pattern.MISSING_FEATURE,
}


def causes(truth: pd.DataFrame) -> np.ndarray:
    """Return what was planted in each picture, shape (X,): a key of `FOUND_AS`."""
    is_misled = truth["cue"].isin(["missing", "misleading"])
    conditions = [truth["is_wrong_label"], truth["degradation"] != "", is_misled]
    return np.select(conditions, ["wrong label", "degraded", "spurious cue"], "nothing")


def confident_learning(run: Run) -> np.ndarray | None:
    """Return cleanlab's suspicion of each label, shape (X,), None where it is not installed."""
    try:
        from cleanlab.rank import get_label_quality_scores
    except ImportError:
        return None
    labels = run.images["true_c"].to_numpy()
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=300))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pooled = np.asarray(run.array("pooled"))
        p = cross_val_predict(model, pooled, labels, cv=5, method="predict_proba")
    return -get_label_quality_scores(labels, p)


def main() -> None:
    """Print one CSV row a measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run")
    parser.add_argument("--world", type=Path, required=True)
    parser.add_argument("--runs", type=Path)
    args = parser.parse_args()
    run, truth = open_run(args.run, args.runs), Truth.read(args.world)
    images = run.images
    planted = causes(truth.images.set_index("path").loc[images["path"]])
    table = diagnose(run)["diagnoses"]
    xs, is_test = run.failures, run.is_test
    is_failure = np.isin(np.arange(len(images)), xs)

    print("measure,images,method,value,n,planted,machine")

    def row(measure: str, where: str, method: str, value: float, is_planted: np.ndarray) -> None:
        sizes = f"{len(is_planted)},{is_planted.sum()}"
        print(f"{measure},{where},{method},{value:.3f},{sizes},{platform.machine()}")

    splits = {"all": is_test | ~is_test, "test": is_test, "failures": is_failure}
    rankings = {
        "wrong label": {
            "ours": table["wrong_label"].to_numpy(),
            "label least probable": -images["p_true"].to_numpy(),
            "confidence lowest": -images["confidence"].to_numpy(),
            "confident learning": confident_learning(run),
        },
        "degraded": {
            "ours": table["image_quality"].to_numpy(),
            "confidence lowest": -images["confidence"].to_numpy(),
        },
    }
    for cause, methods in rankings.items():
        for where, rows in splits.items():
            is_planted = planted[rows] == cause
            for method, score in methods.items():
                if score is not None and is_planted.any():
                    value = average_precision_score(is_planted, score[rows])
                    row(f"average precision of {cause}", where, method, value, is_planted)
    patterns = table["pattern"].to_numpy()[xs]
    for cause, pattern in FOUND_AS.items():
        is_planted, is_found = planted[xs] == cause, patterns == pattern
        n_both = (is_planted & is_found).sum()
        row(f"recall of {cause}", "failures", "ours", n_both / is_planted.sum(), is_planted)
        row(f"precision of {cause}", "failures", "ours", n_both / is_found.sum(), is_planted)


if __name__ == "__main__":
    main()
