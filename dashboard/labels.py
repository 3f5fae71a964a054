"""Names of attributes, classes and filters on the pages, and the classes of an image."""

from enum import StrEnum
from typing import NamedTuple

import numpy as np

from fieldmarks.core.name_status import MAX_Q, NameStatus
from fieldmarks.core.presence.columns import not_visible
from fieldmarks.core.run.per_run import per_run
from fieldmarks.core.run.run import Run

#: The estimator that names what filters see.
SEEN_BY = "encoding"
#: What follows an adjective that a filter sees on whatever part.
ANYWHERE = ", anywhere"


class Naming(StrEnum):
    """How a filter is named, one for each filter on all pages; the value is what the URL has."""

    SEEN = "seen"
    CAPTIONS = "captions"
    NONE = "unnamed"


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


@per_run
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
    """Return an estimator's name, and whether it reads keypoints."""
    return f"{name} (uses keypoints)" if name in told_of_places(run) else name


def seen_name(run: Run, f: int) -> str:
    """Return what filter f sees, "red bill" or "red, anywhere", empty where nothing is known."""
    if (table := _seen(run)) is None:
        return ""
    t, adjective = table.ts[f], table.adjectives[f]
    return phrase(run, t) if t >= 0 else f"{adjective}{ANYWHERE}" if adjective else ""


def seen_kinds(run: Run) -> np.ndarray:
    """Return 0 for a filter that sees a pair, 1 for an adjective, 2 for neither, shape (F,)."""
    if (table := _seen(run)) is None:
        return np.full(run.sizes["F"], 2)
    has_adjective = np.array(table.adjectives) != ""
    return np.where(np.array(table.ts) >= 0, 0, np.where(has_adjective, 1, 2))


def namings(run: Run) -> np.ndarray:
    """Return the `Naming` of each filter, shape (F,): what it sees goes before captions."""
    by_captions = (run.filters["verdict"] != NameStatus.NONE).to_numpy()
    without = np.where(by_captions, Naming.CAPTIONS, Naming.NONE)
    return np.where(seen_kinds(run) < 2, Naming.SEEN, without)


def seen_words(run: Run, f: int) -> list[str]:
    """Return the words of what filter f sees, empty where nothing is known."""
    return seen_name(run, f).removesuffix(ANYWHERE).split()


def seen_attribute(run: Run, f: int) -> int:
    """Return the attribute that filter f sees, the likeliest of an adjective alone, -1 for none."""
    table = _seen(run)
    if table is None or not seen_name(run, f):
        return -1
    if table.ts[f] >= 0:
        return table.ts[f]
    has_word = (run.attributes["adjective"] == table.adjectives[f]).to_numpy()
    return int(np.where(has_word, run.array("p_t_given_f", SEEN_BY)[f], -1).argmax())


class _Seen(NamedTuple):
    ts: list[int]
    adjectives: list[str]


@per_run
def _seen(run: Run) -> _Seen | None:
    if "seen_names" not in run.table_names or SEEN_BY not in run.estimators:
        return None
    table, hidden = run.table("seen_names"), not_visible(run)
    ts, adjectives = table["t"].to_numpy(), table["adjective"].astype(str)
    shown = {"", *run.attributes["adjective"][~hidden].astype(str)}
    return _Seen(
        np.where((ts >= 0) & hidden[ts], -1, ts).tolist(),
        np.where(adjectives.isin(shown), adjectives, "").tolist(),
    )


def filter_name(run: Run, f: int, most: int = 2) -> str:
    """Return what filter f sees, else the attributes that name it by captions, or that it has none.

    Names of captions are those of the permutation test: one, or several of them.
    """
    if seen := seen_name(run, f):
        return seen
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
    if "names" in run.pending:
        return np.zeros(run.sizes["T"], bool)
    return run.array("q_value")[f] < MAX_Q


def filter_text(run: Run, f: int) -> str:
    """Return a filter's number and name as plain text."""
    return "".join(text for text, _ in filter_label(run, f))


def filter_label(run: Run, f: int) -> list[tuple[str, str]]:
    """Return a filter's number and name for a ranked list."""
    is_nameless = namings(run)[f] == Naming.NONE
    return [(f"{f}  ", "muted"), (filter_name(run, f), "muted" if is_nameless else "")]
