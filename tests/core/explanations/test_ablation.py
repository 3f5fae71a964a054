import numpy as np
import pytest
import torch
from scipy.special import softmax
from torch import nn

from fieldmarks.core.errors import DataError
from fieldmarks.core.experimental.sentence_test.claims import log_odds
from fieldmarks.core.explanations.ablation import filter_scale, what_if
from fieldmarks.core.explanations.counterfactual import attribute_evidence
from fieldmarks.core.head import LINEAR, Head, changed_logits

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


def test_log_odds_are_the_logit_of_the_softmax_probability():
    logits = np.array([[1.0, -2.0, 0.5]])
    p = softmax(logits, axis=1)[:, 2]
    np.testing.assert_allclose(log_odds(logits, 2), np.log(p / (1 - p)))
