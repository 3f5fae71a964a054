"""Groups of test images with similar backgrounds, and what captions say about each.

The activations that the background adds are clustered (k-means) over the test images whose maps are
kept, by what share of them each filter has, so that a strong tint or much contrast makes no group:
signed square roots of unit length, Hellinger's distance where none is negative. A group whose
images look like those of others in their corners is none (see `background_looks`): all photographs
may be on plain white. Words that captions say more often of a group than of other images *of the
same classes* name it: backgrounds go with classes, and without the strata a background would be
named by the birds that are photographed on it (Cochran 1954; Mantel and Haenszel 1959, over
classes). A group without such a word is shown by its pictures.
"""

import numpy as np
from scipy import sparse
from scipy.special import ndtr

from fieldmarks.core.batching import blocks
from fieldmarks.core.causes.background import Background
from fieldmarks.core.causes.background_looks import colour_of_group, distinct_groups
from fieldmarks.core.class_statistics import class_sums
from fieldmarks.core.name_status import MAX_Q
from fieldmarks.core.presence.presence import SEEN, features_of, presence_of
from fieldmarks.core.run.per_run import per_run
from fieldmarks.core.run.run import Run
from fieldmarks.core.shares import q_values
from fieldmarks.core.unit_length import at_unit_length

#: Groups, at most; a group has about so many images at least.
MOST_GROUPS, IMAGES_EACH = 10, 20
#: Of the images of a group, at least this share has the word that names it.
MIN_SHARE = 0.5
#: In place of a group: of an image that was not grouped, and of one whose background is as usual.
UNKNOWN, USUAL = -1, -2
_SEED = 0


def background_groups(background: Background) -> np.ndarray:
    """Return the group of each test image's background, shape (X,), int32.

    `UNKNOWN` where nothing was grouped, `USUAL` where the group looks like others.

    Parameters
    ----------
    background : Background
        Of the run; test images whose maps are kept are grouped, where failures are not all of them.
    """
    run = background.run
    group = np.full(run.sizes["X"], UNKNOWN, np.int32)
    is_known = run.is_test & run.is_readable & (np.asarray(run.array("map_row")) >= 0)
    xs = np.flatnonzero(is_known)
    k = min(MOST_GROUPS, len(xs) // IMAGES_EACH)
    if k < 2 or not run.is_right[xs].any():
        return group
    pooled = np.concatenate([background.pooled(xs[block]) for block in blocks(len(xs))])
    pooled = at_unit_length(np.sign(pooled) * np.sqrt(np.abs(pooled)))
    from sklearn.cluster import KMeans  # pages read groups that a stage has made

    group[xs] = KMeans(k, n_init=4, random_state=_SEED).fit_predict(pooled)
    found = distinct_groups(run, group)
    number = np.full(k, USUAL, np.int32)
    number[found] = np.arange(len(found))
    group[xs] = number[group[xs]]
    return group


def groups_of(run: Run) -> np.ndarray | None:
    """Return the groups that a run's diagnoses hold, shape (X,); None where they hold none."""
    if "diagnoses" not in run.table_names:
        return None
    table = run.table("diagnoses")
    return table["background"].to_numpy() if "background" in table else None


@per_run
def group_colour(run: Run, g: int) -> str:
    """Return the colour of a group of backgrounds in words."""
    group = groups_of(run)
    assert group is not None
    return colour_of_group(run, group, g)


@per_run
def group_words(run: Run) -> list[list[int]]:
    """Return the attributes said more often of each group than of others of their classes.

    By descending difference; see `stratified_words`. Images with captions have what these name,
    others what is seen in them. An adjective without a noun is of the object and names none.
    """
    group = groups_of(run)
    if group is None:
        return []
    xs = np.flatnonzero(group >= 0)
    labels = run.images["true_c"].to_numpy()[xs]
    said, is_thing = said_of(run, xs), run.attributes["kind"].isin(("pair", "noun")).to_numpy()
    return [
        [t for t in stratified_words(said, group[xs] == g, labels) if is_thing[t]]
        for g in range(int(group.max(initial=-1)) + 1)
    ]


def words_of(run: Run, g: int, xs: np.ndarray) -> list[int]:
    """Return the attributes that name background g of images, the most frequent first.

    Parameters
    ----------
    run : Run
    g : int
        Group of backgrounds; what is said of it more often than elsewhere may name it.
    xs : ndarray of int
        Images of the group. Most of them have what names their background.
    """
    ts = np.array(group_words(run)[g], int)
    if not len(ts) or not len(xs):
        return []
    share = np.asarray(said_of(run, xs)[:, ts].mean(axis=0)).ravel()
    order = np.argsort(-share, kind="stable")
    return ts[order[share[order] >= MIN_SHARE]].tolist()


def said_of(run: Run, xs: np.ndarray) -> sparse.csr_array:
    """Return whether each attribute is said of images: by captions, else seen, shape (n, T)."""
    said = sparse.csr_array(run.counts[xs] > 0)
    is_captioned = run.images["n_captions"].to_numpy()[xs] > 0
    presence = presence_of(run)
    if is_captioned.all() or presence is None:
        return said
    silent = np.flatnonzero(~is_captioned)
    seen = sparse.vstack(
        [
            sparse.csr_array(presence.q(features_of(run, xs[silent[b]])) > SEEN)
            for b in blocks(len(silent))
        ]
    )
    place = sparse.csr_array(
        (np.ones(len(silent), bool), (silent, np.arange(len(silent)))), (len(xs), len(silent))
    )
    return sparse.csr_array(said + place @ seen)


def stratified_words(said: sparse.csr_array, inside: np.ndarray, stratum: np.ndarray) -> list[int]:
    """Return attributes said more often inside than of others of the same stratum.

    Parameters
    ----------
    said : csr_array of shape (n, T), bool
    inside : ndarray of shape (n,), bool
    stratum : ndarray of shape (n,), int

    Returns
    -------
    list of int
        Significant ones, by descending difference between what is observed inside and what the
        strata lead to expect.
    """
    n_strata = int(stratum.max(initial=-1)) + 1
    n = np.bincount(stratum, minlength=n_strata)[:, None].astype(float)
    n_inside = np.bincount(stratum[inside], minlength=n_strata)[:, None].astype(float)
    named = np.asarray(class_sums(said, stratum, n_strata), float)
    observed = np.asarray(said[inside].sum(axis=0), float).ravel()
    expected = (n_inside * named / np.maximum(n, 1)).sum(axis=0)
    variance = n_inside * (n - n_inside) * named * (n - named)
    variance = (variance / np.maximum(n * n * (n - 1), 1)).sum(axis=0)
    excess = observed - expected
    z = np.divide(excess - 0.5, np.sqrt(variance), out=np.zeros_like(excess), where=variance > 0)
    is_tested = variance > 0
    q = np.ones(len(z))
    q[is_tested] = q_values(2 * ndtr(-np.abs(z[is_tested])))
    ts = np.flatnonzero((q < MAX_Q) & (z > 0))
    return ts[np.argsort(-excess[ts], kind="stable")].tolist()
