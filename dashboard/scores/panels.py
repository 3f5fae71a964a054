"""What the score board shows of an evaluation: a panel a measure, a row a method."""

from dataclasses import dataclass, field, replace

import numpy as np

from fieldmarks.core.scores.filters.filter_names import ALL_NAMES
from fieldmarks.core.scores.result import Evaluation, Measure, Role, Row


@dataclass(frozen=True)
class About:
    """What a panel says of its measure.

    Attributes
    ----------
    headline : str
        The column that is drawn as a chart.
    help : str
        What is measured, and which way is better.
    """

    title: str
    headline: str
    help: str


@dataclass(frozen=True)
class Panel:
    """One measure, its rows with something that could be measured, and its default method.

    ``curve`` is a reliability curve, drawn in place of the headline: of each bin the mean
    probability, the share that is true, and how many there are.
    """

    about: About
    rows: list[Row]
    default: str
    curve: list[tuple[float, float, int]] = field(default_factory=list)

    @property
    def columns(self) -> list[str]:
        """All columns, in the order in which they first appear."""
        return list(dict.fromkeys(name for row in self.rows for name in row.scores))

    def is_default(self, row: Row) -> bool:
        """Whether a row is of the run's default estimator, or of its names."""
        return row.role is Role.METHOD and row.name in (self.default, ALL_NAMES)


PANELS = {
    "grounding": About(
        "Grounding",
        "PCK@0.2",
        "PCK in percent: share of image-attribute pairs whose heatmap peaks within 0.1, 0.2 or 0.3 "
        "of the image's side from the keypoint of the part. Higher is better.",
    ),
    "retrieval": About(
        "Retrieval",
        "mAP",
        "Whether images whose sentence has an attribute also have it in their captions. Rates in "
        "percent, mean average precision (mAP) from 0 to 1. Higher is better.",
    ),
    "bleu": About(
        "Sentences",
        "all",
        "BLEU of the sentence against the captions, also with “This ...” in place of the class. "
        "Informative sentences score lower where the prediction is wrong.",
    ),
    "diversity": About(
        "Diversity",
        "different top attributes",
        "Number of different attributes that come first in a sentence, and their entropy in bits. "
        "An estimator that ignores the image has one and 0 bits.",
    ),
    "faithfulness": About(
        "Faithfulness",
        "against the best control",
        "Drop of the predicted class's score when the filters that contribute most to the sentence "
        "are removed. The controls remove as many filters behind other words, or filters of the "
        "same sum of p(f|x,c): only what lies above the best of them is due to the words. As many "
        "of the largest contribution to the logit are the upper bound.",
    ),
    "colours": About(
        "Colours",
        "all",
        "Percent of pairs of a named and an unnamed colour of one noun in which the named one has "
        "the larger p(t|x,c). Class frequency ranks by the training captions of the predicted "
        "class; where it is wrong, chance is 50.",
    ),
    "simulation": About(
        "Filters from words",
        "all",
        "Mean correlation, over filters, of activations on test images with what their captions "
        "predict: by p(t|f), by a filter's name alone, by the best word of the training images "
        "and by a regression on all words. Higher is better; within classes knowing the class is "
        "no help.",
    ),
    "names": About(
        "Names of filters",
        "at the peak",
        "Percent of a filter's top-activating test images in which the named attribute lies at the "
        "peak of its map (on photographs: the part of its noun). Control: permuted names between "
        "filters. Upper bound: the best names by the same truth. Share of the possible gain: from "
        "control to upper bound.",
    ),
}


def panels(evaluation: Evaluation) -> list[Panel]:
    """Return the measures that an evaluation holds."""
    measured = ((about, getattr(evaluation, field)) for field, about in PANELS.items())
    shown = [panel_of(about, each, evaluation.default_estimator) for about, each in measured]
    return [panel for panel in shown if panel is not None]


def panel_of(about: About, measure: Measure | None, default: str) -> Panel | None:
    """Return the panel of a measure, None where nothing of it could be measured.

    Parameters
    ----------
    about : About
    measure : Measure or None
    default : str
        The default estimator of the run.
    """
    rows = []
    for row in measure.rows if measure is not None else []:
        known = {name: score for name, score in row.scores.items() if np.isfinite(score.value)}
        if known:
            rows.append(replace(row, scores=known))
    return Panel(about, rows, default) if any(row.role is not Role.PAPER for row in rows) else None
