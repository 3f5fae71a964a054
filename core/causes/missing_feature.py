"""Discriminative feature missed: attributes that separate two classes are not detected or used.

Attributes are discriminative between two classes where captions name them for one class and not for
the other; without captions, where the two class descriptions p(t given c) differ. Words of columns
that are not visible are none. For each of them two questions are answered: whether the network
detected it (q(t, x) lies nearer to the mean of the true class than to that of the predicted class,
or above one half), and whether its weights favour the true class (the exact contribution of the
attribute to the logits, see `core.explanations.counterfactual`).
"""

from dataclasses import dataclass

import numpy as np

from fieldmarks.core.attributes import english
from fieldmarks.core.batching import blocks
from fieldmarks.core.causes.finding import Finding
from fieldmarks.core.class_statistics import class_sums
from fieldmarks.core.estimators.inputs import inputs_of
from fieldmarks.core.explanations.attribute_phrase import attribute_phrase
from fieldmarks.core.presence.columns import not_visible
from fieldmarks.core.presence.fit import fit_presence
from fieldmarks.core.presence.presence import SEEN, features_of, presence_of
from fieldmarks.core.presence.usual import class_image_frequency
from fieldmarks.core.probability import p_t_given_c
from fieldmarks.core.run.run import Run

N_DISCRIMINATIVE = 5
#: Of all class pairs, the share of the most similar ones.
_MOST_SIMILAR = 0.05
_MIN_DIFFERENCE = 0.15  # of the shares of captioned images that name a discriminative attribute


@dataclass(frozen=True)
class DiscriminativeAttribute:
    """An attribute that separates the true from the predicted class.

    Parameters
    ----------
    t : int
        The attribute.
    frequency_true, frequency_predicted : float
        Share of captioned images of the class that name it, in [0, 1]; p(t given c) without
        captions.
    q : float
        q(t, x), how likely captions name it given what the network sees, in [0, 1].
    contribution : float
        The attribute's contribution to the logit of the true class minus that of the predicted one.
    usual : float
        Half way between the means of q in the two classes.
    """

    t: int
    frequency_true: float
    frequency_predicted: float
    q: float
    contribution: float
    usual: float = SEEN

    @property
    def is_of_true(self) -> bool:
        """Whether it is an attribute of the true class rather than of the predicted class."""
        return self.frequency_true > self.frequency_predicted

    @property
    def is_seen(self) -> bool:
        """Whether the network sees it; attributes of sentences always count as seen.

        An attribute that captions seldom name is seen if its q is nearer to the mean of its own
        class.
        """
        return self.q > min(SEEN, self.usual)

    @property
    def is_detected(self) -> bool:
        """Whether what the network sees of it counts for the true class."""
        return self.is_seen == self.is_of_true

    @property
    def state(self) -> str:
        """How the network used the attribute, in words."""
        seen = "seen" if self.q > SEEN else "weakly seen" if self.is_seen else "not seen"
        is_miscounted = self.is_seen and self.is_detected and self.contribution <= 0
        return f"{seen}, but counted for the wrong class" if is_miscounted else seen

    @property
    def is_missing(self) -> bool:
        """Whether it is not detected, or seen and counted for the wrong class."""
        return not self.is_detected or (self.is_seen and self.contribution <= 0)


class ClassSeparation:
    """Discriminative attributes and distance of every pair of classes of a run.

    Parameters
    ----------
    run : Run
        The run.
    """

    def __init__(self, run: Run):
        self.run = run
        images, C = run.images, run.sizes["C"]
        train, labels = np.flatnonzero(images["is_train"]), images["true_c"].to_numpy()
        self.frequency = class_image_frequency(run)
        self.is_described = np.asarray(self.frequency.any(axis=1))
        self.description = p_t_given_c(run.weights(None), run.array("p_t_given_f"))
        means = np.zeros((C, run.sizes["F"]))
        for block in blocks(len(train)):
            xs = train[block]
            means += class_sums(run.array("pooled")[xs], labels[xs], C)
        means /= np.maximum(np.bincount(labels[train], minlength=C), 1)[:, None]
        self.presence = presence_of(run.source) or fit_presence(inputs_of(run, False))
        self.is_hidden = not_visible(run.source)
        self.mean_q = self._class_means(train, labels)
        spread = means.std(axis=0) + 1e-9
        square = ((means / spread) ** 2).sum(axis=1)
        gaps = square[:, None] + square - 2 * (means / spread) @ (means / spread).T
        self.gaps = np.sqrt(np.maximum(gaps, 0))
        self._sorted_gaps = np.sort(self.gaps[np.triu_indices(C, 1)])

    def _class_means(self, train: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Return the mean of q over the training images of each class, shape (C, T)."""
        C = self.run.sizes["C"]
        train = train[self.run.is_readable[train]]
        means = np.zeros((C, self.run.sizes["T"]))
        for block in blocks(len(train)):
            q = np.nan_to_num(self.presence.q(features_of(self.run, train[block])))
            means += class_sums(q, labels[train[block]], C)
        return means / np.maximum(np.bincount(labels[train], minlength=C), 1)[:, None]

    @property
    def n_pairs(self) -> int:
        """Pairs of classes, at least 1."""
        return max(len(self._sorted_gaps), 1)

    def similarity(self, first: int, second: int) -> float:
        """Return the share of class pairs that are further apart in pooled space, in [0, 1]."""
        nearer = np.searchsorted(self._sorted_gaps, self.gaps[first, second], side="left")
        return float(1 - nearer / self.n_pairs)

    def attributes(
        self, x: int, true: int, predicted: int, n: int = N_DISCRIMINATIVE
    ) -> list[DiscriminativeAttribute]:
        """Return the n most discriminative attributes of the two classes, with their use in x."""
        run = self.run
        has_captions = bool(self.is_described[true] and self.is_described[predicted])
        frequency = self.frequency if has_captions else self.description
        gap = np.where(self.is_hidden, 0, frequency[true] - frequency[predicted])
        ts = np.argsort(-np.abs(gap), kind="stable")[:n]
        if has_captions:
            ts = ts[np.abs(gap[ts]) >= _MIN_DIFFERENCE]
        pooled = np.asarray(run.array("pooled")[x], dtype=float)
        lead = pooled * (run.weights(x, true) - run.weights(x, predicted))
        contributions = lead @ run.array("p_t_given_f")[:, ts]
        usual = (self.mean_q[predicted, ts] + self.mean_q[true, ts]) / 2
        q = np.nan_to_num(self.presence.q(features_of(run, x), ts)) if len(ts) else np.empty(0)
        return [
            DiscriminativeAttribute(
                int(t),
                float(frequency[true, t]),
                float(frequency[predicted, t]),
                float(q[i]),
                float(contributions[i]),
                float(usual[i]),
            )
            for i, t in enumerate(ts)
        ]

    def missing_share(self, attributes: list[DiscriminativeAttribute]) -> float:
        """Return the share that was not detected or has the wrong weight, by frequency gap."""
        gaps = np.array([abs(a.frequency_true - a.frequency_predicted) for a in attributes])
        is_missing = np.array([a.is_missing for a in attributes])
        return float(gaps @ is_missing / gaps.sum()) if len(attributes) and gaps.sum() else 0.0


def find_missing_feature(run: Run, xs: np.ndarray) -> Finding:
    """Return the finding: failures among ``xs`` due to missing discriminative attributes.

    Either of two reasons is enough (their complements are multiplied): the two classes are among
    the most similar pairs, which are confused in any case (one half where 5 % of the pairs are as
    similar), or discriminative attributes are missing (their share, times the similarity).
    """
    if not run.has_words:
        return Finding(np.zeros(run.sizes["X"]), lambda x: "Not tested: the run has no words.")
    separation = ClassSeparation(run)
    labels, predicted = (run.images[c].to_numpy() for c in ("true_c", "predicted_c"))
    names = run.classes["name"].to_numpy()
    score = np.zeros(run.sizes["X"])
    for x in xs:
        true, wrong = int(labels[x]), int(predicted[x])
        missing = separation.missing_share(separation.attributes(int(x), true, wrong))
        similarity, n = separation.similarity(true, wrong), separation.n_pairs
        alike = max(0.0, 1 - (1 - similarity + 1 / n) / (2 * _MOST_SIMILAR))
        score[x] = 1 - (1 - alike) * (1 - similarity * missing)

    def reason(x: int) -> str:
        true, wrong = int(labels[x]), int(predicted[x])
        attributes = separation.attributes(int(x), true, wrong)
        similarity = separation.similarity(true, wrong)
        share = (
            "any other two" if similarity == 1 else f"{min(similarity, 0.99):.0%} of class pairs"
        )
        similar = f"{names[true]} and {names[wrong]} are more similar than {share}"
        if not attributes:
            return f"{similar}; captions name no attribute that separates them."
        states = [
            f"“{attribute_phrase(run, a.t)}” (usual for "
            f"{names[true if a.is_of_true else wrong]}: {a.state})"
            for a in sorted(attributes, key=lambda a: not a.is_missing)
        ]
        return f"{similar}. Discriminative attributes: {english.join(states)}."

    return Finding(score, reason)
