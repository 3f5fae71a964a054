"""Inputs of the estimators, read from a run."""

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
from scipy import sparse

from core.batching import RowSubset
from core.estimators.base import Inputs
from core.probability import prior
from core.runs.run import Run

#: Images whose feature maps are passed to an estimator at a time.
_MAPS_BLOCK = 256


def estimator_inputs(
    pooled: np.ndarray,
    maps: np.ndarray,
    map_row: np.ndarray,
    counts: sparse.csr_array,
    n_captions: np.ndarray,
    true_c: np.ndarray,
    is_usable: np.ndarray,
    attributes: pd.DataFrame,
    class_weights: np.ndarray,
) -> Inputs:
    """Return the inputs of the estimators: readable training images that have captions.

    Parameters
    ----------
    pooled : ndarray of shape (X, F)
    maps : ndarray of shape (M, F, H, W)
    map_row : ndarray of shape (X,)
    counts : csr_array of shape (X, T)
    n_captions, true_c : ndarray of shape (X,)
    is_usable : ndarray of shape (X,), bool
        Readable, in the training split.
    attributes : DataFrame of T rows
    class_weights : ndarray of shape (C, F)
    """
    xs = np.flatnonzero(is_usable & (n_captions > 0))
    rows = map_row[xs]
    has_maps = len(xs) > 0 and (rows >= 0).all()
    return Inputs(
        pooled=RowSubset(pooled, xs),
        counts=counts[xs],
        n_captions=n_captions[xs],
        prior=prior(counts[xs]) if len(xs) else np.zeros(counts.shape[1]),
        true_c=true_c[xs],
        nouns=attributes["noun"].to_numpy(),
        adjectives=attributes["adjective"].to_numpy(),
        class_weights=np.asarray(class_weights),
        maps=map_batches(maps, rows) if has_maps else None,
    )


def inputs_of(run: Run) -> Inputs:
    """Return the inputs that the estimators of a finished run had."""
    images = run.images
    return estimator_inputs(
        run.array("pooled"),
        run.array("maps"),
        run.array("map_row"),
        run.counts,
        images["n_captions"].to_numpy(),
        images["true_c"].to_numpy(),
        images["is_train"].to_numpy(bool) & run.is_readable,
        run.attributes,
        run.array("class_weights"),
    )


def map_batches(
    maps: np.ndarray, rows: np.ndarray
) -> Callable[[], Iterator[tuple[np.ndarray, np.ndarray]]]:
    """Return a function that yields batches of image numbers, counted from 0, and their maps.

    Parameters
    ----------
    maps : ndarray of shape (M, F, H, W)
    rows : ndarray of shape (X,)
        Row of each image in the maps.
    """

    def batches() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for start in range(0, len(rows), _MAPS_BLOCK):
            chosen = np.arange(start, min(start + _MAPS_BLOCK, len(rows)))
            yield chosen, np.asarray(maps[rows[chosen]])

    return batches
