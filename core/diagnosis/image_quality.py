"""Image quality: is the picture unlike those that the network was trained on.

Each measure is held against the training split: its distance from the median in units of how far
the 95th percentile lies from it. An image at 1 is beyond 95 % of the training images, at 2 twice as
far. The unit follows the tail of each measure, so a measure that varies wildly by nature does not
cry wolf. An image must be unusual both among all images and among those of its class: a dark bird
is not a dark picture, and a bird away from its usual place is not a bad one. The worst measure
counts. How far the activations lie from the class's usual is said beside it and does not count: a
wrong label does that too.
"""

from dataclasses import dataclass

import numpy as np

from core.diagnosis.finding import Finding, squash
from core.diagnosis.outlyingness import unlikeness
from core.runs.run import Run

_MIN_CLASS = 5  # training images of a class that give a median
_MIDDLE, _WIDTH = 1.7, 0.35  # units; chosen on worlds of seeds 1 and 2
_FLOOR = 1e-6


@dataclass(frozen=True)
class Measure:
    """A column of the images table and the direction that is bad."""

    column: str
    sign: int
    words: str
    weight: float = 1.0


MEASURES = (
    Measure("sharpness", -1, "less sharp"),
    Measure("brightness", -1, "darker"),
    Measure("brightness", +1, "brighter"),
    Measure("contrast", -1, "flatter in contrast"),
    Measure("colour_cast", +1, "more strongly tinted"),
    Measure("noise", +1, "noisier"),
    Measure("resolution", -1, "smaller in pixels", 0.8),
    Measure("visible", -1, "more hidden", 0.8),
)


def excess(values: np.ndarray, classes: np.ndarray, is_train: np.ndarray, sign: int) -> np.ndarray:
    """Return how far each image lies beyond the training images, shape (X,).

    1 is the 95th percentile of the training images, 0 their median.

    Parameters
    ----------
    values : ndarray of shape (X,)
        A measure.
    classes : ndarray of shape (X,)
        Label of each image.
    is_train : ndarray of shape (X,), bool
    sign : {1, -1}
        Whether high or low values are bad.
    """
    overall = sign * np.asarray(values, dtype=float)
    overall -= np.median(overall[is_train])
    within = overall.copy()
    for c in np.unique(classes):
        usual = overall[is_train & (classes == c)]
        within[classes == c] -= np.median(usual) if len(usual) >= _MIN_CLASS else 0.0
    units = [np.percentile(centred[is_train], 95) for centred in (overall, within)]
    return np.minimum(overall / max(units[0], _FLOOR), within / max(units[1], _FLOOR))


def measure(run: Run) -> dict[str, np.ndarray]:
    """Return every column that `MEASURES` names, shape (X,) each."""
    images = run.images
    columns = {m.column for m in MEASURES} - {"resolution", "visible"}
    values = {column: images[column].to_numpy(float) for column in columns}
    values["noise"] = np.log(values["noise"] + 1 / 255)
    values["resolution"] = np.log(np.maximum(images["crop_side"].to_numpy(float), 1))
    values["visible"] = np.isfinite(run.array("parts")[..., 0]).sum(axis=1).astype(float)
    return values


def find_degraded(run: Run) -> Finding:
    """Return how far each image's quality lies outside that of the training images."""
    images = run.images
    classes, is_train = images["true_c"].to_numpy(), images["is_train"].to_numpy()
    values = measure(run)
    reference = is_train if is_train.any() else np.ones(len(is_train), dtype=bool)
    units = np.stack(
        [m.weight * excess(values[m.column], classes, reference, m.sign) for m in MEASURES], axis=1
    )

    unlike, names = unlikeness(run), run.classes["name"].to_numpy()

    def seen(x: int) -> str:
        if np.isnan(unlike[x]):
            return ""
        return (
            f" What the network sees in it is further from the usual {names[classes[x]]} than in "
            f"{unlike[x]:.0%} of its training images."
        )

    def reason(x: int) -> str:
        order = np.argsort(-units[x], kind="stable")
        bad = [m for m in order[:2] if units[x, m] > 1]
        if not bad:
            usual = "Sharpness, exposure, colour, noise, size and visible parts are as usual."
            return usual + seen(x)
        parts = []
        for m in bad:
            share = (units[reference, m] < units[x, m]).mean()
            parts.append(f"{MEASURES[m].words} than {share:.1%} of the training images")
        return f"The picture is {' and '.join(parts)}.{seen(x)}"

    return Finding(squash(units.max(axis=1), _MIDDLE, _WIDTH), reason)
