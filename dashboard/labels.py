"""Names of attributes, classes and filters on the pages, and the classes of an image."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from core.name_status import MAX_Q, NameStatus
from core.runs.run import Run


def phrase(run: Run, t: int) -> str:
    """Return the phrase of an attribute."""
    return _labels(run).phrases[t]


def class_name(run: Run, c: int) -> str:
    """Return the name of a class."""
    return _labels(run).names[c]


def numbered_name(run: Run, c: int) -> str:
    """Return the name of a class after the data set's own number, as lists sort it."""
    return _labels(run).numbered[c]


def true_and_predicted(run: Run, x: int) -> tuple[int, int]:
    """Return the true and the predicted class of an image."""
    labels = _labels(run)
    return int(labels.true_c[x]), int(labels.predicted_c[x])


def image_alt(run: Run, x: int) -> str:
    """Return the alt text of an image: its true and its predicted class."""
    true, predicted = (class_name(run, c) for c in true_and_predicted(run, x))
    if true == predicted:
        return f"Image {x}: {true}, classified correctly"
    return f"Image {x}: {true}, predicted {predicted}"


class _Labels(NamedTuple):
    """Columns out of their tables: one lookup in a table takes longer than a thousand in these."""

    phrases: list[str]
    names: list[str]
    numbered: list[str]
    true_c: np.ndarray
    predicted_c: np.ndarray


@lru_cache(maxsize=8)
def _labels(run: Run) -> _Labels:
    names = run.classes["name"].astype(str).tolist()
    ids = run.classes["class_id"].tolist()
    numbered = [f"{class_id:03d} {name}" for class_id, name in zip(ids, names, strict=True)]
    phrases = run.attributes["phrase"].astype(str).tolist()
    true_c, predicted_c = (run.images[name].to_numpy() for name in ("true_c", "predicted_c"))
    return _Labels(phrases, names, numbered, true_c, predicted_c)


def told_of_places(run: Run) -> list[str]:
    """Return the estimators of a run that use annotated keypoints."""
    told = run.manifest.get("keypoint_estimators", [])
    return [name for name in run.estimators if isinstance(told, list) and name in told]


def estimator_label(run: Run, name: str) -> str:
    """Return an estimator's name, and whether it is told where the parts are."""
    return f"{name} (uses keypoints)" if name in told_of_places(run) else name


def filter_name(run: Run, f: int, most: int = 2) -> str:
    """Return the attribute that names filter f, several of them, or that it has none."""
    name_t, verdict = (run.filters[column].iloc[f] for column in ("name_t", "verdict"))
    if name_t >= 0:
        return phrase(run, int(name_t))
    if verdict != NameStatus.SEVERAL:
        return verdict
    p, ts = run.array("p_t_given_f")[f], np.flatnonzero(is_significant(run, f))
    ts = ts[np.argsort(-p[ts], kind="stable")][:most]
    return " / ".join(phrase(run, int(t)) for t in ts) or verdict


def is_significant(run: Run, f: int) -> np.ndarray:
    """Whether each attribute of filter f is significant, by the default estimator, shape (T,)."""
    return run.array("q_value")[f] < MAX_Q


def filter_label(run: Run, f: int) -> list[tuple[str, str]]:
    """Return a filter's number and name for a ranked list."""
    is_nameless = run.filters["verdict"].iloc[f] == NameStatus.NONE
    return [(f"{f}  ", "muted"), (filter_name(run, f), "muted" if is_nameless else "")]
