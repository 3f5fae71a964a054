"""Which class each score of a network belongs to, and whether that is plausible.

A third-party network gives C numbers. Their classes are given by its file, by a list, or by the
order of the data set's classes, in which most trainings read the class folders. A wrong order gives
a run that looks like a bad network. So the order is compared with the training images: where
another one fits them far better, the run is refused.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.stats import binomtest

from fieldmarks.core.errors import DataError, brief
from fieldmarks.core.input_file import MAX_LIST, is_regular, read_json, read_text

#: A cycle of exchanged classes is reported if chance would give it with less than this probability,
_P_VALUE = 1e-6
#: and if at least this share of its training images is right in the other order.
_SHARE = 0.5
NATURAL = "natural"
#: What trainings keep of torchvision's ImageFolder: the number of each class.
CLASS_FILES = ("class_to_idx.json", "idx_to_class.json")


def natural_key(name: str) -> list:
    """Return the key by which 2 comes before 10.

    >>> sorted(["10", "2", "1"], key=natural_key)
    ['1', '2', '10']
    """
    parts = re.split(r"(\d+)", name.casefold())
    return [int(part) if part.isdecimal() else part for part in parts]


def are_numbers_as_text(names: Sequence[str]) -> bool:
    """Whether class names are whole numbers whose order here is another than that of numbers.

    >>> are_numbers_as_text(["0", "1", "10", "2"]), are_numbers_as_text(["0", "1", "2"])
    (True, False)
    """
    return all(name.isdecimal() for name in names) and list(names) != sorted(names, key=natural_key)


def class_file(checkpoint: Path | None, data: Path) -> Path | None:
    """Return the file of class numbers beside the weights, else in the data folder, if any."""
    folders = [*([checkpoint.parent] if checkpoint else []), data if data.is_dir() else data.parent]
    beside = (folder / name for folder in folders for name in CLASS_FILES)
    return next(filter(is_regular, beside), None)


def read_class_list(path: str | Path) -> list[str]:
    """Return the class names in a file, in the order of the class scores.

    Text has one name per line; JSON a list of names, or an object of names and numbers, as
    ``class_to_idx`` of torchvision's ImageFolder, or of numbers and names.

    Raises
    ------
    DataError
        If there is no such file, it is no text, or its numbers are not 0, 1, 2, ...
    """
    what = f"a list of classes, one per line (or --classes {NATURAL}),"
    if Path(path).suffix.lower() == ".json":
        return _in_json(read_json(path, what), path)
    lines = read_text(path, what, MAX_LIST).split("\n")
    return [line.strip() for line in lines if line.strip()]


def _in_json(value: object, path: str | Path) -> list[str]:
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return value
    pairs = list(value.items()) if isinstance(value, dict) else []
    if pairs and all(isinstance(name, str) for _, name in pairs):
        pairs = [(name, int(c)) for c, name in pairs if c.isdecimal()]
    names = {c: name for name, c in pairs if type(c) is int}
    if not isinstance(value, dict) or sorted(names) != list(range(len(value))) or not names:
        raise DataError(
            f"expected names of classes with the numbers 0, 1, 2, ... in {path}, found "
            f"{brief(value)}"
        )
    return [names[c] for c in range(len(names))]


def order_of_scores(
    n_scores: int, given: Sequence[str] | None, class_names: Sequence[str], source: str
) -> list[int]:
    """Return the network's score that belongs to each class of the data set.

    Parameters
    ----------
    n_scores : int
        That the network gives.
    given : sequence of str or None
        Names in the order of the scores; None for the data set's own order. There may be more than
        the data set has classes: the scores of the others are left out.
    class_names : sequence of C str
    source : str
        Who gave the names, for the message.

    Raises
    ------
    DataError
        If numbers or names do not agree.
    """
    C = len(class_names)
    has_more = given is not None and len(given) == n_scores > C
    if n_scores != C and not has_more:
        raise DataError(
            f"the network gives {n_scores} class scores, the data set has {C} classes: train it on "
            "this data set, give the one that it was trained on, or name the class of each score "
            "by --classes"
        )
    if given is None:
        return list(range(C))
    if len(given) != n_scores:
        raise DataError(f"{source} names {len(given)} classes, the data set has {C}")
    place = {_plain(name): i for i, name in enumerate(given)}
    if len(place) != n_scores:
        raise DataError(f"{source} names a class twice")
    missing = [name for name in class_names if _plain(name) not in place]
    if missing:
        raise DataError(
            f"{source} lacks {len(missing)} of the data set's {C} classes, such as "
            f"{brief(missing[0])}; it has {brief(given[0])}"
        )
    return [place[_plain(name)] for name in class_names]


def _plain(name: str) -> str:
    """Return a name without case, punctuation and CUB's leading number."""
    name = re.sub(r"^\d+\.", "", str(name).strip())
    return re.sub(r"[\W_]+", " ", name.casefold()).strip()


def check_order(
    logits: np.ndarray, true_c: np.ndarray, is_train: np.ndarray, class_names: Sequence[str]
) -> None:
    """Refuse an order of classes that another one beats on the training images.

    The other order is the one that makes most of them right (Hungarian method). It counts only
    where a cycle of classes is exchanged that holds far more right images than chance would give.

    Parameters
    ----------
    logits : ndarray of shape (X, C)
    true_c, is_train : ndarray of shape (X,)
    class_names : sequence of C str

    Raises
    ------
    DataError
        With the order that fits, and what it looks like.
    """
    C = len(class_names)
    xs = np.flatnonzero(is_train)
    if not len(xs) or C < 2:
        return
    counts = np.zeros((C, C), int)
    for start in range(0, len(xs), 4096):
        block = xs[start : start + 4096]
        np.add.at(counts, (true_c[block], np.asarray(logits[block]).argmax(axis=1)), 1)
    _, score_of = linear_sum_assignment(-counts)
    exchanged = [cycle for cycle in _cycles(score_of) if _is_real(counts, cycle, score_of)]
    if not exchanged:
        return
    order = np.arange(C)
    for cycle in exchanged:
        order[cycle] = score_of[cycle]
    total = counts.sum()
    now, then = np.trace(counts) / total, counts[np.arange(C), order].sum() / total
    first = min(min(cycle) for cycle in exchanged)
    raise DataError(
        f"the network's scores fit the classes in another order: {then:.0%} of the training "
        f"images would be right, {now:.0%} are as it is. The score used for "
        f"{brief(class_names[first])} is that of "
        f"{brief(class_names[int(np.argsort(order)[first])])}, and so on for "
        f"{sum(map(len, exchanged))} classes; the order {_looks_like(order, class_names)}. Give "
        "it by --classes, or --keep-class-order if it is right as it is"
    )


def _cycles(order: np.ndarray) -> list[list[int]]:
    """Return the classes that take each other's places, each round of two or more once."""
    cycles, seen = [], set()
    for start in range(len(order)):
        cycle, c = [], start
        while c not in seen:
            seen.add(c)
            cycle.append(c)
            c = int(order[c])
        if len(cycle) > 1:
            cycles.append(cycle)
    return cycles


def _is_real(counts: np.ndarray, cycle: list[int], score_of: np.ndarray) -> bool:
    now, then = counts[cycle, cycle].sum(), counts[cycle, score_of[cycle]].sum()
    if then < _SHARE * counts[cycle].sum() or then <= now:
        return False
    return binomtest(int(then), int(now + then), 0.5, alternative="greater").pvalue < _P_VALUE


def _looks_like(order: np.ndarray, names: Sequence[str]) -> str:
    """Say what order of the classes the network's scores have."""
    in_scores = [names[int(c)] for c in np.argsort(order)]
    known = {
        "naturally sorted (2 before 10): --classes natural": sorted(names, key=natural_key),
        "sorted by character (10 before 2)": sorted(names),
        "sorted without regard to case": sorted(names, key=str.casefold),
        "reversed": list(names)[::-1],
    }
    for what, candidate in known.items():
        if in_scores == candidate:
            return f"looks {what}"
    brief = ", ".join(in_scores[:4])
    return f"begins {brief}"
