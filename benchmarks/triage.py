"""Scores the diagnoses of a run of a made world against its planted truth, beside baselines.

    python -m benchmarks.triage RUN --world DIR [--runs DIR] [--keypoints]

Wrong labels and degraded pictures: average precision. Patterns: recall and precision among the
failures. Baselines: the label that the
network finds least probable, the lowest confidence, captions alone and neighbours alone (the two
sources that the diagnosis of wrong labels adds), and confident learning (Northcutt, Jiang, Chuang
2021) as in cleanlab, on cross-validated probabilities of a logistic regression over pooled
activations. cleanlab is needed by this benchmark only: ``pip install cleanlab``; without it its
rows are left out. Thresholds were chosen on worlds of seeds 1 and 2: judge on another.

Intervals are at 95 %: Wilson's for recall and precision, the bootstrap over images otherwise.
"""

import argparse
import platform
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import binomtest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fieldmarks.core.causes.diagnosis import diagnose
from fieldmarks.core.causes.finding import Pattern
from fieldmarks.core.causes.label_evidence import (
    ClassEvidence,
    caption_evidence,
    nearest_neighbours,
    neighbour_evidence,
)
from fieldmarks.core.run.reading import open_run
from fieldmarks.core.run.run import Run
from fieldmarks.precompute.demo_world.planting.ground_truth import Truth

#: How a failure with this planted cause should be diagnosed. Where nothing is planted the network
#: took a bird for a relative that looks much the same.
FOUND_AS = {
    "wrong label": Pattern.WRONG_LABEL,
    "degraded": Pattern.IMAGE_QUALITY,
    "spurious cue": Pattern.SPURIOUS_CUE,
    "missing feature": Pattern.MISSING_FEATURE,
}
N_RESAMPLES = 200


def causes(truth: pd.DataFrame) -> np.ndarray:
    """Return what was planted in each picture, shape (X,): a key of `FOUND_AS`."""
    is_misled = truth["cue"].isin(["missing", "misleading"])
    conditions = [truth["is_wrong_label"], truth["degradation"] != "", is_misled]
    return np.select(conditions, ["wrong label", "degraded", "spurious cue"], "missing feature")


def suspicion(run: Run, evidence: ClassEvidence) -> np.ndarray:
    """Return the log-odds of the best other class over the label by one source, shape (X,)."""
    of = np.arange(run.sizes["X"])
    labels, log_p = run.images["true_c"].to_numpy(), evidence.log_p(of).copy()
    of_label = log_p[of, labels]
    log_p[of, labels] = -np.inf
    return log_p.max(axis=1) - of_label


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


def average_precision(is_planted: np.ndarray, score: np.ndarray) -> tuple[float, float, float]:
    """Return average precision and the bounds of its interval."""
    rng, n = np.random.default_rng(0), len(score)
    drawn = (rng.integers(0, n, n) for _ in range(N_RESAMPLES))
    again = [average_precision_score(is_planted[i], score[i]) for i in drawn if is_planted[i].any()]
    return average_precision_score(is_planted, score), *np.percentile(again, [2.5, 97.5])


def share(n_hits: int, n: int) -> tuple[float, float, float]:
    """Return a share and the bounds of its interval; NaN of nothing."""
    if not n:
        return np.nan, np.nan, np.nan
    bounds = binomtest(n_hits, n).proportion_ci(method="wilson")
    return n_hits / n, bounds.low, bounds.high


def main() -> None:
    """Print one CSV row a measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run")
    parser.add_argument("--world", type=Path, required=True)
    parser.add_argument("--runs", type=Path)
    parser.add_argument("--keypoints", action="store_true", help="let keypoints show the object")
    args = parser.parse_args()
    run, truth = open_run(args.run, args.runs), Truth.read(args.world)
    images = run.images
    planted = causes(truth.images.set_index("path").loc[images["path"]])
    table = diagnose(run, with_keypoints=args.keypoints)
    xs, is_test = run.failures, run.is_test
    is_failure = np.isin(np.arange(len(images)), xs)

    print("measure,images,method,value,low,high,n,planted,machine")

    def row(measure: str, where: str, method: str, values, n: int, n_planted: int) -> None:
        figures = ",".join(f"{value:.3f}" for value in values)
        print(f"{measure},{where},{method},{figures},{n},{n_planted},{platform.machine()}")

    splits = {"all": is_test | ~is_test, "test": is_test, "failures": is_failure}
    rankings = {
        "wrong label": {
            "ours": table["wrong_label"].to_numpy(),
            "label least probable": -images["p_true"].to_numpy(),
            "captions only": suspicion(run, caption_evidence(run)),
            "neighbours only": suspicion(run, neighbour_evidence(run, nearest_neighbours(run))),
            "confidence lowest": -images["confidence"].to_numpy(),
            "confident learning": confident_learning(run),
        },
        "degraded": {
            "ours": table["image_quality"].to_numpy(),
            "label least probable": -images["p_true"].to_numpy(),
            "confidence lowest": -images["confidence"].to_numpy(),
        },
    }
    for cause, methods in rankings.items():
        for where, rows in splits.items():
            is_planted = planted[rows] == cause
            for method, score in methods.items():
                if score is not None and is_planted.any():
                    values = average_precision(is_planted, score[rows])
                    name = f"average precision of {cause}"
                    row(name, where, method, values, len(is_planted), is_planted.sum())
    patterns = table["pattern"].to_numpy()[xs]
    for cause, pattern in FOUND_AS.items():
        is_planted, is_found = planted[xs] == cause, patterns == pattern
        n_both = int((is_planted & is_found).sum())
        for name, n in (("recall", is_planted.sum()), ("precision", is_found.sum())):
            values = share(n_both, int(n))
            row(f"{name} of {cause}", "failures", "ours", values, len(xs), is_planted.sum())


if __name__ == "__main__":
    main()
