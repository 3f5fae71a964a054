"""A word is said of an image as a class where it is seen in it and counts for the class."""

from dataclasses import replace

import numpy as np
import pytest

from fieldmarks.core.explanations.contrast import FIRST, FURTHER, TELLS_APART, USUAL, contrast
from fieldmarks.core.explanations.explanation import NOTHING_SEEN, describe, explain
from fieldmarks.core.explanations.factors import Factors
from fieldmarks.core.explanations.seen import SeenWord, excluding, said
from fieldmarks.core.presence.presence import SAID, SEEN, SURE, presence_of
from fieldmarks.core.presence.usual import class_image_frequency, usual_of_class
from tests.support.counts import count_arrays


def slow_part(run, x: int, c: int, t: int, other: int | None = None) -> float:
    weights = np.asarray(run.array("class_weights"), float)
    against = weights.mean(axis=0) if other is None else weights[other]
    pooled, p = run.array("pooled")[x].astype(float), run.array("p_t_given_f")[:, t]
    return sum(pooled[f] * (weights[c, f] - against[f]) * p[f] for f in range(len(pooled)))


def test_every_word_of_a_sentence_is_seen_and_counts(seen):
    q = presence_of(seen).q(seen.array("pooled"))
    n_said = 0
    for x in range(60):
        for c in range(4):
            explanation = explain(seen, x, c)
            parts = [slow_part(seen, x, c, t) for t in explanation.attributes]
            assert all(q[x, t] > SAID for t in explanation.attributes)
            assert all(part > 0 for part in parts)
            assert parts == sorted(parts, reverse=True), "ordered by what they count"
            n_said += len(parts)
    assert n_said > 100


def test_a_seen_word_that_counts_is_said_where_there_is_room(seen):
    q = presence_of(seen).q(seen.array("pooled"))
    for x in range(20):
        ts = [t for t in range(seen.sizes["T"]) if q[x, t] > SAID and slow_part(seen, x, 1, t) > 0]
        said_of = explain(seen, x, 1).attributes
        assert set(said_of) <= set(ts)
        opposite = {("short", "head"), ("long", "head")}  # one of two poles is left out
        words = seen.attributes.iloc[[t for t in ts if t not in said_of]]
        if len(said_of) < 5:
            assert set(zip(words["adjective"], words["noun"], strict=True)) <= opposite


def test_a_noun_has_one_size_in_a_sentence(seen):
    attributes = seen.attributes.copy()
    attributes.loc[[2, 3], "noun"] = "bill"
    attributes.loc[[2, 3], "adjective"] = ["short", "small"]
    other = seen.changed(tables={"attributes": attributes})
    assert excluding(other)[[2], :].toarray()[0, 3]
    assert not excluding(seen)[[2], :].toarray()[0, 3]


def test_nothing_seen_is_an_answer(seen):
    blind = seen.changed({"presence_bias": np.full(seen.sizes["T"], -50, np.float32)})
    explanation = explain(blind, 0, 2)
    assert explanation.attributes == []
    assert explanation.sentence == NOTHING_SEEN.format("Class 2")
    assert explanation.main_t == explanation.p.argmax()
    assert (
        "separates Class 0 and Class 2"
        in contrast(blind, explain(blind, 0, 0), explanation).sentence
    )


def test_each_word_knows_what_speaks_for_it(seen):
    x = int(np.flatnonzero([len(explain(seen, x).attributes) > 1 for x in range(40)])[0])
    explanation = explain(seen, x)
    q = presence_of(seen).q(seen.array("pooled")[x])
    parts = np.array([slow_part(seen, x, explanation.c, t) for t in range(seen.sizes["T"])])
    for word, t in zip(explanation.words, explanation.attributes, strict=True):
        assert word.t == t
        assert word.q == pytest.approx(q[t], rel=1e-4)
        assert word.share == pytest.approx(parts[t] / parts.clip(0).sum(), rel=1e-3)
        assert word.is_named == (seen.counts[[x]].toarray()[0, t] > 0)


@pytest.mark.parametrize(
    ("q", "is_seen", "is_sure"),
    [(0.4, False, False), (0.6, True, False), (SURE + 0.01, True, True), (np.nan, False, False)],
)
def test_a_word_is_seen_and_surely_seen_above_a_probability(q, is_seen, is_sure):
    word = SeenWord(0, q, 0.1, None)
    assert (word.is_seen, word.is_sure) == (is_seen, is_sure)


def test_the_paper_s_sentence_stays(seen):
    p = explain(seen, 3, 1, "ridge")
    assert len(p.attributes) == 5
    top = set(seen.array("top_t_predicted")[3][:5])
    predicted = int(seen.images["predicted_c"][3])
    others = {name: each for name, each in seen.arrays.items() if not name.startswith("presence")}
    plain = replace(seen, arrays=others)
    assert set(explain(seen, 3, predicted, "ridge").attributes) == set(explain(plain, 3).attributes)
    assert top


def test_stored_sentences_are_those_of_single_images(seen):
    xs = np.arange(0, 400, 37)
    words = Factors.of(seen).said(xs, np.full(len(xs), 2))
    for x, row in zip(xs, words, strict=True):
        assert row[row >= 0].tolist() == explain(seen, int(x), 2).attributes


def test_two_values_of_one_property_are_never_said_together(seen):
    q = np.full((1, 10), 0.9)
    p, part = np.full((1, 10), 0.1), np.arange(1.0, 11)[None]
    together = said(p, q, part, seen.attributes, 5)
    a, b = together[0, :2].tolist()
    excludes = Factors.of(seen).excludes.tolil()
    excludes[a, b] = excludes[b, a] = True
    apart = said(p, q, part, seen.attributes, 5, excludes.tocsr())[0]
    assert not {a, b} <= set(apart.tolist())


def without(run, c: int, t: int):
    """Return a run whose images of class c never have attribute t by their captions."""
    counts = run.counts.toarray()
    counts[(run.images["true_c"] == c).to_numpy(), t] = 0
    return run.changed(count_arrays(counts))


def test_what_images_of_a_class_never_have_is_no_reason_for_it(seen):
    n_changed = 0
    for x in map(int, seen.failures[:20]):
        a, b = (int(seen.images[name][x]) for name in ("predicted_c", "true_c"))
        before = contrast(seen, explain(seen, x, a), explain(seen, x, b))
        for t in {*before.for_first[:1], *explain(seen, x, a).attributes[:1]}:
            run = without(seen, a, t)
            assert t not in explain(run, x, a).attributes
            assert t not in Factors.of(run).said(np.array([x]), np.array([a]))
            after = contrast(run, explain(run, x, a), explain(run, x, b))
            assert t not in after.for_first
            n_changed += 1
    assert n_changed > 10


def test_a_word_that_the_other_class_has_more_often_is_called_so(seen):
    said = []
    for x in map(int, seen.failures):
        a, b = (int(seen.images[name][x]) for name in ("predicted_c", "true_c"))
        result = contrast(seen, explain(seen, x, a), explain(seen, x, b))
        if not result.caveat:
            continue
        (t,) = result.for_first
        lead = usual_of_class(seen, a)[t] - usual_of_class(seen, b)[t]
        kind = "just as usual for" if lead > -TELLS_APART else "more usual for"
        assert result.caveat == f"{kind} {seen.classes['name'][b]}"
        said.append(kind)
    assert set(said) == {"just as usual for", "more usual for"}


def test_a_contrast_has_three_parts_and_no_word_in_two(seen, monkeypatch):
    monkeypatch.setattr("fieldmarks.core.explanations.contrast.TELLS_APART", 0.02)
    images, q = seen.images, presence_of(seen).q(seen.array("pooled"))
    usual = class_image_frequency(seen)
    counted, n_shared = np.zeros(3, int), 0
    for x in np.flatnonzero(images["true_c"] != images["predicted_c"])[:80]:
        a, b = int(images["predicted_c"][x]), int(images["true_c"][x])
        result = contrast(seen, explain(seen, int(x), a), explain(seen, int(x), b))
        parts = result.for_first, result.for_second, result.not_seen
        counted += [len(part) for part in parts]
        assert len({*result.for_first, *result.for_second, *result.not_seen}) == sum(
            map(len, parts)
        )
        for ts, (c, other) in ((result.for_first, (a, b)), (result.for_second, (b, a))):
            assert all(q[x, t] > FIRST and slow_part(seen, x, c, t, other) > 0 for t in ts)
            assert sum(q[x, t] <= FURTHER for t in ts) <= 1, "only one that is less sure"
        assert all(usual[b, t] - usual[a, t] >= 0.02 for t in result.for_second)
        tells_apart = [usual[a, t] - usual[b, t] >= 0.02 for t in result.for_first]
        assert bool(result.caveat) is (tells_apart == [False])
        assert all(tells_apart) or result.caveat
        assert (f"({result.caveat})" in result.sentence) is bool(result.caveat)
        n_shared += bool(result.caveat)
        assert all(q[x, t] < SEEN and usual[b, t] >= USUAL > usual[a, t] for t in result.not_seen)
        assert set(result.words) == {t for part in parts for t in part}
    assert (counted[:2] > 0).all()
    assert n_shared


def test_a_class_that_nothing_seen_speaks_for_is_no_reason_turned_round(seen):
    images, names = seen.images, seen.classes["name"]
    found = 0
    for x in range(200):
        for a in range(4):
            b = int(images["predicted_c"][x])
            result = contrast(seen, explain(seen, x, a), explain(seen, x, b))
            if result.for_second and not result.for_first:
                found += 1
                start = f"Nothing seen here counts for {names[a]} rather than {names[b]}; "
                assert result.sentence.startswith(start)
    assert found


def test_what_is_usual_and_not_seen_is_said(seen):
    counts = np.zeros((len(seen.images), seen.sizes["T"]), np.uint16)
    counts[(seen.images["true_c"] == 1).to_numpy(), 6] = 1
    rows = seen.counts.toarray().astype(np.uint16)
    rows[:, 6] = counts[:, 6]
    bias = np.array(seen.array("presence_bias"))
    bias[6] = -50
    blind = seen.changed({**count_arrays(rows), "presence_bias": bias})
    result = contrast(blind, explain(blind, 0, 0), explain(blind, 0, 1))
    assert result.not_seen == [6]
    phrase = "striped head"
    assert f"Usual for Class 1, not seen by the network: {phrase}." in result.sentence
    back = contrast(blind, explain(blind, 0, 1), explain(blind, 0, 0))
    assert 6 not in back.not_seen


def test_of_a_class_without_captions_is_usual_what_is_seen_in_its_images(seen):
    images, presence = seen.images, presence_of(seen)
    xs = np.flatnonzero((images["true_c"] == 2) & images["is_train"])
    silent = images.assign(n_captions=images["n_captions"].where(images["true_c"] != 2, 0))
    blind = seen.changed(tables={"images": silent})
    expected = np.mean([presence.q(seen.array("pooled")[x]) for x in xs[:100]], axis=0)
    np.testing.assert_allclose(usual_of_class(blind, 2), expected, rtol=1e-4)
    np.testing.assert_array_equal(usual_of_class(blind, 1), class_image_frequency(seen)[1])


def test_where_nothing_separates_two_classes_what_counts_for_both_is_said(seen, monkeypatch):
    monkeypatch.setattr("fieldmarks.core.explanations.contrast.FIRST", 1.0)
    sentences = [
        contrast(seen, explain(seen, x, 0), explain(seen, x, 1)).sentence for x in range(40)
    ]
    nothing = "No attribute that the network sees here separates Class 0 and Class 1"
    assert all(sentence.startswith(nothing) for sentence in sentences)
    assert any("; that it " in each and " counts for both." in each for each in sentences)


def test_a_class_alone_is_described_as_before(seen):
    assert len(describe(seen, 1).attributes) == 5
    assert "more than" in contrast(seen, describe(seen, 0), describe(seen, 1)).sentence
