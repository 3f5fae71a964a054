"""What a person should know before any figure of a run is believed, a sentence each.

They are printed in the terminal and stand at the top of the Overview: the manifest holds them under
``notices``, by what they are of.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from fieldmarks.core.run.contract import UNREADABLE
from fieldmarks.precompute.data.dataset import Dataset
from fieldmarks.precompute.pipeline.inputs import RunInputs

if TYPE_CHECKING:
    from fieldmarks.precompute.network.loading import LoadedModel

#: A gain with a higher probability by chance, over all ways that are named, is none.
_P_VALUE = 0.05
_CHOICES = {
    "alpha": (
        "have transparent pixels",
        {
            "drop": "transparency is dropped, as torchvision's ImageFolder does",
            "grey": "they are put on grey",
            "white": "they are put on white",
        },
    ),
    "orientation": (
        "have a camera's orientation tag",
        {
            "stored": "it is ignored, as torchvision's ImageFolder does",
            "upright": "they are rotated upright, and boxes refer to the rotated picture",
        },
    ),
    "depth": (
        "have more than 8 bits",
        {
            "clip": "values above 255 are white, as torchvision's ImageFolder has it",
            "unit": "1.0 is white",
            "12": "4095 is white",
            "16": "65535 is white",
        },
    ),
}


def tell(say: Callable[[str], None], lines: list[str]) -> list[str]:
    """Say lines as notes, and return them."""
    for line in lines:
        say(f"note: {line}")
    return lines


def notices_before(inputs: RunInputs) -> list[str]:
    """Return what is known before anything is computed, the gravest first."""
    dataset, model = inputs.dataset, inputs.model
    told = [*split_notice(dataset, model), *model.notes]
    return [*told, *dataset.problems, *inputs.words.problems]


def notices_after(manifest: dict, told: list[str]) -> list[str]:
    """Return the notices of a finished run that were not printed yet."""
    lines = [line for kind in manifest["notices"].values() for line in kind]
    return [line for line in lines if line not in told]


def split_notice(dataset: Dataset, model: "LoadedModel") -> list[str]:
    """Return a warning if a network may know the test images, because no split is given."""
    if model.made or not dataset.is_split_drawn:
        return []
    told = (
        "test images may have been used for training: no split was given, so it was drawn at "
        "random. If the network was trained on these images, the accuracy is too high and "
        "failures are missing; pass the split of the training with --split FILE"
    )
    return [told]


def picture_notices(n_affected: dict[str, int], n_images: int, model: "LoadedModel") -> list[str]:
    """Say how many pictures a choice of decoding matters for, and what was chosen."""
    told = []
    for choice, n in n_affected.items():
        what, meanings = _CHOICES[choice]
        value = getattr(model.preprocessing, choice)
        others = " or ".join(other for other in meanings if other != value)
        if n:
            told.append(
                f"{n:,} of {n_images:,} pictures {what}: {meanings[value]} "
                f"(--{choice} {value}; else {others})"
            )
    return told


def problem_notices(problems: dict[str, list], n_images: int) -> list[str]:
    """Say how many pictures are not fed as they are, see `precompute.pipeline.stages.feeding`."""
    meanings = {
        UNREADABLE: "cannot be read, so that they are neither judged nor learnt from",
        "used whole": "have no bounding box inside the picture, so that all of it is fed",
    }
    return [
        f"{n:,} of {n_images:,} pictures {meanings[kind]}, such as {path} ({reason})"
        for kind, (n, path, reason) in problems.items()
    ]


def accuracy_notice(feeding: dict | None) -> list[str]:
    """Ask whether the accuracy is what the network's owner measured, and name likely reasons."""
    if not feeding:
        return []
    asked = (
        f"accuracy here {feeding['accuracy']:.1%} on {feeding['images']:,} test images: is this "
        "yours?"
    )
    tried = feeding["tried"]
    if not tried:
        return [asked]
    better = [w for w in tried if w["after"] > w["before"] and w["p_value"] * len(tried) < _P_VALUE]
    figures = ", ".join(
        f"{w['option']} {w['after']:.1%} (as it is {w['before']:.1%}, {w['images']} images)"
        for w in tried
    )
    verdict = (
        f"The preprocessing may differ from that of the training: {better[0]['option']} raises it"
        if better
        else "No common variation of the preprocessing raises it"
    )
    return [f"{asked} {verdict}. Tried: {figures}"]
