"""Half-precision numbers are the same as NumPy casts them, each of them."""

import numpy as np
import pytest

from fieldmarks.core.half_precision import is_finite, to_float32

ALL = np.arange(1 << 16, dtype=np.uint16).view(np.float16)


def same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    return np.array_equal(a, b, equal_nan=True) and np.array_equal(np.signbit(a), np.signbit(b))


def test_every_half_precision_number_is_the_same_in_float32():
    found = to_float32(ALL)
    assert found.dtype == np.float32
    assert same_bits(found, ALL.astype(np.float32))


def test_every_finite_number_is_the_same_where_no_other_is_beside_it():
    finite = ALL[np.isfinite(ALL)]
    assert same_bits(to_float32(finite), finite.astype(np.float32))


@pytest.mark.parametrize(
    "select",
    [lambda a: a[:, ::2], lambda a: a.transpose(2, 0, 1), lambda a: a[:0], lambda a: a[0, 0, 0]],
    ids=["strided", "transposed", "none", "one"],
)
def test_the_shape_stays_whatever_the_order_in_memory(select):
    values = select(np.random.default_rng(0).normal(size=(3, 40, 50)).astype(np.float16))
    found = to_float32(values)
    assert found.shape == values.shape
    assert same_bits(found, values.astype(np.float32))


def test_other_types_are_cast_as_numpy_does():
    assert to_float32(np.array([1, 2])).dtype == np.float32
    single = np.ones(3, np.float32)
    assert to_float32(single) is single


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_a_number_that_is_not_finite_is_found(value):
    halves = np.zeros((2, 3), np.float16)
    assert is_finite(halves)
    halves[1, 2] = value
    assert not is_finite(halves)
