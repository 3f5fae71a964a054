"""One small network of each kind of head, and what is proven of it."""

from collections import OrderedDict
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from fieldmarks.core.errors import ModelError
from fieldmarks.core.head import (
    COSINE,
    FIRST_ORDER,
    LAYER_NORM,
    LINEAR,
    LocalWeights,
    changed_logits,
    effective_weights,
)
from fieldmarks.precompute.network.forward import Forward
from fieldmarks.precompute.network.loading import explainable
from fieldmarks.precompute.network.preprocessing import DEFAULT

F, C, S = 6, 4, 24
FED = replace(DEFAULT, input_size=S)
CPU = torch.device("cpu")


class Net(nn.Module):
    """A convolution with maps of 8 x 8 cells, then a head; ``gain`` scales the maps."""

    def __init__(self, head, act=functional.relu, flip=False):
        super().__init__()
        self.conv = nn.Conv2d(3, F, 3, 3)
        self.fc = nn.Linear(F, C)
        self.hidden = nn.Linear(F, 9)
        self.out = nn.Linear(9, C)
        self.dense = nn.Linear(F * 64, 9)
        self.norm = nn.LayerNorm(F, eps=1e-3)
        self.point = nn.Conv2d(F, C, 1)
        self.attention = nn.MultiheadAttention(F, 1, batch_first=True)
        self.token = nn.Parameter(torch.randn(1, 1, F))
        self.head, self.act = head, act
        self.gain = None

    def maps(self, images):
        return self.act(self.conv(images))

    def forward(self, images):
        maps = self.maps(images)
        if self.gain is not None:
            maps = maps * self.gain[:, None, None]
        return self.head(self, maps)


def class_token(net, maps):
    patches = maps.flatten(2).transpose(1, 2)
    tokens = torch.cat([net.token.expand(patches.shape[0], -1, -1), patches], dim=1)
    return net.fc((tokens + net.attention(tokens, tokens, tokens, need_weights=False)[0])[:, 0])


def cosine(net, maps):
    pooled = functional.normalize(maps.mean((2, 3)))
    return 5 * functional.linear(pooled, functional.normalize(net.fc.weight))


EXACT = {
    "linear": (lambda net, m: net.fc(m.mean((2, 3))), LINEAR),
    "channels last": (lambda net, m: net.fc(m.permute(0, 2, 3, 1).mean((1, 2))), LINEAR),
    "tokens": (lambda net, m: net.fc(m.flatten(2).transpose(1, 2).mean(1)), LINEAR),
    "maximum": (lambda net, m: net.fc(m.amax((2, 3))), LINEAR),
    "two linear layers": (lambda net, m: net.out(net.hidden(m.mean((2, 3)))), LINEAR),
    "convolution of one pixel": (lambda net, m: net.point(m).mean((2, 3)), LINEAR),
    "layer norm after pooling": (lambda net, m: net.fc(net.norm(m.mean((2, 3)))), LAYER_NORM),
    "layer norm before pooling": (
        lambda net, m: net.fc(net.norm(m.permute(0, 2, 3, 1)).mean((1, 2))),
        LINEAR,
    ),
    "cosine": (cosine, COSINE),
}
FIRST = {
    "hidden layer": lambda net, m: net.out(net.hidden(m.mean((2, 3))).tanh()),
    "dense stack": lambda net, m: net.out(functional.gelu(net.dense(m.flatten(1)))),
    "class token": class_token,
    "rectified convolution": lambda net, m: functional.relu(net.point(m)).mean((2, 3)),
}


def make(head, act=functional.relu):
    torch.manual_seed(0)
    net = Net(head, act).eval()
    for parameter in (net.norm.weight, net.norm.bias):
        nn.init.normal_(parameter)
    return net.requires_grad_(False)


def pixels(n=5):
    generator = torch.Generator().manual_seed(3)
    return torch.randint(0, 256, (n, S, S, 3), dtype=torch.uint8, generator=generator)


def normalised(images):
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in (FED.mean, FED.std))
    return (images.permute(0, 3, 1, 2).float() / 255 - mean) / std


@pytest.mark.parametrize("act", [functional.relu, lambda maps: 8 * maps], ids=["relu", "signed"])
@pytest.mark.parametrize("case", EXACT)
def test_an_exact_head_gives_the_scores_and_what_becomes_of_them(case, act):
    head, kind = EXACT[case]
    net = make(head, act)
    loaded = explainable(net, case, FED)
    assert (loaded.head.kind, loaded.pooling == "maximum") == (kind, case == "maximum")
    is_signed = act is not functional.relu
    if case != "layer norm before pooling":  # its maps have two signs in any case
        assert loaded.head.is_split == (is_signed and case != "maximum")
    arrays = Forward(loaded, CPU)(pixels()).arrays()
    logits = net(normalised(pixels())).numpy()
    np.testing.assert_allclose(loaded.head.logits(arrays["pooled"]), logits, atol=1e-4)
    np.testing.assert_allclose(arrays["logits"], logits, atol=1e-4)
    if case == "layer norm before pooling":
        return
    gain = torch.tensor([0, 1, 2, 0.5, 1, 1])
    net.gain = gain
    really = net(normalised(pixels())).numpy()
    scale = np.tile(gain.numpy(), 2 if loaded.head.is_split else 1)
    after = changed_logits(loaded.head, arrays["logits"], arrays["pooled"], scale)
    np.testing.assert_allclose(after, really, atol=1e-3)


@pytest.mark.parametrize("case", EXACT)
def test_parts_of_an_exact_head_sum_to_the_score_without_its_bias(case):
    loaded = explainable(make(EXACT[case][0]), case, FED)
    arrays = Forward(loaded, CPU)(pixels()).arrays()
    c = np.array([0, 1, 2, 3, 0])
    parts = arrays["pooled"] * effective_weights(loaded.head, arrays["pooled"], c)
    expected = arrays["logits"][np.arange(5), c] - loaded.class_bias[c]
    np.testing.assert_allclose(parts.sum(axis=1), expected, atol=1e-4)


@pytest.mark.parametrize("act", [functional.relu, lambda maps: 8 * maps], ids=["relu", "signed"])
@pytest.mark.parametrize("case", FIRST)
def test_first_order_parts_are_the_slope_of_the_score_as_a_filter_is_scaled(case, act):
    net = make(FIRST[case], act)
    loaded = explainable(net, case, FED)
    assert loaded.head.kind == FIRST_ORDER
    labels = np.array([3, 2, 1, 0, 3])
    arrays = Forward(loaded, CPU)(pixels(), labels).arrays()
    assert (arrays["local_c"][:, 0] == labels).all()
    local = LocalWeights(arrays["local_c"], arrays["local_weights"])
    weights = effective_weights(loaded.head, arrays["pooled"], labels, local)
    parts = arrays["pooled"] * weights
    if loaded.head.is_split:
        parts = parts[:, :F] + parts[:, F:]
    step = 1e-2
    for f in range(F):
        scores = []
        for gain in (1 - step, 1 + step):
            net.gain = torch.ones(F)
            net.gain[f] = gain
            scores.append(net(normalised(pixels())).numpy()[np.arange(5), labels])
        slope = (scores[1] - scores[0]) / (2 * step)
        np.testing.assert_allclose(parts[:, f], slope, atol=2e-3 * max(1, np.abs(parts).max()))


def test_a_what_if_of_first_order_moves_the_classes_in_play_by_their_own_weights():
    loaded = explainable(make(FIRST["hidden layer"]), "net", FED)
    arrays = Forward(loaded, CPU)(pixels(), np.zeros(5, int)).arrays()
    local = LocalWeights(arrays["local_c"], arrays["local_weights"])
    scale = np.array([0, 1, 1, 1, 1, 1.0])
    after = changed_logits(loaded.head, arrays["logits"], arrays["pooled"], scale, local)
    for x in range(5):
        for j, c in enumerate(local.classes[x]):
            by_hand = arrays["logits"][x, c] - arrays["pooled"][x, 0] * local.weights[x, j, 0]
            assert after[x, c] == pytest.approx(by_hand, abs=1e-5)


def test_a_layer_can_be_named_and_the_nearest_names_are_told():
    net = make(EXACT["linear"][0])
    loaded = explainable(net, "net", FED, layer="conv")
    assert (loaded.head.kind, loaded.layer) == (FIRST_ORDER, "conv")
    with pytest.raises(ModelError, match=r"net has no layer 'convv'; did you mean conv"):
        explainable(net, "net", FED, layer="convv")
    with pytest.raises(ModelError, match=r"layer fc gives a tensor of shape .*choose another"):
        explainable(net, "net", FED, layer="fc")


def test_naming_the_layer_of_an_exact_head_keeps_it_exact():
    loaded = explainable(make(EXACT["linear"][0]), "net", FED, layer="relu")
    assert loaded.head.kind == LINEAR


def test_scores_in_another_order_take_their_weights_along():
    net = make(EXACT["layer norm after pooling"][0])
    loaded = explainable(net, "net", FED)
    turned = loaded.in_order([2, 0, 1, 3])
    arrays = Forward(turned, CPU)(pixels()).arrays()
    logits = net(normalised(pixels())).numpy()[:, [2, 0, 1, 3]]
    np.testing.assert_allclose(arrays["logits"], logits, atol=1e-5)
    np.testing.assert_allclose(turned.head.logits(arrays["pooled"]), logits, atol=1e-4)


class Branching(nn.Module):
    """Its code branches on its values, which torch.fx cannot read and torch.export can."""

    def __init__(self):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(3, F, 3, 3, padding=1), nn.Linear(F, C)

    def forward(self, images):
        if images.shape[2] > 8 and bool(images.ndim == 4):
            images = images * 1.0
        maps = functional.relu(self.conv(images))
        assert maps.size(1) == F
        return self.fc(maps.mean((2, 3)))


def test_a_network_that_branches_is_read_by_export():
    torch.manual_seed(0)
    loaded = explainable(Branching().eval(), "net", FED)
    assert loaded.head.kind == LINEAR
    assert loaded.cell_centres.shape == (8, 8, 2)


class Output(OrderedDict):
    """As transformers returns its scores: a dictionary with attributes."""

    def __getattr__(self, name):
        return self[name]


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda scores, maps: {"logits": scores, "features": maps.mean((2, 3))},
        lambda scores, maps: {"out": scores, "maps": maps},
        lambda scores, maps: (scores, maps),
        lambda scores, maps: [maps, scores],
        lambda scores, maps: SimpleNamespace(logits=scores),
        lambda scores, maps: Output(logits=scores, loss=None),
    ],
)
@pytest.mark.parametrize("layer", [None, "conv"])
def test_scores_in_a_dictionary_a_tuple_or_logits_are_those_of_the_tensor_alone(wrapped, layer):
    plain = make(lambda net, m: net.fc(m.mean((2, 3))))
    net = make(lambda net, m: wrapped(net.fc(m.mean((2, 3))), m))
    mine = explainable(plain, "net", FED, layer=layer)
    loaded = explainable(net, "net", FED, layer=layer)
    images = torch.randn(3, 3, FED.input_size, FED.input_size)
    with torch.no_grad():
        torch.testing.assert_close(loaded.network(images)[-1], plain(images))
    np.testing.assert_array_equal(loaded.class_weights, mine.class_weights)
    assert (loaded.layer, loaded.head.kind) == (mine.layer, mine.head.kind)


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (lambda net, m: {"out": m}, "does not return one tensor"),
        (lambda net, m: (m.mean((2, 3)), net.fc(m.mean((2, 3)))), "does not return one tensor"),
        (lambda net, m: net.fc(m.mean((2, 3))) * 0, "gives every image the same class scores"),
        (lambda net, m: net.fc(m.mean((2, 3))) / 0, "class scores that are not finite"),
        (lambda net, m: m, "for 2 images it returns"),
        (lambda net, m: 1 / 0, "takes no input of 24 pixels: division by zero"),
    ],
)
def test_an_odd_forward_pass_is_refused_with_a_sentence(head, reason):
    with pytest.raises(ModelError, match=reason) as refusal:
        explainable(make(head), "net", FED)
    assert "\n" not in str(refusal.value)


def test_an_input_too_small_for_the_network_is_refused():
    with pytest.raises(ModelError, match=r"takes no input of 2 pixels: .*Kernel size"):
        explainable(make(EXACT["linear"][0]), "net", replace(DEFAULT, input_size=2))


@pytest.mark.parametrize(
    "head",
    [
        lambda net, m: net.fc(m.mean((2, 3))),
        lambda net, m: net.out(functional.relu(net.hidden(m.mean((2, 3))))),
    ],
)
@pytest.mark.parametrize("order", [[2, 0], [0, 1, 2]])
def test_scores_of_classes_that_the_pictures_lack_are_left_out(head, order):
    net = make(head)
    loaded = explainable(net, "net", FED).in_order(order)
    batch = pixels()
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (FED.mean, FED.std))
    with torch.no_grad():
        mine = net((batch.permute(0, 3, 1, 2) / 255 - mean) / std)[:, order]
    theirs = Forward(loaded, CPU)(batch).arrays()["logits"]
    np.testing.assert_allclose(theirs, mine.numpy(), atol=1e-5)
    assert loaded.class_weights.shape[0] == len(order)
    assert "gives 4 class scores" in loaded.notes[-1]
