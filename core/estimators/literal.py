"""The paper's own estimator, equations (1) to (4), and the readings that its text leaves open.

Eq. (1) is Bayes' rule, p(t given f) from p(f given t) p(t). The likelihood sums sigma(phi(f(x)))
over the images that have t; whether the sum is divided by their number n_t is not said. The prior
is the normalised TF-IDF of t; whether TF, the occurrences of t in an image's caption file, is
summed over all images or averaged over those that have t is not said either. A sum is n_t times a
mean, so all readings are the same product times a power of n_t, and two of the four are one: to sum
the likelihood and average TF is to average the likelihood and sum TF. That one is ``literal``.

Where a model said how likely an image shows t, its probability replaces 0 or 1.

Frequent attributes dominate the result: "white belly" for almost every filter. It is kept, and
always scored, as the baseline of the other estimators.
"""

import numpy as np

from fieldmarks.core.batching import blocks
from fieldmarks.core.estimators.base import IMAGES, Estimate, Inputs, register_estimator
from fieldmarks.core.probability import sigma

#: Readings by name: how often n_t divides the summed likelihood times the summed TF-IDF.
READINGS = {
    "sum over images, mean TF (or mean over images, summed TF)": 1,
    "sum over images, summed TF": 0,
    "mean over images, mean TF": 2,
}
DEFAULT_READING = "sum over images, mean TF (or mean over images, summed TF)"


@register_estimator("literal")
def literal(inputs: Inputs) -> Estimate:
    """Return p(t given f) by `DEFAULT_READING`, see `p_by_reading`.

    The evidence is p(t given f) itself, as grounding in eq. (9) has it, without a bias.
    """
    p_t_given_f = p_by_reading(inputs, DEFAULT_READING)
    return Estimate(
        p_t_given_f=p_t_given_f,
        evidence=p_t_given_f,
        evidence_bias=np.zeros(len(inputs.prior), np.float32),
    )


def p_by_reading(inputs: Inputs, reading: str) -> np.ndarray:
    """Return p(t given f), shape (F, T), by Bayes' rule, eq. (1), and eqs. (2) to (4).

    Parameters
    ----------
    inputs : Inputs
    reading : str
        One of `READINGS`.
    """
    X, F = inputs.shape
    total, n_t = np.zeros((len(inputs.prior), F), np.float32), np.zeros(len(inputs.prior))
    for block in blocks(X, IMAGES):
        has = inputs.has(block)
        total += has.T @ sigma(inputs.activations(block))
        n_t += has.sum(axis=0)
    weight = inputs.prior / np.maximum(n_t, 1) ** READINGS[reading]
    return sigma((total * weight[:, None].astype(np.float32)).T)
