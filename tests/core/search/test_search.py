"""Search, lists of failures and filter contributions against slow loops over one small run."""

import numpy as np
import pytest

from fieldmarks.core.explanations.explanation import explain
from fieldmarks.core.run.contract import N_EXPLAIN
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
