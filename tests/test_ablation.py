import itertools

import numpy as np
import pytest
import torch
from scipy.special import softmax
from torch import nn

from core.errors import DataError
from core.head import LINEAR, Head, changed_logits
from core.what_if.ablation import filter_scale, what_if
from core.what_if.counterfactual import (
    attribute_evidence,
    smallest_attribute_change,
    smallest_change,
    smallest_filter_change,
)
from core.what_if.sentence_test import log_odds

F, T, C = 6, 5, 4


class TinyNet(nn.Module):
    """A convolution, a ReLU, global average pooling and one linear layer, as the method asks."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, F, 3, stride=2), nn.ReLU())
        self.head = nn.Linear(F, C)
        self.scale = torch.ones(F)

    def forward(self, images):
        maps = self.body(images) * self.scale[:, None, None]
        return self.head(maps.mean(dim=(2, 3)))


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    return TinyNet().double().eval()


@pytest.fixture(scope="module")
def seen(net):
    """Pooled activations, logits and head of the network on three images."""
    images = torch.randn(3, 3, 12, 12, generator=torch.Generator().manual_seed(1)).double()
    with torch.no_grad():
        pooled = net.body(images).mean(dim=(2, 3)).numpy()
        return images, pooled, net(images).numpy(), net.head.weight.numpy()


@pytest.fixture(scope="module")
def p_t_given_f():
    return np.random.default_rng(2).dirichlet(np.full(T, 0.5), F)


@pytest.mark.parametrize(
    ("attributes", "filters"),
    [
        ({}, {2: 0}),
        ({}, {0: 0, 3: 0, 5: 0}),
        ({}, {1: 0.3, 4: 2}),
        ({3: 0}, {}),
        ({0: 0, 1: 2}, {2: 0.5}),
    ],
)
def test_what_if_equals_really_scaling_the_maps_inside_the_network(
    net, seen, p_t_given_f, attributes, filters
):
    images, pooled, logits, class_weights = seen
    scale = filter_scale(p_t_given_f, attributes, filters)
    net.scale = torch.from_numpy(scale)
    try:
        with torch.no_grad():
            really = net(images).numpy()
    finally:
        net.scale = torch.ones(F)
    assert not np.allclose(really, logits, atol=1e-6)
    np.testing.assert_allclose(
        changed_logits(Head(LINEAR, class_weights, np.zeros(C)), logits, pooled, scale),
        really,
        atol=1e-9,
    )


def test_changing_nothing_leaves_the_logits_untouched(seen, p_t_given_f):
    _, pooled, logits, class_weights = seen
    scale = filter_scale(p_t_given_f)
    assert np.array_equal(
        changed_logits(Head(LINEAR, class_weights, np.zeros(C)), logits, pooled, scale), logits
    )


def test_removing_all_attributes_leaves_the_bias(net, seen, p_t_given_f):
    _, pooled, logits, class_weights = seen
    scale = filter_scale(p_t_given_f, dict.fromkeys(range(T), 0))
    after = changed_logits(Head(LINEAR, class_weights, np.zeros(C)), logits, pooled, scale)
    np.testing.assert_allclose(after, np.tile(net.head.bias.detach().numpy(), (3, 1)), atol=1e-9)


@pytest.mark.parametrize("factor", [-1, float("nan"), float("inf")])
def test_a_factor_that_no_network_can_show_is_refused(p_t_given_f, factor):
    with pytest.raises(DataError, match="a factor is 0 or above"):
        filter_scale(p_t_given_f, attributes={0: factor})


def test_the_evidence_of_attributes_sums_to_the_logit_less_its_bias(net, seen, p_t_given_f):
    _, pooled, logits, class_weights = seen
    evidence = attribute_evidence(pooled[0], class_weights, p_t_given_f)
    np.testing.assert_allclose(
        evidence.sum(axis=0) + net.head.bias.detach().numpy(), logits[0], atol=1e-9
    )


def test_flips_of_a_whole_run_equal_a_loop_over_its_images(run):
    xs = np.arange(run.sizes["X"])
    scale = filter_scale(run.array("p_t_given_f"), filters=dict.fromkeys(range(4), 0))
    outcome = what_if(run, xs, scale, chunk=7)
    gained = lost = flipped = 0
    for x in xs:
        pooled = run.array("pooled")[x].copy()
        pooled[:4] = 0
        logits = pooled @ run.array("class_weights").T + run.array("class_bias")
        np.testing.assert_allclose(outcome.after[x], softmax(logits), atol=1e-5)
        old, new = run.images["predicted_c"][x], logits.argmax()
        flipped += old != new
        gained += old != new and new == run.images["true_c"][x]
        lost += old != new and old == run.images["true_c"][x]
    assert flipped > 3
    assert (outcome.is_flipped.sum(), outcome.is_gained.sum(), outcome.is_lost.sum()) == (
        flipped,
        gained,
        lost,
    )
    assert outcome.sentence().startswith(
        f"{flipped} of {len(xs)} images would get another prediction"
    )


def test_a_change_that_flips_nothing_says_so(run):
    outcome = what_if(run, [3], np.ones(run.sizes["F"]))
    assert outcome.sentence() == "None of 1 image would get another prediction."


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


def test_log_odds_are_the_logit_of_the_softmax_probability():
    logits = np.array([[1.0, -2.0, 0.5]])
    p = softmax(logits, axis=1)[:, 2]
    np.testing.assert_allclose(log_odds(logits, 2), np.log(p / (1 - p)))
