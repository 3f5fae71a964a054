"""Networks that are files: ONNX, exported programs, TorchScript, with the network's own scores."""

import warnings

import numpy as np
import pytest
import torch
from onnx import TensorProto, helper
from torch import nn
from torchvision import transforms
from torchvision.datasets import ImageFolder

from fieldmarks.__main__ import main
from fieldmarks.core.errors import DataError, ModelError
from fieldmarks.core.head import LINEAR
from fieldmarks.core.run.reading import read_run
from fieldmarks.precompute.network.graphs.onnx_network import OnnxNetwork
from fieldmarks.precompute.network.graphs.onnx_operators import OPERATORS
from fieldmarks.precompute.network.graphs.read import read_graph
from fieldmarks.precompute.network.loading import load_network
from fieldmarks.precompute.network.settings import NetworkSettings
from tests.support.picture_folders import write_classes

S = 48


class Net(nn.Module):
    """A residual block and a gate, as classifiers have them; batch norm with statistics."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.stem = nn.Sequential(
            nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU6()
        )
        self.pool, self.inner = nn.MaxPool2d(3, 2, 1), nn.Conv2d(8, 8, 3, padding=1, groups=4)
        self.gate, self.act = nn.Conv2d(8, 8, 1), nn.Hardswish()
        self.fc = nn.Linear(8, 3)
        nn.init.uniform_(self.stem[1].running_mean, -0.2, 0.2)
        nn.init.uniform_(self.stem[1].running_var, 0.5, 1.5)

    def forward(self, images):
        maps = self.pool(self.stem(images))
        maps = self.act(maps + self.inner(maps))
        maps = maps * torch.sigmoid(self.gate(maps.mean((2, 3), keepdim=True)))
        return self.fc(torch.flatten(nn.functional.adaptive_avg_pool2d(maps, 1), 1))


def write_onnx(net, images, path, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            net, (images,), str(path), dynamo=True, verbose=False, external_data=False, **options
        )


def write_script(make):
    def write(net, images, path):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.jit.save(make(net, images), str(path))

    return write


def any_batch():
    return ({0: torch.export.Dim("batch")},)


FILES = {
    "any.onnx": lambda net, x, p: write_onnx(net, x, p, dynamic_shapes=any_batch()),
    "one.onnx": lambda net, x, p: write_onnx(net, x[:1], p),
    "any.pt2": lambda net, x, p: torch.export.save(
        torch.export.export(net, (x,), dynamic_shapes=any_batch()), p
    ),
    "one.pt2": lambda net, x, p: torch.export.save(torch.export.export(net, (x[:1],)), p),
    "traced.pt": write_script(lambda net, x: torch.jit.trace(net, x[:1])),
    "scripted.pt": write_script(lambda net, x: torch.jit.script(net)),
}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder, net = tmp_path_factory.mktemp("files"), Net().eval()
    for name, write in FILES.items():
        write(net, torch.rand(2, 3, S, S), folder / name)
    return folder


@pytest.mark.parametrize("name", FILES)
def test_scores_head_and_places_are_those_of_the_network_itself(files, tmp_path, name):
    net = Net().eval()
    code = tmp_path / "net.py"
    code.write_text("from tests.precompute.network.test_graph_files import Net as net\n")
    torch.save(net.state_dict(), tmp_path / "net.pth")
    mine = load_network(NetworkSettings(f"{code}:net"), tmp_path / "net.pth", S, num_classes=3)
    read = load_network(NetworkSettings(str(files / name)), None, S, num_classes=3)
    assert read.head.kind == LINEAR
    np.testing.assert_allclose(read.class_weights, net.fc.weight.detach(), atol=1e-6)
    np.testing.assert_allclose(read.cell_centres, mine.cell_centres)
    assert read.receptive_field == mine.receptive_field
    images = torch.randn(5, 3, S, S, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        for theirs, ours in zip(mine.network(images), read.network(images), strict=True):
            torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["one.onnx", "one.pt2", "scripted.pt"])
def test_a_run_has_the_scores_of_torch(files, tmp_path, name):
    write_classes(tmp_path / "data", n=8)
    words = f"run --data {tmp_path / 'data'} --network {files / name} --name mine"
    words += f" --runs {tmp_path / 'runs'} --input-size {S} --crop squeeze --mean 0.5 0.4 0.3"
    words += " --std 0.2 0.3 0.25 --device cpu --keep-class-order"
    assert main(words.split()) == 0
    fed = transforms.Compose(
        [
            *(transforms.Resize((S, S)), transforms.ToTensor()),
            transforms.Normalize((0.5, 0.4, 0.3), (0.2, 0.3, 0.25)),
        ]
    )
    samples = ImageFolder(str(tmp_path / "data"), fed)
    run = read_run(tmp_path / "runs" / "mine")
    with torch.no_grad():
        mine = Net().eval()(torch.stack([image for image, _ in samples])).numpy()
    place = {path: x for x, path in enumerate(run.images["path"])}
    xs = [place[path.removeprefix(f"{tmp_path / 'data'}/")] for path, _ in samples.imgs]
    np.testing.assert_allclose(run.array("logits")[xs], mine, atol=1e-4)


def test_a_size_that_a_file_states_is_that_of_the_input(files):
    for name in ("any.onnx", "one.onnx", "any.pt2", "one.pt2"):
        assert read_graph(files / name)[1] == S


class Branches(nn.Module):
    """TorchScript that does one thing or another."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return something."""
        if bool(images.mean() > 0):
            return images.mean((2, 3))
        return images.amax((2, 3))


def test_what_cannot_be_read_says_why_and_what_to_give(files, tmp_path):
    write_script(lambda net, x: torch.jit.script(Branches()))(None, None, tmp_path / "b.pt")
    with pytest.raises(ModelError, match=r"branches on what it is given: give .*FILE\.py:FUNCTION"):
        read_graph(tmp_path / "b.pt")
    torch.save(Net().state_dict(), tmp_path / "w.pth")
    with pytest.raises(
        DataError, match=r"no network that can be run.*give weights as --checkpoint"
    ):
        read_graph(tmp_path / "w.pth")
    (tmp_path / "damaged.onnx").write_bytes((files / "any.onnx").read_bytes()[:500])
    with pytest.raises(
        ModelError, match=r"damaged\.onnx can(not be read|not be explained)"
    ) as caught:
        read_graph(tmp_path / "damaged.onnx")
    assert "\n" not in str(caught.value)


def test_an_operator_that_is_translated_wrongly_does_not_pass(files, monkeypatch):
    monkeypatch.setitem(OPERATORS, "Relu", lambda x: x)
    monkeypatch.setitem(OPERATORS, "Clip", lambda x, *_, **__: x)
    with pytest.raises(ModelError, match="differ from those of ONNX Runtime"):
        read_graph(files / "any.onnx")


def test_an_operator_that_is_not_known_is_named(files, monkeypatch):
    monkeypatch.delitem(OPERATORS, "Conv")
    with pytest.raises(ModelError, match="has the operator Conv: give the network itself"):
        read_graph(files / "any.onnx")


def test_a_split_that_does_not_say_into_how_many_parts_gives_as_many_as_it_has_outputs():
    image = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 4, 4])
    nodes = [
        helper.make_node("Split", ["x"], ["r", "g", "b"], axis=1),
        helper.make_node("Concat", ["b", "g", "r"], ["y"], axis=1),
    ]
    turned = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3, 4, 4])
    network = OnnxNetwork(helper.make_graph(nodes, "turned", [image], [turned]))
    x = torch.rand(2, 3, 4, 4)
    assert torch.equal(network(x), x.flip(1))
