"""The paper's own estimator, equations (1) to (4), to the letter.

An attribute's likelihood sums the activations of all images that have it, so how common an
attribute is rules the result: "white belly" for almost every filter. It is kept, and always scored,
as what the others are compared with.
"""

import numpy as np

from core.batching import blocks
from core.estimators.base import IMAGES, Estimate, Inputs, register_estimator
from core.probability import sigma


@register_estimator("literal")
def literal(inputs: Inputs) -> Estimate:
    """Return p(t given f) by Bayes' rule, eq. (1), from the likelihood of eqs. (2) to (4).

    p(f given t) is the sum over the images whose captions name t of sigma(phi(f(x))), normalised
    over F; p(t given f) is p(f given t) p(t), normalised over T. The evidence is p(t given f)
    itself, as grounding in eq. (9) has it, without a bias.
    """
    X, F = inputs.shape
    total = np.zeros((len(inputs.prior), F), np.float32)
    for block in blocks(X, IMAGES):
        has = inputs.counts[block].astype(bool).astype(np.float32)
        total += has.T @ sigma(inputs.activations(block))
    p_f_given_t = sigma(total)
    p_t_given_f = sigma((p_f_given_t * inputs.prior[:, None].astype(np.float32)).T)
    return Estimate(
        p_t_given_f=p_t_given_f,
        evidence=p_t_given_f,
        evidence_bias=np.zeros(len(inputs.prior), np.float32),
    )
