"""The most probable attributes of many images at once are those of their sentences."""

import numpy as np

from fieldmarks.core.explanations.explanation import explain
from fieldmarks.core.explanations.factors import Factors


def test_top_attributes_are_those_of_single_explanations(run):
    xs, cs = np.array([3, 8, 20]), np.array([0, 4, 2])
    top_t, top_p = Factors.of(run).top(xs, cs, 5)
    for i, (x, c) in enumerate(zip(xs, cs, strict=True)):
        explanation = explain(run, int(x), int(c))
        assert set(top_t[i]) == set(explanation.attributes)
        np.testing.assert_allclose(top_p[i], explanation.p[top_t[i]], rtol=1e-5)
