"""The operators of ONNX that classifiers consist of, in torch.

Each is a function of the operator's inputs, by position, and its attributes, by name, as
https://onnx.ai/onnx/operators/ defines them. What is translated wrongly does not pass: a network is
compared with ONNX Runtime when it is loaded.

Whole numbers that shapes are computed from are *numbers*, arrays of NumPy with Python's own
integers or torch's symbols for them, so that tracing never meets a value that depends on images.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

#: Functions by operator, and of those that are asked of numbers alone.
OPERATORS: dict[str, Callable] = {}
NUMBERS: dict[str, Callable] = {
    "Gather": lambda x, i, axis=0: np.take(x, np.asarray(i, int), axis),
    "Concat": lambda *parts, axis=0: np.concatenate([np.atleast_1d(part) for part in parts], axis),
    "Unsqueeze": lambda x, *_, **__: np.atleast_1d(x),
    "Squeeze": lambda x, *_, **__: x.reshape(()) if x.size == 1 else x,
    "Slice": lambda x, a, b, *_: x[int(np.ravel(a)[0]) : int(np.ravel(b)[0])],
    "Cast": lambda x, **_: x,
    "Identity": lambda x: x,
    "Add": lambda a, b: np.asarray(a + b, object),
    "Sub": lambda a, b: np.asarray(a - b, object),
    "Mul": lambda a, b: np.asarray(a * b, object),
    "Div": lambda a, b: np.asarray(a // b, object),
    "Mod": lambda a, b, **_: np.asarray(a % b, object),
    "Reshape": lambda x, shape, **_: x.reshape([int(n) for n in np.ravel(shape)]),
    "Range": lambda start, stop, step: np.arange(int(start), int(stop), int(step)).astype(object),
    "Equal": lambda a, b: np.asarray(np.asarray(a == b), object),
    "Where": lambda yes, a, b: np.where(np.asarray(yes, bool), a, b),
    "ConstantOfShape": lambda shape, value=(0,): np.full(
        [int(n) for n in shape], int(value[0]), object
    ),
}
#: Types of ONNX by number that a Cast may name.
_TYPES = {1: torch.float32, 6: torch.int32, 7: torch.int64, 9: torch.bool, 10: torch.float16}
_TYPES |= {11: torch.float64}


def operator(*names: str) -> Callable[[Callable], Callable]:
    """Register a function under the names of operators."""

    def register(function: Callable) -> Callable:
        OPERATORS.update(dict.fromkeys(names, function))
        return function

    return register


OPERATORS |= {
    "Relu": functional.relu,
    "Sigmoid": torch.sigmoid,
    "Tanh": torch.tanh,
    "Erf": torch.erf,
    "Exp": torch.exp,
    "Log": torch.log,
    "Sqrt": torch.sqrt,
    "Neg": torch.neg,
    "Abs": torch.abs,
    "Reciprocal": torch.reciprocal,
    "Add": torch.add,
    "Sub": torch.sub,
    "Mul": torch.mul,
    "Div": torch.div,
    "Pow": torch.pow,
    "MatMul": torch.matmul,
    "HardSwish": functional.hardswish,
    "Mish": functional.mish,
}


def ints(values: np.ndarray | Sequence[int] | None) -> list[int]:
    """Return numbers, or those of an attribute, as a list; an empty one for nothing."""
    return [] if values is None else np.ravel(np.asarray(values, object)).tolist()


@operator("Identity", "Dropout")
def same(x: Tensor, *_, **__) -> Tensor:
    """Return the input."""
    return x


@operator("Clip")
def clip(x: Tensor, low=None, high=None, *, min=None, max=None) -> Tensor:
    """Bound values; older versions name the bounds as attributes."""
    low, high = min if low is None else low, max if high is None else high
    return x if low is None and high is None else torch.clamp(x, low, high)


@operator("LeakyRelu")
def leaky_relu(x: Tensor, *, alpha: float = 0.01) -> Tensor:
    """Rectify with a slope below 0."""
    return functional.leaky_relu(x, alpha)


@operator("PRelu")
def prelu(x: Tensor, slope: Tensor) -> Tensor:
    """Rectify with a slope below 0 for each channel."""
    return torch.where(x < 0, slope * x, x)


@operator("HardSigmoid")
def hard_sigmoid(x: Tensor, *, alpha: float = 0.2, beta: float = 0.5) -> Tensor:
    """Return a line between 0 and 1."""
    return torch.clamp(alpha * x + beta, 0, 1)


@operator("Gelu")
def gelu(x: Tensor, *, approximate: str = "none") -> Tensor:
    """Return x times the probability of a smaller normal value."""
    return functional.gelu(x, approximate=approximate)


@operator("Conv")
def conv(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    strides=(1, 1),
    pads=(0, 0, 0, 0),
    dilations=(1, 1),
    group: int = 1,
    **_,
) -> Tensor:
    """Convolve, padded by top, left, bottom, right."""
    top, left, bottom, right = pads
    if (top, left) != (bottom, right):
        x, top, left = functional.pad(x, [left, right, top, bottom]), 0, 0
    return torch.conv2d(x, weight, bias, tuple(strides), (top, left), tuple(dilations), group)


@operator("BatchNormalization")
def batch_norm(x, scale, bias, mean, var, *, epsilon: float = 1e-5, **_) -> Tensor:
    """Normalise by stored statistics."""
    return functional.batch_norm(x, mean, var, scale, bias, False, 0.0, epsilon)


@operator("LayerNormalization")
def layer_norm(x, scale, bias=None, *, axis: int = -1, epsilon: float = 1e-5, **_) -> Tensor:
    """Normalise over the last axes, from ``axis`` on, those of the scale."""
    return functional.layer_norm(x, tuple(scale.shape), scale, bias, epsilon)


@operator("MaxPool")
def max_pool(
    x, *, kernel_shape, strides=(1, 1), pads=(0, 0, 0, 0), dilations=(1, 1), ceil_mode=0, **_
) -> Tensor:
    """Return maxima of windows, padded by top, left, bottom, right."""
    top, left, bottom, right = pads
    if (top, left) != (bottom, right):
        x = functional.pad(x, [left, right, top, bottom], value=float("-inf"))
        top, left = 0, 0
    return functional.max_pool2d(
        x, tuple(kernel_shape), tuple(strides), (top, left), tuple(dilations), bool(ceil_mode)
    )


@operator("AveragePool")
def average_pool(
    x, *, kernel_shape, strides=(1, 1), pads=(0, 0, 0, 0), ceil_mode=0, count_include_pad=0, **_
) -> Tensor:
    """Return means of windows, padded the same on both sides."""
    return functional.avg_pool2d(
        x, tuple(kernel_shape), tuple(strides), tuple(pads[:2]), bool(ceil_mode),
        bool(count_include_pad),
    )  # fmt: skip


@operator("GlobalAveragePool")
def global_average(x: Tensor) -> Tensor:
    """Return the mean of each map, (n, F, 1, 1)."""
    return x.mean((2, 3), keepdim=True)


@operator("GlobalMaxPool")
def global_maximum(x: Tensor) -> Tensor:
    """Return the maximum of each map, (n, F, 1, 1)."""
    return x.amax((2, 3), keepdim=True)


@operator("ReduceMean")
def reduce_mean(x, given=None, *, axes=None, keepdims=1, noop_with_empty_axes=0) -> Tensor:
    """Return means over axes, over all where none is given."""
    over = ints(given if axes is None else axes)
    return x if not over and noop_with_empty_axes else x.mean(over or None, bool(keepdims))


@operator("ReduceMax")
def reduce_max(x, given=None, *, axes=None, keepdims=1, noop_with_empty_axes=0) -> Tensor:
    """Return maxima over axes, over all where none is given."""
    over = ints(given if axes is None else axes)
    return x if not over and noop_with_empty_axes else x.amax(over or (), bool(keepdims))


@operator("ReduceSum")
def reduce_sum(x, given=None, *, axes=None, keepdims=1, noop_with_empty_axes=0) -> Tensor:
    """Return sums over axes, over all where none is given."""
    over = ints(given if axes is None else axes)
    return x if not over and noop_with_empty_axes else x.sum(over or None, bool(keepdims))


@operator("ReduceL2")
def reduce_l2(x, given=None, *, axes=None, keepdims=1, **_) -> Tensor:
    """Return lengths over axes."""
    over = ints(given if axes is None else axes)
    return torch.linalg.vector_norm(x, dim=over, keepdim=bool(keepdims))


@operator("Gemm")
def gemm(a, b, c=None, *, alpha=1.0, beta=1.0, transA=0, transB=0) -> Tensor:
    """Return alpha A B + beta C."""
    product = alpha * torch.matmul(a.T if transA else a, b.T if transB else b)
    return product if c is None else product + beta * c


@operator("Softmax")
def softmax(x: Tensor, *, axis: int = -1) -> Tensor:
    """Return probabilities."""
    return torch.softmax(x, axis)


@operator("LogSoftmax")
def log_softmax(x: Tensor, *, axis: int = -1) -> Tensor:
    """Return logarithms of probabilities."""
    return torch.log_softmax(x, axis)


@operator("Flatten")
def flatten(x: Tensor, *, axis: int = 1) -> Tensor:
    """Return a matrix: the first axis, and all others."""
    if axis != 1:
        raise ValueError(f"Flatten with axis={axis}")
    return x.flatten(1)


@operator("Reshape")
def reshape(x: Tensor, shape, *, allowzero: int = 0) -> Tensor:
    """Return other axes; 0 keeps the one that stands there."""
    sizes = [x.shape[i] if not n and not allowzero else n for i, n in enumerate(ints(shape))]
    return x.reshape(sizes)


@operator("Transpose")
def transpose(x: Tensor, *, perm=None) -> Tensor:
    """Return the axes in another order."""
    return x.permute(*(range(x.ndim)[::-1] if perm is None else perm))


@operator("Squeeze")
def squeeze(x: Tensor, given=None, *, axes=None) -> Tensor:
    """Leave out axes of length 1."""
    over = ints(given if axes is None else axes)
    return x.squeeze(tuple(over)) if over else x.squeeze()


@operator("Unsqueeze")
def unsqueeze(x: Tensor, given=None, *, axes=None) -> Tensor:
    """Add axes of length 1."""
    over = ints(given if axes is None else axes)
    # axes are those of the result: from the front upwards, from the back downwards
    for axis in sorted(over, key=lambda axis: (axis < 0, abs(axis))):
        x = x.unsqueeze(axis)
    return x


@operator("Concat")
def concat(*parts: Tensor, axis: int) -> Tensor:
    """Put parts one behind the other."""
    return torch.cat(parts, axis)


@operator("Split")
def split(x: Tensor, given=None, *, num_outputs: int, axis: int = 0, split=None) -> tuple:
    """Return parts of the lengths that are given, or so many equal ones."""
    lengths = ints(given if split is None else split)
    return torch.split(x, lengths, axis) if lengths else torch.chunk(x, num_outputs, axis)


@operator("Slice")
def slices(x: Tensor, starts, ends, axes=None, steps=None) -> Tensor:
    """Return what lies between starts and ends."""
    first, last = ints(starts), ints(ends)
    over = ints(axes) or list(range(len(first)))
    if set(ints(steps)) - {1} or min(over) < 0:
        raise ValueError("Slice in steps, or of axes from the back")
    index = [slice(None)] * (max(over) + 1)
    for axis, start, end in zip(over, first, last, strict=True):
        index[axis] = slice(start, end)
    return x[tuple(index)]


@operator("Gather")
def gather(x: Tensor, indices, *, axis: int = 0) -> Tensor:
    """Return entries along an axis by their numbers."""
    places = ints(indices)
    if np.ndim(indices) == 0:
        return torch.select(x, axis, places[0])
    return torch.index_select(x, axis, torch.tensor(places))


@operator("Shape")
def shape_of(x: Tensor, *, start: int = 0, end: int | None = None) -> np.ndarray:
    """Return the lengths of the axes as numbers."""
    return np.array(list(x.shape)[start:end], dtype=object)


@operator("Expand")
def expand(x: Tensor, shape) -> Tensor:
    """Repeat axes of length 1; 1 keeps the length that stands there."""
    return x.expand([-1 if n == 1 else n for n in ints(shape)])


@operator("Cast")
def cast(x: Tensor, *, to: int, **_) -> Tensor:
    """Return another type of numbers."""
    return x.to(_TYPES[to])


@operator("Where")
def where(condition: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """Choose between two."""
    return torch.where(condition.bool(), a, b)


@operator("Equal")
def equal(a: Tensor, b: Tensor) -> Tensor:
    """Return whether two are equal."""
    return torch.eq(a, b)


@operator("Pad")
def pad(x, pads=None, value=None, *_, mode="constant", **older) -> Tensor:
    """Fill around maps, by the starts of all four axes and then their ends."""
    width = ints(older.get("pads") if pads is None else pads)
    if len(width) != 8 or any(width[i] for i in (0, 1, 4, 5)):
        raise ValueError("Pad of other axes than rows and columns")
    _, _, top, left, _, _, bottom, right = width
    if mode != "constant":
        return functional.pad(
            x, [left, right, top, bottom], "replicate" if mode == "edge" else mode
        )
    return functional.pad(x, [left, right, top, bottom], value=0.0 if value is None else value)
