"""Vectors at length 1."""

import numpy as np
import pytest

from fieldmarks.core.unit_length import at_unit_length, centred_at_unit_length


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_vectors_have_length_1_and_zeros_stay_without_a_warning(axis, dtype):
    vectors = np.random.default_rng(0).normal(size=(4, 4)).astype(dtype)
    vectors[2] = 0 if axis else vectors[2]
    vectors[:, 2] = vectors[:, 2] if axis else 0
    result = at_unit_length(vectors, axis)
    assert result.dtype == dtype
    for i in range(4):
        given, got = np.take(vectors, i, 1 - axis), np.take(result, i, 1 - axis)
        length = np.sqrt(sum(float(v) ** 2 for v in given))
        np.testing.assert_allclose(got, given / (length or 1), rtol=1e-6)


def test_products_of_centred_columns_are_correlations():
    columns = np.random.default_rng(1).normal(size=(30, 3))
    columns[:, 2] = 4.0
    unit = centred_at_unit_length(columns)
    assert unit[:, 0] @ unit[:, 1] == pytest.approx(np.corrcoef(columns[:, :2].T)[0, 1])
    assert (unit[:, 2] == 0).all()
