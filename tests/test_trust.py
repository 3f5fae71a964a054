from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from core.estimators import Inputs, estimate
from core.estimators.significance import attribute_significance, filters_table, shuffled
from core.probability import prior

X, F, T, C = 150, 60, 80, 5


def long_tailed_world(seed: int = 0) -> Inputs:
    """Activations and captions that know nothing of each other; most attributes are rare."""
    rng = np.random.default_rng(seed)
    frequency = 0.6 / np.arange(1, T + 1) ** 0.8
    counts = sparse.csr_array((rng.random((X, T)) < frequency).astype(int))
    return Inputs(
        pooled=rng.gamma(0.5, 1, (X, F)).astype(np.float32),
        counts=counts,
        n_captions=np.full(X, 10),
        prior=prior(counts),
        true_c=np.arange(X) % C,
        nouns=np.full(T, "bill"),
        adjectives=np.arange(T).astype(str),
        class_weights=rng.uniform(0.5, 1.5, (C, F)).astype(np.float32),
    )


@pytest.mark.parametrize("seed", [0, 1])
def test_rare_attributes_hardly_ever_name_a_filter_by_accident(seed):
    inputs = long_tailed_world(seed)
    q_value, null_high = attribute_significance(
        "mixture", inputs, estimate("mixture", inputs), seed
    )
    assert (q_value < 0.05).any(axis=1).mean() <= 0.15
    again = estimate("mixture", shuffled(inputs, np.random.default_rng(seed + 9)))
    assert 0.93 < (again.p_t_given_f <= null_high).mean() < 0.97


def test_a_filter_that_follows_an_attribute_is_named_among_many_rare_ones():
    inputs = long_tailed_world()
    named = np.arange(10)
    pooled = inputs.pooled * 0.3
    pooled[:, named] += 3 * inputs.counts[:, named].toarray()
    inputs = replace(inputs, pooled=pooled)
    found = estimate("mixture", inputs)
    q_value, _ = attribute_significance("mixture", inputs, found)
    table = filters_table(found.p_t_given_f, q_value, inputs.class_weights)
    assert (table["name_t"][named] == named).mean() >= 0.8
    assert (table["verdict"][10:] == "no nameable attribute").mean() >= 0.7
