"""Networks whose output is a probability, one score, or made from inputs in [0, 1] alone."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from fieldmarks.core.errors import ModelError
from fieldmarks.core.head import LINEAR, Head
from fieldmarks.precompute.network.forward import Forward
from fieldmarks.precompute.network.loading import explainable
from fieldmarks.precompute.network.patching import patch_head
from fieldmarks.precompute.network.preprocessing import DEFAULT

F, S = 6, 24
FED = replace(DEFAULT, input_size=S)
CPU = torch.device("cpu")


class Net(nn.Module):
    """A convolution, pooling and a linear layer; ``end`` makes of its scores what is returned."""

    def __init__(self, n_scores, end, start=lambda images: images):
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.fc = nn.Conv2d(3, F, 3, 3), nn.Linear(F, n_scores)
        self.softmax, self.sigmoid = nn.Softmax(dim=1), nn.Sigmoid()
        self.start, self.end = start, end

    def forward(self, images):
        pooled = functional.relu(self.conv(self.start(images))).mean((2, 3))
        return self.end(self, self.fc(pooled))


def pixels(n=5):
    generator = torch.Generator().manual_seed(3)
    return torch.randint(0, 256, (n, S, S, 3), dtype=torch.uint8, generator=generator)


def normalised(images, fed=FED):
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in (fed.mean, fed.std))
    return (images.permute(0, 3, 1, 2).float() / 255 - mean) / std


def scores_of(net, fed=FED):
    """Return a network as it is explained, and the class scores of pictures."""
    loaded = explainable(net, "net", fed)
    return loaded, torch.tensor(Forward(loaded, CPU)(pixels()).arrays()["logits"])


ONE_SCORE = {
    "a column": lambda net, z: z,
    "a number an image": lambda net, z: z[:, 0],
    "squeezed": lambda net, z: z.squeeze(1),
}
PROBABILITY = {
    "a module": lambda net, z: net.sigmoid(z),
    "a function": lambda net, z: torch.sigmoid(z).squeeze(1),
    "a method": lambda net, z: z.flatten().sigmoid(),
}


@pytest.mark.parametrize("end", ONE_SCORE)
def test_one_score_tells_two_classes_apart_as_its_sigmoid_does(end):
    net = Net(1, ONE_SCORE[end]).eval()
    loaded, scores = scores_of(net)
    with torch.no_grad():
        mine = torch.sigmoid(net(normalised(pixels())).flatten())
    torch.testing.assert_close(functional.softmax(scores, 1)[:, 1], mine)
    assert loaded.head.kind == LINEAR
    np.testing.assert_allclose(
        loaded.class_weights[1] - loaded.class_weights[0], net.fc.weight[0].detach(), atol=1e-6
    )
    assert (loaded.class_weights[0] == -loaded.class_weights[1]).all()
    assert "one score" in loaded.notes[-1]


@pytest.mark.parametrize("end", PROBABILITY)
def test_a_sigmoid_at_the_end_is_the_probability_of_the_second_class(end):
    net = Net(1, PROBABILITY[end]).eval()
    loaded, scores = scores_of(net)
    with torch.no_grad():
        mine = net(normalised(pixels())).flatten()
    torch.testing.assert_close(functional.softmax(scores, 1)[:, 1], mine)
    assert loaded.head.kind == LINEAR
    assert "ends in a sigmoid" in loaded.notes[-2]


@pytest.mark.parametrize(
    "end",
    [
        lambda net, z: net.softmax(z),
        lambda net, z: functional.softmax(z, dim=-1),
        lambda net, z: z.softmax(1),
        lambda net, z: z.log_softmax(1),
    ],
)
def test_class_scores_are_what_goes_into_a_softmax(end):
    net = Net(4, end).eval()
    loaded, scores = scores_of(net)
    with torch.no_grad():
        mine = net(normalised(pixels()))
    mine = mine.exp() if (mine < 0).any() else mine
    torch.testing.assert_close(functional.softmax(scores, 1), mine)
    assert loaded.head.kind == LINEAR
    np.testing.assert_allclose(loaded.class_weights, net.fc.weight.detach(), atol=1e-6)


def test_a_layer_is_still_found_by_its_name():
    loaded = explainable(Net(1, PROBABILITY["a module"]).eval(), "net", FED, layer="conv")
    assert loaded.layer == "conv"


def test_a_softmax_over_the_batch_is_refused():
    for end in (lambda net, z: z.softmax(0), lambda net, z: z[:, :1].softmax(1)):
        with pytest.raises(ModelError, match=r"ends in a softmax .* is its dim right"):
            explainable(Net(4, end).eval(), "net", FED)


def needs_unit_range(images):
    """Return images, refusing what is not a picture in [0, 1]."""
    if not torch.jit.is_tracing() and images.min() < 0:
        raise ValueError("pixels must lie in [0, 1]")
    return images


def test_a_network_that_refuses_normalised_images_says_what_to_give():
    net = Net(4, lambda net, z: z, lambda images: images.clamp(0, 1).sqrt()).eval()
    plain = replace(FED, mean=(0.0,) * 3, std=(1.0,) * 3)
    _, scores = scores_of(net, plain)
    with torch.no_grad():
        torch.testing.assert_close(scores, net(normalised(pixels(), plain)))
    net = Net(4, lambda net, z: z, needs_unit_range).eval()
    with pytest.raises(ModelError, match=re.escape("it does: give --mean 0 0 0 --std 1 1 1")):
        explainable(net, "net", FED)


def test_a_network_that_takes_the_root_of_its_input_is_tried_on_what_pictures_give():
    net = Net(4, lambda net, z: z, torch.sqrt).eval()
    plain = replace(FED, mean=(0.0,) * 3, std=(1.0,) * 3)
    _, scores = scores_of(net, plain)
    with torch.no_grad():
        torch.testing.assert_close(scores, net(normalised(pixels(), plain)))


@pytest.mark.parametrize("sign", [1, -1], ids=["in order", "reversed"])
def test_a_repair_of_two_classes_is_written_into_the_one_score(tmp_path, sign):
    weight, bias = torch.randn(1, F), torch.randn(1)
    torch.save({"conv": torch.ones(3, F), "fc.weight": weight, "fc.bias": bias}, tmp_path / "a.pth")
    half = np.concatenate([-weight, weight])[::sign] / 2
    before = Head.linear(half, np.concatenate([-bias, bias])[::sign] / 2)
    after = Head.linear(half + np.arange(2.0 * F).reshape(2, F), before.bias + np.array([1, 5]))
    assert patch_head(tmp_path / "a.pth", tmp_path / "b.pth", before, after) == "fc.weight"
    patched = torch.load(tmp_path / "b.pth", weights_only=True)
    np.testing.assert_allclose(patched["fc.weight"], weight + sign * F, rtol=1e-5)
    np.testing.assert_allclose(patched["fc.bias"], bias + sign * 4, rtol=1e-5)
