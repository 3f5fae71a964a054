"""Search, lists of failures and filter contributions against slow loops over one small run."""

import numpy as np
import pytest

from fieldmarks.core.explanations.explanation import explain
from fieldmarks.core.presence.presence import SEEN, presence_of
from fieldmarks.core.run.contract import N_EXPLAIN
from fieldmarks.core.search.image_selection import names_attribute, sentence_words
from fieldmarks.core.search.query import Query, Term
from fieldmarks.core.search.search import (
    AGREES,
    NOT_NAMED,
    UNKNOWN,
    caption_agreement,
    rank,
    search,
)


def sentence(run, x, side="predicted", within=N_EXPLAIN):
    return run.array(f"top_t_{side}")[x, :within].tolist()


def slow_search(run, query, within=N_EXPLAIN):
    scores = {}
    for x, row in run.images.iterrows():
        held = sentence(run, x, within=within)
        if (
            row["is_train"]
            or any(t not in held for t in query.wanted)
            or any(t in held for t in query.unwanted)
            or (query.true is not None and row["true_c"] != query.true)
            or (query.predicted is not None and row["predicted_c"] != query.predicted)
            or (query.is_right not in (None, row["true_c"] == row["predicted_c"]))
        ):
            continue
        p = [run.array("top_p_predicted")[x, held.index(t)] for t in query.wanted]
        scores[x] = np.prod(p, dtype=float) ** (1 / len(p)) if p else row["confidence"]
    return scores


@pytest.mark.parametrize("within", [N_EXPLAIN, 12])
@pytest.mark.parametrize("case", range(6))
def test_search_agrees_with_a_slow_loop(run, case, within):
    first, second, third = sentence(run, 1)[:3]
    wanted, unwanted = Term(first, False, ""), Term(second, True, "")
    query = [
        Query([wanted]),
        Query([wanted, unwanted]),
        Query([wanted, Term(third, False, "")]),
        Query([unwanted], is_right=False),
        Query(true=1, is_right=True),
        Query([wanted], predicted=int(run.images["predicted_c"].iloc[1])),
    ][case]
    expected = slow_search(run, query, within)
    hits = search(run, query, within)
    assert dict(zip(hits.xs.tolist(), hits.scores, strict=True)) == pytest.approx(expected)
    assert np.all(np.diff(hits.scores) <= 0)


def test_captions_say_what_was_counted(run):
    counts = run.counts.toarray()
    for x in range(run.sizes["X"]):
        for t in range(run.sizes["T"]):
            known = run.images["n_captions"].iloc[x] > 0
            expected = UNKNOWN if not known else AGREES if counts[x, t] else NOT_NAMED
            assert caption_agreement(run, x, t) == expected


def test_retrieval_ranks_the_images_whose_explanation_holds_the_attribute(run):
    predicted = run.images["predicted_c"]
    explanations = [explain(run, x, int(predicted.iloc[x])) for x in range(run.sizes["X"])]
    for t in range(run.sizes["T"]):
        expected = {x: e.p[t] for x, e in enumerate(explanations) if t in e.attributes}
        ranking = rank(run, t)
        assert set(ranking.xs) == set(expected)
        np.testing.assert_allclose(ranking.scores, [expected[x] for x in ranking.xs], rtol=1e-4)
        assert (np.diff(ranking.scores) <= 0).all()


def test_images_are_found_by_what_is_seen_in_them_most_certain_first(seen):
    presence = presence_of(seen)
    q, line = presence.q(seen.array("pooled")), presence.line
    hits = search(seen, Query([Term(2, False, "")]))
    expected = [x for x in range(len(q)) if q[x, 2] > line[2] and seen.is_test[x]]
    assert sorted(hits.xs.tolist()) == expected
    assert expected
    np.testing.assert_allclose(hits.scores, q[hits.xs, 2], rtol=1e-5)
    assert (np.diff(hits.scores) <= 0).all()


def test_all_required_words_are_seen_and_no_excluded_one(seen):
    presence = presence_of(seen)
    q, line = presence.q(seen.array("pooled")), presence.line
    wanted, unwanted = [Term(1, False, ""), Term(4, False, "")], Term(6, True, "")
    hits = search(seen, Query([*wanted, unwanted]), include_train=True)
    for x in range(len(q)):
        is_found = q[x, 1] > line[1] and q[x, 4] > line[4] and not q[x, 6] > line[6]
        assert (x in hits.xs) == is_found
    np.testing.assert_allclose(hits.scores, q[hits.xs][:, [1, 4]].min(axis=1), rtol=1e-5)


def test_uncertain_images_follow_where_they_are_asked_for(seen):
    query = Query([Term(2, False, "")])
    sure, more = search(seen, query, least=SEEN), search(seen, query, least=0.1)
    np.testing.assert_array_equal(more.xs[: len(sure.xs)], sure.xs)
    assert len(more.xs) > len(sure.xs)
    assert set(sure.xs) <= set(search(seen, query).xs)
    assert (more.scores[len(sure.xs) :] <= SEEN).all()


def test_the_paper_s_rule_stays_an_option(seen):
    query = Query([Term(sentence(seen, 1)[0], False, "")])
    hits = search(seen, query, by="sentence")
    assert dict(zip(hits.xs.tolist(), hits.scores, strict=True)) == pytest.approx(
        slow_search(seen, query)
    )


def test_lists_of_failures_go_by_the_sentences_that_are_shown(seen):
    words = sentence_words(seen, "predicted")
    t = int(words[words >= 0][0])
    for x in range(50):
        said = explain(seen, x).attributes
        assert names_attribute(seen, t, "predicted")[x] == (t in said)
