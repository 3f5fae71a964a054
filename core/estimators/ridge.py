"""Ridge regression of every attribute on all filters.

The paper's explaining-away step asks which filters are still needed for an attribute given the
others. Ridge regression solves this for all filters jointly: a filter that is active in every image
gets no weight for "white belly".
"""

import numpy as np

from fieldmarks.core.accelerator import computed, gram
from fieldmarks.core.batching import blocks
from fieldmarks.core.estimators.base import (
    ATTRIBUTES,
    IMAGES,
    Estimate,
    Inputs,
    caption_fraction,
    register_estimator,
)
from fieldmarks.core.probability import sigma
from fieldmarks.core.ridge_regression import ridge_solver

#: Ridge penalty as a share of the mean eigenvalue of the filters' correlation matrix, times X.
PENALTY = 1.0


@register_estimator("ridge")
def ridge(inputs: Inputs) -> Estimate:
    """Return the ridge coefficients as evidence and their positive part as p(t given f).

    Activations are standardised per filter and the target is the share of captions that name t.
    The coefficients are converted to the units of the activations, so that ``pooled @ evidence +
    evidence_bias`` predicts that share.
    """
    (X, F), T = inputs.shape, len(inputs.prior)
    mean, scale = inputs.mean(), _deviation(inputs)
    correlation, products = np.zeros((F, F), np.float32), np.zeros((T, F), np.float32)
    total = np.zeros(T)
    for block in blocks(X, IMAGES):
        z = (inputs.activations(block) - mean) / scale
        share = caption_fraction(inputs, block)
        correlation += computed(gram, z)
        products += share.T @ z
        total += share.sum(axis=0, dtype=float)
    solve = ridge_solver(correlation, PENALTY * X)
    coefficients = np.empty((F, T), np.float32)
    for block in blocks(T, ATTRIBUTES):
        coefficients[:, block] = solve(products[block].T)
    bias = (total / X).astype(np.float32)
    p_t_given_f = sigma(coefficients)
    evidence = coefficients / scale[:, None]
    return Estimate(
        p_t_given_f=p_t_given_f, evidence=evidence, evidence_bias=bias - mean @ evidence
    )


def _deviation(inputs: Inputs) -> np.ndarray:
    """Return the standard deviation of each filter, shape (F,), float32; 1 where there is none."""
    X, mean = inputs.shape[0], inputs.mean()
    square = sum(
        np.square(inputs.activations(block) - mean).sum(axis=0, dtype=float) for block in blocks(X)
    )
    scale = np.sqrt(square / X).astype(np.float32)
    return np.where(scale > 0, scale, np.float32(1))
