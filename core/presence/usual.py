"""Attribute frequencies of classes: the share of training images that has an attribute."""

import numpy as np

from fieldmarks.core.batching import blocks
from fieldmarks.core.class_statistics import class_sums
from fieldmarks.core.presence.presence import features_of, presence_of
from fieldmarks.core.run.per_run import per_run
from fieldmarks.core.run.run import Run

#: An attribute is usual for a class if so large a share of its captioned training images has it.
USUAL = 0.5
#: An attribute is rare in a class that has it less than this share as often as the mean class,
#: where at the rate of the mean class so many of its images, at least, would have it.
RARE, MIN_EXPECTED = 0.2, 5
#: Images that tell what is usual for a class without captions.
_N_SEEN = 100


@per_run
def class_image_frequency(run: Run) -> np.ndarray:
    """Return the share of a class's captioned training images that name t, shape (C, T), in [0, 1].

    0 throughout for a class without captions.
    """
    images, (C, T) = run.images, (run.sizes["C"], run.sizes["T"])
    known = np.flatnonzero(images["is_train"] & (images["n_captions"] > 0))
    labels, n_named = images["true_c"].to_numpy(), np.zeros((C, T), np.float32)
    for block in blocks(len(known)):
        xs = known[block]
        n_named += class_sums(run.counts[xs] > 0, labels[xs], C)
    n_images = np.bincount(labels[known], minlength=C)
    frequency = n_named / np.maximum(n_images, 1)[:, None]
    frequency.flags.writeable = False  # shared by all who ask
    return frequency


@per_run
def rare_in_class(run: Run) -> np.ndarray:
    """Return which attributes images of a class hardly ever have, shape (C, T), bool.

    What is rare in a class is no reason for it, though a filter that counts for the class may have
    it among its words. Nothing is rare in a class without captions.
    """
    frequency = class_image_frequency(run)
    images = run.images[run.images["is_train"] & (run.images["n_captions"] > 0)]
    n_images = np.bincount(images["true_c"], minlength=run.sizes["C"])[:, None]
    mean = frequency[n_images[:, 0] > 0].mean(axis=0) if n_images.any() else 0
    return (frequency < RARE * mean) & (n_images * mean >= MIN_EXPECTED)


@per_run
def usual_of_class(run: Run, c: int) -> np.ndarray:
    """Return the share of the images of class c that have each attribute, shape (T,), in [0, 1].

    By the captions of its training images; of a class without captions, how likely each is seen in
    them on average, at most 100 of them, and 0 for what is unknown.
    """
    usual, presence = class_image_frequency(run)[c], presence_of(run)
    xs = np.flatnonzero((run.images["true_c"] == c) & run.images["is_train"])[:_N_SEEN]
    if usual.any() or presence is None or not len(xs):
        return usual
    return np.nan_to_num(presence.q(features_of(run, xs))).mean(axis=0)
