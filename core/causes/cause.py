"""The cause of a failure as the first lines of its page say it, with its evidence."""

from dataclasses import dataclass, field

import numpy as np

from fieldmarks.core.attributes import english
from fieldmarks.core.causes.background_groups import UNKNOWN, groups_of
from fieldmarks.core.causes.background_words import background_of, named_background
from fieldmarks.core.causes.finding import COLUMNS, DECIDED, Pattern
from fieldmarks.core.causes.image_quality import quality_units
from fieldmarks.core.run.per_run import per_run
from fieldmarks.core.run.run import Run

#: Lowest score of a cause that is named beside the likeliest one.
POSSIBLE = 0.2
#: A background is usual for a class where it has more than this share of its right test images.
_USUAL = 0.5
#: Right test images of a class that have a usual background, at least.
_MIN_IMAGES = 4
N_SHOWN = 6


@dataclass(frozen=True)
class Cause:
    """The likeliest cause of a failure.

    Attributes
    ----------
    pattern : Pattern
    score : float
        In [0, 1].
    title : str
        The cause, and what it is: "spurious cue, its background of white snow".
    reason : str
        The evidence, without a full stop.
    others : list of (float, str)
        Score and title of other possible causes, the likeliest first.
    shown : ndarray of int
        Images that show what no word names.
    shown_as : str
        What these images are.
    """

    pattern: Pattern
    score: float
    title: str
    reason: str
    others: list[tuple[float, str]] = field(default_factory=list)
    shown: np.ndarray = field(default_factory=lambda: np.empty(0, int))
    shown_as: str = ""


def cause_of(run: Run, x: int) -> Cause | None:
    """Return the cause of a failure, None for an image that needs none or has no diagnosis."""
    if "diagnoses" not in run.table_names:
        return None
    row = run.table("diagnoses").iloc[x]
    if not row["pattern"]:
        return None
    pattern = Pattern(row["pattern"])
    ranked = sorted(COLUMNS, key=lambda each: -row[COLUMNS[each]])
    others = [
        (float(row[COLUMNS[each]]), _title(run, x, each, row))
        for each in ranked
        if each is not pattern and row[COLUMNS[each]] >= POSSIBLE
    ]
    if pattern is Pattern.UNDECIDED:
        return Cause(pattern, 0.0, "no clear cause", f"no score is {DECIDED} or more", others)
    title, shown, shown_as = _title(run, x, pattern, row), np.empty(0, int), ""
    if pattern is Pattern.SPURIOUS_CUE:
        shown, shown_as = _pictures(run, x)
    reason = str(row[f"{COLUMNS[pattern]}_reason"]).removesuffix(".")
    return Cause(pattern, float(row[COLUMNS[pattern]]), title, reason, others, shown, shown_as)


def _title(run: Run, x: int, pattern: Pattern, row) -> str:
    names = run.classes["name"]
    if pattern is Pattern.SPURIOUS_CUE:
        return f"{pattern}, {_background(run, x)}"
    if pattern is Pattern.WRONG_LABEL:
        return f"{pattern}, it may be {names[int(row['suggested_c'])]}"
    if pattern is Pattern.IMAGE_QUALITY:
        measures, units = quality_units(run)
        worst = int(units[x].argmax())
        return f"{pattern}, {measures[worst].words}" if units[x, worst] > 1 else str(pattern)
    return str(pattern)


@per_run
def usual_backgrounds(run: Run) -> list[int]:
    """Return the group of backgrounds that most right test images of each class have.

    Returns
    -------
    list of int
        One for each class; -1 where there is none.
    """
    group = groups_of(run)
    usual = [-1] * run.sizes["C"]
    if group is None:
        return usual
    true_c = run.images["true_c"].to_numpy()
    is_usable = run.is_test & run.is_right & (group != UNKNOWN)
    for c in range(len(usual)):
        of_class = group[is_usable & (true_c == c)]
        n = np.bincount(of_class[of_class >= 0], minlength=1)  # others look like most images
        if len(of_class) >= _MIN_IMAGES and n.max() > _USUAL * len(of_class):
            usual[c] = int(n.argmax())
    return usual


def missing_background(run: Run, x: int) -> int | None:
    """Return the group that the true class of x usually has and x lacks; None where none is lacked.

    A background that is usual for the predicted class misleads, and none is missing.
    """
    group, usual = groups_of(run), usual_backgrounds(run)
    true, predicted = (int(run.images[f"{side}_c"].iloc[x]) for side in ("true", "predicted"))
    if group is None or usual[true] < 0 or group[x] in (UNKNOWN, usual[true], usual[predicted]):
        return None
    return usual[true]


def _background(run: Run, x: int) -> str:
    """Return what a title calls the background: "its background of white snow"."""
    missing = missing_background(run, x)
    if missing is None:
        known, group = background_of(run, x), groups_of(run)
        g = -1 if group is None else int(group[x])
        return f"its {named_background(run, g, known.ts if known is not None else [])}"
    words = named_background(run, missing, _words_of_missing(run, x, missing))
    return f"it lacks {english.possessive(_class(run, x))} usual {words}"


def _class(run: Run, x: int) -> str:
    return str(run.classes["name"].iloc[int(run.images["true_c"].iloc[x])])


def _words_of_missing(run: Run, x: int, group: int) -> list[int]:
    known = background_of(run, int(_with_usual(run, x, group)[0]))
    return known.ts if known is not None else []


def _with_usual(run: Run, x: int, group: int) -> np.ndarray:
    """Return right test images of the class of x with its usual background."""
    true_c, groups = run.images["true_c"].to_numpy(), groups_of(run)
    return np.flatnonzero(run.is_test & run.is_right & (true_c == true_c[x]) & (groups == group))


def _pictures(run: Run, x: int) -> tuple[np.ndarray, str]:
    """Return images that show the background where no word names it, and what they are."""
    missing = missing_background(run, x)
    if missing is not None:
        shown = np.empty(0, int)
        if not _words_of_missing(run, x, missing):
            shown = _with_usual(run, x, missing)[:N_SHOWN]
        return shown, f"The usual background of {_class(run, x)}, which no word names"
    known = background_of(run, x)
    shown = np.empty(0, int) if known is None or known.ts else known.shown
    return shown, "No word names its background. Images with a background like it"
