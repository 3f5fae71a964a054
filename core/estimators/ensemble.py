"""Three views of where an attribute lies, which err in different ways, seen together.

The mixture's evidence is close to where the network looks at all, ridge regression knows what sets
images with the attribute apart, and places know where on a bird a noun lies. Each is put on one
scale, the spread of its map over the cells of the training images, and they are added. The p.d.f.
is the mixture's: words and places are answers to different questions.
"""

import numpy as np

from core.estimators.mixture import mixture
from core.estimators.places import places
from core.estimators.registry import Estimate, Inputs, register_estimator
from core.estimators.ridge import ridge
from core.estimators.targets import attribute_blocks
from core.estimators.templates import sample_cells

SEED = 0
#: Share of an attribute's regression weights that it takes from all attributes of its noun.
NOUN_SHARE = 0.5


@register_estimator("ensemble")
def ensemble(inputs: Inputs) -> Estimate:
    """Return the mixture's p(t given f) with the sum of three scaled evidences.

    Without maps there are no cells to scale by, and the estimate is the mixture's own.
    """
    words = mixture(inputs)
    if inputs.maps is None:
        return words
    cells = sample_cells(inputs, np.random.default_rng(SEED)).cells
    cells -= cells.mean(axis=0)
    covariance = cells.T @ cells / np.float32(len(cells))
    evidence = scaled(words.evidence, covariance)
    evidence += scaled(shrunk_to_nouns(ridge(inputs).evidence, inputs.nouns), covariance)
    evidence += scaled(places(inputs).evidence, covariance)
    bias = -inputs.pooled.mean(axis=0) @ evidence
    return Estimate(words.p_t_given_f, evidence, bias.astype(np.float32))


def shrunk_to_nouns(evidence: np.ndarray, nouns: np.ndarray) -> np.ndarray:
    """Return evidence of shape (F, T) moved towards the mean of all attributes of the noun."""
    shrunk = (1 - NOUN_SHARE) * evidence
    for noun in np.unique(nouns):
        members = nouns == noun
        shrunk[:, members] += NOUN_SHARE * evidence[:, members].mean(axis=1, keepdims=True)
    return shrunk


def scaled(evidence: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Return evidence whose map has a standard deviation of 1 over the cells, for every t."""
    result = np.array(evidence, np.float32)
    for block in attribute_blocks(result.shape[1]):
        part = result[:, block]
        variance = np.einsum("ft,ft->t", part, covariance @ part)
        part /= np.sqrt(np.maximum(variance, np.finfo(np.float32).tiny))
    return result
