"""A network that is an exported program, as ``torch.export.save`` writes it.

``torch.export.load`` runs what a file holds: pickles, expressions of sympy, guards, compiled code.
So the archive is read here. Its graph is JSON, and of it only operators of ATen and arithmetic of
shapes are built; its weights are bytes, or pickles of tensors alone.
"""

import io
import json
import operator
import zipfile
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, fx, nn

from fieldmarks.core.errors import ModelError
from fieldmarks.core.pictures.crop import Size, size_of_sides
from fieldmarks.precompute.network.graphs.any_batch import for_any_batch, of_images
from fieldmarks.precompute.network.graphs.aten import aten

_WEIGHTS, _CONSTANTS = "data/weights/", "data/constants/"
#: What a program computes of shapes.
_ARITHMETIC = {
    f"_operator.{name}": getattr(operator, name)
    for name in ("add", "sub", "mul", "floordiv", "truediv", "mod", "neg", "getitem")
}
#: Numbers of the file format for types, layouts and formats of memory.
_TYPES = {
    1: torch.uint8, 2: torch.int8, 3: torch.int16, 4: torch.int32, 5: torch.int64,
    6: torch.float16, 7: torch.float32, 8: torch.float64, 12: torch.bool, 13: torch.bfloat16,
}  # fmt: skip
_LAYOUTS = {7: torch.strided}
_FORMATS = {1: torch.contiguous_format, 2: torch.channels_last, 4: torch.preserve_format}
_PLAIN = ("as_int", "as_float", "as_bool", "as_string")
_PLAIN_LISTS = tuple(f"{kind}s" for kind in _PLAIN)
_NAMED = ("as_tensor", "as_sym_int", "as_sym_float", "as_sym_bool", "as_optional_tensor")
_NAMED_LISTS = tuple(f"{kind}s" for kind in _NAMED)


def read_exported(path: Path) -> tuple[fx.GraphModule, Size | None]:
    """Return a network and the size of its input, None where any will do.

    Raises
    ------
    ModelError
        If it is no network of images, takes one number of images only, or holds anything else than
        operators of ATen and tensors.
    """
    with zipfile.ZipFile(path) as archive:
        records = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    model = next(name for name in records if name.startswith("models/"))
    if records.get("byteorder", b"little") != b"little":
        raise ModelError("it was written on a machine of another byte order")
    program = _Program(json.loads(records[model])["graph_module"], _tensors_in(records, model))
    network, shape = for_any_batch(program.network, program.shape)
    size = shape[2:]
    return network, size_of_sides(*size) if all(size) else None


def _tensors_in(records: dict[str, bytes], model: str) -> dict[str, Tensor]:
    """Return weights and constants by name."""
    tensors: dict[str, Tensor] = {}
    name = Path(model).stem
    for folder, kind in ((_WEIGHTS, "weights"), (_CONSTANTS, "constants")):
        earlier = records.get(f"{folder}{name}.pt")
        if earlier is not None:  # as torch wrote it before 2.9
            tensors |= _unpickled(earlier) if earlier else {}
            continue
        config = json.loads(records[f"{folder}{name}_{kind}_config.json"])["config"]
        for key, entry in config.items():
            if kind == "constants" and not entry["path_name"].startswith("tensor"):
                raise ModelError(f"it holds an object that is no tensor, {key}")
            data = records[folder + entry["path_name"]]
            pickled = entry["use_pickle"]
            tensors[key] = _unpickled(data) if pickled else _tensor(data, entry["tensor_meta"])
    return tensors


def _unpickled(data: bytes) -> Any:
    return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)


def _tensor(data: bytes, declared: dict) -> Tensor:
    sizes, strides = ([int(n["as_int"]) for n in declared[k]] for k in ("sizes", "strides"))
    if not prod(sizes):
        return torch.zeros(sizes, dtype=_TYPES[declared["dtype"]])
    values = torch.frombuffer(bytearray(data), dtype=_TYPES[declared["dtype"]])
    return values.as_strided(sizes, strides, declared["storage_offset"]["as_int"]).clone()


class _Program:
    """The graph of a file as one of torch.fx, and the lengths of its input, 0 where any will do."""

    def __init__(self, module: dict, tensors: dict[str, Tensor]):
        self._root, self._graph = nn.Module(), fx.Graph()
        self._tensors = tensors
        self._values: dict[str, Any] = {}
        signature, graph = module["signature"], module["graph"]
        inputs = [_one(spec) for spec in signature["input_specs"]]
        images = [spec["arg"] for kind, spec in inputs if kind == "user_input"]
        if len(images) != 1 or "as_tensor" not in images[0]:
            raise ModelError(f"it takes {len(images)} inputs, not images alone")
        name = images[0]["as_tensor"]["name"]
        self._values[name] = self._graph.placeholder("images")
        sizes = graph["tensor_values"][name]["sizes"]
        self.shape = of_images(int(n["as_int"]) if "as_int" in n else 0 for n in sizes)
        for kind, spec in inputs:
            if kind != "user_input":
                self._hold(kind, spec)
        for node in graph["nodes"]:
            self._add(node)
        self._graph.output(self._returned(signature["output_specs"]))
        self.network = fx.GraphModule(self._root, self._graph)

    def _returned(self, specs: list[dict]) -> fx.Node:
        outputs = [spec["arg"] for kind, spec in map(_one, specs) if kind == "user_output"]
        if not outputs or "as_tensor" not in outputs[0]:
            raise ModelError("it returns no tensor")
        return self._value(outputs[0])

    def _hold(self, kind: str, spec: dict) -> None:
        key = spec.get(f"{kind}_name")
        if kind not in ("parameter", "buffer", "tensor_constant") or key not in self._tensors:
            raise ModelError(f"its input {kind} is no tensor in it")
        name, value = f"constant_{len(self._root.state_dict())}", self._tensors[key].detach()
        if value.is_floating_point():
            self._root.register_parameter(name, nn.Parameter(value, requires_grad=False))
        else:
            self._root.register_buffer(name, value)
        self._values[spec["arg"]["name"]] = self._graph.get_attr(name)

    def _add(self, node: dict) -> None:
        target, by_name, given = _target(node["target"]), {}, []
        for each in node["inputs"]:
            value = self._value(each["arg"])
            if each.get("kind") == 2:
                by_name[each["name"]] = value
            else:
                given.append(value)
        name = node.get("name")
        made = self._graph.create_node("call_function", target, tuple(given), by_name, name)
        names = [_names(output) for output in node["outputs"]]
        if len(names) == 1 and isinstance(names[0], str):
            self._values[names[0]] = made
            return
        several = names[0] if len(names) == 1 else names
        for place, each in enumerate(several or ()):
            if isinstance(each, str):
                self._values[each] = self._graph.call_function(operator.getitem, (made, place))

    def _value(self, argument: dict) -> Any:
        kind, value = _one(argument)
        if kind in _NAMED:
            return self._named(value)
        if kind in _NAMED_LISTS:
            return [self._named(each) for each in value]
        if kind in _PLAIN or kind in _PLAIN_LISTS or kind == "as_none":
            return None if kind == "as_none" else value
        known = {"as_scalar_type": _TYPES, "as_layout": _LAYOUTS, "as_memory_format": _FORMATS}
        if kind in known:
            return known[kind][value]
        if kind == "as_device":
            return torch.device("cpu")
        raise ModelError(f"it has a value of the kind {kind.removeprefix('as_')}")

    def _named(self, value: Any) -> Any:
        if "name" in value or "as_name" in value:
            return self._values[value.get("name") or value["as_name"]]
        return self._value(value)


def _one(union: dict) -> tuple[str, Any]:
    """Return the kind and the value of what may be of several kinds."""
    ((kind, value),) = union.items()
    return kind, value


def _target(name: str) -> Callable:
    """Return what a node calls: nothing else in Python can be named."""
    parts = name.split(".")
    if parts[:3] == ["torch", "ops", "aten"] and len(parts) == 5:
        return aten(parts[3], parts[4])
    if name in _ARITHMETIC:
        return _ARITHMETIC[name]
    raise ModelError(f"it has the operator {name}")


def _names(output: dict) -> str | list[str] | None:
    """Return the name of what a node gives, or the names of a list."""
    kind, value = _one(output)
    if kind in _NAMED:
        return value.get("name") or value.get("as_name")
    return [each["name"] for each in value] if kind == "as_tensors" else None
