"""BLEU of explanations against captions."""

from collections import Counter

import numpy as np
import pytest
from sacrebleu.metrics.bleu import BLEU

from fieldmarks.core.explanations.explanation import predicate
from fieldmarks.core.scores.bleu import explanation_texts, score_bleu, sentence_bleu

CAPTIONS = ["this bird has a red head and a long bill", "a bird with a red head"]


def slow_bleu_1(text: str, captions: list[str]) -> float:
    """Clipped precision of words times the brevity penalty (Papineni et al. 2002)."""
    words, references = text.split(), [caption.split() for caption in captions]
    hits = sum(
        min(n, max(Counter(reference)[word] for reference in references))
        for word, n in Counter(words).items()
    )
    nearest = min((abs(len(r) - len(words)), len(r)) for r in references)[1]
    return hits / len(words) * min(1, np.exp(1 - nearest / len(words)))


@pytest.mark.parametrize(
    "text",
    ["this bird has red wings", "a red red red head", "a bird", "This BIRD has a long bill"],
)
def test_bleu_of_single_words_agrees_with_a_slow_loop(text):
    [[_, value]] = sentence_bleu(CAPTIONS, [text])
    assert value == pytest.approx(slow_bleu_1(text.lower(), CAPTIONS), rel=1e-6)


def test_a_caption_said_again_scores_one_and_other_words_nearly_nothing():
    values = sentence_bleu(CAPTIONS, [CAPTIONS[0], "wholly other text"])[:, 0]
    assert values[0] == pytest.approx(1)
    assert values[1] < 0.05


@pytest.mark.parametrize("text", ["A red head.", "this bird has a long, red bill", "a", "no such"])
def test_counting_the_captions_once_gives_what_sacrebleu_gives_a_sentence(text):
    expected = [
        BLEU(max_ngram_order=order, lowercase=True, effective_order=True)
        .sentence_score(text, CAPTIONS)
        .score
        for order in (4, 1)
    ]
    assert (sentence_bleu(CAPTIONS, [text])[0] * 100).tolist() == pytest.approx(expected, rel=1e-15)


def test_the_score_is_the_mean_of_right_wrong_and_all_predictions():
    values, is_right = np.array([0.2, 0.4, 0.9, 0.1]), np.array([True, False, True, False])
    scores = score_bleu(values, is_right)
    assert scores["correct"].value == pytest.approx(0.55)
    assert scores["wrong"].value == pytest.approx(0.25)
    assert scores["all"].value == pytest.approx(0.4)
    assert scores["correct minus wrong"].value == pytest.approx(0.3)
    assert scores["all"].low < 0.4 < scores["all"].high


def test_texts_are_the_sentence_as_shown_and_without_the_class(run):
    xs, top = np.array([1, 3]), np.array([[0, 5, -1, -1, -1], [2, -1, -1, -1, -1]])
    texts = explanation_texts(run, xs, top)
    for i, ts in enumerate(([0, 5], [2])):
        said = "".join(span.text for span in predicate(ts, run.attributes))
        name = run.classes["name"][run.images["predicted_c"][xs[i]]]
        assert texts["unnamed"][i] == f"This image {said}."
        assert texts["shown"][i] == f"This is a {name} because it {said}."


@pytest.mark.parametrize(
    ("number", "thing"), [("whole", "shoe"), ("one", "image"), ("several", "image")]
)
def test_without_the_class_a_sentence_is_about_what_captions_call_the_object(run, number, thing):
    table = run.attributes.assign(noun="shoe", number=number)
    other = run.changed(tables={"attributes": table})
    [text] = explanation_texts(other, np.array([1]), np.array([[0]]))["unnamed"]
    assert text.startswith(f"This {thing} ")
