"""A network that is an ONNX file, as a module of torch that can be traced and differentiated."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import external_data_helper, numpy_helper
from torch import Tensor, nn

from fieldmarks.core.errors import ModelError
from fieldmarks.core.input_file import MAX_WEIGHTS, require_file
from fieldmarks.core.pictures.crop import Size, sides, size_of_sides
from fieldmarks.precompute.network.graphs.any_batch import of_images
from fieldmarks.precompute.network.graphs.onnx_operators import NUMBERS, OPERATORS

#: Whole numbers in at most so many entries are those of shapes.
_MOST_NUMBERS = 64
#: How far scores may lie from those of ONNX Runtime, as a share of the largest.
_TOLERANCE = 1e-3


class OnnxNetwork(nn.Module):
    """The operators of a graph, one after the other.

    Parameters
    ----------
    graph : onnx.GraphProto

    Raises
    ------
    ModelError
        If it has other inputs than images, or an operator that is not known.
    """

    def __init__(self, graph: Any):
        super().__init__()
        self._constants: dict[str, Any] = {}
        self._buffers_of: dict[str, str] = {}
        for tensor in graph.initializer:
            self._hold(tensor.name, numpy_helper.to_array(tensor))
        given = [each for each in graph.input if each.name not in self._known]
        if len(given) != 1:
            raise ModelError(f"it takes {len(given)} inputs, not images alone")
        self._input, self._output = given[0].name, graph.output[0].name
        dims = given[0].type.tensor_type.shape.dim
        #: Lengths of the input's axes; 0 where any will do.
        self.shape = of_images(int(each.dim_value) for each in dims)
        self.is_last = self.shape[3] in (1, 3) and self.shape[1] not in (1, 3)
        self._nodes = []
        for node in graph.node:
            attributes = {
                a.name: _plain(onnx.helper.get_attribute_value(a)) for a in node.attribute
            }
            if node.op_type == "Split":  # graphs of earlier versions do not say it
                attributes.setdefault("num_outputs", len(node.output))
            if node.op_type == "Constant":
                self._hold(node.output[0], np.asarray(next(iter(attributes.values()))))
            elif node.op_type not in OPERATORS.keys() | NUMBERS.keys() or node.domain not in (
                "",
                "ai.onnx",
            ):
                raise ModelError(f"it has the operator {node.op_type}")
            else:
                inputs = self._any_batch(node.op_type, list(node.input))
                if inputs != list(node.input):
                    attributes.pop("allowzero", None)  # 0 is the batch now
                self._nodes.append((node.op_type, inputs, list(node.output), attributes))

    @property
    def _known(self) -> set[str]:
        return {*self._constants, *self._buffers_of}

    def _hold(self, name: str, array: np.ndarray) -> None:
        if array.dtype.kind in "iu" and array.ndim <= 1 and array.size <= _MOST_NUMBERS:
            self._constants[name] = np.array(array.tolist(), dtype=object)
        elif array.dtype.kind == "f" and array.ndim == 0:
            self._constants[name] = float(array)
        else:
            held = self._buffers_of[name] = f"constant_{len(self._buffers_of)}"
            tensor = torch.tensor(array)
            if tensor.is_floating_point():
                self.register_parameter(held, nn.Parameter(tensor.float(), requires_grad=False))
            else:
                self.register_buffer(held, tensor)

    def _any_batch(self, kind: str, inputs: list[str]) -> list[str]:
        """Let a Reshape that was written for a batch of one keep whatever batch there is."""
        shape = self._constants.get(inputs[1]) if kind == "Reshape" else None
        if shape is None or not self.shape[0] or shape[0] != self.shape[0] or 0 in shape[1:]:
            return inputs
        name = f"{inputs[1]} of any batch"
        self._constants[name] = np.array([0, *shape[1:]], dtype=object)
        return [inputs[0], name]

    def forward(self, images: Tensor) -> Tensor:
        """Return what the graph makes of images (N, channels, h, w)."""
        values: dict[str, Any] = {self._input: images, **self._constants, "": None}
        values |= {name: getattr(self, held) for name, held in self._buffers_of.items()}
        if self.is_last:
            values[self._input] = images.permute(0, 2, 3, 1)
        for kind, names, outputs, attributes in self._nodes:
            inputs = [values[name] for name in names]
            is_numbers = all(isinstance(each, np.ndarray) for each in inputs)
            function = NUMBERS[kind] if is_numbers and kind in NUMBERS else OPERATORS[kind]
            result = function(*inputs, **attributes)
            for name, value in zip(outputs, result if kind == "Split" else [result], strict=False):
                values[name] = value
        return values[self._output]


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode()
    return numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else value


def read_onnx(path: Path) -> tuple[OnnxNetwork, Size | None]:
    """Return a network and the size of its input, None where any will do.

    Raises
    ------
    ModelError
        If it is no network of images, cannot be translated, or its weights lie elsewhere than
        beside it.
    """
    model = onnx.load(str(path), load_external_data=False)
    for tensor in _tensors(model):
        if external_data_helper.uses_external_data(tensor):
            _require_beside(path, tensor)
            external_data_helper.load_external_data_for_tensor(tensor, str(path.parent))
    network = OnnxNetwork(model.graph).eval()
    size = network.shape[1:3] if network.is_last else network.shape[2:]
    _compare(network, path, size)
    return network, size_of_sides(*size) if all(size) else None


def _tensors(message: Any) -> Iterator[Any]:
    """Return the tensors in a message and in those that it holds."""
    if isinstance(message, onnx.TensorProto):
        yield message
        return
    for field, value in message.ListFields():
        if field.type == field.TYPE_MESSAGE:
            for each in value if isinstance(value, Sequence) else [value]:
                yield from _tensors(each)


def _require_beside(path: Path, tensor: Any) -> None:
    """Refuse weights that are kept in another folder, or in something else than a file."""
    given = {each.key: each.value for each in tensor.external_data}.get("location", "")
    place = (path.parent / given).resolve()
    if not place.is_relative_to(path.parent.resolve()):
        raise ModelError(f"it keeps weights in {given}, which is not in the folder of the file")
    require_file(place, f"the weights of {path.name}", MAX_WEIGHTS)


@torch.no_grad()
def _compare(network: OnnxNetwork, path: Path, size: tuple[int, ...]) -> None:
    """Refuse a network whose scores are not those of ONNX Runtime."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(str(path), options, ["CPUExecutionProvider"])
    channels = network.shape[3 if network.is_last else 1] or 3
    side = size if all(size) else sides(224)
    images = torch.rand(2, channels, *side, generator=torch.Generator().manual_seed(0))
    fed = images.permute(0, 2, 3, 1) if network.is_last else images
    name, batches = session.get_inputs()[0].name, fed.split(network.shape[0] or len(fed))
    theirs = np.concatenate([session.run(None, {name: each.numpy()})[0] for each in batches])
    ours = network(images).numpy()
    off = np.abs(ours - theirs).max() if ours.shape == theirs.shape else np.inf
    if not off <= _TOLERANCE * max(1.0, float(np.abs(theirs).max())):
        raise ModelError("its scores differ from those of ONNX Runtime once translated")
