"""Every image's diagnosis: the scores of all patterns, the most likely one, and why, in words.

A cause that is seen explains others away: a picture that is bad, or labelled wrongly, needs no
spurious cue, and what is explained by any of these needs no missing feature. So a pattern's score
is multiplied by one minus the strongest score of the patterns before it.

Thresholds were chosen on synthetic worlds and are judged on another one: see
``tests/benchmarks/triage.py``.
"""

import numpy as np
import pandas as pd

from core.diagnosis.failure_groups import clusters, failures
from core.diagnosis.finding import Pattern
from core.diagnosis.image_quality import find_degraded
from core.diagnosis.missing_feature import find_undiscerning
from core.diagnosis.spurious_cue import find_spurious
from core.diagnosis.wrong_label import find_mislabelled
from core.errors import MissingRunError
from core.runs.files import whole
from core.runs.run import Run

#: Column of the diagnoses table that holds each pattern's score; ``<column>_reason`` says why.
COLUMNS = {
    Pattern.IMAGE_QUALITY: "image_quality",
    Pattern.WRONG_LABEL: "wrong_label",
    Pattern.SPURIOUS_CUE: "spurious_cue",
    Pattern.MISSING_FEATURE: "missing_feature",
}
#: Below this the best pattern does not stand: undecided.
DECIDED = 0.5


def diagnose(run: Run) -> dict[str, pd.DataFrame]:
    """Return the tables ``diagnoses`` (one row an image) and ``clusters`` (one row a group).

    Parameters
    ----------
    run : Run
        A whole run; reads the maps of its failures and of some training images.
    """
    xs = failures(run)
    mislabelled, suggested_c = find_mislabelled(run)
    findings = {
        Pattern.IMAGE_QUALITY: find_degraded(run),
        Pattern.WRONG_LABEL: mislabelled,
        Pattern.SPURIOUS_CUE: find_spurious(run, xs),
        Pattern.MISSING_FEATURE: find_undiscerning(run, xs),
    }
    score = {pattern: finding.score for pattern, finding in findings.items()}
    plain = np.maximum(score[Pattern.IMAGE_QUALITY], score[Pattern.WRONG_LABEL])
    score[Pattern.SPURIOUS_CUE] = score[Pattern.SPURIOUS_CUE] * (1 - plain)
    earlier = np.maximum(plain, score[Pattern.SPURIOUS_CUE])
    score[Pattern.MISSING_FEATURE] = score[Pattern.MISSING_FEATURE] * (1 - earlier)

    table = pd.DataFrame({COLUMNS[p]: values.astype(np.float32) for p, values in score.items()})
    table["suggested_c"] = suggested_c
    table["pattern"] = _patterns(run, table, xs)
    is_explained = np.zeros(len(table), dtype=bool)
    is_explained[xs] = True
    is_explained |= (table["pattern"] != "").to_numpy()
    for pattern, finding in findings.items():
        table[f"{COLUMNS[pattern]}_reason"] = [
            finding.reason(x) if is_explained[x] else "" for x in range(len(table))
        ]
    groups = clusters(run, xs)
    table["cluster"] = np.int32(-1)
    for k, group in enumerate(groups):
        table.loc[group.xs, "cluster"] = np.int32(k)
    return {"diagnoses": table, "clusters": _cluster_table(groups)}


def _patterns(run: Run, table: pd.DataFrame, xs: np.ndarray) -> np.ndarray:
    """Return the pattern of each failure, and of other images whose label is suspicious."""
    scores = table[list(COLUMNS.values())].to_numpy()
    best = scores.argmax(axis=1)
    names = np.array([str(pattern) for pattern in COLUMNS], dtype=object)
    patterns = np.full(len(table), "", dtype=object)
    patterns[table["wrong_label"] >= DECIDED] = str(Pattern.WRONG_LABEL)
    is_decided = scores[xs].max(axis=1, initial=0) >= DECIDED
    patterns[xs] = np.where(is_decided, names[best[xs]], str(Pattern.UNDECIDED))
    return patterns


def _cluster_table(groups) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "name": [group.name for group in groups],
            "n_images": np.array([len(group.xs) for group in groups], np.int32),
            "t": np.array([group.t for group in groups], np.int32),
            "predicted_c": np.array([group.predicted_c for group in groups], np.int32),
            "true_c": np.array([group.true_c for group in groups], np.int32),
        }
    )


def write_diagnoses(run: Run) -> Run:
    """Diagnose a finished run, put the tables beside its others, and return the run opened anew."""
    for name, table in diagnose(run).items():
        with whole(run.folder / "tables" / f"{name}.parquet") as file:
            table.to_parquet(file, index=False)
    return Run(run.folder)


def diagnosed(run: Run) -> Run:
    """Return the run with diagnoses: as it is, or diagnosed now."""
    try:
        run.table("diagnoses"), run.table("clusters")
    except MissingRunError:
        return write_diagnoses(run)
    return run


def members(run: Run, pattern: str = "", group: int | None = None) -> np.ndarray | None:
    """Return the images of a pattern and of a group of failures; None where neither is asked.

    A run without diagnoses has none of either.
    """
    if not pattern and group is None:
        return None
    try:
        diagnoses = run.table("diagnoses")
    except MissingRunError:
        return np.empty(0, dtype=int)
    keep = np.ones(len(diagnoses), dtype=bool)
    if pattern:
        keep &= (diagnoses["pattern"] == pattern).to_numpy()
    if group is not None:
        keep &= (diagnoses["cluster"] == group).to_numpy()
    return np.flatnonzero(keep)


def suspects(run: Run, limit: int | None = None) -> pd.DataFrame:
    """Return suspicious labels, the most suspicious first, as a table for whoever owns the labels.

    Parameters
    ----------
    run : Run
        With diagnoses.
    limit : int, optional
        Rows at most; otherwise all images whose label is likelier wrong than not.
    """
    images, diagnoses = run.images, run.table("diagnoses")
    order = np.argsort(-diagnoses["wrong_label"].to_numpy(), kind="stable")
    n = int((diagnoses["wrong_label"] >= DECIDED).sum()) if limit is None else limit
    xs = order[:n]
    names = run.classes["name"].to_numpy()
    return pd.DataFrame(
        {
            "path": images["path"].to_numpy()[xs],
            "label": names[images["true_c"].to_numpy()[xs]],
            "suggested": names[diagnoses["suggested_c"].to_numpy()[xs]],
            "suspicion": diagnoses["wrong_label"].to_numpy()[xs].round(3),
            "predicted": names[images["predicted_c"].to_numpy()[xs]],
            "confidence": images["confidence"].to_numpy()[xs].round(3),
            "split": np.where(images["is_train"].to_numpy()[xs], "train", "test"),
            "reason": diagnoses["wrong_label_reason"].to_numpy()[xs],
        }
    )
