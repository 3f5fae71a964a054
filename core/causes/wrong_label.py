"""Wrong label: captions and the network both indicate another class than the label.

The log-probabilities of the two sources of `core.causes.label_evidence` are added. Neighbours
are found in the network's features and share its errors, so they have a small weight where captions
are available. The log-odds of the best other class over the label are defined for every image,
correct or wrong, training or test. A label is called wrong only where captions and neighbours, or
captions and the prediction, prefer the same other class: captions of an atypical image mislead, and
the network alone cannot distinguish a wrong label from a wrong prediction. And few other images of
the label may have captions that prefer that class as much: a quarter of the sweaters are for women,
so that "for women" does not make one of them a top. The score of a label that is called wrong is
0.5 plus half the probability that it is, by captions and the share of wrong labels in the run
(`core.causes.label_evidence.LabelNoise`): where few labels are wrong, the same captions say less.
"""

import numpy as np

from fieldmarks.core.attributes import english
from fieldmarks.core.batching import blocks
from fieldmarks.core.causes.finding import DECIDED, SINGLE_SOURCE, Finding, squash
from fieldmarks.core.causes.label_evidence import (
    ClassEvidence,
    LabelNoise,
    caption_evidence,
    nearest_neighbours,
    neighbour_evidence,
)
from fieldmarks.core.explanations.attribute_phrase import attribute_phrase
from fieldmarks.core.presence.usual import class_image_frequency
from fieldmarks.core.run.run import Run

_NEIGHBOURS_BESIDE, _NEIGHBOURS_ALONE = 0.2, 0.6  # weights, with and without captions
_MIDDLE, _WIDTH = 0.7, 0.5  # log-odds; half of such labels are wrong, in worlds of seeds 0 to 3
#: Log-odds from which captions by themselves prefer another class; chosen on worlds of seeds 0, 1.
_CLEAR = 0.2
#: Of the images of a label, fewer have captions that prefer the other class as much.
_UNUSUAL = 0.1


def find_wrong_label(run: Run) -> tuple[Finding, np.ndarray]:
    """Return the score of a wrong label for each image, and the class that is most likely instead.

    Returns
    -------
    finding : Finding
    suggested_c : ndarray of shape (X,), int32
    """
    X = run.sizes["X"]
    labels, predicted = (run.images[f"{side}_c"].to_numpy() for side in ("true", "predicted"))
    nearest, frequency = nearest_neighbours(run), class_image_frequency(run)
    captions, votes = caption_evidence(run), neighbour_evidence(run, nearest)
    weight = np.where(captions.is_available, _NEIGHBOURS_BESIDE, _NEIGHBOURS_ALONE)
    suggested_c, score = np.empty(X, np.int32), np.empty(X)
    fits = np.empty((X, 2), np.float32)  # p of the label and of the other class by captions
    for block in blocks(X):
        xs, of, label = np.arange(X)[block], np.arange(block.stop - block.start), labels[block]
        described = captions.log_p(xs)
        log_p = described + weight[block, None] * votes.log_p(xs)
        of_label = log_p[of, label]
        log_p[of, label] = -np.inf
        other = log_p.argmax(axis=1).astype(np.int32)
        n_other, n_label = ((labels[nearest[xs]] == c[:, None]).sum(axis=1) for c in (other, label))
        odds = described[of, other] - described[of, label]
        agree = (n_other > n_label) | (other == predicted[block])
        agree &= captions.is_available[block] & (odds > _CLEAR)
        score[block] = squash(log_p.max(axis=1) - of_label, _MIDDLE, _WIDTH)
        score[block] *= np.where(agree, 1.0, SINGLE_SOURCE)
        suggested_c[block] = other
        fits[block] = np.exp(np.stack([described[of, label], described[of, other]], axis=1))
    score[_usual(captions, labels, suggested_c, np.flatnonzero(score >= DECIDED))] *= SINGLE_SOURCE
    found = np.flatnonzero(score >= DECIDED)
    if len(found):
        p_wrong = LabelNoise.of(captions, labels).p_wrong(captions.log_p(found), labels[found])
        score[found] = DECIDED + (1 - DECIDED) * p_wrong
    names = run.classes["name"].to_numpy()

    def because(x: int, label: int, other: int) -> str:
        named = run.counts[[x]].indices
        difference = frequency[other, named] - frequency[label, named]
        ts = [
            t
            for t in named[np.argsort(-difference)][:2]
            if frequency[other, t] > frequency[label, t]
        ]
        shares = [
            f"“{attribute_phrase(run, t)}” (in {frequency[other, t]:.0%} of its images, "
            f"{frequency[label, t]:.0%} of the label's)"
            for t in ts
        ]
        return f", because they name {english.join(shares)}" if shares else ""

    def reason(x: int) -> str:
        label, other = int(labels[x]), int(suggested_c[x])
        n_label, n_other = (int((labels[nearest[x]] == c).sum()) for c in (label, other))
        parts = []
        if captions.is_available[x]:
            p_label, p_other = fits[x]
            told = (f"the label {names[label]} ({p_label:.0%})", f"{names[other]} ({p_other:.0%})")
            first, second = told if p_label >= p_other else told[::-1]
            why = because(x, label, other) if p_other > p_label else ""
            parts.append(f"Its captions indicate {first} rather than {second}{why}.")
        parts.append(
            f"Of its {nearest.shape[1]} nearest training images {n_other} are labelled "
            f"{names[other]}, {n_label} {names[label]}."
        )
        return " ".join(parts)

    return Finding(score, reason), suggested_c


def _usual(
    captions: ClassEvidence, labels: np.ndarray, other: np.ndarray, xs: np.ndarray
) -> np.ndarray:
    """Return those of the images xs whose captions are usual for their label.

    Parameters
    ----------
    captions : ClassEvidence
    labels, other : ndarray of shape (X,)
        The label of each image, and the class that may be right instead.
    xs : ndarray of int
    """
    usual = []
    for c in np.unique(labels[xs]):
        own = np.flatnonzero((labels == c) & captions.is_available)
        log_p = captions.log_p(own)
        for x in xs[labels[xs] == c]:
            odds = log_p[:, other[x]] - log_p[:, c]
            if (odds >= odds[np.searchsorted(own, x)]).mean() >= _UNUSUAL:
                usual.append(x)
    return np.array(usual, int)
