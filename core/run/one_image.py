"""A run whose only image is a new one: what explains an image of a run explains this one too.

The estimates, classes and attributes are those of the run; pooled activations, feature maps and
class scores are the new image's, as image 0. No formula is written a second time for it.
"""

import numpy as np
import pandas as pd
from scipy.special import softmax

from fieldmarks.core.errors import MissingRunError
from fieldmarks.core.head import LocalWeights
from fieldmarks.core.run.contract import ARRAYS
from fieldmarks.core.run.run import Run
from fieldmarks.core.run.tables import TABLES

#: Arrays of the images of a run: by their sizes, or because they number its images.
_OF_IMAGES = {spec.name for spec in ARRAYS if {"X", "X+1", "M", "E"} & set(spec.dims)}
_OF_IMAGES |= {"top_images", "canonical"}
_TABLES_OF_IMAGES = {spec.name for spec in TABLES if spec.rows == "X"}


def one_image_run(
    run: Run,
    maps: np.ndarray,
    pooled: np.ndarray,
    logits: np.ndarray,
    local: LocalWeights | None = None,
    moments: np.ndarray | None = None,
) -> Run:
    """Return a run of one new image, in memory; its `Run.source` is ``run``.

    Parameters
    ----------
    run : Run
    maps : ndarray of shape (F, H, W)
    pooled : ndarray of shape (F,)
    logits : ndarray of shape (C,)
        As the run's network gives them for the new image.
    local : LocalWeights, optional
        Weights of the classes in play, which a head of first order has in each image.
    moments : ndarray of shape (B,), optional
        Of earlier blocks, for a run that has those of its images.

    Raises
    ------
    MissingRunError
        If the head is of first order and the weights are not given, or the moments are not.
    """
    if not run.head.is_exact and local is None:
        raise MissingRunError(
            f"the head of run {run.name!r} is known at its own images only: a new one cannot "
            "be explained without weights of its own"
        )
    if "block_moments" in run.array_names and moments is None:
        raise MissingRunError(
            f"what is seen in images of run {run.name!r} is read off earlier blocks too: a new one "
            "cannot be explained without moments of its own"
        )
    sizes = {**run.sizes, "X": 1, "M": 1}
    arrays = {
        name: run.array(*name.split("/"))
        for name in run.array_names
        if name.partition("/")[0] not in _OF_IMAGES
    }
    arrays |= {
        "maps": np.asarray(maps, np.float16)[None],
        "map_row": np.zeros(1, np.int32),
        "pooled": np.asarray(pooled, np.float32)[None],
        "logits": np.asarray(logits, np.float32)[None],
    }
    if moments is not None:
        arrays["block_moments"] = np.asarray(moments, np.float32)[None]
    if local is not None:
        sizes["J"] = len(local.classes)
        arrays["local_c"] = np.asarray(local.classes, np.int32)[None]
        arrays["local_weights"] = np.asarray(local.weights, np.float32)[None]
    p = softmax(np.asarray(logits, float))
    c = int(p.argmax())
    tables = {name: run.table(name) for name in run.table_names if name not in _TABLES_OF_IMAGES}
    tables["images"] = pd.DataFrame({"predicted_c": [c], "confidence": [p[c]]})
    manifest = {**run.manifest, "sizes": sizes}
    return Run(manifest, arrays, tables, {}, run.location, run.stamp, run)
