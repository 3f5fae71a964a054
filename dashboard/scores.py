"""The parts of ``evaluation.json`` as tables: rows of methods, columns of figures.

A score is ``{value, low, high, n}``; anything else in the file is passed over, so that a board of
another version shows what it can.
"""

from dataclasses import dataclass, field

#: Rows that need no captions and no estimator: what any method has to beat.
BASELINES = frozenset({"random", "centre", "constant", "chance", "class frequency"})


@dataclass(frozen=True)
class Row:
    """One method; ``role`` is "default", "estimator", "baseline" or "paper"."""

    name: str
    role: str
    scores: dict[str, dict]


@dataclass(frozen=True)
class Panel:
    """One measure.

    Attributes
    ----------
    headline : str
        The figure that is drawn as a chart.
    help : str
        What is measured, and which way is better.
    """

    title: str
    headline: str
    help: str
    rows: list[Row] = field(default_factory=list)

    @property
    def columns(self) -> list[str]:
        """All figures, in the order in which they first appear."""
        return list(dict.fromkeys(name for row in self.rows for name in row.scores))


PANELS = {
    "grounding": Panel(
        "Grounding",
        "PCK@0.2",
        "PCK in percent: how often the heatmap's peak lies within 0.1, 0.2 or 0.3 of the image's "
        "side from the part that the attribute names. Higher is better.",
    ),
    "retrieval": Panel(
        "Retrieval",
        "mAP",
        "Images whose sentence holds an attribute, against the captions. Rates in percent, mean "
        "average precision from 0 to 1. Higher is better.",
    ),
    "bleu": Panel(
        "Sentences",
        "all",
        "BLEU of the sentence against the captions; “this bird” leaves out the class name. A "
        "sentence that tells right from wrong predictions scores lower on wrong ones.",
    ),
    "variety": Panel(
        "Variety",
        "different top attributes",
        "How many different attributes come first in the sentences, and their entropy in bits. "
        "A blind estimator says the same of every image.",
    ),
    "faithfulness": Panel(
        "Faithfulness",
        "probability, against random",
        "How far the predicted class falls when the filters behind the sentence are removed, "
        "beside as many random ones and as many of the largest.",
    ),
}


def panels(evaluation: dict) -> list[Panel]:
    """Return the measures that an evaluation holds."""
    default = evaluation.get("default_estimator", "")
    found = []
    for key, panel in PANELS.items():
        part = evaluation.get(key)
        prefix = "PCK@" if key == "grounding" else ""
        rows = _rows(part, default, prefix) if isinstance(part, dict) else []
        if rows:
            found.append(Panel(panel.title, panel.headline, panel.help, rows))
    return found


def is_score(value) -> bool:
    """Whether a value of the file is a score that could be measured."""
    return isinstance(value, dict) and isinstance(value.get("value"), int | float)


def _rows(part: dict, default: str, prefix: str) -> list[Row]:
    rows = []
    for name, figures in part.get("rows", {}).items():
        role = "default" if name == default else "baseline" if name in BASELINES else "estimator"
        if any(is_score(value) for value in figures.values()):
            scores = {prefix + k: v for k, v in figures.items() if is_score(v)}
            rows.append(Row(name, role, scores))
            continue
        for variant, group in figures.items():
            scores = {k: v for k, v in (group or {}).items() if is_score(v)}
            if scores:
                rows.append(Row(f"{name}, {variant}", role, scores))
    columns = list(dict.fromkeys(name for row in rows for name in row.scores))
    return rows + _paper(part.get("paper"), columns) if rows else []


def _paper(figures, columns: list[str]) -> list[Row]:
    """Return the paper's own figures: one row, or one a method where each has a value a column."""
    if not isinstance(figures, dict):
        return []
    if all(isinstance(value, int | float) for value in figures.values()):
        return [Row("paper", "paper", {name: {"value": value} for name, value in figures.items()})]
    return [
        Row(
            f"paper, {name}",
            "paper",
            {column: {"value": value} for column, value in zip(columns, values, strict=False)},
        )
        for name, values in figures.items()
    ]
