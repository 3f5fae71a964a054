"""What the score board shows of seen words: whether what is said of an image is true of it."""

import numpy as np

from fieldmarks.core.bootstrap import Score
from fieldmarks.core.scores.result import Role, Row, from_json
from fieldmarks.dashboard.scores.panels import About, Panel

#: The method that sentences, contrasts and searches use; all others are controls.
SEEN = "seen"
WORDS = About(
    "Words",
    "failures",
    "Percent of the words of a sentence that the captions of the image name. Controls: the five "
    "words of the class, of eq. (5), of presence without the class; the same words judged by the "
    "captions of another image. Upper bound: the image's own words. Higher is better.",
)
CONTRAST = About(
    "Contrasts",
    "for predicted",
    "At failures: percent of the words of each side of “A rather than B” that the captions name, "
    "and of contrasts with a word on that side. “Not seen”: words called usual for the true class "
    "and not seen here, so lower is better.",
)
VALUES = About(
    "Values of a property",
    "all",
    "Percent of pairs of a named and an unnamed value of one property (colours of a bill) with the "
    "named one first. Where the class is wrong, chance is 50.",
)
SEARCH = About(
    "Search",
    "mAP",
    "Images found by an attribute, judged by their captions: recall and precision in percent, mean "
    "average precision from 0 to 1. Higher is better.",
)
CALIBRATION = About(
    "Certainty",
    "calibration error",
    "Whether words that are seen with a certainty of q are named by that share of captions "
    "(expected calibration error, lower is better), whether q orders images of one class (AUC, "
    "chance .5), and how many of the said words lower the class's log-odds when removed.",
)


def seen_panels(record: dict | None) -> list[Panel]:
    """Return the panels of what `core.scores.seen_words` measured; none of an older evaluation."""
    if not record:
        return []
    drawn = [
        _panel(WORDS, record.get("sentence")),
        _panel(CONTRAST, record.get("contrast")),
        _panel(VALUES, record.get("values")),
        _panel(SEARCH, record.get("search")),
        _certainty(record),
    ]
    return [panel for panel in drawn if panel.rows]


def _panel(about: About, methods: dict | None) -> Panel:
    rows = [
        _row(name, {column: _score(value) for column, value in columns.items()})
        for name, columns in (methods or {}).items()
    ]
    return Panel(about, [row for row in rows if row.scores], SEEN)


def _certainty(record: dict) -> Panel:
    """Return the panel of the reliability curve."""
    calibration = record.get("calibration") or {}
    figures: dict[str, dict] = {SEEN: {"calibration error": calibration.get("error")}}
    for column, key in (
        ("AUC within classes", "within classes"),
        ("removal lowers the class, %", "counts"),
    ):
        for name, value in (record.get(key) or {}).items():
            figures.setdefault(name, {})[column] = value
    panel = _panel(CALIBRATION, figures)
    curve = [(each["q"], each["share"], each["n"]) for each in calibration.get("bins", [])]
    return Panel(panel.about, panel.rows, SEEN, curve)


def _row(name: str, scores: dict[str, Score]) -> Row:
    known = {column: score for column, score in scores.items() if np.isfinite(score.value)}
    return Row(name, known, Role.METHOD if name == SEEN else Role.CONTROL)


def _score(value: dict | float | None) -> Score:
    """Return a score of the record; a plain figure has no interval."""
    if isinstance(value, dict):
        return from_json(Score, {"n": 0, **value})
    return Score(np.nan if value is None else float(value), np.nan, np.nan, 0)
