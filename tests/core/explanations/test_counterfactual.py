"""The smallest change that turns the answer, against trying all changes."""

import itertools

import numpy as np
import pytest

from fieldmarks.core.explanations.ablation import filter_scale, what_if
from fieldmarks.core.explanations.counterfactual import (
    smallest_attribute_change,
    smallest_change,
    smallest_filter_change,
)

F, T, C = 6, 5, 4


@pytest.fixture(scope="module")
def p_t_given_f():
    return np.random.default_rng(2).dirichlet(np.full(T, 0.5), F)


def brute_force(evidence, logits, wanted):
    """Fewest units to remove or double so that ``wanted`` wins, by trying all."""
    for n in range(len(evidence) + 1):
        for units in itertools.combinations(range(len(evidence)), n):
            for signs in itertools.product((-1, 1), repeat=n):
                after = logits + np.array(signs) @ evidence[list(units)] if n else logits
                if after[wanted] >= np.delete(after, wanted).max() + 1e-4:
                    return n
    return None


def test_a_change_said_to_be_smallest_is_so_by_trying_all():
    rng = np.random.default_rng(4)
    n_smallest = 0
    for _ in range(60):
        evidence, logits = rng.normal(size=(5, 4)), rng.normal(size=4) * 2
        wanted = int(rng.integers(4))
        change = smallest_change(evidence, logits, wanted)
        least = brute_force(evidence, logits, wanted)
        after = logits + sum((k - 1) * evidence[u] for u, k in change.factors.items())
        assert change.succeeds == (after.argmax() == wanted)
        if change.succeeds:
            assert change.n_least <= least <= len(change.factors)
            n_smallest += change.is_smallest
            assert not change.is_smallest or len(change.factors) == least
    assert n_smallest > 40


def test_with_removing_only_no_unit_is_doubled():
    evidence = np.array([[1.0, 0.0], [0.0, 2.0], [0.0, 1.0]])
    change = smallest_change(evidence, np.array([1.0, 3.0]), 0, doubling=False)
    assert (change.factors, change.is_smallest) == ({1: 0.0, 2: 0.0}, True)


def test_the_smallest_change_of_attributes_turns_the_answer_of_the_run(run):
    wrong = np.flatnonzero(run.images["true_c"] != run.images["predicted_c"])
    n_turned = 0
    for x in wrong:
        wanted = int(run.images["true_c"][x])
        change = smallest_attribute_change(run, int(x), wanted, n_rivals=3)
        scale = filter_scale(run.array("p_t_given_f"), change.factors)
        outcome = what_if(run, [x], scale)
        assert change.succeeds == bool(outcome.after[0].argmax() == wanted)
        n_turned += change.succeeds
    assert n_turned > len(wrong) / 2


def test_the_fewest_filters_to_switch_off_turn_the_answer_by_trying_all(run):
    x = int(np.flatnonzero(run.images["true_c"] != run.images["predicted_c"])[0])
    wanted = int(run.images["true_c"][x])
    change = smallest_filter_change(run, x, wanted)
    assert set(change.factors.values()) == {0.0}
    fewest = next(
        n
        for n in range(1, 13)
        for fs in itertools.combinations(range(run.sizes["F"]), n)
        if turns(run, x, wanted, fs)
    )
    assert turns(run, x, wanted, change.factors) == change.succeeds
    assert change.n_least <= fewest <= len(change.factors)


def turns(run, x, wanted, fs) -> bool:
    """Whether switching filters ``fs`` off makes ``wanted`` the answer."""
    scale = filter_scale(run.array("p_t_given_f"), filters=dict.fromkeys(fs, 0))
    return bool(what_if(run, [x], scale).after[0].argmax() == wanted)


def test_an_answer_that_is_wanted_already_needs_no_change(run):
    c = int(run.images["predicted_c"][0])
    change = smallest_attribute_change(run, 0, c)
    assert (change.factors, change.succeeds, change.n_least) == ({}, True, 0)
