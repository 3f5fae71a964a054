"""Attribute frequencies of classes: how often captions of training images name an attribute."""

import numpy as np

from fieldmarks.core.batching import blocks
from fieldmarks.core.class_statistics import class_sums
from fieldmarks.core.run.per_run import per_run
from fieldmarks.core.run.run import Run

#: An attribute is usual for a class if so large a share of its captioned training images has it.
USUAL = 0.5


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
