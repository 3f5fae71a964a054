"""What a run answers about the head of its network."""

from abc import ABC, abstractmethod
from functools import cached_property

import numpy as np
import pandas as pd

from fieldmarks.core.head import LINEAR, LINEAR_HEAD, Head, LocalWeights, effective_weights


class HeadOfRun(ABC):
    """The head, and the weights that it has at images; a part of `core.run.run.Run`."""

    manifest: dict

    @abstractmethod
    def array(self, name: str, estimator: str | None = None) -> np.ndarray:
        """Return an array of the contract."""

    @abstractmethod
    def table(self, name: str) -> pd.DataFrame:
        """Return a table of the contract."""

    @property
    def head(self) -> Head:
        """How class scores come from pooled activations."""
        stated = self.manifest.get("head", LINEAR_HEAD)
        return Head(
            stated["kind"],
            self.array("class_weights"),
            self.array("class_bias"),
            stated["eps"],
            stated["is_split"],
        )

    @cached_property
    def is_class_left_out(self) -> np.ndarray:
        """Whether the network was trained without each class, shape (C,), bool."""
        return np.isin(self.table("classes")["class_id"], self.manifest.get("left_out", []))

    @property
    def is_left_out(self) -> np.ndarray:
        """Whether each image is of a class that the network was trained without, shape (X,)."""
        return self.is_class_left_out[self.table("images")["true_c"].to_numpy()]

    def local_weights(self, xs: np.ndarray | int) -> LocalWeights | None:
        """Return the weights of a head of first order at images, None for an exact head."""
        if self.head.is_exact:
            return None
        return LocalWeights(self.array("local_c")[xs], self.array("local_weights")[xs])

    def weights(
        self, xs: np.ndarray | int | None, cs: np.ndarray | int | slice = slice(None)
    ) -> np.ndarray:
        """Return what pooled activations of images are multiplied by for classes, (..., F).

        W[cs] of a linear head. Other heads have weights of their own in each image, see
        `core.head.effective_weights`. All that needs class weights asks here.

        Parameters
        ----------
        xs : int or ndarray of shape (n,) or None
            Images. None for the classes themselves, as eq. (7) describes them: W[cs], which of a
            head of first order is the average over images.
        cs : int or ndarray of shape (n,), optional
            The class that each is explained as; one image goes with several classes. By default all
            classes, without images.
        """
        if xs is None or self.head.kind == LINEAR:
            return self.array("class_weights")[cs]
        if isinstance(cs, slice):
            raise TypeError("weights in images are those of stated classes")
        return effective_weights(self.head, self.array("pooled")[xs], cs, self.local_weights(xs))

    def weights_at(
        self, pooled: np.ndarray, cs: np.ndarray | int, xs: np.ndarray | int | None = None
    ) -> np.ndarray:
        """Return what pooled activations of other pictures are multiplied by, (..., F).

        Parameters
        ----------
        pooled : ndarray of shape (..., F)
            Of pictures that are not in the run.
        cs : int or ndarray of shape (...)
            The class that each is explained as.
        xs : int or ndarray of shape (...), optional
            The images that they were made from: a head of first order has no weights of a new
            picture, and takes those of these images, or average ones.
        """
        local = None if xs is None else self.local_weights(xs)
        return effective_weights(self.head, pooled, cs, local)
