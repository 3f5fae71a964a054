from dataclasses import replace

import numpy as np
import pytest
import torch

from fieldmarks.core.errors import ModelError
from fieldmarks.core.head import LINEAR
from fieldmarks.precompute.network.loading import explainable
from fieldmarks.precompute.network.preprocessing import DEFAULT
from fieldmarks.precompute.network.registry import (
    build,
    last_linear,
    model_names,
    register_model,
    replace_head,
)
from tests.support.networks import ARCHS, C, network

pytestmark = pytest.mark.slow

INPUT_SIZE = 64
FED = replace(DEFAULT, input_size=INPUT_SIZE)


@pytest.fixture(autouse=True)
def one_seed():
    torch.manual_seed(0)


@pytest.mark.parametrize("name", ARCHS)
def test_every_registered_network_is_explained_by_its_maps_and_head(name):
    model = network(name)
    loaded = explainable(model, name, FED)
    images = torch.randn(2, 3, INPUT_SIZE, INPUT_SIZE)
    with torch.inference_mode():
        maps, pooled, logits = loaded.network(images)
        torch.testing.assert_close(logits, model(images))
    _, head = last_linear(model)
    assert (loaded.head.kind, loaded.pooling) == (LINEAR, "average")
    assert maps.shape[:2] == (2, head.in_features)
    assert logits.shape == (2, C)
    np.testing.assert_array_equal(loaded.class_weights, head.weight)
    np.testing.assert_array_equal(loaded.class_bias, head.bias)
    torch.testing.assert_close(pooled, maps.mean((2, 3)), atol=1e-5, rtol=1e-4)


def test_the_registry_holds_what_the_readme_promises():
    assert set(ARCHS) <= set(model_names())


@pytest.mark.parametrize("name", ["densenet121", "mobilenet_v2", "resnet18"])
def test_the_maps_lie_after_the_last_rectifier(name):
    loaded = explainable(network(name), name, FED)
    with torch.inference_mode():
        maps, _, _ = loaded.network(torch.randn(1, 3, INPUT_SIZE, INPUT_SIZE))
    assert maps.min() == 0


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ModelError, match=r"unknown architecture 'resnet51'; known are densenet121"):
        build("resnet51", C)


def test_a_new_model_is_one_registered_function():
    @register_model("test_net")
    def test_net(num_classes, pretrained=False):
        return replace_head(build("small", C), num_classes)

    assert len(last_linear(build("test_net", 3))[1].weight) == 3


def test_a_new_head_has_the_classes_asked_for():
    model = replace_head(build("mobilenet_v2", 7), 3)
    name, head = last_linear(model)
    assert (name, head.out_features, head.in_features) == ("classifier.1", 3, 1280)


def test_without_a_network_the_error_says_where_the_weights_go(monkeypatch, tmp_path):
    def unreachable(*args, **kwargs):
        raise OSError("Network is unreachable")

    monkeypatch.setattr(torch.hub, "download_url_to_file", unreachable)
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))
    with pytest.raises(ModelError, match=r"fetch https://\S+resnet50\S+\.pth by hand and put it"):
        build("resnet50", C, pretrained=True)
