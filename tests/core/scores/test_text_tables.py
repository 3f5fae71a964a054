"""The score board as text."""

from dataclasses import replace

import numpy as np
import pytest

from fieldmarks.core.bootstrap import Score
from fieldmarks.core.scores.evaluation import evaluate
from fieldmarks.core.scores.result import Measure, Role
from fieldmarks.core.scores.text_tables import tables


@pytest.fixture(scope="module")
def evaluation(run):
    return evaluate(run)


def table(text: str, title: str) -> list[list[str]]:
    """Return the rows of the table of that title, split where two spaces or more stand."""
    (section,) = (part for part in text.split("\n\n") if part.startswith(title))
    return [[cell.strip() for cell in line.split("  ") if cell] for line in section.split("\n")[1:]]


def test_the_head_says_how_many_images_were_scored(evaluation):
    n = evaluation.scored.images
    assert tables(evaluation).startswith(f"{n} test images, ")
    some = replace(evaluation, scored=replace(evaluation.scored, of=12_345))
    assert tables(some).startswith(f"{n} of 12,345 test images, ")


def test_every_score_stands_with_its_interval_in_the_column_of_its_name(evaluation):
    head, *rows = table(tables(evaluation), "Retrieval")
    assert head[:3] == ["recall", "true negative rate", "precision"]
    by_name = {row[0]: row[1:] for row in rows}
    for row in evaluation.retrieval.rows:
        score = row.scores["recall"]
        if row.role is not Role.PAPER:
            expected = f"{score.value:.1f} [{score.low:.1f}, {score.high:.1f}]"
            assert by_name[row.name][0] == expected
    assert by_name["paper: proposed"][:3] == ["30.9", "92.9", "27.9"]


def test_the_paper_stands_below_our_rows(evaluation):
    rows = table(tables(evaluation), "BLEU")
    assert rows[-1] == ["paper: BLEU", "0.415", "0.381", "0.409", "-"]


def test_a_score_that_is_not_known_is_a_dash(evaluation):
    none = Score(np.nan, np.nan, np.nan, 0)
    three = Score(3.0, np.nan, np.nan, 5)
    diversity = Measure.of({"ridge": {"different top attributes": three, "entropy": none}})
    text = tables(replace(evaluation, diversity=diversity))
    assert table(text, "Diversity")[1] == ["ridge", "3", "-"]


def test_names_that_could_not_be_scored_are_one_sentence(evaluation):
    text = tables(replace(evaluation, names=None, verdict=None))
    assert "The places of attributes are unknown." in text


def test_columns_are_aligned(evaluation):
    section = next(p for p in tables(evaluation).split("\n\n") if p.startswith("Grounding"))
    head, *rows = section.split("\n")[1:]
    ends = [head.index(name) + len(name) for name in ("@0.1", "@0.2", "@0.3")]
    ours = [row for row in rows if row.endswith("]")]
    assert ours
    assert all(row[ends[-1] - 1] == "]" and len(row) == ends[-1] for row in ours)
