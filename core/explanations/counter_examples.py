"""Counter-examples of a filter's attribute: images with the word and no activation, and reverse.

An attribute of a filter makes a prediction for every captioned image: where captions name it, the
filter is active. Two kinds of test images contradict it: those whose captions name the attribute
while the filter is silent, and those in which the filter is among its most active while no caption
names the attribute. Each count has its control: half of all images lie below the median, and most
captions do not name a given attribute.
"""

from dataclasses import dataclass

import numpy as np

from fieldmarks.core.run.caption_shares import caption_shares
from fieldmarks.core.run.run import Run

#: Minimum share of the captions of an image that name the attribute, for the image to have it.
MIN_SHARE = 0.2
#: A filter is silent in images whose activation is at most this quantile over test images.
SILENT = 0.5
#: It is most active in images above this one.
ACTIVE = 0.9


@dataclass(frozen=True)
class CounterExamples:
    """Captioned test images that contradict attribute t of filter f, and how many there are.

    Attributes
    ----------
    silent : ndarray of shape (n,), int
        Images that have the attribute while the filter is silent, by ascending activation.
    n_silent, n_with : int
        How many there are, and how many images have the attribute.
    active : ndarray of shape (n,), int
        Images without the attribute among the most active, by descending activation.
    n_active_without, n_active : int
        How many there are, and how many images are among the most active.
    share_without : float
        Share of all captioned test images without the attribute, in [0, 1]: the control.
    """

    silent: np.ndarray
    n_silent: int
    n_with: int
    active: np.ndarray
    n_active_without: int
    n_active: int
    share_without: float


def counter_examples(run: Run, f: int, t: int, n: int = 6) -> CounterExamples | None:
    """Return the images that contradict attribute t of filter f most, n of each kind.

    At least `MIN_SHARE` of an image's captions name t for the image to have it; the image is
    without it if no caption does. None where no test image has captions.
    """
    n_captions = run.images["n_captions"].to_numpy()
    xs = np.flatnonzero(run.is_test & run.is_readable & (n_captions > 0))
    if not len(xs):
        return None
    activation = np.asarray(run.array("pooled")[:, f])[xs]
    share = caption_shares(run.counts[:, [t]][xs], n_captions[xs]).toarray().ravel()
    has, lacks = share >= MIN_SHARE, share == 0
    low, high = np.quantile(activation, (SILENT, ACTIVE))
    is_active = activation > high
    silent, active = np.flatnonzero(has & (activation <= low)), np.flatnonzero(lacks & is_active)
    silent = silent[np.argsort(activation[silent], kind="stable")]
    active = active[np.argsort(-activation[active], kind="stable")]
    return CounterExamples(
        xs[silent[:n]],
        len(silent),
        int(has.sum()),
        xs[active[:n]],
        len(active),
        int(is_active.sum()),
        float(lacks.mean()),
    )
