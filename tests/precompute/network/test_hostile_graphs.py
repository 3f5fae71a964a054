"""Networks as files whose author wants code to run, or files of the user: neither happens."""

import io
import json
import os
import pickle
import time
import zipfile
from contextlib import suppress

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from fieldmarks.core.errors import DataError, ModelError
from fieldmarks.precompute.data.source import DataSource
from fieldmarks.precompute.network.graphs.read import read_graph
from fieldmarks.precompute.network.settings import NetworkSettings
from fieldmarks.precompute.pipeline.pipeline import precompute
from fieldmarks.precompute.pipeline.settings import Settings
from tests.precompute.network.test_graph_files import write_onnx

pytestmark = pytest.mark.filterwarnings("ignore")
S = 16
MODEL, WEIGHTS = "models/model.json", "data/weights/model_weights_config.json"
CONSTANTS = "data/constants/model_constants_config.json"


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(3, 4, 3), nn.Linear(4, 2)

    def forward(self, images):
        n, maps = images.shape[0], self.conv(images)
        return self.fc(torch.relu(maps).reshape(n, 4, -1).mean(-1))


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """The records of an exported program by name, and the name of its folder."""
    path = tmp_path_factory.mktemp("program") / "net.pt2"
    shapes = ({0: torch.export.Dim("batch")},)
    exported = torch.export.export(Net().eval(), (torch.rand(2, 3, S, S),), dynamic_shapes=shapes)
    torch.export.save(exported, path)
    with zipfile.ZipFile(path) as archive:
        return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}


class Call:
    """What a pickle calls."""

    def __init__(self, *called):
        self.called = called

    def __reduce__(self):
        return exec, (self.called[0],)


def pickled(code):
    content = io.BytesIO()
    torch.save({"x": Call(code)}, content)
    return content.getvalue()


def in_json(record, change):
    def made(records, code):
        document = json.loads(records[record])
        change(document, code)
        return {record: json.dumps(document).encode()}

    return made


def a_pickled_weight(records, code):
    config = json.loads(records[WEIGHTS])
    entry = config["config"]["fc.bias"]
    entry["use_pickle"] = True
    return {
        WEIGHTS: json.dumps(config).encode(),
        f"data/weights/{entry['path_name']}": pickled(code),
    }


def an_object(records, code):
    entry = {
        "path_name": "opaque_obj_0",
        "is_param": False,
        "use_pickle": True,
        "tensor_meta": None,
    }
    content = json.dumps({"config": {"x": entry}}).encode()
    return {CONSTANTS: content, "data/constants/opaque_obj_0": pickle.dumps(Call(code))}


def an_expression(document, code):
    for value in document["graph_module"]["graph"]["tensor_values"].values():
        for size in value["sizes"]:
            if "as_expr" in size:
                size["as_expr"]["expr_str"] = f"exec({code!r})"


def a_guard(document, code):
    document["guards_code"] = [f"exec(bytes({list(code.encode())})) is None"]


def a_file(document, code):
    graph = document["graph_module"]["graph"]
    path = code.split("'")[1]
    given = [("filename", "as_string", path), ("shared", "as_bool", True), ("size", "as_int", 48)]
    inputs = [{"name": name, "kind": 1, "arg": {kind: value}} for name, kind, value in given]
    graph["tensor_values"]["made"] = graph["tensor_values"]["p_fc_bias"]
    node = {"target": "torch.ops.aten.from_file.default", "inputs": inputs, "metadata": {}}
    graph["nodes"].insert(0, node | {"outputs": [{"as_tensor": {"name": "made"}}]})


PROGRAMS = {
    "a weight that is a pickle": a_pickled_weight,
    "weights of earlier versions": lambda records, code: {"data/weights/model.pt": pickled(code)},
    "inputs": lambda records, code: {"data/sample_inputs/model.pt": pickled(code)},
    "an object": an_object,
    "an expression": in_json(MODEL, an_expression),
    "a guard": in_json(MODEL, a_guard),
    "an operator that opens a file": in_json(MODEL, a_file),
}


def write(path, records):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, data in records.items():
            archive.writestr(f"net/{name}", data)
    return path


def ran(read, path, mark):
    """Return whether reading a file and running what comes of it left a mark, failed or not."""
    with suppress(Exception), torch.no_grad():
        read(path)(torch.rand(2, 3, S, S))
    was_there = mark.exists()
    mark.unlink(missing_ok=True)
    return was_there


@pytest.mark.parametrize("name", PROGRAMS)
def test_an_exported_program_runs_no_code_of_its_author(program, tmp_path, name):
    mark = tmp_path / "mark"
    records = program | PROGRAMS[name](program, f"open('{mark}', 'w').close()")
    path = write(tmp_path / "net.pt2", records)
    assert ran(lambda path: torch.export.load(path).module(), path, mark), "no attack"
    assert not ran(lambda path: read_graph(path)[0], path, mark)


def test_an_exported_program_as_it_was_written_is_read(program, tmp_path):
    network, size = read_graph(write(tmp_path / "net.pt2", program))
    assert size == S
    assert network(torch.rand(5, 3, S, S)).shape == (5, 2)


def test_names_in_an_exported_program_are_not_code(program, tmp_path):
    mark = tmp_path / "mark"
    evil = f'x"), open("{mark}", "w").close(), ("'
    records = {n: d.replace(b"conv2d", json.dumps(evil)[1:-1].encode()) for n, d in program.items()}
    records[MODEL] = records[MODEL].replace(
        b"ops.aten." + json.dumps(evil)[1:-1].encode(), b"ops.aten.conv2d"
    )
    path = write(tmp_path / "net.pt2", records)
    network, _ = read_graph(path)
    assert network(torch.rand(5, 3, S, S)).shape == (5, 2)
    assert not mark.exists()


class Saves(nn.Module):
    """TorchScript that writes a file each time it is run."""

    def __init__(self, path):
        super().__init__()
        self.path = path

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        torch.save(images, self.path)
        return images.mean((2, 3))


class Maps(Saves):
    """TorchScript that writes through a file that is mapped."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.mean((2, 3)) + torch.from_file(self.path, True, 3)


class AsLoaded(Saves):
    """TorchScript that writes a file as it is loaded."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.mean((2, 3))

    @torch.jit.export
    def __getstate__(self):
        return (self.path, self.training)

    @torch.jit.export
    def __setstate__(self, state: tuple[str, bool]):
        self.path = state[0]
        self.training = state[1]
        torch.save(torch.zeros(3), self.path)


@pytest.mark.parametrize("kind", [Saves, Maps, AsLoaded])
def test_torchscript_opens_no_file(tmp_path, kind):
    mark = tmp_path / "mark"
    torch.jit.save(torch.jit.script(kind(str(mark)).eval()), str(tmp_path / "net.pt"))
    mark.unlink(missing_ok=True)
    assert ran(lambda path: torch.jit.load(str(path)), tmp_path / "net.pt", mark), "no attack"
    with pytest.raises(ModelError, match=r"its code says '\w+', which may run or open files"):
        read_graph(tmp_path / "net.pt")
    assert not mark.exists()


def external(path, location):
    """Move the weights of an ONNX file to another one."""
    model = onnx.load(str(path))
    tensor = next(each for each in model.graph.initializer if len(each.dims) == 4)
    data = onnx.numpy_helper.to_array(tensor).tobytes()
    onnx.external_data_helper.set_external_data(tensor, location)
    tensor.ClearField("raw_data")
    path.write_bytes(model.SerializeToString())
    return data


@pytest.mark.parametrize("where", ["../secret", "link", "/absolute"])
def test_weights_of_an_onnx_file_lie_beside_it(tmp_path, where):
    folder = tmp_path / "net"
    folder.mkdir()
    write_onnx(Net().eval(), torch.rand(1, 3, S, S), folder / "net.onnx")
    secret = tmp_path / "secret"
    where = str(secret) if where == "/absolute" else where
    secret.write_bytes(external(folder / "net.onnx", where))
    (folder / "link").symlink_to(secret)
    with pytest.raises(ModelError, match="not in the folder of the file"):
        read_graph(folder / "net.onnx")


def test_weights_of_an_onnx_file_are_no_pipe(tmp_path):
    write_onnx(Net().eval(), torch.rand(1, 3, S, S), tmp_path / "net.onnx")
    data = external(tmp_path / "net.onnx", "weights")
    os.mkfifo(tmp_path / "weights")
    with pytest.raises(DataError, match="found a pipe"):
        read_graph(tmp_path / "net.onnx")
    (tmp_path / "weights").unlink()
    (tmp_path / "weights").write_bytes(data)
    images = torch.rand(3, 3, S, S)
    assert np.isfinite(read_graph(tmp_path / "net.onnx")[0](images).numpy()).all()


def test_a_size_that_a_file_states_is_not_believed(program, tmp_path):
    document = json.loads(program[MODEL])
    for value in document["graph_module"]["graph"]["tensor_values"].values():
        value["sizes"] = [{"as_int": 10**6} if "as_int" in n else n for n in value["sizes"]]
    path = write(tmp_path / "net.pt2", program | {MODEL: json.dumps(document).encode()})
    with pytest.raises(ModelError, match="expected at most 1,024 images"):
        read_graph(path)


def test_torchscript_with_fewer_values_than_it_says_is_refused(tmp_path):
    torch.jit.save(torch.jit.trace(Net().eval(), torch.rand(2, 3, S, S)), str(tmp_path / "net.pt"))
    with zipfile.ZipFile(tmp_path / "net.pt") as old:
        records = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(tmp_path / "net.pt", "w") as new:
        for name, data in records.items():
            new.writestr(name, b"" if name.endswith("/0") else data)
    with pytest.raises(ModelError, match="has fewer values than it says"):
        read_graph(tmp_path / "net.pt")


@pytest.mark.parametrize("option", ["checkpoint", "network", "code", "classes"])
def test_files_are_looked_at_before_they_are_read_for_a_fingerprint(tmp_path, option):
    names = {"checkpoint": "net.pth", "network": "net.onnx", "code": "net.py"}
    path = tmp_path / names.get(option, "classes.txt")
    with path.open("wb") as file:
        file.truncate(200 << 30)
    network = {"network": str(path), "code": f"{path}:net"}.get(option, "torchvision:resnet18")
    settings = Settings(
        DataSource(tmp_path), path if option == "checkpoint" else None, "m", tmp_path,
        network=NetworkSettings(network, classes=str(path) if option == "classes" else None),
    )  # fmt: skip
    start = time.process_time()
    with pytest.raises(DataError, match=r"at most .* found 200\.0 GB"):
        precompute(settings)
    assert time.process_time() - start < 10


@pytest.mark.parametrize("name", ["net.pt", "net.pt2"])
def test_an_archive_with_a_damaged_list_of_its_records_is_one_line(program, tmp_path, name):
    path = write(tmp_path / name, program)
    path.write_bytes(path.read_bytes().replace(b"PK\1\2", b"PK\1\3"))
    with pytest.raises(ModelError, match=r"cannot be read as a network \(Bad magic number"):
        read_graph(path)


def test_a_program_without_a_part_says_which(program, tmp_path):
    with pytest.raises(
        ModelError, match=r"cannot be read as a network \(it lacks 'graph_module'\)"
    ):
        read_graph(write(tmp_path / "net.pt2", program | {MODEL: b"{}"}))
