"""Discriminative feature missed: attributes that separate two classes are not detected or used.

Attributes are discriminative between two classes where captions name them for one class and not for
the other; without captions, where the two class descriptions p(t given c) differ. Words of columns
that are not visible are none. For each of them two questions are answered: whether the network
detected it (q(t, x) lies nearer to the mean of the true class than to that of the predicted class,
or above one half), and whether its weights favour the true class (the exact contribution of the
attribute to the logits, see `core.explanations.counterfactual`). What is missing is compared with
the right images of the true class: a rank among class pairs says little where there are few.
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
#: Of class pairs or of right images, the share at which a score is one half.
_RARE = 0.05
_MAX_RIGHT = 500  # images of a class that what is missing is compared with
_EQUAL = 1e-9  # shares that differ by less are equal
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
        ts, of_true, of_predicted = self._discriminative(true, predicted, n)
        q, contributions, usual = self._use(np.array([x]), ts, true, predicted)
        values = zip(ts, of_true, of_predicted, q[0], contributions[0], usual, strict=True)
        return [DiscriminativeAttribute(int(t), *map(float, of_t)) for t, *of_t in values]

    def missing_shares(self, xs: np.ndarray, true: int, predicted: int) -> np.ndarray:
        """Return which share of the discriminative attributes each image lacks, shape (n,).

        Lacked is what was not detected or has the wrong weight; shares are by frequency gap.
        """
        ts, of_true, of_predicted = self._discriminative(true, predicted, N_DISCRIMINATIVE)
        gap = of_true - of_predicted
        if not np.abs(gap).sum():
            return np.zeros(len(xs))
        q, contributions, usual = self._use(xs, ts, true, predicted)
        is_seen = q > np.minimum(SEEN, usual)
        is_missing = (is_seen != (gap > 0)) | (is_seen & (contributions <= 0))
        return is_missing @ np.abs(gap) / np.abs(gap).sum()

    def _discriminative(self, true: int, predicted: int, n: int) -> tuple[np.ndarray, ...]:
        """Return the n most discriminative attributes and their frequencies in the two classes."""
        has_captions = bool(self.is_described[true] and self.is_described[predicted])
        frequency = self.frequency if has_captions else self.description
        gap = np.where(self.is_hidden, 0, frequency[true] - frequency[predicted])
        ts = np.argsort(-np.abs(gap), kind="stable")[:n]
        if has_captions:
            ts = ts[np.abs(gap[ts]) >= _MIN_DIFFERENCE]
        return ts, frequency[true, ts], frequency[predicted, ts]

    def _use(
        self, xs: np.ndarray, ts: np.ndarray, true: int, predicted: int
    ) -> tuple[np.ndarray, ...]:
        """Return q and contribution (n, k) of attributes in images, and their usual q (k,)."""
        run = self.run
        pooled = np.asarray(run.array("pooled")[xs], dtype=float)
        of_true, of_predicted = (run.weights(xs, np.full(len(xs), c)) for c in (true, predicted))
        lead = pooled * (of_true - of_predicted)
        contributions = lead @ run.array("p_t_given_f")[:, ts]
        usual = (self.mean_q[predicted, ts] + self.mean_q[true, ts]) / 2
        if not len(ts):
            return np.empty((len(xs), 0)), contributions, usual
        return np.nan_to_num(self.presence.q(features_of(run, xs), ts)), contributions, usual


def find_missing_feature(run: Run, xs: np.ndarray) -> Finding:
    """Return the finding: failures among ``xs`` due to missing discriminative attributes.

    Either of two reasons is enough (their complements are multiplied): the two classes are among
    the most similar pairs, which are confused in any case (one half where 5 % of the pairs are as
    similar), or discriminative attributes are missing. The latter is their share, times the
    similarity, or how rarely right images of the class lack as much (one half where 5 % do),
    whichever is larger. Where right images and failures lack alike, the second holds by chance for
    5 % of the failures.
    """
    if not run.has_words:
        return Finding(np.zeros(run.sizes["X"]), lambda x: "Not tested: the run has no words.")
    separation = ClassSeparation(run)
    labels, predicted = (run.images[c].to_numpy() for c in ("true_c", "predicted_c"))
    names = run.classes["name"].to_numpy()
    score, n = np.zeros(run.sizes["X"]), separation.n_pairs
    rank: dict[int, tuple[int, int]] = {}  # how many of how many right images lack as much
    is_right = run.is_test & run.is_right
    for true, wrong in sorted({(int(labels[x]), int(predicted[x])) for x in xs}):
        of_pair = xs[(labels[xs] == true) & (predicted[xs] == wrong)]
        missing = separation.missing_shares(of_pair, true, wrong)
        right = np.flatnonzero(is_right & (labels == true))[:_MAX_RIGHT]
        usual = separation.missing_shares(right, true, wrong)
        lack_as_much = (usual >= missing[:, None] - _EQUAL).sum(axis=1)
        similarity = separation.similarity(true, wrong)
        alike = _rare(1 - similarity + 1 / n)
        missed = np.maximum(similarity * missing, _rare((lack_as_much + 1) / (len(right) + 1)))
        score[of_pair] = 1 - (1 - alike) * (1 - missed)
        rank |= {int(x): (int(k), len(right)) for x, k in zip(of_pair, lack_as_much, strict=True)}

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
        said = f"{similar}. Discriminative attributes: {english.join(states)}."
        if not any(a.is_missing for a in attributes):
            return f"{said} None of them is missed: what remains is that the two classes are alike."
        as_much, n_right = rank.get(int(x), (1, 1))
        if _rare((as_much + 1) / (n_right + 1)) > 0:
            said += f" {as_much} of {n_right} right images of {names[true]} lack as much."
        return said

    return Finding(score, reason)


def _rare(share: float | np.ndarray) -> np.ndarray:
    """Return the score of a share of others that are as extreme: 1 of none, 0.5 at `_RARE`."""
    return np.maximum(0.0, 1 - share / (2 * _RARE))
