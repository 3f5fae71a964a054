"""The words that separate two classes: what the network weighs, where captions agree.

Of two classes A and B the network has two mean images, one per class. From the mean image of B to
that of A the difference of the two logits rises by the sum over f of
(mean_A phi_f - mean_B phi_f) (W[A, f] - W[B, f]), exactly for a linear head. Each filter's part of
that rise is divided among its words by p(t given f): the parts of filters with the larger weight
for A are evidence that A has the word, those of filters with the larger weight for B that B has it.
A word belongs to the class where it has the larger part, and is kept only where the captions of the
training images agree: more images of that class have it, beyond what chance gives among all words
that are common enough to be asked about.
"""

from dataclasses import dataclass

import numpy as np
import scipy

from fieldmarks.core.batching import blocks
from fieldmarks.core.explanations.counter_examples import MIN_SHARE
from fieldmarks.core.name_status import MAX_Q
from fieldmarks.core.run.caption_shares import caption_shares_of
from fieldmarks.core.run.run import Run
from fieldmarks.core.scores.confusion import confusion_matrix

#: Words of each class in a lesson, at most.
N_WORDS = 3
#: Pictures of each class for a word.
N_PICTURES = 3
#: Minimum share of the captioned images of both classes that have a word, for it to be tested. The
#: sum of two counts says nothing of their difference, so this chooses nothing (Bourgon et al. 2010,
#: independent filtering).
MIN_COMMON = 0.1


@dataclass(frozen=True)
class SeparatingWord:
    """A word that one of two classes has more than the other, by the network and by captions.

    Attributes
    ----------
    t : int
        The attribute.
    c, other : int
        The class that has it, and the class that has it less.
    logit_part : float
        Its part of the rise of logit c minus logit other, see the module.
    n_named : tuple of int
        Captioned training images of c and of other that have it.
    n_images : tuple of int
        Captioned training images of c and of other.
    with_word, without : list of int
        Training images of c and of other to show it on.
    """

    t: int
    c: int
    other: int
    logit_part: float
    n_named: tuple[int, int]
    n_images: tuple[int, int]
    with_word: list[int]
    without: list[int]


def most_confused_pair(run: Run) -> tuple[int, int]:
    """Return the two classes that are confused most often in test images.

    Pairs that both have captioned training images come first, because a lesson needs captions;
    without any failure the first two classes are returned.

    Raises
    ------
    ValueError
        If the run has a single class.
    """
    counts = confusion_matrix(run)
    C = len(counts)
    if C < 2:
        raise ValueError("a run of one class has no two classes to tell apart")
    both = np.triu(counts + counts.T, k=1)
    captioned = np.array([len(captioned_images(run, c)) > 0 for c in range(C)])
    preferred = both * (captioned[:, None] & captioned[None, :])
    table = preferred if preferred.any() else both
    if not table.any():
        return 0, 1
    a, b = np.unravel_index(table.argmax(), table.shape)
    return int(a), int(b)


def captioned_images(run: Run, c: int) -> np.ndarray:
    """Return the readable training images of class c that have captions, ascending."""
    images = run.images
    use = ~run.is_test & run.is_readable & (images["n_captions"] > 0).to_numpy()
    return np.flatnonzero(use & (images["true_c"] == c).to_numpy())


def logit_rise(run: Run, a: int, b: int) -> tuple[np.ndarray, np.ndarray]:
    """Return each word's part of the rise of logit a minus logit b from images of b to those of a.

    Parameters
    ----------
    run : Run
    a, b : int
        Two classes; the means are over their readable training images.

    Returns
    -------
    for_a, for_b : ndarray of shape (T,)
        Through filters with the larger average weight for a, and for b. Together they sum to the
        rise; of a head of first order, to its estimate.
    """
    weights = run.weights(None)
    difference = weights[a].astype(float) - weights[b]
    rise = _mean_lead(run, a, a, b) - _mean_lead(run, b, a, b)
    p_t_given_f = run.array("p_t_given_f")
    for_a, for_b = (np.where(side, rise, 0) for side in (difference > 0, difference <= 0))
    return for_a @ p_t_given_f, for_b @ p_t_given_f


def separating_words(
    run: Run, a: int, b: int, n: int = N_WORDS, part: np.ndarray | None = None
) -> list[SeparatingWord]:
    """Return the words that separate two classes, those of a first, each by descending logit part.

    A noun occurs once per class, so that the lesson goes over several parts.

    Parameters
    ----------
    run : Run
    a, b : int
        Two classes.
    n : int
        Words per class, at most.
    part : ndarray of shape (T,), optional
        Evidence of each word for a, negative for b, in the place of the network's: for controls.

    Returns
    -------
    list of SeparatingWord
        Empty where the classes have no captions, or network and captions agree on nothing.

    Raises
    ------
    ValueError
        If both are the same class.
    """
    if a == b:
        raise ValueError(f"expected two classes, got class {a} twice")
    if part is None:
        for_a, for_b = logit_rise(run, a, b)
        part = for_a - for_b
    named, n_images = images_with_words(run, a, b)
    if not n_images.all():
        return []
    nouns = run.attributes["noun"].to_numpy()
    common = np.flatnonzero(named.sum(axis=0) >= MIN_COMMON * n_images.sum())
    result = []
    for i, (c, other, sign) in enumerate([(a, b, 1), (b, a, -1)]):
        q_value = _q_values(named[i, common], named[1 - i, common], n_images[i], n_images[1 - i])
        ts = common[(q_value < MAX_Q) & (sign * part[common] > 0)]
        ts = ts[np.argsort(-sign * part[ts], kind="stable")]
        _, first = np.unique(nouns[ts].astype(str), return_index=True)
        for t in ts[np.sort(first)][:n]:
            n_named = int(named[i, t]), int(named[1 - i, t])
            result.append(
                SeparatingWord(
                    t=int(t),
                    c=c,
                    other=other,
                    logit_part=float(sign * part[t]),
                    n_named=n_named,
                    n_images=(int(n_images[i]), int(n_images[1 - i])),
                    with_word=_pictures(run, c, t, descending=True),
                    without=_pictures(run, other, t, descending=False),
                )
            )
    return result


def caption_shares(run: Run, xs: np.ndarray, ts: np.ndarray | None = None) -> np.ndarray:
    """Return the share of the captions of each image that name each attribute, shape (n, T)."""
    share = caption_shares_of(run, xs).toarray().astype(float)
    return share if ts is None else share[:, ts]


def _mean_lead(run: Run, c: int, a: int, b: int) -> np.ndarray:
    """Return each filter's mean part of logit a minus logit b, readable training images of c, (F,).

    Weights are those of each image, which differ between images for a head that is not linear.
    """
    xs = np.flatnonzero(~run.is_test & run.is_readable & (run.images["true_c"] == c).to_numpy(bool))
    total = np.zeros(run.sizes["F"])
    for block in blocks(len(xs)):
        some = xs[block]
        of_a, of_b = (run.weights(some, np.full(len(some), each)) for each in (a, b))
        pooled = np.asarray(run.array("pooled")[some], float)
        total += (pooled * (np.asarray(of_a, float) - of_b)).sum(axis=0)
    return total / max(len(xs), 1)


def images_with_words(run: Run, a: int, b: int) -> tuple[np.ndarray, np.ndarray]:
    """Return how many captioned training images have each word, (2, T), of how many, (2,).

    An image has a word where at least `MIN_SHARE` of its captions name it.
    """
    xs = [captioned_images(run, c) for c in (a, b)]
    named = np.stack([(caption_shares(run, x) >= MIN_SHARE).sum(axis=0) for x in xs])
    return named, np.array([len(x) for x in xs])


def _q_values(named: np.ndarray, in_other: np.ndarray, n: int, n_other: int) -> np.ndarray:
    """Return q-values that a class has each word more often than the other, shape (len(named),).

    Fisher's exact test, one-sided, and false discovery control (Benjamini and Hochberg, 1995).
    """
    if not len(named):
        return np.ones(0)
    p = scipy.stats.hypergeom.sf(named - 1, n + n_other, named + in_other, n)
    return scipy.stats.false_discovery_control(np.clip(p, 0, 1))


def _pictures(run: Run, c: int, t: int, descending: bool) -> list[int]:
    """Return the images of class c with the largest, or smallest, share of captions that name t.

    Images whose maps are kept come first, then those of highest confidence.
    """
    xs = captioned_images(run, c)
    share = caption_shares(run, xs, np.array([t]))[:, 0]
    has_no_map = np.asarray(run.array("map_row"))[xs] < 0
    p_true = run.images["p_true"].to_numpy()[xs]
    order = np.lexsort((-p_true, -share if descending else share, has_no_map))
    return [int(x) for x in xs[order][:N_PICTURES]]
