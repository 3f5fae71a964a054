"""Explaining away jointly: every attribute is regressed on all filters at once.

The paper's explain-away asks which filters are still needed for an attribute once the others are
known. Ridge regression answers that for all filters together: a filter that fires on every bird
keeps no weight for "white belly".
"""

import numpy as np
from scipy import linalg

from core.blocks import blocks
from core.estimators.registry import Estimate, Inputs, register_estimator
from core.estimators.targets import ATTRIBUTES, caption_fraction
from core.probability import sigma

#: Ridge penalty as a share of the mean eigenvalue of the filters' correlation matrix, times X.
PENALTY = 1.0


@register_estimator("ridge")
def ridge(inputs: Inputs) -> Estimate:
    """Return the ridge coefficients as evidence and their positive part as p(t given f).

    Activations are standardised filter by filter and the target is the share of captions that
    name t; coefficients are put back into units of the activations, so ``pooled @ evidence +
    evidence_bias`` predicts that share.
    """
    pooled = inputs.pooled.astype(np.float32)
    X, F = pooled.shape
    T = len(inputs.prior)
    mean, scale = pooled.mean(axis=0), pooled.std(axis=0)
    scale[scale == 0] = 1
    z = (pooled - mean) / scale
    solver = linalg.cho_factor(z.T @ z + np.float32(PENALTY * X) * np.eye(F, dtype=np.float32))
    coefficients = np.empty((F, T), np.float32)
    bias = np.empty(T, np.float32)
    for block in blocks(T, ATTRIBUTES):
        share = caption_fraction(inputs, block)
        coefficients[:, block] = linalg.cho_solve(solver, z.T @ (share - share.mean(axis=0)))
        bias[block] = share.mean(axis=0)
    p_t_given_f = sigma(coefficients)
    evidence = coefficients / scale[:, None]
    return Estimate(
        p_t_given_f=p_t_given_f, evidence=evidence, evidence_bias=bias - mean @ evidence
    )
