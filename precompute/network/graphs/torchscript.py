"""A network that is a TorchScript archive, as ``torch.jit.save`` writes it."""

import io
import pickle
import re
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, fx, nn

from fieldmarks.core.errors import ModelError
from fieldmarks.core.pictures.crop import Size
from fieldmarks.precompute.network.graphs.any_batch import for_any_batch
from fieldmarks.precompute.network.graphs.aten import aten

#: In code: what runs as it is loaded, opens files, or is an operator of another library.
_UNSAFE = re.compile(
    rb"__setstate__|\b(?:from_file|save|read_file|write_file)\b|\bops\b(?!\.prim\.)"
)
#: Bytes of a value by the names of storages in pickles.
_SIZES = {"Byte": 1, "Char": 1, "Bool": 1, "Short": 2, "Half": 2, "BFloat16": 2, "Int": 4}
_SIZES |= {"Float": 4, "Long": 8, "Double": 8, "ComplexFloat": 8}
#: In code and pickles: objects of C++.
_OBJECTS = re.compile(rb"torch\W+classes\b")
#: Nodes that hand on what they are given.
_SAME = ("prim::NumToTensor", "aten::Int", "prim::unchecked_cast", "aten::contiguous")


def read_torchscript(path: Path) -> tuple[fx.GraphModule, Size | None]:
    """Return a network; nothing says the size of its input.

    Raises
    ------
    ModelError
        If it opens files, cannot be translated, or branches on what it is given.
    """
    _check_code(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch says that there is something newer
        script = torch.jit.load(str(path), map_location="cpu").eval()
        frozen = torch.jit.freeze(script, optimize_numerics=False)
        network = _Translation(frozen.graph).network
    return for_any_batch(network, (1, _channels(network), 0, 0))[0], None


def _check_code(path: Path) -> None:
    """Refuse code that opens files: loading an archive runs some of its code.

    The archive is read as torch reads it, which finds other records in some than zipfile does.
    """
    with path.open("rb") as file:
        start = file.read(4)
    if start != b"PK\3\4":  # a file of another format that torch reads, with an archive behind it
        raise ModelError("it does not begin as an archive does")
    archive = torch.PyTorchFileReader(str(path))
    for name in archive.get_all_records():
        is_code = name.startswith("code/") and not name.endswith(".debug_pkl")
        if not is_code and not name.endswith(".pkl"):
            continue
        text = archive.get_record(name)
        found = (_UNSAFE.search(text) if is_code else None) or _OBJECTS.search(text)
        if found:
            word = found[0].decode(errors="replace")
            raise ModelError(f"its code says {word!r}, which may run or open files")
    _check_sizes(archive)


class _Inert:
    """Stands for whatever a pickle names; nothing is called."""

    def __new__(cls, *_args):
        return super().__new__(cls)

    def __init__(self, *_args):
        pass

    def __setstate__(self, _state):
        pass


class _Storages(pickle.Unpickler):
    """Notes the arrays that a pickle refers to: their types, records and numbers of values."""

    def __init__(self, data: bytes):
        super().__init__(io.BytesIO(data))
        self.found: list[tuple[str, str, int]] = []

    def find_class(self, _module, name):
        return type(name, (_Inert,), {})

    def persistent_load(self, pid):
        _, kind, record, _, n = pid
        self.found.append((kind.__name__, str(record), int(n)))


def _check_sizes(archive: Any) -> None:
    """Refuse arrays with fewer values in the file than a pickle says: torch reads beyond them."""
    for name in ("data", "constants"):
        storages = _Storages(archive.get_record(f"{name}.pkl"))
        storages.load()
        for kind, record, n in storages.found:
            size = _SIZES.get(kind.removesuffix("Storage"), 16)
            if n * size > archive.get_record_size(f"{name}/{record}"):
                raise ModelError(f"its record {name}/{record} has fewer values than it says")


def _channels(network: fx.GraphModule) -> int:
    """Return what the first convolution takes, 3 where there is none."""
    for node in network.graph.nodes:
        if node.target is aten("conv2d"):
            groups = node.args[6] if len(node.args) > 6 else 1
            return getattr(network, str(node.args[1].target)).shape[1] * groups
    return 3


class _Translation:
    """A frozen graph of TorchScript as one of torch.fx."""

    def __init__(self, graph: Any):
        self._root, self._graph = nn.Module(), fx.Graph()
        self._values: dict[str, Any] = {}
        inputs = [
            value for value in graph.inputs() if value.uses() or str(value.type()) == "Tensor"
        ]
        images = [value for value in inputs if str(value.type()) == "Tensor"]
        if len(images) != 1:
            raise ModelError(f"it takes {len(images)} inputs, not images alone")
        self._values[images[0].debugName()] = self._graph.placeholder("images")
        self._add(graph.nodes())
        output = self._value(next(iter(graph.outputs())))
        self._graph.output(output[0] if isinstance(output, tuple | list) else output)
        self.network = fx.GraphModule(self._root, self._graph)
        self.network.graph.eliminate_dead_code()
        self.network.recompile()

    def _value(self, value: Any) -> Any:
        name = value.debugName()
        if name not in self._values:
            raise ModelError(f"a value of it, {name}, is made in a way that is not known")
        return self._values[name]

    def _add(self, nodes: Iterable[Any]) -> None:
        for node in nodes:
            kind, outputs = node.kind(), list(node.outputs())
            if kind == "prim::If":
                self._branch(node, outputs)
                continue
            if kind == "prim::RaiseException":
                raise ModelError("it refuses what it is given")
            inputs = [self._value(value) for value in node.inputs()]
            if kind == "prim::ListUnpack":
                parts = [inputs[0][i] for i in range(len(outputs))]
            else:
                parts = [self._made(kind, node, inputs)]
            for value, part in zip(outputs, parts, strict=True):
                self._values[value.debugName()] = part

    def _made(self, kind: str, node: Any, inputs: list[Any]) -> Any:
        if kind == "prim::Constant":
            return self._constant(node.output().toIValue() if node.outputsSize() else None)
        if kind in ("prim::ListConstruct", "prim::TupleConstruct"):
            return inputs
        if kind in _SAME:
            return inputs[0]
        if kind == "aten::_convolution" and not inputs[6]:
            return self._graph.call_function(aten("conv2d"), (*inputs[:6], inputs[8]))
        space, _, name = kind.partition("::")
        if space != "aten":
            raise ModelError(f"it has the operator {kind}")
        called, _, declared = node.schema().partition("(")
        target = aten(name, called.partition(".")[2] or "default")
        arguments = declared.rpartition(") ->")[0].split(", ")
        n = arguments.index("*") if "*" in arguments else len(arguments)
        names = [each.partition("=")[0].split()[-1] for each in arguments[n + 1 :]]
        by_name = dict(zip(names, inputs[n:], strict=True))
        return self._graph.call_function(target, tuple(inputs[:n]), by_name)

    def _constant(self, value: Any) -> Any:
        if not isinstance(value, Tensor):
            return value
        name = f"constant_{len(self._root.state_dict())}"
        value = value.detach().clone()
        if value.is_floating_point():
            self._root.register_parameter(name, nn.Parameter(value, requires_grad=False))
        else:
            self._root.register_buffer(name, value)
        return self._graph.get_attr(name)

    def _branch(self, node: Any, outputs: list[Any]) -> None:
        """Follow the branch that does not refuse its input; there is no other to be known."""
        usable = [block for block in node.blocks() if not _refuses(block)]
        if len(usable) != 1:
            raise ModelError("it branches on what it is given")
        self._add(usable[0].nodes())
        for value, inner in zip(outputs, usable[0].outputs(), strict=True):
            self._values[value.debugName()] = self._value(inner)


def _refuses(block: Any) -> bool:
    return any(node.kind() == "prim::RaiseException" for node in block.nodes())
