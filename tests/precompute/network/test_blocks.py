"""Earlier blocks: which they are, and their moments beside what the network gave before."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from fieldmarks.precompute.network.cut.blocks import (
    MAX_CHANNELS,
    N_BLOCKS,
    Block,
    moments_of,
    with_moments,
)
from fieldmarks.precompute.network.cut.layout import Layout
from fieldmarks.precompute.network.forward import Forward
from fieldmarks.precompute.network.loading import explainable
from fieldmarks.precompute.network.preprocessing import DEFAULT
from tests.support.networks import network

S, C = 32, 3
FED = replace(DEFAULT, input_size=S)


@pytest.fixture(autouse=True)
def one_seed():
    torch.manual_seed(0)


class Stages(nn.Module):
    """Stages of 8, 12 and 6 channels, each of half the size, and changes in place."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, 2, padding=1)
        self.second = nn.Conv2d(8, 12, 3, 2, padding=1)
        self.third = nn.Conv2d(12, 6, 3, 2, padding=1)
        self.head = nn.Linear(6, C)

    def forward(self, images):
        maps = self.second(torch.relu(self.first(images)))
        maps = maps.tanh_()
        return self.head(torch.relu(self.third(maps)).mean((2, 3)))


class Patches(nn.Module):
    """Layers of patches, all of one size."""

    def __init__(self, n_layers: int):
        super().__init__()
        self.patches = nn.Conv2d(3, 16, 4, 4)
        self.layers = nn.ModuleList(nn.Conv2d(16, 16, 3, padding=1) for _ in range(n_layers))
        self.head = nn.Linear(16, C)

    def forward(self, images):
        maps = self.patches(images)
        for layer in self.layers:
            maps = maps + torch.relu(layer(maps))
        return self.head(maps.mean((2, 3)))


class Narrow(nn.Module):
    """One layer: nothing is before its maps."""

    def __init__(self):
        super().__init__()
        self.only = nn.Conv2d(3, 16, 4, 4)
        self.head = nn.Linear(16, C)

    def forward(self, images):
        return self.head(self.only(images).mean((2, 3)))


def test_blocks_end_before_the_size_of_the_maps_changes():
    blocks = explainable(Stages(), "stages", FED).blocks
    assert [(block.layout.side, block.n_channels) for block in blocks] == [(16, 8), (8, 12)]
    assert [block.name for block in blocks] == ["relu", "tanh_"]


@pytest.mark.slow
def test_of_many_sizes_those_nearest_the_last_maps_are_read():
    blocks = explainable(network("resnet18"), "resnet18", replace(FED, input_size=64)).blocks
    assert [(block.layout.side, block.n_channels) for block in blocks] == [
        *((32, 64), (16, 64), (8, 128), (4, 256))
    ]
    assert blocks[-1].name == "layer3_1_relu_1"


def test_maps_of_one_size_throughout_are_read_at_evenly_spaced_places():
    model = explainable(Patches(8), "patches", FED)
    order = [node.name for node in model.network.graph.nodes]
    places = [order.index(block.name) for block in model.blocks]
    assert len(places) == N_BLOCKS
    assert all(order[place].startswith("add") for place in places)
    assert len({b - a for a, b in pairwise(places)}) == 1
    assert {block.layout.side for block in model.blocks} == {8}


def test_moments_are_means_and_deviations_of_the_hooked_maps():
    model = Stages().eval()
    loaded = explainable(model, "stages", FED)
    pixels = torch.randint(0, 256, (2, S, S, 3), dtype=torch.uint8)
    batch = Forward(loaded, torch.device("cpu"))(pixels).arrays()
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (FED.mean, FED.std))
    images = (pixels.permute(0, 3, 1, 2) / 255 - mean) / std
    with torch.no_grad():
        first = torch.relu(model.first(images))
        second = model.second(first).tanh()
    for x in range(2):
        expected = []
        for maps in (first[x].numpy(), second[x].numpy()):
            expected += [cells.mean() for cells in maps]
            expected += [np.sqrt(np.square(cells - cells.mean()).mean()) for cells in maps]
        np.testing.assert_allclose(batch["block_moments"][x], expected, atol=1e-5)
    assert batch["block_moments"].shape == (2, loaded.n_moments) == (2, 40)


@pytest.mark.parametrize("make", [Stages, lambda: Patches(2), Narrow])
def test_what_the_network_gave_before_is_the_same(make):
    loaded = explainable(make(), "net", FED)
    images = torch.randn(2, 3, S, S)
    with torch.no_grad():
        before, after = loaded.network(images), with_moments(loaded.network, loaded.blocks)(images)
    for one, other in zip(before, after, strict=False):
        torch.testing.assert_close(one, other)
    assert len(after) == len(before) + bool(loaded.blocks)


def test_a_network_without_earlier_blocks_has_no_moments():
    loaded = explainable(Narrow(), "narrow", FED)
    assert loaded.blocks == ()
    assert loaded.n_moments == 0
    pixels = torch.zeros((1, S, S, 3), dtype=torch.uint8)
    assert "block_moments" not in Forward(loaded, torch.device("cpu"))(pixels).arrays()


@pytest.mark.parametrize("layout", [Layout("channels last", 4, 3), Layout("tokens", 4, 3, 1)])
def test_moments_are_those_of_the_maps_in_any_layout(layout):
    shape = (2, 4, 3, 5) if layout.kind == "channels last" else (2, 13, 5)
    value = torch.randn(shape)
    maps = layout.maps(value)
    expected = torch.cat([maps.mean((2, 3)), maps.std((2, 3), correction=0)], 1)
    torch.testing.assert_close(moments_of(value, *vars(layout).values(), 1), expected)


def test_of_a_wide_block_evenly_spaced_channels_are_read():
    n_channels = 2 * MAX_CHANNELS + 1
    block = Block("wide", Layout("channels first", 2, 2), n_channels)
    value = torch.randn(1, n_channels, 2, 2)
    moments = moments_of(value, *vars(block.layout).values(), block.step)
    assert block.step == 3
    assert moments.shape == (1, block.n_moments)
    torch.testing.assert_close(moments[0, 1], value[0, 3].mean())


def test_a_network_without_an_exact_head_has_moments_too():
    class Hidden(Stages):
        def __init__(self):
            super().__init__()
            self.head = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, C))

    loaded = explainable(Hidden(), "hidden", FED)
    assert not loaded.head.is_exact
    pixels = torch.randint(0, 256, (2, S, S, 3), dtype=torch.uint8)
    arrays = Forward(loaded, torch.device("cpu"))(pixels, np.zeros(2, int)).arrays()
    assert arrays["block_moments"].shape == (2, loaded.n_moments)
    assert (arrays["block_moments"] != 0).any()
