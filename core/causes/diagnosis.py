"""Diagnosis of each image: the score of every failure pattern, the most likely one, and reasons.

The patterns are tested in order, and an earlier cause explains away a later one: a failure that is
explained by poor image quality or a wrong label needs no spurious cue, and one that is explained by
any of these needs no missing feature. The score of a pattern is therefore multiplied by one minus
the highest score of the patterns before it. One exception: where sound images of the class fail on
the same background and not on others, the failure would not go with better quality, and the score
of image quality is multiplied by one minus the excess share (`core.causes.background_failures`). A
background that looks like those of other images decides no failure: where all pictures are on plain
white, activations away from the object are of its edge.

Thresholds were chosen on synthetic data sets and evaluated on another one: see
``benchmarks/triage.py``.
"""

import numpy as np
import pandas as pd

from fieldmarks.core.causes.background import Background
from fieldmarks.core.causes.background_failures import background_failures
from fieldmarks.core.causes.background_groups import USUAL, background_groups
from fieldmarks.core.causes.finding import COLUMNS, DECIDED, SINGLE_SOURCE, Pattern
from fieldmarks.core.causes.image_quality import find_image_quality
from fieldmarks.core.causes.missing_feature import find_missing_feature
from fieldmarks.core.causes.spurious_cue import find_spurious_cue
from fieldmarks.core.causes.suspects import suspected_from
from fieldmarks.core.causes.wrong_label import find_wrong_label
from fieldmarks.core.errors import MissingRunError
from fieldmarks.core.outputs import atomic_write
from fieldmarks.core.run.reading import read_run
from fieldmarks.core.run.run import Run


def diagnose(run: Run, with_keypoints: bool = False) -> pd.DataFrame:
    """Return the table ``diagnoses``, one row per image.

    Parameters
    ----------
    run : Run
        A finished run; the maps of its failures and of some training images are read.
    with_keypoints : bool
        Whether keypoints of the images tell where the object is and how much of it is visible. Not
        by default: a new image has none.
    """
    xs, group = run.failures, background_groups(Background(run, with_keypoints))
    quality, (mislabelled, suggested_c) = (
        find_image_quality(run, with_keypoints),
        find_wrong_label(run),
    )
    is_sound = np.maximum(quality.score, mislabelled.score) < DECIDED
    on_background = background_failures(run, group, is_sound)
    findings = {
        Pattern.IMAGE_QUALITY: quality,
        Pattern.WRONG_LABEL: mislabelled,
        Pattern.SPURIOUS_CUE: find_spurious_cue(run, xs, on_background, with_keypoints),
        Pattern.MISSING_FEATURE: find_missing_feature(run, xs),
    }
    score = {pattern: finding.score for pattern, finding in findings.items()}
    score[Pattern.IMAGE_QUALITY] = quality.score * (1 - on_background.share)
    plain = np.maximum(score[Pattern.IMAGE_QUALITY], score[Pattern.WRONG_LABEL])
    can_decide = np.where(group == USUAL, SINGLE_SOURCE, 1.0)
    score[Pattern.SPURIOUS_CUE] = score[Pattern.SPURIOUS_CUE] * can_decide * (1 - plain)
    earlier = np.maximum(plain, score[Pattern.SPURIOUS_CUE])
    score[Pattern.MISSING_FEATURE] = score[Pattern.MISSING_FEATURE] * (1 - earlier)

    table = pd.DataFrame({COLUMNS[p]: values.astype(np.float32) for p, values in score.items()})
    table["suggested_c"] = suggested_c
    table["pattern"] = _patterns(run, table, xs)
    is_explained = np.zeros(len(table), dtype=bool)
    is_explained[xs] = True
    is_explained |= (table["wrong_label"] >= suspected_from(run)).to_numpy()
    for pattern, finding in findings.items():
        table[f"{COLUMNS[pattern]}_reason"] = [
            finding.reason(x) if is_explained[x] else "" for x in range(len(table))
        ]
    table["background"] = group
    return table


def _patterns(run: Run, table: pd.DataFrame, xs: np.ndarray) -> np.ndarray:
    """Return the pattern of each failure, and of other images whose label is likely wrong."""
    scores = table[list(COLUMNS.values())].to_numpy()
    best = scores.argmax(axis=1)
    names = np.array([str(pattern) for pattern in COLUMNS], dtype=object)
    patterns = np.full(len(table), "", dtype=object)
    patterns[table["wrong_label"] >= DECIDED] = str(Pattern.WRONG_LABEL)
    is_decided = scores[xs].max(axis=1, initial=0) >= DECIDED
    patterns[xs] = np.where(is_decided, names[best[xs]], str(Pattern.UNDECIDED))
    return patterns


def write_diagnoses(run: Run) -> Run:
    """Diagnose a finished run, write the table into it, and return the run opened again."""
    with atomic_write(run.folder / "tables" / "diagnoses.parquet") as file:
        diagnose(run).to_parquet(file, index=False)
    return read_run(run.folder)


def diagnosed(run: Run) -> Run:
    """Return the run with diagnoses, computing them where they are missing."""
    if "diagnoses" in run.table_names:
        return run
    run.require_complete()
    return write_diagnoses(run)


def members(run: Run, pattern: str = "") -> np.ndarray | None:
    """Return the images of a pattern, None where none is given.

    The result is empty for a run without diagnoses.
    """
    if not pattern:
        return None
    try:
        diagnoses = run.table("diagnoses")
    except MissingRunError:
        return np.empty(0, dtype=int)
    return np.flatnonzero(diagnoses["pattern"] == pattern)
