"""What the score board shows of ``evaluation.json``: a panel a measure, a row a method.

A score is ``{value, low, high, n}``; anything else in the file is ignored, so that files of other
versions can be shown in part.
"""

from dataclasses import dataclass, field

#: Rows that use neither captions nor an estimator.
BASELINES = frozenset(
    {
        *("random", "centre", "constant", "chance", "class frequency"),
        *("another mark", "permuted distributions", "permuted captions"),
        *("best word", "best word of named filters", "ridge encoding"),
        *("ESZSL", "permuted descriptions"),
    }
)


@dataclass(frozen=True)
class ScoreRow:
    """One method; ``role`` is "default", "estimator", "baseline", "paper" or "difference"."""

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
    rows: list[ScoreRow] = field(default_factory=list)

    @property
    def columns(self) -> list[str]:
        """All figures, in the order in which they first appear."""
        return list(dict.fromkeys(name for row in self.rows for name in row.scores))


PANELS = {
    "grounding": Panel(
        "Grounding",
        "PCK@0.2",
        "PCK in percent: share of image-attribute pairs whose heatmap peaks within 0.1, 0.2 or 0.3 "
        "of the image's side from the keypoint of the part. Higher is better.",
    ),
    "retrieval": Panel(
        "Retrieval",
        "mAP",
        "Whether images whose sentence has an attribute also have it in their captions. Rates in "
        "percent, mean average precision (mAP) from 0 to 1. Higher is better.",
    ),
    "bleu": Panel(
        "Sentences",
        "all",
        "BLEU of the sentence against the captions; “this bird” leaves out the class name. "
        "Informative sentences score lower where the prediction is wrong.",
    ),
    "diversity": Panel(
        "Diversity",
        "different top attributes",
        "Number of different attributes that come first in a sentence, and their entropy in bits. "
        "An estimator that ignores the image has one and 0 bits.",
    ),
    "faithfulness": Panel(
        "Faithfulness",
        "against the best control",
        "Drop of the predicted class's score when the filters that contribute most to the sentence "
        "are removed. The controls remove as many filters behind other words, or filters of the "
        "same sum of p(f|x,c): only what lies above the best of them is due to the words. As many "
        "of the largest contribution to the logit are the upper bound.",
    ),
    "sentence test": Panel(
        "Sentence test",
        "passes",
        "Percent of sentences without whose attributes the log-odds of the prediction fall more "
        "than without those of sentences of wrong names, as they are and for the same evidence; "
        "and the mean fall. Control: names estimated from captions permuted between classes, of "
        "which at most 5 % should pass. Only what lies above the control is due to the words.",
    ),
    "colours": Panel(
        "Colours",
        "all",
        "Percent of pairs of a named and an unnamed colour of one noun in which the named one has "
        "the larger p(t|x,c). Class frequency ranks by the training captions of the predicted "
        "class; where it is wrong, chance is 50.",
    ),
    "interventions": Panel(
        "Interventions",
        "word that is gone",
        "Birds painted again with one mark changed. Logit: correlation of what the class lost with "
        "the part attributed to the word. Words: place among all words by change of p(t|x,c), "
        "1 for the first, 0.5 by chance. Heatmap: percent with the peak at the mark before and "
        "after; percent in which heat at the mark falls more than by a change of another mark.",
    ),
    "simulation": Panel(
        "Filters from words",
        "all",
        "Mean correlation, over filters, of activations on test images with what their captions "
        "predict: by p(t|f), by a filter's name alone, by the best word of the training images "
        "and by a regression on all words. Higher is better; within classes knowing the class is "
        "no help.",
    ),
    "names": Panel(
        "Names of filters",
        "at the peak",
        "Percent of a filter's top-activating test images in which the named attribute lies at the "
        "peak of its map (on photographs: the part of its noun). Control: permuted names between "
        "filters. Upper bound: the best names by the same truth. Share of the possible gain: from "
        "control to upper bound.",
    ),
    "zero shot": Panel(
        "Unseen classes",
        "harmonic mean",
        "Mean top-1 over classes, in percent: test images of classes that the network was trained "
        "without, recognised by the captions of other images through p(t|x); among these classes "
        "alone, "
        "and among all (the harmonic mean of unseen and seen counts). ESZSL has the same "
        "activations and captions; exchanged: each unseen class has the description of a random "
        "one of them.",
    ),
}


def panels(evaluation: dict) -> list[Panel]:
    """Return the measures that an evaluation holds."""
    default = evaluation.get("default_estimator", "")
    measured = []
    for key, panel in PANELS.items():
        part = evaluation.get(key)
        prefix = "PCK@" if key == "grounding" else ""
        rows = _rows(part, default, prefix) if isinstance(part, dict) else []
        if rows:
            measured.append(Panel(panel.title, panel.headline, panel.help, rows))
    return measured


def is_score(value) -> bool:
    """Whether a value of the file is a score that could be measured."""
    return isinstance(value, dict) and isinstance(value.get("value"), int | float)


def _rows(part: dict, default: str, prefix: str) -> list[ScoreRow]:
    rows = []
    for name, figures in part.get("rows", {}).items():
        role = _role(name, default)
        if any(is_score(value) for value in figures.values()):
            scores = {prefix + k: v for k, v in figures.items() if is_score(v)}
            rows.append(ScoreRow(name, role, scores))
            continue
        for variant, group in figures.items():
            scores = {k: v for k, v in (group or {}).items() if is_score(v)}
            if scores:
                rows.append(ScoreRow(f"{name}, {variant}", role, scores))
    for name, figures in part.get("differences", {}).items():
        scores = {prefix + k: v for k, v in figures.items() if is_score(v)}
        if scores:
            rows.append(ScoreRow(name, "difference", scores))
    columns = list(dict.fromkeys(name for row in rows for name in row.scores))
    return rows + _paper(part.get("paper"), columns) if rows else []


def _role(name: str, default: str) -> str:
    if name in (default, "all names"):
        return "default"
    return "baseline" if name in BASELINES or name.endswith(", permuted") else "estimator"


def _paper(figures, columns: list[str]) -> list[ScoreRow]:
    """Return the paper's own figures: one row, or one per method with a value per column."""
    if not isinstance(figures, dict):
        return []
    if all(isinstance(value, int | float) for value in figures.values()):
        return [
            ScoreRow("paper", "paper", {name: {"value": value} for name, value in figures.items()})
        ]
    return [
        ScoreRow(
            f"paper, {name}",
            "paper",
            {column: {"value": value} for column, value in zip(columns, values, strict=False)},
        )
        for name, values in figures.items()
    ]
