"""Detection of attacked pictures, with and without words.

A detector gives every picture a suspicion; AUROC is the probability that an attacked picture whose
prediction has changed is more suspicious than an unchanged one. By words, a picture is suspicious
where what it says more of than usual, p(t given x, predicted c), differs from what captions name
more than usual: its own captions, or those of the training images nearest to it in activations,
which needs no captions of the picture; or from what an earlier layer says, see `earlier_layer`
beside this module. They are compared with one minus the maximum softmax probability (Hendrycks and
Gimpel, ICLR 2017), the distance to the nearest training images, and how improbable the earlier
layer finds the predicted class.

Controls remove the meaning: captions of another image of the same class, of another class, and the
predicted class's average captions in the place of the picture's words, which any classifier gives
without an explanation. Unchanged pictures that the network gets wrong are the hardest unchanged
ones: a detector of attacks has to tell attacks from ordinary failures.
"""

import numpy as np
from scipy.special import softmax

from fieldmarks.core.bootstrap import Resamples, Score, interval
from fieldmarks.core.class_statistics import class_sums
from fieldmarks.core.corruptions.record import UNCHANGED
from fieldmarks.core.experimental.attacks.earlier_layer import EarlierWords
from fieldmarks.core.experimental.attacks.record import ATTACKS, AttackRecord
from fieldmarks.core.experimental.attacks.reference import (
    Reference,
    p_of_pictures,
    shares_of_images,
    taught_images,
)
from fieldmarks.core.run.run import Run
from fieldmarks.core.unit_length import at_unit_length

#: Training images that are near.
N_NEAR = 10
#: An attack of fewer successes is not scored.
MIN_CHANGED = 5
CAPTIONS = "words against the captions"
NEAR = "words against captions of near images"
SOFTMAX, DISTANCE = "maximum softmax probability", "distance to near images"
SAME_CLASS = "captions of another image of the class"
OTHER_CLASS = "captions of another class"
NO_WORDS = "average captions of the predicted class"
LAYERS, LAYER_CLASS = "words against those of an earlier layer", "class by the earlier layer"
DETECTORS = (CAPTIONS, NEAR, SOFTMAX, DISTANCE, SAME_CLASS, OTHER_CLASS, NO_WORDS)
#: Those of a record with activations of an earlier layer.
LAYER_DETECTORS = (LAYERS, LAYER_CLASS)


class Detectors:
    """The detectors of a run.

    Parameters
    ----------
    run : Run
        With captioned training images.
    seed : int
        Of the controls.
    earlier : EarlierWords, optional
        Without it detectors by an earlier layer are left out.
    """

    def __init__(self, run: Run, seed: int = 0, earlier: EarlierWords | None = None):
        self.run, self.reference, self._earlier = run, Reference.of(run), earlier
        self._rng = np.random.default_rng(seed)
        taught, true_c = taught_images(run), run.images["true_c"].to_numpy()
        pooled = np.asarray(run.array("pooled")[taught], float)
        self._mean, self._deviation = pooled.mean(axis=0), pooled.std(axis=0)
        self._deviation[self._deviation == 0] = np.inf
        self._near = at_unit_length((pooled - self._mean) / self._deviation)
        share = shares_of_images(run, taught)
        self._taught_words = self.reference.caption_words(share)
        n = np.bincount(true_c[taught], minlength=run.sizes["C"])[:, None]
        of_class = class_sums(share, true_c[taught], run.sizes["C"]) / np.maximum(n, 1)
        self._class_words = self.reference.caption_words(of_class)
        self._taught, self._true_c = taught, true_c

    def suspicion(
        self,
        pooled: np.ndarray,
        logits: np.ndarray,
        xs: np.ndarray,
        earlier: np.ndarray | None = None,
    ) -> dict[str, np.ndarray]:
        """Return each detector's suspicion of pictures of images ``xs``, (n,) each; high: attacked.

        Parameters
        ----------
        pooled, logits : ndarray of shape (n, F) and (n, C)
        xs : ndarray of shape (n,)
            The images whose captions belong to the pictures.
        earlier : ndarray of shape (n, E), optional
            Pooled activations of the earlier layer.
        """
        c = np.asarray(logits).argmax(axis=1)
        said = self.reference.image_words(p_of_pictures(self.run, pooled, c))
        captions = self.reference.caption_words(shares_of_images(self.run, xs))
        z = at_unit_length((np.asarray(pooled, float) - self._mean) / self._deviation)
        likeness = z @ self._near.T
        near = np.argsort(-likeness, axis=1, kind="stable")[:, :N_NEAR]
        near_words = at_unit_length(self._taught_words[near].mean(axis=1))
        suspicion = {
            CAPTIONS: -(said * captions).sum(axis=1),
            NEAR: -(said * near_words).sum(axis=1),
            SOFTMAX: 1 - softmax(logits, axis=1).max(axis=1),
            DISTANCE: -np.take_along_axis(likeness, near, axis=1).mean(axis=1),
            SAME_CLASS: -(said * self._other(xs, same=True)).sum(axis=1),
            OTHER_CLASS: -(said * self._other(xs, same=False)).sum(axis=1),
            NO_WORDS: -(self._class_words[c] * captions).sum(axis=1),
        }
        if self._earlier is not None and earlier is not None:
            agree = said * at_unit_length(self._earlier.image_words(earlier))
            suspicion[LAYERS] = -agree.sum(axis=1)
            suspicion[LAYER_CLASS] = -self._earlier.log_p(earlier)[np.arange(len(c)), c]
        return suspicion

    def _other(self, xs: np.ndarray, same: bool) -> np.ndarray:
        """Return the captions of a training image of the same class, or of another one."""
        classes = self._true_c[self._taught]
        rows = [
            self._rng.choice(np.flatnonzero((classes == c) == same) if (classes == c).any()
                             else np.arange(len(classes)))
            for c in self._true_c[xs]
        ]  # fmt: skip
        return self._taught_words[np.array(rows, int)]


def score_detection(run: Run, record: AttackRecord, seed: int = 0) -> list[dict]:
    """Return the AUROC of every detector for every attack, a row per kind and strength.

    Parameters
    ----------
    run : Run
    record : AttackRecord
    seed : int
        Of controls and resamples.

    Returns
    -------
    list of dict
        ``kind``, ``level``, ``strength``, ``n`` pictures, ``changed``: those whose prediction
        changed, ``detectors``: name -> Score, and ``against failures``: the same with unchanged
        pictures of test images that the network gets wrong in the place of the unchanged ones.
    """
    captioned = run.images["n_captions"].to_numpy() > 0
    of_run, of_pictures = record.earlier_of_run, record.earlier
    earlier = None if of_run is None else EarlierWords.of(run, of_run)
    detectors, true_c = Detectors(run, seed, earlier), run.images["true_c"].to_numpy()
    names = DETECTORS if earlier is None else (*DETECTORS, *LAYER_DETECTORS)

    def suspicion(rows: np.ndarray, xs: np.ndarray) -> dict[str, np.ndarray]:
        of_earlier = None if of_pictures is None else of_pictures[rows]
        return detectors.suspicion(record.pooled[rows], record.logits[rows], xs, of_earlier)

    clean = record.rows(UNCHANGED)
    usable = captioned[record.xs]
    xs = record.xs[usable]
    negative = suspicion(clean[usable], xs)
    wrong = np.setdiff1d(run.failures[captioned[run.failures]], record.xs)
    wrong = wrong[run.is_readable[wrong] & ~run.is_left_out[wrong]]
    failures = detectors.suspicion(
        run.array("pooled")[wrong],
        run.array("logits")[wrong],
        wrong,
        None if of_run is None else of_run.of(wrong),
    )
    before, scored = record.table["predicted_c"].to_numpy()[clean], []
    for kind in (k for k in ATTACKS if k in record.kinds):
        for level, strength in record.levels(kind).items():
            rows = record.rows(kind, level)
            changed = (record.table["predicted_c"].to_numpy()[rows] != before)[usable]
            row = {
                "kind": kind,
                "level": level,
                "strength": strength,
                "n": len(xs),
                "changed": int(changed.sum()),
            }
            if changed.sum() >= MIN_CHANGED:
                positive = suspicion(rows[usable][changed], xs[changed])
                row["detectors"] = {
                    name: paired_auroc(negative[name], positive[name], changed, true_c[xs], seed)
                    for name in names
                }
                row["against failures"] = {
                    name: auroc_of_groups(
                        failures[name], positive[name], true_c[wrong], true_c[xs[changed]], seed
                    )
                    for name in names
                }
            scored.append(row)
    return scored


def _above(negative: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """Return whether each positive is above each negative, ties half, (n positive, n negative)."""
    gap = positive[:, None] - negative[None]
    return (gap > 0) + 0.5 * (gap == 0)


def paired_auroc(
    negative: np.ndarray,
    positive: np.ndarray,
    changed: np.ndarray,
    group: np.ndarray,
    seed: int = 0,
) -> Score:
    """Return the AUROC of attacked pictures against the unchanged ones of the same images.

    An image is drawn with both of its pictures.

    Parameters
    ----------
    negative : ndarray of shape (n,)
        Suspicion of the unchanged pictures.
    positive : ndarray of shape (m,)
        Suspicion of the attacked pictures.
    changed : ndarray of shape (n,), bool
        The m images that these belong to.
    group : ndarray of shape (n,)
        Class of each image, for resamples.
    seed : int
    """
    drawn = np.stack(list(Resamples(len(negative), seed=seed, group=group)))
    return _weighted(negative, positive, drawn, drawn[:, changed])


def auroc_of_groups(
    negative: np.ndarray,
    positive: np.ndarray,
    group: np.ndarray,
    other: np.ndarray,
    seed: int = 0,
) -> Score:
    """Return the AUROC of two sets of pictures, each drawn by itself; NaN where one is empty."""
    if not len(negative) or not len(positive):
        return interval(np.nan, np.empty(0), 0)
    first = np.stack(list(Resamples(len(negative), seed=seed, group=group)))
    second = np.stack(list(Resamples(len(positive), seed=seed + 1, group=other)))
    return _weighted(negative, positive, first, second)


def _weighted(
    negative: np.ndarray, positive: np.ndarray, first: np.ndarray, second: np.ndarray
) -> Score:
    """Return the AUROC, and in each resample, from weights (resamples, n) and (resamples, m)."""
    above = _above(negative, positive)
    pairs = first.sum(axis=1) * second.sum(axis=1)
    sums = ((second @ above) * first).sum(axis=1)
    again = np.divide(sums, pairs, out=np.full(len(sums), np.nan), where=pairs > 0)
    return interval(float(above.mean()), again, len(positive))
