"""What people say of each class: how often captions of its training images name an attribute."""

import numpy as np
from scipy import sparse

from core import words
from core.run import Run


def class_frequency(run: Run) -> np.ndarray:
    """Return the share of a class's captioned training images that name t, shape (C, T), in [0, 1].

    0 throughout for a class without captions.
    """
    images = run.images
    xs = np.flatnonzero(images["is_train"] & (images["n_captions"] > 0))
    labels = images["true_c"].to_numpy()[xs]
    ones = np.ones(len(xs), np.float32)
    members = sparse.csr_array((ones, (labels, np.arange(len(xs)))), (run.sizes["C"], len(xs)))
    n_named = (members @ (run.counts[xs] > 0).astype(np.float32)).toarray()
    n_images = np.bincount(labels, minlength=run.sizes["C"])
    return n_named / np.maximum(n_images, 1)[:, None]


def phrase(run: Run, t: int) -> str:
    """Return an attribute as a sentence names it: "black wings"."""
    row = run.attributes.iloc[t]
    return f"{row['adjective']} {words.noun_form(row['noun'])}"
