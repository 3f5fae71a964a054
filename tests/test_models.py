import pytest
import torch
import torchvision
from torch import nn
from torch.nn import functional

from core.errors import ModelError
from precompute.network.graph import dissect
from precompute.network.loading import prove
from precompute.network.registry import (
    build,
    last_linear,
    model_names,
    register_model,
    replace_head,
)
from tests.networks import ARCHS, C, network

INPUT_SIZE = 64


@pytest.fixture(autouse=True)
def one_seed():
    torch.manual_seed(0)


@pytest.mark.parametrize("name", ARCHS)
def test_every_registered_network_is_explained_by_its_maps_and_head(name):
    model = network(name)
    anatomy = dissect(model, name)
    images = torch.randn(2, 3, INPUT_SIZE, INPUT_SIZE)
    with torch.inference_mode():
        maps, pooled, logits = anatomy.graph(images)
        torch.testing.assert_close(logits, model(images))
    head = model.get_submodule(anatomy.head)
    assert maps.shape[:2] == (2, head.in_features)
    assert logits.shape == (2, C)
    by_hand = maps.mean((2, 3)) @ head.weight.T + head.bias
    torch.testing.assert_close(by_hand, logits, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(pooled, maps.mean((2, 3)), atol=1e-5, rtol=1e-4)


def test_the_registry_holds_what_the_readme_promises():
    assert set(ARCHS) <= set(model_names())


@pytest.mark.parametrize("name", ["densenet121", "mobilenet_v2", "resnet18"])
def test_the_maps_lie_after_the_last_rectifier(name):
    anatomy = dissect(network(name), name)
    with torch.inference_mode():
        maps, _, _ = anatomy.graph(torch.randn(1, 3, INPUT_SIZE, INPUT_SIZE))
    assert maps.min() == 0


class Net(nn.Module):
    """A convolution, then whatever ``forward_rest`` makes of its maps."""

    def __init__(self, rest):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.fc = nn.Linear(8, C)
        self.dropout = nn.Dropout()
        self.rest = rest

    def forward(self, images):
        return self.rest(self, functional.relu(self.conv(images)))


@pytest.mark.parametrize(
    ("rest", "pooling"),
    [
        (lambda net, maps: net.fc(maps.mean((2, 3))), "average"),
        (lambda net, maps: net.fc(maps.mean(dim=[-1, -2])), "average"),
        (lambda net, maps: net.fc(torch.mean(maps, (2, 3))), "average"),
        (lambda net, maps: net.fc(net.dropout(maps.mean((2, 3)))), "average"),
        (lambda net, maps: net.fc(functional.adaptive_avg_pool2d(maps, 1).flatten(1)), "average"),
        (
            lambda net, maps: net.fc(
                functional.adaptive_max_pool2d(maps, output_size=(1, 1)).view(-1, 8)
            ),
            "maximum",
        ),
    ],
)
def test_pooling_is_recognised_however_it_is_written(rest, pooling):
    model = Net(rest).eval()
    anatomy = dissect(model, "net")
    assert (anatomy.layer, anatomy.head, anatomy.pooling) == ("relu", "fc", pooling)
    prove(model, anatomy, 16)


def test_a_network_that_lies_about_its_head_is_refused():
    model = Net(lambda net, maps: net.fc(maps.mean((2, 3)))).eval()
    anatomy = dissect(model, "net")
    anatomy.graph.fc = nn.Linear(8, C)
    model.fc = nn.Linear(8, C)
    other = Net(lambda net, maps: net.fc(maps.amax((2, 3)))).eval()
    other.load_state_dict(model.state_dict())
    with pytest.raises(ModelError, match="differ from the logits"):
        prove(other, anatomy, 16)


def test_a_network_with_infinite_weights_is_refused():
    model = Net(lambda net, maps: net.fc(maps.mean((2, 3)))).eval()
    nn.init.constant_(model.fc.weight, float("inf"))
    with pytest.raises(ModelError, match="differ from the logits by nan"):
        prove(model, dissect(model, "net"), 16)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("vgg11", r"before its linear layer classifier\.6 stands ReLU.*not global pooling"),
        ("alexnet", r"before its linear layer classifier\.6 stands ReLU.*not global pooling"),
        ("vit_b_32", r"before its linear layer heads\.head stands getitem, not global pooling"),
        ("squeezenet1_1", "its class scores come from flatten, not from a linear layer"),
        ("mobilenet_v3_small", r"before its linear layer classifier\.3 stands Hardswish"),
    ],
)
def test_a_network_without_pooling_and_one_linear_layer_is_refused_by_name(name, reason):
    with torch.device("meta"):
        model = torchvision.models.get_model(name, num_classes=C).eval()
    with pytest.raises(ModelError, match=rf"^{name} cannot be explained: {reason}") as refusal:
        dissect(model, name)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("rest", "reason"),
    [
        (lambda net, maps: {"out": maps}, "does not return one tensor"),
        (lambda net, maps: net.fc(maps.mean((2, 3))) if maps.sum() > 0 else maps, "cannot be read"),
        (lambda net, maps: net.fc(functional.adaptive_avg_pool2d(maps, 2)), "not global pooling"),
        (lambda net, maps: net.fc(maps.mean(1)), "not global pooling"),
        (lambda net, maps: net.fc(maps[:, :, 0, 0]), "stands getitem, not global pooling"),
    ],
)
def test_an_odd_forward_pass_is_refused_with_a_sentence(rest, reason):
    with pytest.raises(ModelError, match=reason):
        dissect(Net(rest).eval(), "net")


def test_an_input_too_small_for_the_network_is_refused():
    model = Net(lambda net, maps: net.fc(maps.mean((2, 3)))).eval()
    with pytest.raises(ModelError, match=r"takes no input of 2 pixels: .*Kernel size"):
        prove(model, dissect(model, "net"), 2)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ModelError, match=r"unknown architecture 'resnet51'; known are densenet121"):
        build("resnet51", C)


def test_a_new_model_is_one_registered_function():
    @register_model("test_net")
    def test_net(num_classes, pretrained=False):
        return replace_head(Net(lambda net, maps: net.fc(maps.mean((2, 3)))), num_classes)

    assert dissect(build("test_net", 3).eval(), "test_net").head == "fc"


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
