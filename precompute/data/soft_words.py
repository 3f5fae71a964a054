"""Probabilities that attributes are seen in images, as a model gives them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from fieldmarks.core.attributes.attribute import Attribute
from fieldmarks.core.run.caption_shares import caption_shares
from fieldmarks.precompute.data.annotated import Annotated

#: From this probability on an image counts as having the phrase where only yes or no will do.
HAS = 0.5
#: Smaller ones are 0.
LEAST = 0.01


@dataclass(frozen=True)
class SoftWords:
    """How likely each attribute is seen in each image.

    Parameters
    ----------
    attributes : sequence of A Attribute
    p : ndarray of shape (X, A)
        In [0, 1], float32; 0 where it is not known.
    is_known : ndarray of shape (X,), bool
        Whether anything is known of each image.
    """

    attributes: Sequence[Attribute]
    p: np.ndarray
    is_known: np.ndarray

    @property
    def parts(self) -> tuple:
        """All that makes it, for a fingerprint."""
        return list(self.attributes), self.p, self.is_known

    @property
    def hard(self) -> Annotated:
        """The attributes of each image that are likely, as one statement."""
        counts = sparse.csr_array(self.p >= HAS, dtype=np.int32)
        return Annotated(self.attributes, counts, self.is_known.astype(np.int64))

    def line(self, x: int) -> str:
        """Return what is likely seen in image x as one line: "striped wing 97 %"."""
        ts = np.flatnonzero(self.p[x] >= HAS)
        by_p = ts[np.argsort(-self.p[x, ts], kind="stable")]
        return ", ".join(f"{self.attributes[t].phrase} {self.p[x, t]:.0%}" for t in by_p)

    def mentions(
        self, phrases: Sequence[str], counts: sparse.csr_array, n_said: np.ndarray
    ) -> sparse.csr_array:
        """Return how likely each attribute of a run is seen in each image, shape (X, T), float32.

        Where captions name an attribute too, it is at least as likely as their share.

        Parameters
        ----------
        phrases : sequence of T str
            Attributes of the run.
        counts : csr_array of shape (X, T)
            Statements of each image that name t, those of `hard` included.
        n_said : ndarray of shape (X,)
            Statements of each image without those of `hard`.
        """
        at = {phrase: t for t, phrase in enumerate(phrases)}
        a = [a for a, each in enumerate(self.attributes) if each.phrase in at]
        ts = np.array([at[self.attributes[each].phrase] for each in a], int)
        p = np.where(self.p[:, a] >= LEAST, self.p[:, a], 0)

        def of_run(values: np.ndarray) -> sparse.csr_array:
            x, column = np.nonzero(values)
            entries = values[x, column].astype(np.float32)
            return sparse.coo_array((entries, (x, ts[column])), shape=counts.shape).tocsr()

        said = sparse.csr_array(counts, dtype=np.float32) - of_run(self.p[:, a] >= HAS)
        said.eliminate_zeros()
        return caption_shares(said, np.maximum(n_said, 1)).maximum(of_run(p))
