"""What the estimators are given, read from a run."""

from collections.abc import Callable, Iterator

import numpy as np

from fieldmarks.core.batching import RowSubset
from fieldmarks.core.errors import WordlessError
from fieldmarks.core.estimators.base import Inputs, Keypoints
from fieldmarks.core.probability import prior
from fieldmarks.core.run.part_columns import keypoint_columns
from fieldmarks.core.run.run import Run

#: Feature maps handed to an estimator at a time, images.
_MAPS_BLOCK = 256


def inputs_of(run: Run, keypoints: bool = True) -> Inputs:
    """Return what estimators may see of a run: readable training images that have captions.

    Images of classes that the network was trained without are excluded, too.

    Parameters
    ----------
    run : Run
        Finished, or still being written: nothing that an estimator made is read.
    keypoints : bool
        Whether to read the keypoints.
    """
    if not run.sizes["T"]:  # estimators are asked before the run has any
        raise WordlessError(run.name, "an estimator")
    return _inputs(run, run.images["is_train"].to_numpy(bool) & ~run.is_left_out, keypoints)


def described_inputs(run: Run) -> Inputs:
    """Return the captioned training images of all classes, left-out ones too.

    No estimator gets these: only descriptions of classes are made of their captions.
    """
    return _inputs(run, run.images["is_train"].to_numpy(bool))


def held_out_inputs(run: Run) -> Inputs | None:
    """Return the same of the test images, which no estimator sees; None if no word is known."""
    n_captions = run.images["n_captions"].to_numpy()
    xs = np.flatnonzero(run.is_test & run.is_readable & (n_captions > 0))
    return _inputs(run, run.is_test) if run.counts[xs].nnz else None


def _inputs(run: Run, is_split: np.ndarray, keypoints: bool = True) -> Inputs:
    images, counts, map_row = run.images, run.counts, run.array("map_row")
    n_captions = images["n_captions"].to_numpy()
    xs = np.flatnonzero(is_split & run.is_readable & (n_captions > 0))
    rows = map_row[xs]
    has_moments = "block_moments" in run.array_names
    has_maps = len(xs) > 0 and (rows >= 0).all()
    return Inputs(
        pooled=RowSubset(run.array("pooled"), xs),
        counts=counts[xs],
        n_captions=n_captions[xs],
        prior=prior(counts[xs]) if len(xs) else np.zeros(counts.shape[1]),
        true_c=images["true_c"].to_numpy()[xs],
        nouns=run.attributes["noun"].to_numpy(),
        adjectives=run.attributes["adjective"].to_numpy(),
        class_weights=np.asarray(run.weights(None)),
        maps=map_batches(run.array("maps"), rows) if has_maps else None,
        keypoints=_keypoints(run, xs) if keypoints else None,
        moments=RowSubset(run.array("block_moments"), xs) if has_moments else None,
        mentions=None if run.mentions is None else run.mentions[xs],
    )


def _keypoints(run: Run, xs: np.ndarray) -> Keypoints | None:
    """Return the keypoints of some images, None where no attribute's part has any."""
    if not run.array("parts").shape[1]:
        return None
    columns = keypoint_columns(run)
    if (columns < 0).all():
        return None
    centres = np.asarray(run.array("cell_centres"))
    return Keypoints(np.asarray(run.array("parts")[xs]), columns, centres)


def map_batches(
    maps: np.ndarray, rows: np.ndarray
) -> Callable[[], Iterator[tuple[np.ndarray, np.ndarray]]]:
    """Return a function that yields batches of image numbers, counted from 0, and their maps.

    Parameters
    ----------
    maps : ndarray of shape (M, F, H, W)
    rows : ndarray of shape (X,)
        Of each image in the maps.
    """

    def batches() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for start in range(0, len(rows), _MAPS_BLOCK):
            chosen = np.arange(start, min(start + _MAPS_BLOCK, len(rows)))
            yield chosen, np.asarray(maps[rows[chosen]])

    return batches
