"""Files of weights, and networks, that are not what they should be: one line, little memory."""

import argparse
import collections
import datetime
import io
import pathlib
import time
import tracemalloc
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from torch import nn

from fieldmarks.core.errors import DataError, FieldmarksError, ModelError
from fieldmarks.precompute.data.source import DataSource
from fieldmarks.precompute.network.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from fieldmarks.precompute.network.loading import load_network
from fieldmarks.precompute.network.settings import MAX_INPUT, NetworkSettings
from fieldmarks.precompute.network.weights import Stored, fit, stored_weights
from fieldmarks.precompute.network.weights_file import HARMLESS, read_weights
from fieldmarks.precompute.pipeline.settings import Settings
from tests.support.fuzzing import damaged, fuzz, mutated, outcome, plain

#: Of torch, on what it will give up: quantised tensors, tracing.
pytestmark = pytest.mark.filterwarnings("ignore")
S, C = 32, 3
STATE = {"weight": torch.zeros(2, 3), "bias": torch.zeros(2)}


def saved(path, contents, **options):
    torch.save(contents, path, **options)
    return path


def onnx(path):
    path.write_bytes(b"\x08\x0a\x12\x07pytorch")


def torchscript(path):
    torch.jit.save(torch.jit.trace(nn.Linear(3, 2), torch.zeros(1, 3)), str(path))


def exported(path):
    torch.export.save(torch.export.export(nn.Linear(3, 2), (torch.zeros(1, 3),)), str(path))


def keras(path):
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("config.json", "metadata.json", "model.weights.h5"):
            archive.writestr(name, "{}")


FORMATS = {
    "a.onnx": (onnx, "is an ONNX file"),
    "a.pt": (torchscript, r"is a TorchScript archive, .*: give it by --network"),
    "a.pt2": (exported, r"is an exported program, .*: give it by --network"),
    "b.pt": (exported, "is an exported program"),
    "a.keras": (keras, "is a network of Keras: only networks of PyTorch"),
    "b.zip": (keras, "is a network of Keras"),
    "a.h5": (lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n" + b"\0" * 99), "is an HDF5 file"),
    "a.tflite": (lambda path: path.write_bytes(b"\x1c\0\0\0TFL3" + b"\0" * 99), "TensorFlow Lite"),
    "a.bin": (lambda path: path.write_bytes(b"\x1c\0\0\0TFL3" + b"\0" * 99), "TensorFlow Lite"),
    "a.pb": (lambda path: path.write_bytes(b"\x08\x01"), "is a network of TensorFlow"),
    "a.npz": (lambda path: np.savez(path, a=np.zeros(3)), "is an archive of NumPy"),
    "a.npy": (lambda path: np.save(path, np.zeros(3)), "is an archive of NumPy"),
    "a.gguf": (lambda path: path.write_bytes(b"GGUF" + b"\0" * 99), "is a GGUF file"),
    "a": (lambda path: path.mkdir(), "is a folder; a checkpoint or state dict was expected"),
    "c.pt": (lambda path: torch.save(nn.Linear(2, 3), path), "it holds Python objects, such as"),
    "d.pt": (lambda path: torch.save([1], path), "holds a list; a state dict was expected: give"),
    "e.pt": (lambda path: path.write_bytes(b"GIF89a" * 9), "cannot be read as weights"),
    "f.pt": (lambda path: path.write_bytes(b"PK\3\4" + b"\0" * 99), "cannot be read as weights"),
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_in_another_format_is_named_with_the_way_to_weights(tmp_path, name):
    write, message = FORMATS[name]
    write(tmp_path / name)
    with pytest.raises(DataError, match=message) as caught:
        read_weights(tmp_path / name)
    assert "weights_only" not in str(caught.value)


class Intruder:
    def __reduce__(self):
        return exec, ("raise AssertionError('it ran')",)


def test_values_that_trainings_store_beside_the_weights_are_read_and_code_is_not(tmp_path):
    beside = {
        "epoch": np.int64(3),
        "loss": np.float32(0.5),
        "best": np.float64(0.9),
        "is_best": np.bool_(True),
        "path": pathlib.PosixPath("/data/birds"),
        "pure": pathlib.PurePosixPath("birds"),
        "windows": pathlib.PureWindowsPath("c:/birds"),
        "at": datetime.datetime(2025, 1, 2, tzinfo=datetime.timezone(datetime.timedelta(hours=1))),
        "day": datetime.date(2025, 1, 2),
        "took": datetime.timedelta(seconds=3),
        "args": argparse.Namespace(lr=0.1, data=pathlib.PosixPath("x")),
        "history": {"loss": [np.float64(1.0)]},
        "counts": collections.Counter("aab"),
    }
    read = read_weights(saved(tmp_path / "a.pt", {"state_dict": STATE, **beside}))
    assert {name: read[name] for name in beside} == beside
    for evil in (Intruder(), [np.float64(1), Intruder()], {"at": {"x": Intruder()}}):
        with pytest.raises(DataError, match=r"such as (__builtin__|builtins)\.exec"):
            read_weights(saved(tmp_path / "b.pt", {"state_dict": STATE, "extra": evil}))


def test_paths_pickled_by_python_3_13_and_scalars_by_numpy_1_are_read(tmp_path):
    content = saved(tmp_path / "a.pt", {**STATE, "p": pathlib.PosixPath("x"), "n": np.float64(2)})
    names = {each[1] for each in HARMLESS if isinstance(each, tuple)}
    assert {"pathlib._local.PosixPath", "numpy.core.multiarray.scalar"} <= names
    with zipfile.ZipFile(content) as old, zipfile.ZipFile(tmp_path / "b.pt", "w") as new:
        for entry in old.infolist():
            data = old.read(entry).replace(b"cpathlib\n", b"cpathlib._local\n")
            data = data.replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")
            new.writestr(entry.filename, data)
    read = read_weights(tmp_path / "b.pt")
    assert (read["p"], read["n"]) == (pathlib.PosixPath("x"), 2.0)


def bomb(path):
    """Write a checkpoint of some kilobytes whose one record unpacks to 4 GB."""
    content = io.BytesIO()
    torch.save({"weight": torch.zeros(4)}, content)
    with zipfile.ZipFile(content) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            if not entry.filename.endswith("data/0"):
                new.writestr(entry.filename, old.read(entry))
                continue
            with new.open(entry.filename, "w", force_zip64=True) as record:
                for _ in range(400):
                    record.write(bytes(1 << 20))
    return path


def test_a_zip_bomb_is_told_by_what_it_declares_and_never_unpacked(tmp_path):
    tracemalloc.start()
    with pytest.raises(DataError, match=r"has 0\.\d MB and unpacks to 0\.4 GB: it is not loaded"):
        read_weights(bomb(tmp_path / "bomb.pt"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50 << 20


def test_hundreds_of_thousands_of_names_are_refused_before_they_are_read(tmp_path):
    one = torch.zeros(1)
    path = saved(tmp_path / "a.pt", {f"layer{i}.weight": one for i in range(300_000)})
    start = time.process_time()
    with pytest.raises(DataError, match=r"and 8,\d+,\d+ bytes of names: expected at most"):
        read_weights(path)
    assert time.process_time() - start < 2
    (tmp_path / "a.safetensors").write_bytes((1 << 40).to_bytes(8, "little") + b'{"a": 1}')
    with pytest.raises(DataError, match="has a header of 1,099,511,627,776 bytes"):
        read_weights(tmp_path / "a.safetensors")


def test_the_prefix_among_many_names_is_found_in_one_pass():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    state = {f"part{i}.0.weight": torch.zeros(2, 2) for i in range(100_000)}
    state |= {f"module.{name}": value for name, value in model.state_dict().items()}
    start = time.process_time()
    assert list(fit(model, [Stored("", state)], "a.pt")[0]) == list(model.state_dict())
    assert time.process_time() - start < 3


with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # torch will give quantised tensors up
    quantised = torch.quantize_per_tensor(torch.zeros(2, 3), 0.1, 0, torch.qint8)
TENSORS = {
    "sparse": (
        torch.zeros(2, 3).to_sparse(),
        r"the weight fc\.weight is sparse_coo: save",
    ),
    "quantised": (quantised, r"is quantised \(qint8\): save the weights of the network before"),
    "meta": (torch.zeros(2, 3, device="meta"), "has a shape and no values"),
    "complex": (torch.zeros(2, 3, dtype=torch.complex64), "is complex: expected real numbers"),
    "expanded": (torch.zeros(1).expand(10**9, 3), r"repeats its values to a shape of \(10000000"),
}


@pytest.mark.parametrize("kind", TENSORS)
def test_a_tensor_that_is_no_array_of_values_is_named(tmp_path, kind):
    tensor, message = TENSORS[kind]
    path = saved(tmp_path / "a.pt", {"state_dict": {"fc.weight": tensor}})
    with pytest.raises(DataError, match=message):
        stored_weights(read_weights(path), path)


def fieldmarks(**changes):
    given = {
        "arch": "small",
        "state_dict": {"fc.weight": torch.zeros(3, 2)},
        "class_ids": [1, 2, 3],
        "class_names": ["a", "b", "c"],
        "input_size": S,
        "mean": (0.5,) * 3,
        "std": (0.5,) * 3,
        "made": {"preprocessing": {"crop": "box"}, "network_args": [], "left_out": []},
    }
    return Checkpoint(**{**given, **changes})


FIELDS = {
    "made of another kind": ({"made": {"seed": {1, 2}}}, "plain values, as made"),
    "a tensor in made": ({"made": {"loss": torch.zeros(2)}}, "plain values, as made"),
    "preprocessing a number": (
        {"made": {"preprocessing": 5}},
        "channels as preprocessing",
    ),
    "preprocessing of more": ({"made": {"preprocessing": {"x": 1}}}, "as preprocessing"),
    "arguments a number": ({"made": {"network_args": 5}}, "texts as network_args"),
    "left out a number": ({"made": {"left_out": 5}}, "whole numbers as left_out"),
    "half an emoji": ({"class_names": ["a", "b", "\ud83d"]}, "texts as class_names"),
    "a million classes": (
        {"class_ids": list(range(100_001)), "class_names": ["a"] * 100_001},
        "at most 100,000 classes",
    ),
    "a huge input": ({"input_size": 4096}, "pixels from 1 to 1,024 as input_size"),
    "sparse weights": ({"state_dict": {"fc": torch.zeros(2).to_sparse()}}, "is sparse_coo"),
}


@pytest.mark.parametrize("case", FIELDS)
def test_a_field_of_another_type_is_named(tmp_path, case):
    changes, message = FIELDS[case]
    write_checkpoint(tmp_path / "a.pt", fieldmarks(**changes))
    with pytest.raises(DataError, match=message):
        read_checkpoint(tmp_path / "a.pt")


contents = st.one_of(
    plain,
    st.just(Path("x")),
    st.just(np.float64(1)),
    st.sampled_from([tensor for tensor, _ in TENSORS.values() if not tensor.is_meta]),
    st.just(torch.zeros(3, 2, dtype=torch.bfloat16)),
    st.lists(plain, max_size=3),
)


@fuzz
@given(mutated({"format": "fieldmarks-checkpoint-1", **vars(fieldmarks())}, contents))
def test_checkpoints_of_any_contents(tmp_path_factory, document):
    path = tmp_path_factory.getbasetemp() / "fuzzed.pt"
    torch.save(document, path)
    outcome(lambda: read_checkpoint(path))
    outcome(lambda: stored_weights(read_weights(path), path))


def checkpoint_bytes(**options):
    buffer = io.BytesIO()
    torch.save(STATE | {"at": datetime.date(2025, 1, 2), "n": np.float64(2)}, buffer, **options)
    return buffer.getvalue()


@fuzz
@given(st.one_of(
    damaged(checkpoint_bytes()),
    damaged(checkpoint_bytes(_use_new_zipfile_serialization=False)),
    st.binary(max_size=80),
))  # fmt: skip
@example(b"")
def test_damaged_files_of_weights(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "damaged.pt"
    path.write_bytes(content)
    outcome(lambda: stored_weights(read_weights(path), path))


CODE = """
import sys, torch
from torch import nn

class Net(nn.Module):
    def __init__(self, kind=""):
        super().__init__()
        self.conv, self.fc, self.kind = nn.Conv2d(3, 8, 3, 2, 1), nn.Linear(8, 3), kind
        self.blocks = [0]
    def forward(self, images):
        if self.kind == "exits":
            sys.exit(0)
        if self.kind == "raises":
            raise KeyError("a\\nb")
        maps = self.conv(images).relu()
        scores = self.fc(maps.mean((2, 3)))
        return {"complex": scores.to(torch.complex64), "integer": scores.long(),
                "double": scores.double(), "half": scores.half(), "nan": scores * float("nan"),
                "tuple": (scores, maps), "dict": {"logits": scores}}.get(self.kind, scores)

def net(kind="", num_classes=3):
    torch.manual_seed(0)
    return Net(kind)
def exits(): sys.exit(0)
def exits_with_text(): sys.exit("bye")
def double(): return net().double()
def half(): return net().half()
def doubled():
    torch.set_default_dtype(torch.float64)
    return net()
def without_gradients():
    torch.set_grad_enabled(False)
    return net()
def complex_weights():
    made = net()
    made.fc.weight = nn.Parameter(made.fc.weight.to(torch.complex64))
    return made
def meta():
    with torch.device("meta"):
        return net()
def deep():
    return deep()
def text(): return "a network"
def empty(): return nn.Identity()
def sparse():
    made = net()
    made.fc.weight = nn.Parameter(made.fc.weight.to_sparse(), requires_grad=False)
    return made
def quantised():
    return torch.ao.quantization.quantize_dynamic(net(), {nn.Linear}, torch.qint8)
"""


@pytest.fixture(scope="module")
def code(tmp_path_factory):
    path = tmp_path_factory.mktemp("code") / "mine.py"
    path.write_text(CODE)
    return path


@pytest.fixture(scope="module")
def weights(code, tmp_path_factory):
    torch.manual_seed(0)
    state = {"conv.weight": torch.randn(8, 3, 3, 3), "conv.bias": torch.randn(8),
             "fc.weight": torch.randn(3, 8), "fc.bias": torch.randn(3)}  # fmt: skip
    return saved(tmp_path_factory.mktemp("weights") / "net.pt", state)


def load(code, weights, function, *args):
    settings = NetworkSettings(f"{code}:{function}", tuple(args))
    return load_network(settings, weights, S, num_classes=C)


@pytest.mark.parametrize("function", ["net", "double", "half", "doubled", "without_gradients"])
def test_a_network_of_another_precision_is_read_in_single_precision(code, weights, function):
    loaded, usual = load(code, weights, function), load(code, weights, "net")
    np.testing.assert_array_equal(loaded.class_weights, usual.class_weights)
    assert {value.dtype for value in loaded.network.state_dict().values()} == {torch.float32}
    assert torch.get_default_dtype() == torch.float32
    assert torch.is_grad_enabled()


NETWORKS = {
    "exits": ("exits", (), r"ends the program by sys\.exit\(0\)"),
    "exits with text": ("exits_with_text", (), r"ends the program by sys\.exit\('bye'\)"),
    "exits at an image": ("net", ("exits",), r"ends the program by sys\.exit\(0\)"),
    "raises": ("net", ("raises",), "takes no input of 32 pixels"),
    "never ends": ("deep", (), r"fails \(RecursionError"),
    "complex weights": ("complex_weights", (), "other weights|is complex"),
    "complex scores": ("net", ("complex",), "gives class scores in complex64: expected float32"),
    "whole numbers": ("net", ("integer",), "gives class scores in int64: expected float32"),
    "double scores": ("net", ("double",), "gives class scores in float64: expected float32"),
    "half scores": ("net", ("half",), "gives class scores in float16: expected float32"),
    "NaN": ("net", ("nan",), "gives class scores that are not finite"),
    "no values": ("meta", (), r"the weight .* has a shape and no values"),
    "a text": ("text", (), "returns a str, not an nn.Module"),
    "no weights": ("empty", (), "holds other weights than this Identity|cannot be explained"),
    "sparse": ("sparse", (), "is sparse_coo|SparseCPU|other weights"),
    "quantised": ("quantised", (), "other weights than this|quantised"),
}


@pytest.mark.parametrize("case", NETWORKS)
def test_a_network_that_cannot_be_run_is_one_line(code, weights, case):
    function, args, message = NETWORKS[case]
    with pytest.raises(FieldmarksError, match=message) as caught:
        load(code, weights, function, *args)
    assert "\n" not in str(caught.value)


def test_a_module_that_exits_when_it_is_imported_is_one_line(tmp_path, weights, monkeypatch):
    (tmp_path / "exiting_module.py").write_text("raise SystemExit(0)")
    monkeypatch.syspath_prepend(str(tmp_path))
    for source in (str(tmp_path / "exiting_module.py"), "exiting_module"):
        with pytest.raises(ModelError, match=r"ends the program by sys\.exit\(0\)"):
            load(source, weights, "net")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("input_size", MAX_INPUT + 1),
        ("thumb_size", 4096),
        ("batch_size", 9**9),
        ("workers", 9999),
    ],
)
def test_a_size_that_would_take_all_memory_is_refused(tmp_path, option, value):
    with pytest.raises(DataError, match=f"--{option.replace('_', '-')} is at least .* at most"):
        Settings(DataSource(tmp_path), None, "a", tmp_path, **{option: value})
