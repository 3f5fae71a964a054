"""Backgrounds on which the images of a class fail more often than on its other backgrounds.

The sound test images of a class on a group of backgrounds are compared with its other sound test
images by Fisher's exact test; the false discovery rate is controlled over all classes and groups.
Where the difference is significant, the *excess share* of the failures on the background is
1 - p(failure elsewhere) / p(failure here): what share of them would not happen on the class's other
backgrounds. Without bias it is a lower limit of the probability that the background is the cause of
one of them (Greenland and Robins, 1988, "Conceptual problems in the definition and interpretation
of attributable fractions"; Pearl, 2000, "Causality", section 9.2).
"""

from dataclasses import dataclass

import numpy as np

from fieldmarks.core.name_status import MAX_Q
from fieldmarks.core.run.run import Run
from fieldmarks.core.shares import fisher, least_p, q_values


@dataclass(frozen=True)
class BackgroundFailures:
    """What the failures on its background say of each image.

    Parameters
    ----------
    share : ndarray of shape (X,)
        Excess share of the failures of the image's class on its background; 0 where the class does
        not fail significantly more often there, and for images that do not fail.
    n, n_right, other_n, other_right : ndarray of shape (X,)
        Sound images of the class on the background and on others, and those that are right.
    """

    share: np.ndarray
    n: np.ndarray
    n_right: np.ndarray
    other_n: np.ndarray
    other_right: np.ndarray

    def reason(self, x: int, name: str) -> str:
        """Return the evidence in a sentence with a blank before it, empty for none."""
        if not self.share[x]:
            return ""
        return (
            f" Of {self.n[x]} images of {name} on such a background {self.n_right[x]} are right, "
            f"of {self.other_n[x]} on others {self.other_right[x]}."
        )


def background_failures(run: Run, group: np.ndarray, is_sound: np.ndarray) -> BackgroundFailures:
    """Return how far the failures of each image's class concentrate on its background.

    Parameters
    ----------
    run : Run
    group : ndarray of shape (X,)
        Group of backgrounds, negative for none.
    is_sound : ndarray of shape (X,), bool
        Images whose quality and label are no cause of a failure: the others are not counted.
    """
    C, true_c = run.sizes["C"], run.images["true_c"].to_numpy()
    G = int(group.max(initial=-1)) + 1
    is_counted = run.is_test & run.is_readable & is_sound
    n, k = np.zeros((2, C, max(G, 1)), int)
    total, total_k = (
        np.bincount(true_c[chosen], minlength=C)[:, None]
        for chosen in (is_counted, is_counted & ~run.is_right)
    )
    on_group = is_counted & (group >= 0)
    np.add.at(n, (true_c[on_group], group[on_group]), 1)
    failing = on_group & ~run.is_right
    np.add.at(k, (true_c[failing], group[failing]), 1)
    p, least = fisher(k, n, total_k, total), least_p(n, total_k, total)
    q = q_values(p.ravel(), least.ravel()).reshape(p.shape)
    here, elsewhere = k / np.maximum(n, 1), (total_k - k) / np.maximum(total - n, 1)
    excess = np.where((q < MAX_Q) & (here > elsewhere), 1 - elsewhere / np.maximum(here, 1e-9), 0)
    cells = [excess, n, n - k, total - n, (total - n) - (total_k - k)]
    share, *counts = (cell[true_c, np.maximum(group, 0)] for cell in cells)
    is_failure = np.zeros(len(true_c), bool)
    is_failure[run.failures] = True
    return BackgroundFailures(share * (is_failure & (group >= 0)), *counts)
