"""The score board as text."""

import pytest

from fieldmarks.core.scores.evaluation import evaluate
from fieldmarks.core.scores.text_tables import tables


@pytest.fixture(scope="module")
def evaluation(run):
    return evaluate(run)


def table(text: str, title: str) -> list[list[str]]:
    """Return the rows of the table of that title, split where two spaces or more stand."""
    (section,) = (part for part in text.split("\n\n") if part.startswith(title))
    return [[cell.strip() for cell in line.split("  ") if cell] for line in section.split("\n")[1:]]


def test_the_head_says_how_many_images_were_scored(evaluation):
    scored = evaluation["scored"]
    assert tables(evaluation).startswith(f"{scored['images']} test images, ")
    some = {**evaluation, "scored": {**scored, "of": 12_345}}
    assert tables(some).startswith(f"{scored['images']} of 12,345 test images, ")


def test_every_score_stands_with_its_interval_in_the_column_of_its_name(evaluation):
    head, *rows = table(tables(evaluation), "Retrieval")
    assert head[:3] == ["recall %", "true negative %", "precision %"]
    by_name = {row[0]: row[1:] for row in rows}
    for name, scores in evaluation["retrieval"]["rows"].items():
        score = scores["recall"]
        expected = f"{score['value']:.1f} [{score['low']:.1f}, {score['high']:.1f}]"
        assert by_name[name][0] == expected
    assert by_name["paper"] == ["30.9", "92.9", "27.9"]


def test_the_paper_stands_below_our_rows(evaluation):
    rows = table(tables(evaluation), "BLEU")
    assert rows[-1] == ["paper: BLEU", "0.415", "0.381", "0.409"]


def test_a_score_that_is_not_known_is_a_dash(evaluation):
    none = {"value": None, "low": None, "high": None, "n": 0}
    rows = {"ridge": {"different top attributes": {**none, "value": 3.0}, "entropy": none}}
    text = tables({**evaluation, "diversity": {"rows": rows}})
    assert table(text, "Diversity")[1] == ["ridge", "3", "-"]


@pytest.mark.parametrize(
    ("section", "sentence"),
    [
        ("interventions", "Interventions: these images cannot be painted again."),
        ("sentence test", "Sentence test: this run holds no names from permuted captions."),
        ("names", "What lies at their peaks is not known."),
    ],
)
def test_what_could_not_be_scored_is_one_sentence(evaluation, section, sentence):
    assert sentence in tables({**evaluation, section: None})


def test_columns_are_aligned(evaluation):
    section = next(p for p in tables(evaluation).split("\n\n") if p.startswith("Grounding"))
    head, *rows = section.split("\n")[1:]
    ends = [head.index(name) + len(name) for name in ("@0.1", "@0.2", "@0.3")]
    ours = [row for row in rows if row.endswith("]")]
    assert ours
    assert all(row[ends[-1] - 1] == "]" and len(row) == ends[-1] for row in ours)
