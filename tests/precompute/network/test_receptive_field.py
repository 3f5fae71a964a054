import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from fieldmarks.core.errors import ModelError
from fieldmarks.precompute.network.cut.tracing import trace
from fieldmarks.precompute.network.receptive_field import Window, cell_centres, windows
from tests.support.networks import ARCHS, network

pytestmark = pytest.mark.slow


class Small(nn.Module):
    """Layers, global average pooling, a linear layer."""

    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.Sequential(*layers)
        self.fc = nn.Linear(4, 2)

    def forward(self, images):
        return self.fc(self.layers(images).mean((2, 3)))


class Branches(nn.Module):
    """Two branches of different reach that meet by addition or concatenation."""

    def __init__(self, first, second, n_out=4):
        super().__init__()
        self.first, self.second = first, second
        self.n_out = n_out

    def forward(self, images):
        first, second = self.first(images), self.second(images)
        return torch.cat([first, second], 1) if self.n_out == 2 else first + second


class Squeeze(nn.Module):
    """Scales its maps by a function of the whole image."""

    def forward(self, maps):
        return maps * functional.adaptive_avg_pool2d(maps, 1).sigmoid()


NETS = {
    "even kernel": [nn.Conv2d(3, 4, 4, 2, 1)],
    "odd kernel": [nn.Conv2d(3, 4, 7, 2, 3), nn.Conv2d(4, 4, 3, 2, 1)],
    "no padding": [nn.Conv2d(3, 4, 3, 2), nn.Conv2d(4, 4, 5)],
    "dilated": [nn.Conv2d(3, 4, 3, 2, 2, dilation=2), nn.Conv2d(4, 4, 3, 1, 3, dilation=3)],
    "pooling": [nn.Conv2d(3, 4, 3, 1, 1), nn.AvgPool2d(2), nn.AvgPool2d(3, 2, 1)],
    "padded unevenly": [nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(3, 4, 3, 2)],
    "uneven": [nn.Conv2d(3, 4, (3, 5), (1, 2), (1, 0))],
    "added": [Branches(nn.Conv2d(3, 4, 3, 2, 1), nn.Conv2d(3, 4, 1, 2))],
    "joined": [Branches(nn.Conv2d(3, 2, 5, 2, 2), nn.Conv2d(3, 2, 1, 2), 2)],
}


def maps_of(model, size=64):
    """Return a network's graph, made to return the maps before its last pooling, and their node."""
    graph = trace(model.eval(), torch.randn(2, 3, size, size), "net")
    modules = dict(graph.named_modules())
    *_, pooling = (
        node
        for node in graph.graph.nodes
        if node.target in ("mean", functional.adaptive_avg_pool2d)
        or isinstance(modules.get(str(node.target)), nn.AdaptiveAvgPool2d)
    )
    (output,) = (node for node in graph.graph.nodes if node.op == "output")
    output.args = (pooling.args[0],)
    graph.recompile()
    return graph, pooling.args[0]


def gradient_of(maps_of, images, row, column):
    """Return |d maps[row, column] / d pixel| summed over filters and colours, shape (S, S)."""
    images = images.clone().requires_grad_()
    maps_of(images)[:, :, row, column].sum().backward()
    return images.grad.abs().sum((0, 1)).numpy()


@pytest.mark.parametrize("input_size", [32, 33])
@pytest.mark.parametrize("name", NETS)
def test_a_window_is_exactly_the_pixels_with_a_gradient(name, input_size):
    model = Small(*NETS[name]).eval()
    for parameter in model.parameters():
        nn.init.constant_(parameter, 0.1)
    rows, columns = windows(*maps_of(model), input_size)
    images = torch.ones(1, 3, input_size, input_size)
    n_rows, n_columns = model.layers(images).shape[2:]
    for row, column in [(0, 0), (n_rows // 2, n_columns // 2), (n_rows - 1, n_columns - 1)]:
        seen_rows, seen_columns = np.nonzero(gradient_of(model.layers, images, row, column))
        for cell, window, seen in [(row, rows, seen_rows), (column, columns, seen_columns)]:
            low, high = window.low + cell * window.jump, window.high + cell * window.jump
            if low >= 0 and high < input_size:
                assert (seen.min(), seen.max()) == (low, high)
            else:
                # cut by the edge: a dilated kernel may not sample the pixel at the cut
                assert max(low, 0) <= seen.min() <= max(low, 0) + window.jump
                assert min(high, input_size - 1) - window.jump <= seen.max() <= high


@pytest.mark.parametrize("input_size", [128, 161])
@pytest.mark.parametrize("name", ARCHS)
def test_a_cell_centre_is_where_the_gradient_lies(name, input_size):
    graph, node = maps_of(network(name))
    centres = cell_centres(graph, node, input_size)
    middle = len(centres) // 2
    images = torch.rand(1, 3, input_size, input_size, generator=torch.Generator().manual_seed(0))
    # squared: the reach falls off like a bell, and the edge of the image cuts its tail
    weight = gradient_of(graph, images, middle, middle) ** 2
    pixels = (np.arange(input_size) + 0.5) / input_size
    row = (weight.sum(1) * pixels).sum() / weight.sum()
    column = (weight.sum(0) * pixels).sum() / weight.sum()
    jump = centres[1, 0, 0] - centres[0, 0, 0]
    np.testing.assert_allclose([row, column], centres[middle, middle], atol=0.25 * jump)


def test_centres_are_rows_then_columns_and_not_shifted_by_half_a_cell():
    centres = cell_centres(*maps_of(network("resnet18")), 224)
    assert centres.shape == (7, 7, 2)
    assert centres.dtype == np.float32
    expected = (32 * np.arange(7) + 0.5) / 224
    np.testing.assert_allclose(centres[:, 3, 0], expected, rtol=1e-6)
    np.testing.assert_allclose(centres[3, :, 1], expected, rtol=1e-6)


def test_squeeze_and_excitation_does_not_blur_the_place():
    plain = Small(nn.Conv2d(3, 4, 3, 2, 1))
    squeezed = Small(nn.Conv2d(3, 4, 3, 2, 1), Squeeze())
    fields = [windows(*maps_of(model), 32) for model in (plain, squeezed)]
    assert fields[0] == fields[1]


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([nn.Conv2d(3, 4, 3), nn.Upsample(scale_factor=2)], "cannot be followed through"),
        ([nn.Conv2d(3, 4, 3, padding="same")], "give the padding as a number"),
        ([nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.ReLU()], "sees the whole image"),
        (
            [Branches(nn.Conv2d(3, 4, 1, 2), nn.Conv2d(3, 4, 6))],
            "have strides",
        ),
    ],
)
def test_a_layer_that_cannot_be_followed_is_refused(layers, message):
    graph, node = maps_of(Small(*layers))
    with pytest.raises(ModelError, match=message):
        windows(graph, node, 10)


def test_a_window_grows_with_each_layer():
    window = Window(0, 0, 1).through(7, 2, 3).through(3, 2, 1)
    assert (window.low, window.high, window.jump) == (-5, 5, 4)
    assert window.size == 11
    np.testing.assert_allclose(window.centres(2, 8), [0.5 / 8, 4.5 / 8])
