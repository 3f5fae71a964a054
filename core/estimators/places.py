"""Evidence that knows places: the mixture's p.d.f.s, grounded through parts found without names.

Captions say *what* and never *where*, and a class has all its attributes at once, so regression on
pooled activations cannot tell a bill from a belly. Two steps can, without keypoints or a second
network: cells of the maps are clustered into parts (`templates`), and each noun is given the
clusters whose peak predicts its attributes for classes that were left out (`transfer`).
"""

from collections.abc import Iterator

import numpy as np
from scipy.special import softmax

from core.batching import blocks, in_threads
from core.estimators.base import Estimate, Inputs, caption_fraction, register_estimator
from core.estimators.cross_class_score import PeakSums
from core.estimators.mixture import mixture
from core.estimators.part_detectors import Templates, part_templates, sample_cells
from core.estimators.ridge import ridge

SEED = 0
#: Attributes that fewer training images have say too little about the place of their noun.
MIN_IMAGES = 15
#: At most so many attributes, the most frequent, are used to place nouns.
N_ATTRIBUTES = 600
#: A noun counts as if so many of its attributes lay where attributes lie on average.
SHRINKAGE = 1.0
#: Difference of correlation that makes one cluster e times as likely as another.
TEMPERATURE = 0.03
#: Length of the attribute's own evidence beside that of the place, which is 1.
OWN = 0.4
#: Images whose maps are worked on at a time.
_IMAGES = 32


@register_estimator("places", words=lambda inputs: mixture(inputs).p_t_given_f)
def places(inputs: Inputs) -> Estimate:
    """Return the mixture's p(t given f), with the part where t lies as evidence.

    The evidence of an attribute is the detector of its noun's place, the same for all attributes of
    the noun, plus a smaller share of its own regression on all filters; ``evidence_bias`` makes its
    mean over the training images 0. Without maps, or with a single class, places cannot be learned
    and the evidence is the mixture's own.
    """
    estimate = mixture(inputs)
    if inputs.maps is None or len(np.unique(inputs.true_c)) < 2:
        return estimate
    templates = part_templates(sample_cells(inputs, np.random.default_rng(SEED)), SEED)
    detector = noun_detectors(inputs, templates)
    place = np.stack([detector[noun] for noun in inputs.nouns], axis=1)
    evidence = blend(place, ridge(inputs).evidence, OWN)
    return Estimate(estimate.p_t_given_f, evidence, -inputs.mean() @ evidence)


def blend(place: np.ndarray, own: np.ndarray, weight: float) -> np.ndarray:
    """Return the sum of both evidences of shape (F, T), each attribute's scaled to length 1."""
    return _unit(place) + np.float32(weight) * _unit(own)


def _unit(evidence: np.ndarray) -> np.ndarray:
    """Return the evidence with columns of length 1; a column of zeros stays."""
    length = np.linalg.norm(evidence, axis=0)
    return evidence / np.where(length > 0, length, 1)


def noun_detectors(inputs: Inputs, templates: Templates) -> dict[str, np.ndarray]:
    """Return the weights of shape (F,) that find the place of each noun."""
    n_images = inputs.counts.astype(bool).sum(axis=0)
    common = np.argsort(-n_images, kind="stable")[:N_ATTRIBUTES]
    common = common[n_images[common] >= min(MIN_IMAGES, n_images.max())]
    sums = PeakSums(inputs.true_c)
    for rows, peaks in _peaks(inputs, templates):
        sums.add(rows, peaks, caption_fraction(inputs, rows)[:, common].toarray())
    score = sums.transfer()
    average = score.mean(axis=1)
    detectors = {}
    for noun in np.unique(inputs.nouns):
        own = score[:, inputs.nouns[common] == noun]
        mean = (own.sum(axis=1) + SHRINKAGE * average) / (own.shape[1] + SHRINKAGE)
        detectors[noun] = templates.weights @ _votes(mean, templates.clustering)
    return detectors


def _votes(score: np.ndarray, clustering: np.ndarray) -> np.ndarray:
    """Return a weight for each cluster: every clustering has one vote, split by a softmax."""
    votes = np.empty(len(score), np.float32)
    for i in np.unique(clustering):
        own = clustering == i
        votes[own] = softmax(score[own] / TEMPERATURE)
    return votes


def _peaks(inputs: Inputs, templates: Templates) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield some images and the cell at which each cluster peaks in them, along the directions.

    Yields
    ------
    rows : ndarray of shape (n,)
    peaks : ndarray of shape (n, K, D), float32
    """
    K = templates.weights.shape[1]
    both = np.ascontiguousarray(np.hstack([templates.weights, templates.directions]).T)
    for rows, maps in inputs.maps():
        flat = maps.reshape(*maps.shape[:2], -1)

        def look(some: slice, flat: np.ndarray = flat) -> np.ndarray:
            seen = both @ flat[some].astype(np.float32)
            cells = seen[:, :K].argmax(axis=2)[:, :, None]
            return np.take_along_axis(seen[:, K:].transpose(0, 2, 1), cells, axis=1)

        yield rows, np.concatenate(in_threads(look, blocks(len(rows), _IMAGES)))
