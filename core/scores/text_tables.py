"""Evaluation as text: the tables of the paper, with the rows of the paper for comparison."""

from collections.abc import Iterable

from fieldmarks.core.bootstrap import Score
from fieldmarks.core.scores import faithfulness
from fieldmarks.core.scores.filters.filter_names import ALL_NAMES
from fieldmarks.core.scores.result import Evaluation, Measure, Role, Row, SeenWords

_RADII = ("PCK@0.1", "PCK@0.2", "PCK@0.3")
_RATES = ("recall", "true negative rate", "precision")
_PRECISIONS = ("mAP", "mAP within classes")
_GROUPS = ("correct", "wrong", "all", "correct minus wrong")
_FALLS = (
    *(faithfulness.SENTENCE, *faithfulness.CONTROLS, *faithfulness.BOUNDS),
    *("against the best control", "against another class", "of the upper bound"),
)
_PLACED = ("at the peak", "permuted names", "upper bound", "share of the possible gain")


def tables(evaluation: Evaluation) -> str:
    """Return all tables of an evaluation."""
    scored, of = evaluation.scored, evaluation
    drawn = f" of {scored.of:,}" if scored.images < scored.of else ""
    head = (
        f"{scored.images:,}{drawn} test images, {scored.captioned:,} with captions; "
        f"accuracy {cell(scored.accuracy, 1)} %. "
        "Brackets: bootstrap 95 % intervals over classes and images."
    )
    if not of.default_estimator:
        return f"{head}\n\nNothing else is scored: the run has no words."
    n_pairs = of.grounding.counts["image-attribute pairs"]
    return "\n\n".join(
        [
            head,
            table(
                f"Grounding, PCK in percent ({n_pairs:,} image-attribute pairs)",
                of.grounding,
                dict.fromkeys(_RADII, 1),
            ),
            table(
                "Retrieval, explanations of five attributes, rates in percent",
                of.retrieval,
                {**dict.fromkeys(_RATES, 1), **dict.fromkeys(_PRECISIONS, 3)},
            ),
            table("BLEU of the sentence", of.bleu, dict.fromkeys(_GROUPS, 3)),
            table(
                "Diversity of explanations",
                of.diversity,
                {"different top attributes": 0, "entropy": 2},
            ),
            table(
                "Faithfulness: fall of the predicted class without as many filters behind",
                of.faithfulness,
                dict.fromkeys(_FALLS, 3),
                lies_down=True,
            ),
            table(
                "Right colour of a noun above a wrong one, percent",
                of.colours,
                dict.fromkeys(of.colours.columns, 1),
            ),
            table(
                "Activations predicted from captions, mean correlation",
                of.simulation,
                dict.fromkeys(of.simulation.columns, 3),
            ),
            _names(evaluation),
            *([] if of.seen_words is None else seen_tables(of.seen_words)),
        ]
    )


def seen_tables(scores: SeenWords) -> list[str]:
    """Return the tables of what was measured of seen words; a measure without rows has none."""
    titled = (
        ("Words of the sentence that captions name, percent", scores.sentence, 1),
        ("Words of contrasts that captions name, at failures, percent", scores.contrast, 1),
        ("Right value of a property above a wrong one, percent", scores.values, 1),
        ("Images found by an attribute, rates in percent", scores.search, 1),
        ("Certainty of seen words", scores.certainty, 3),
    )
    return [
        table(title, measure, dict.fromkeys(measure.columns, digits), lies_down=True)
        for title, measure, digits in titled
        if measure.columns
    ]


def _names(evaluation: Evaluation) -> str:
    counts = ", ".join(f"{n:,} {verdict}" for verdict, n in evaluation.verdicts.items())
    names = evaluation.names
    if names is None or evaluation.verdict is None:
        return f"Names of filters: {counts}. The places of attributes are unknown."
    truth = names.truth.removesuffix("s")
    placed = table(
        f"Names of filters, percent of peaks at which the named {truth} lies",
        names,
        dict.fromkeys(_PLACED, 1) | {"share of the possible gain": 2},
    )
    all_names = names.row(ALL_NAMES).scores
    right, could = (all_names[name].value for name in ("true of most peaks", "could be"))
    told = f"Filters: {counts}; true of most peaks are {right:.0f} names, {could:.0f} could be."
    verdict = {"precision": 1, "recall": 1}
    return "\n\n".join([placed, told, table("The verdict, percent", evaluation.verdict, verdict)])


def cell(score: Score | None, digits: int) -> str:
    """Return a score with its interval; figures of the paper have none."""
    if score is None or score.value != score.value:
        return "-"
    value = f"{score.value:.{digits}f}"
    ends = (score.low, score.high)
    if any(end != end for end in ends):
        return value
    return f"{value} [{', '.join(f'{end:.{digits}f}' for end in ends)}]"


def name_of(row: Row) -> str:
    """Return the name of a row, with that of its variant."""
    name = f"{row.name}: {row.variant}" if row.variant else row.name
    return f"paper: {name}" if row.role is Role.PAPER else name


def table(title: str, measure: Measure, digits: dict[str, int], lies_down: bool = False) -> str:
    """Return a measure as a table, a row a line.

    Parameters
    ----------
    title : str
    measure : Measure
    digits : dict of str to int
        Columns, and their digits behind the point.
    lies_down : bool
        A column a line.
    """
    lines = [["", *digits]]
    lines += [
        [name_of(row), *(cell(row.scores.get(name), n) for name, n in digits.items())]
        for row in measure.rows
    ]
    return _aligned(title, zip(*lines, strict=True) if lies_down else lines)


def _aligned(title: str, lines: Iterable[Iterable[str]]) -> str:
    rows = [list(line) for line in lines]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    written = [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return "\n".join([title, *written])
