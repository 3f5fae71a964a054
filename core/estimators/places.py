"""Spatial evidence: the mixture's p.d.f.s, grounded by unsupervised part detectors.

Captions contain no locations, and a class has all its attributes at once, so a regression on pooled
activations cannot separate a bill from a belly. Two steps can, without keypoints or a second
network: map cells are clustered into parts (`core.estimators.part_detectors`), and each noun is
assigned the clusters whose peak predicts its attributes for held-out classes
(`core.estimators.cross_class_score`).
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from scipy.special import softmax

from fieldmarks.core.accelerator import computed
from fieldmarks.core.batching import blocks, in_threads
from fieldmarks.core.estimators.base import Estimate, Inputs, caption_fraction, register_estimator
from fieldmarks.core.estimators.cross_class_score import PeakSums
from fieldmarks.core.estimators.mixture import mixture
from fieldmarks.core.estimators.part_detectors import Templates, part_templates, sample_cells
from fieldmarks.core.estimators.ridge import ridge
from fieldmarks.core.half_precision import to_float32
from fieldmarks.core.unit_length import at_unit_length

SEED = 0
#: Attributes of fewer training images are not used to locate their noun.
MIN_IMAGES = 15
#: Maximum number of attributes that are used to locate nouns, the most frequent ones.
N_ATTRIBUTES = 600
#: Pseudo-count of attributes with the average score, added to each noun.
SHRINKAGE = 1.0
#: Temperature of the softmax over clusters, in units of correlation.
TEMPERATURE = 0.03
#: Norm of the attribute's ridge evidence relative to the evidence of its noun's location.
RIDGE_WEIGHT = 0.4
#: Images whose maps are processed at a time.
_IMAGES = 32


@register_estimator(
    "places", words=lambda inputs: mixture(inputs).p_t_given_f, version=3, divides=True
)
def places(inputs: Inputs) -> Estimate:
    """Return the mixture's p(t given f), with detectors of the attribute's part as evidence.

    The evidence of an attribute is the part detector of its noun, shared by all attributes of the
    noun, plus a smaller share of its ridge regression on all filters; ``evidence_bias`` centres the
    score over the training images. Without maps, or with a single class, locations cannot be
    learned and the evidence is that of the mixture.
    """
    estimate = mixture(inputs)
    if inputs.maps is None or len(np.unique(inputs.true_c)) < 2:
        return estimate
    templates = part_templates(sample_cells(inputs, np.random.default_rng(SEED)), SEED)
    detector = noun_detectors(inputs, templates)
    place = np.stack([detector[noun] for noun in inputs.nouns], axis=1)
    evidence = combined_evidence(place, ridge(inputs).evidence, RIDGE_WEIGHT)
    return Estimate(estimate.p_t_given_f, evidence, -inputs.mean() @ evidence)


def combined_evidence(place: np.ndarray, attribute: np.ndarray, weight: float) -> np.ndarray:
    """Return the weighted sum of two evidences of shape (F, T) whose columns have unit norm."""
    return at_unit_length(place, axis=0) + np.float32(weight) * at_unit_length(attribute, axis=0)


def noun_detectors(inputs: Inputs, templates: Templates) -> dict[str, np.ndarray]:
    """Return the detector weights of each noun's location, shape (F,) each."""
    n_images = inputs.counts.astype(bool).sum(axis=0)
    common = np.argsort(-n_images, kind="stable")[:N_ATTRIBUTES]
    common = common[n_images[common] >= min(MIN_IMAGES, n_images.max())]
    sums = PeakSums(inputs.true_c)
    for rows, peaks in _peaks(inputs, templates):
        sums.add(rows, peaks, caption_fraction(inputs, rows)[:, common].toarray())
    score = sums.cross_class_score()
    average = score.mean(axis=1)
    detectors = {}
    for noun in np.unique(inputs.nouns):
        of_noun = score[:, inputs.nouns[common] == noun]
        mean = (of_noun.sum(axis=1) + SHRINKAGE * average) / (of_noun.shape[1] + SHRINKAGE)
        detectors[noun] = templates.weights @ _votes(mean, templates.clustering)
    return detectors


def _votes(score: np.ndarray, clustering: np.ndarray) -> np.ndarray:
    """Return a weight for each cluster: a softmax within each clustering."""
    votes = np.empty(len(score), np.float32)
    for i in np.unique(clustering):
        members = clustering == i
        votes[members] = softmax(score[members] / TEMPERATURE)
    return votes


def _peaks(inputs: Inputs, templates: Templates) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield batches of images and their cells with the maximum of each detector, projected.

    Yields
    ------
    rows : ndarray of shape (n,)
    peaks : ndarray of shape (n, K, D), float32
    """
    K = templates.weights.shape[1]
    both = np.ascontiguousarray(np.hstack([templates.weights, templates.directions]).T)
    for rows, maps in inputs.batches():
        flat = maps.reshape(*maps.shape[:2], -1)

        def peaks(images: slice, flat: np.ndarray = flat) -> np.ndarray:
            return computed(partial(_at_peaks, K=K), to_float32(flat[images]), kept=(both,))

        yield rows, np.concatenate(in_threads(peaks, blocks(len(rows), _IMAGES)))


def _at_peaks(xp: Any, maps: Any, both: Any, K: int) -> Any:
    """Return projected cells with the maximum of each of K detectors, shape (n, K, D).

    Parameters
    ----------
    xp
        See `core.accelerator`.
    maps : array of shape (n, F, cells)
    both : array of shape (K + D, F)
        Detectors and directions.
    K : int
    """
    projected = both @ maps
    cells = projected[:, :K].argmax(axis=2)[:, :, None]
    return xp.take_along_axis(xp.swapaxes(projected[:, K:], 1, 2), cells, 1)
