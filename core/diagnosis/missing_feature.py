"""Missing discriminative feature: the network did not see, or weighs wrongly, what separates.

The marks that separate two classes are the attributes that captions name for one and not for the
other; without captions, those that the two class descriptions p(t given c) differ in. Of each mark
it is asked whether the network saw it (the estimator's score of t in x lies nearer to the true
class's usual than to the predicted one's) and whether it weighs it for the true class (the
attribute's exact part of the logits, see `core.what_if.counterfactual`).
"""

from dataclasses import dataclass

import numpy as np

from core.batching import blocks
from core.class_statistics import class_sums
from core.diagnosis.class_attributes import class_frequency, phrase
from core.diagnosis.finding import Finding
from core.language import english
from core.probability import p_t_given_c
from core.runs.run import Run

N_MARKS = 5
_TELLING = 0.15  # difference of the shares of captioned images that makes a mark


@dataclass(frozen=True)
class Mark:
    """An attribute that separates the true from the predicted class.

    Parameters
    ----------
    t : int
        The attribute.
    usual_true, usual_predicted : float
        Share of captioned images of the class that name it, in [0, 1]; p(t given c) without
        captions.
    nearness : float
        Where the network's score of t lies between the predicted class's usual (0) and the true
        class's (1).
    pull : float
        The attribute's part of the true class's lead over the predicted one, in logits.
    """

    t: int
    usual_true: float
    usual_predicted: float
    nearness: float
    pull: float

    @property
    def is_of_true(self) -> bool:
        """Whether it is a mark of the true class, and not one of the predicted class."""
        return self.usual_true > self.usual_predicted

    @property
    def is_read(self) -> bool:
        """Whether the network saw of it what is usual for the true class."""
        return self.nearness > 0.5

    @property
    def state(self) -> str:
        """Say in words what the network made of it."""
        if not self.is_read:
            return "not seen" if self.is_of_true else "seen, though it is the other class's"
        if self.pull <= 0:
            return "read rightly, but weighed for the wrong class"
        return "seen" if self.is_of_true else "not seen, as it should be"


class FieldMarks:
    """What separates each two classes of a run; built once, asked often.

    Parameters
    ----------
    run : Run
        The run.
    """

    def __init__(self, run: Run):
        self.run = run
        images, C = run.images, run.sizes["C"]
        train, labels = np.flatnonzero(images["is_train"]), images["true_c"].to_numpy()
        self.frequency = class_frequency(run)
        self.is_described = self.frequency.any(axis=1)
        self.description = p_t_given_c(run.array("class_weights"), run.array("p_t_given_f"))
        means = np.zeros((C, run.sizes["F"]))
        for block in blocks(len(train)):
            xs = train[block]
            means += class_sums(run.array("pooled")[xs], labels[xs], C)
        means /= np.maximum(np.bincount(labels[train], minlength=C), 1)[:, None]
        self.usual_score = self._score(means)
        spread = means.std(axis=0) + 1e-9
        square = ((means / spread) ** 2).sum(axis=1)
        gaps = square[:, None] + square - 2 * (means / spread) @ (means / spread).T
        self.gaps = np.sqrt(np.maximum(gaps, 0))
        self._sorted_gaps = np.sort(self.gaps[np.triu_indices(C, 1)])

    def _score(self, pooled: np.ndarray, ts=slice(None)) -> np.ndarray:
        run = self.run
        return pooled @ run.array("evidence")[:, ts] + run.array("evidence_bias")[ts]

    def likeness(self, first: int, second: int) -> float:
        """Return the share of class pairs that are further apart in pooled space, in [0, 1]."""
        n = len(self._sorted_gaps)
        nearer = np.searchsorted(self._sorted_gaps, self.gaps[first, second], side="left")
        return float(1 - nearer / max(n, 1))

    def marks(self, x: int, true: int, predicted: int, n: int = N_MARKS) -> list[Mark]:
        """Return the n marks that separate the two classes most, as the network saw them in x."""
        run = self.run
        has_captions = self.is_described[true] and self.is_described[predicted]
        usual = self.frequency if has_captions else self.description
        gap = usual[true] - usual[predicted]
        ts = np.argsort(-np.abs(gap), kind="stable")[:n]
        if has_captions:
            ts = ts[np.abs(gap[ts]) >= _TELLING]
        pooled = np.asarray(run.array("pooled")[x], dtype=float)
        lead = pooled * (run.array("class_weights")[true] - run.array("class_weights")[predicted])
        pulls = lead @ run.array("p_t_given_f")[:, ts]
        here = self._score(pooled, ts)
        low, high = self.usual_score[predicted, ts], self.usual_score[true, ts]
        width = np.where(np.abs(high - low) > 1e-9, high - low, np.inf)
        nearness = (here - low) / width
        return [
            Mark(int(t), float(usual[true, t]), float(usual[predicted, t]), float(k), float(pull))
            for t, k, pull in zip(ts, nearness, pulls, strict=True)
        ]

    def lacking(self, marks: list[Mark]) -> float:
        """Return how much of what separates was not seen or is weighed wrongly, in [0, 1]."""
        gaps = np.array([abs(m.usual_true - m.usual_predicted) for m in marks])
        is_lacking = np.array([not m.is_read or m.pull <= 0 for m in marks])
        return float(gaps @ is_lacking / gaps.sum()) if len(marks) and gaps.sum() else 0.0


def find_undiscerning(run: Run, xs: np.ndarray) -> Finding:
    """Return how far each wrong answer among ``xs`` is due to marks missed between like classes.

    The score is the likeness of the two classes times how much of what separates them is lacking,
    the latter counted half: classes that are hardly apart are confused whatever was seen.
    """
    field_marks = FieldMarks(run)
    labels, predicted = (run.images[c].to_numpy() for c in ("true_c", "predicted_c"))
    names = run.classes["name"].to_numpy()
    score = np.zeros(run.sizes["X"])
    for x in xs:
        true, wrong = int(labels[x]), int(predicted[x])
        lacking = field_marks.lacking(field_marks.marks(int(x), true, wrong))
        score[x] = field_marks.likeness(true, wrong) * (1 + lacking) / 2

    def reason(x: int) -> str:
        true, wrong = int(labels[x]), int(predicted[x])
        marks = field_marks.marks(int(x), true, wrong)
        likeness = field_marks.likeness(true, wrong)
        like = f"{names[true]} and {names[wrong]} are more alike than {likeness:.0%} of class pairs"
        if not marks:
            return f"{like}; captions name nothing that separates them."
        told = [f"{phrase(run, m.t)} ({_owner(m, names, true, wrong)}: {m.state})" for m in marks]
        return f"{like}. What separates them: {english.join(told)}."

    return Finding(score, reason)


def _owner(mark: Mark, names: np.ndarray, true: int, wrong: int) -> str:
    return f"{names[true if mark.is_of_true else wrong]}'s"
