"""Spurious cue: the background of the object supports the wrong class.

For a failure, the background's contribution to the logit margin of the predicted over the true
class is compared with the same contribution in training images of both classes. Where these differ
by class, the network has learnt the background instead of the object, and an image with the typical
background of the other class is misclassified. The evidence is a log-likelihood ratio of two normal
distributions with equal variance. It counts in full only if the background's share of the margin is
at least its share of the cells. Which cells are background follows from the activations; keypoints
are an option that the reason mentions.
"""

from dataclasses import dataclass
from itertools import chain

import numpy as np

from fieldmarks.core.attributes.english import possessive
from fieldmarks.core.batching import blocks
from fieldmarks.core.causes.background import SHARE, Background
from fieldmarks.core.causes.background_failures import BackgroundFailures
from fieldmarks.core.causes.finding import Finding, squash
from fieldmarks.core.run.run import Run

_MAX_TRAIN = 60  # training images per class that are used
_MIN_TRAIN = 5
_EVIDENCE = ("ratio", "share")
_MIDDLE, _WIDTH = 2.0, 0.7  # nats; chosen on worlds of seeds 1 and 2


@dataclass(frozen=True)
class BackgroundMargin:
    """The background's contribution to the logit margin of the predicted over the true class.

    Parameters
    ----------
    background : float
        The contribution in this image.
    mean_predicted, mean_true : float
        Its mean over training images of the two classes.
    ratio : float
        Log-likelihood ratio, in nats: positive if the background resembles the predicted class.
    total : float
        The total margin, of object and background.
    """

    background: float
    mean_predicted: float
    mean_true: float
    ratio: float
    total: float

    @property
    def share(self) -> float:
        """The share of the margin that the background adds beyond the true class's mean."""
        return (self.background - self.mean_true) / max(self.total, 1e-9)

    @property
    def is_decisive(self) -> bool:
        """Whether the true class would win with the mean background of its training images."""
        return self.total - (self.background - self.mean_true) < 0


def find_spurious_cue(
    run: Run,
    xs: np.ndarray,
    on_background: BackgroundFailures | None = None,
    with_keypoints: bool = False,
) -> Finding:
    """Return the finding: how far the background explains the wrong predictions of images ``xs``.

    Parameters
    ----------
    run : Run
    xs : ndarray of int
        Images that are searched; images without stored feature maps, and others, score 0.
    on_background : BackgroundFailures, optional
        Whether the classes fail more often on the images' backgrounds than on others, for the
        reason; it does not enter the score, as look-alikes also fail more often on some background.
    with_keypoints : bool
        Whether keypoints say where the object is.
    """
    images = run.images
    labels, predicted = images["true_c"].to_numpy(), images["predicted_c"].to_numpy()
    is_kept = np.asarray(run.array("map_row")) >= 0
    xs = np.asarray([x for x in xs if is_kept[x] and labels[x] != predicted[x]], dtype=int)
    cs = np.union1d(labels[xs], predicted[xs])
    known = Background(run, with_keypoints)
    train = _train_backgrounds(known, cs, is_kept)
    margins: dict[int, BackgroundMargin] = {}
    pooled = (known.pooled(xs[block]) for block in blocks(len(xs)))
    for x, background in zip(xs, chain.from_iterable(pooled), strict=True):
        true, wrong = train.get(labels[x]), train.get(predicted[x])
        if true is not None and wrong is not None:
            classes = np.array([predicted[x], labels[x]])
            direction = np.subtract(*np.asarray(run.weights(int(x), classes), dtype=float))
            logits = run.array("logits")[x]
            total = float(logits[predicted[x]] - logits[labels[x]])
            margins[int(x)] = _margin(
                background @ direction, wrong @ direction, true @ direction, total
            )
    score = np.zeros(run.sizes["X"])
    ratios, shares = (
        np.array([getattr(margin, name) for margin in margins.values()]) for name in _EVIDENCE
    )
    score[list(margins)] = squash(ratios, _MIDDLE, _WIDTH) * np.clip(shares / SHARE, 0, 1)
    names = run.classes["name"].to_numpy()
    told = " Keypoints say where the object is." if with_keypoints else ""

    def reason(x: int) -> str:
        margin = margins.get(int(x))
        if margin is None:
            return "Not tested: it needs the feature maps, and training images of both classes."
        wrong, true = str(names[predicted[x]]), str(names[labels[x]])
        failing = "" if on_background is None else on_background.reason(int(x), true)
        winner = f"{true} would" if margin.is_decisive else f"{wrong} would still"
        return (
            f"The background gives {_tenths(margin.background)} of {possessive(wrong)} lead of "
            f"{_tenths(margin.total)} over {true} (in training images of {wrong}: "
            f"{_tenths(margin.mean_predicted)}, of {true}: {_tenths(margin.mean_true)}). On a "
            f"typical background of {true}, {winner} win.{failing}{told}"
        )

    return Finding(score, reason)


def _tenths(value: float) -> str:
    """Return a part of a logit with one decimal, never "-0.0"."""
    return f"{round(float(value), 1) + 0:.1f}"


def _train_backgrounds(
    background: Background, cs: np.ndarray, is_kept: np.ndarray
) -> dict[int, np.ndarray]:
    """Return the pooled background of training images of each class, shape (n, F) each."""
    images = background.run.images
    pooled = {}
    for c in cs:
        known = np.flatnonzero(images["is_train"] & (images["true_c"] == c) & is_kept)
        if len(known) >= _MIN_TRAIN:
            chosen = np.unique(np.linspace(0, len(known) - 1, _MAX_TRAIN).astype(int))
            pooled[c] = background.pooled(known[chosen])
    return pooled


def _margin(
    background: float, wrong: np.ndarray, true: np.ndarray, total: float
) -> BackgroundMargin:
    """Compare one image with training images of the predicted (wrong) and the true class."""
    mean_predicted, mean_true = float(wrong.mean()), float(true.mean())
    gap = mean_predicted - mean_true
    variance = (wrong.var() + true.var()) / 2 + 1e-9
    ratio = (background - (mean_predicted + mean_true) / 2) * max(gap, 0.0) / variance
    return BackgroundMargin(float(background), mean_predicted, mean_true, float(ratio), total)
