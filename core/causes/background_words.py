"""The background of a failure where it decides: its words, else images with the same background."""

from dataclasses import dataclass

import numpy as np

from fieldmarks.core.attributes import english
from fieldmarks.core.causes.background_groups import group_colour, groups_of, words_of
from fieldmarks.core.explanations.attribute_phrase import attribute_phrase
from fieldmarks.core.run.run import Run

#: Images that show a background.
N_SHOWN = 6


@dataclass(frozen=True)
class BackgroundOf:
    """The background of an image.

    Attributes
    ----------
    ts : list of int
        Attributes that name it, most telling first; empty where none does.
    shown : ndarray of int
        Images with such a background, those of the predicted class first.
    """

    ts: list[int]
    shown: np.ndarray


def background_of(run: Run, x: int) -> BackgroundOf | None:
    """Return the background of test image x; None where it is unknown.

    It is named by what is said of images with such a background more often than of others of their
    classes, and of most of those of the image's true and predicted class.
    """
    group = groups_of(run)
    if group is None or group[x] < 0:
        return None
    true, predicted = (run.images[f"{side}_c"].to_numpy() for side in ("true", "predicted"))
    is_alike = group == group[x]
    is_of_two = np.isin(true, [true[x], predicted[x]])
    ts = words_of(run, int(group[x]), np.flatnonzero(is_alike & is_of_two))
    others = np.flatnonzero(is_alike & (np.arange(len(group)) != x))
    order = np.argsort(true[others] != predicted[x], kind="stable")
    return BackgroundOf(ts, others[order][:N_SHOWN])


def named_background(run: Run, g: int, ts: list[int]) -> str:
    """Return "background of white snow" by the attributes that name it, else by its colour."""
    if not ts:
        return f"{group_colour(run, g)} background" if g >= 0 else "background"
    return f"background of {english.join([attribute_phrase(run, t) for t in ts[:2]])}"
