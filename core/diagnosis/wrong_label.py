"""Wrong label: captions and neighbours say that the image shows another class than its label.

The two witnesses of `core.diagnosis.label_evidence` are added in log-probability. Neighbours look
through the network's eyes and share its mistakes, so they weigh little where captions speak. How
far the best other class leads over the label is the suspicion; it is defined for every image, right
or wrong, training or test. A label is called wrong only where both prefer the same other class:
captions of an odd bird mislead, and neighbours alone cannot tell a wrong label from a wrong answer.
"""

import numpy as np

from core.batching import blocks
from core.diagnosis.class_attributes import class_frequency, phrase
from core.diagnosis.finding import Finding, squash
from core.diagnosis.label_evidence import captions_say, neighbours, neighbours_say
from core.language import english
from core.runs.run import Run

_NEIGHBOURS_BESIDE, _NEIGHBOURS_ALONE = 0.2, 0.6  # weights, with and without captions
_ONE_WITNESS = 0.49  # factor on the score where the other is silent or disagrees: never likely
_MIDDLE, _WIDTH = 1.0, 0.5  # log-odds; chosen on worlds of seeds 1 and 2


def find_mislabelled(run: Run) -> tuple[Finding, np.ndarray]:
    """Return how suspicious each image's label is, and the class that the witnesses name instead.

    Returns
    -------
    finding : Finding
    suggested_c : ndarray of shape (X,), int32
    """
    X = run.sizes["X"]
    labels = run.images["true_c"].to_numpy()
    nearest, frequency = neighbours(run), class_frequency(run)
    captions, votes = captions_say(run), neighbours_say(run, nearest)
    weight = np.where(captions.speaks, _NEIGHBOURS_BESIDE, _NEIGHBOURS_ALONE)
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
        agree = captions.speaks[block] & (n_other > n_label)
        score[block] = squash(log_p.max(axis=1) - of_label, _MIDDLE, _WIDTH)
        score[block] *= np.where(agree, 1.0, _ONE_WITNESS)
        suggested_c[block] = other
        fits[block] = np.exp(np.stack([described[of, label], described[of, other]], axis=1))
    names = run.classes["name"].to_numpy()

    def because(x: int, label: int, other: int) -> str:
        named = run.counts[[x]].indices
        telling = frequency[other, named] - frequency[label, named]
        ts = [
            t for t in named[np.argsort(-telling)][:2] if frequency[other, t] > frequency[label, t]
        ]
        shares = [
            f"{phrase(run, t)} (in {frequency[other, t]:.0%} of its images, "
            f"{frequency[label, t]:.0%} of the label's)"
            for t in ts
        ]
        return f", for they name {english.join(shares)}" if shares else ""

    def reason(x: int) -> str:
        label, other = int(labels[x]), int(suggested_c[x])
        n_label, n_other = (int((labels[nearest[x]] == c).sum()) for c in (label, other))
        parts = []
        if captions.speaks[x]:
            p_label, p_other = fits[x]
            parts.append(
                f"Its captions fit {names[other]} ({p_other:.0%}) against the label "
                f"{names[label]} ({p_label:.0%}){because(x, label, other)}."
            )
        parts.append(
            f"Of its {nearest.shape[1]} nearest training images {n_other} are labelled "
            f"{names[other]}, {n_label} {names[label]}."
        )
        return " ".join(parts)

    return Finding(score, reason), suggested_c
