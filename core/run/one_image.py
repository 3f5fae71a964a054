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


class OneImageRun(Run):
    """A run of one image that is not on disk.

    Parameters
    ----------
    run : Run
    maps : ndarray of shape (F, H, W)
    pooled : ndarray of shape (F,)
    logits : ndarray of shape (C,)
        As the run's network gives them for the new image.
    local : LocalWeights, optional
        Weights of the classes in play, which a head of first order has in each image.

    Raises
    ------
    MissingRunError
        If the head is of first order and the weights are not given.
    """

    def __init__(
        self,
        run: Run,
        maps: np.ndarray,
        pooled: np.ndarray,
        logits: np.ndarray,
        local: LocalWeights | None = None,
    ):
        if not run.head.is_exact and local is None:
            raise MissingRunError(
                f"the head of run {run.name!r} is known at its own images only: a new one cannot "
                "be explained without weights of its own"
            )
        self.folder = run.folder
        self._describe(run.manifest, run.stamp)
        self._source = run
        self.sizes = {**run.sizes, "X": 1, "M": 1}
        of_images = {spec.name for spec in ARRAYS if {"X", "X+1", "M", "E"} & set(spec.dims)}
        of_images |= {"top_images", "canonical"}  # they number the images of the run
        self._arrays = {
            name: run.array(*name.split("/"))
            for name in run.array_names
            if name.partition("/")[0] not in of_images
        }
        self._arrays |= {
            "maps": np.asarray(maps, np.float16)[None],
            "map_row": np.zeros(1, np.int32),
            "pooled": np.asarray(pooled, np.float32)[None],
            "logits": np.asarray(logits, np.float32)[None],
        }
        if local is not None:
            self.sizes["J"] = len(local.classes)
            self._arrays["local_c"] = np.asarray(local.classes, np.int32)[None]
            self._arrays["local_weights"] = np.asarray(local.weights, np.float32)[None]
        p = softmax(np.asarray(logits, float))
        c = int(p.argmax())
        self._tables["images"] = pd.DataFrame({"predicted_c": [c], "confidence": [p[c]]})

    @property
    def source(self) -> Run:
        """The run whose estimates it uses."""
        return self._source

    def table(self, name: str) -> pd.DataFrame:
        """Return the table of images with the one new row, or one of the run.

        Raises
        ------
        MissingRunError
            If it is of the run's images.
        """
        if name in self._tables:
            return self._tables[name]
        if next(spec for spec in TABLES if spec.name == name).rows == "X":
            raise MissingRunError(f"a new image has no table {name!r}")
        return self._source.table(name)
