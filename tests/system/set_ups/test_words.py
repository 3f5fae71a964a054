"""Set-ups of words: an image has the words that its owner wrote of it, and no others.

The owner knows of each picture what it has, and writes captions from that in the ways in which
people and models write. The run's counts are compared with what the owner knows.
"""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest
from torchvision.datasets import ImageFolder
from torchvision.datasets.folder import default_loader

from fieldmarks.core.explanations.explanation import describe, explain
from fieldmarks.core.run.run import Run
from tests.support.owner import CLASSES, FED, NET, STEPS, Owner, run_of, save_rgb, write_folders

pytestmark = pytest.mark.slow
OPTIONS = f"{FED} --min-images 3"
Truth = Mapping[str, bool]


class Writing(NamedTuple):
    """What an owner writes of a picture, and phrases that are never to be made of it."""

    write: Callable[[Truth], str]
    never: tuple[str, ...] = ()


def either(has: bool, yes: str, no: str) -> str:
    return yes if has else no


#: Of each picture: whether it has a red handle and blue stripes.
HANDLE, STRIPE = "red handle", "blue stripe"
NEVER = ("handle", "stripe", "no handle", "no stripe")
WRITINGS = {
    "with and without": Writing(
        lambda t: (
            f"a thing {either(t[HANDLE], 'with a red handle', 'without a red handle')} and "
            f"{either(t[STRIPE], 'with blue stripes', 'without blue stripes')}"
        )
    ),
    "no and no": Writing(
        lambda t: (
            f"a thing with {either(t[HANDLE], 'a red handle', 'no red handle')} and "
            f"{either(t[STRIPE], 'blue stripes', 'no blue stripes')}"
        )
    ),
    "neither, nor": Writing(
        lambda t: (
            "a thing with neither a red handle nor blue stripes"
            if not (t[HANDLE] or t[STRIPE])
            else f"a thing that has {' and '.join(phrases(t))}"
        )
    ),
    "lacks, is free of": Writing(
        lambda t: (
            f"it {either(t[HANDLE], 'has a red handle', 'lacks a red handle')}. it is "
            f"{either(t[STRIPE], 'full of blue stripes', 'free of blue stripes')}"
        )
    ),
    "does not have": Writing(
        lambda t: (
            f"the thing {either(t[HANDLE], 'has', 'does not have')} a red handle. there are "
            f"{either(t[STRIPE], 'blue stripes', 'not any blue stripes')} on it"
        )
    ),
    "a model: the image shows": Writing(
        lambda t: (
            f"The image shows a thing in the middle of a large number of other things. It "
            f"{either(t[HANDLE], 'has a red handle', 'does not have a red handle')}. A piece of it "
            f"{either(t[STRIPE], 'has blue stripes', 'has no blue stripes')}."
        ),
        ("large number", "middle", "piece", "image", "front"),
    ),
    "in front of, a row of": Writing(
        lambda t: f"a thing in front of a row of things, {' and '.join(phrases(t)) or 'plain'}",
        ("front", "row"),
    ),
    "hyphens": Writing(
        lambda t: f"a long-sleeved, non-striped thing, {' and '.join(phrases(t)) or 'handle-less'}",
        ("sleeved", "long", "striped thing", "handle thing"),
    ),
    "title case with a maker": Writing(
        lambda t: (
            f"Benetton Thing {either(t[HANDLE], 'With a Red Handle', 'For Men')}"
            f"{either(t[STRIPE], ' and Blue Stripes', '')}"
        ),
        ("benetton", "benetton thing"),
    ),
    "of no trace": Writing(
        lambda t: (
            f"{either(t[HANDLE], 'a red handle is visible', 'a red handle is not visible')}, "
            f"{either(t[STRIPE], 'blue stripes', 'no trace of blue stripes')}"
        )
    ),
}


def phrases(truth: Truth) -> list[str]:
    return ["a red handle"] * truth[HANDLE] + ["blue stripes"] * truth[STRIPE]


def truth_of(path: str) -> Truth:
    """Return what the owner knows of a picture: drawn by its number, the same in all classes."""
    i = int(Path(path).stem)
    return {HANDLE: i % 2 == 0, STRIPE: i % 3 == 0}


def made(folder: Path, captions: Mapping[str, str], classes: Collection[str] = CLASSES) -> Run:
    """Make the run of pictures with captions in a file of their paths."""
    code = NET.replace("num_classes=3", f"num_classes={len(classes)}")
    owner = Owner.of_own_code(folder, lambda path: STEPS(default_loader(path)), code)
    train = ImageFolder(str(folder / "data" / "train"))
    assert train.classes == sorted(classes)
    owner.train(train.samples, folder / "net.pth")
    rows = [{"file_name": path, "caption": text} for path, text in captions.items()]
    pd.DataFrame(rows).to_csv(folder / "captions.csv", index=False)
    return run_of(folder, f"{OPTIONS} --captions {folder / 'captions.csv'}")[0]


def named(run: Run, phrase: str) -> set[str]:
    """Return the images that have an attribute by their captions."""
    if phrase not in set(run.attributes["phrase"]):
        return set()
    t = run.attributes["phrase"].tolist().index(phrase)
    return set(run.images["path"][run.counts[:, [t]].toarray()[:, 0] > 0])


@pytest.mark.parametrize("name", WRITINGS)
def test_images_have_what_their_owner_wrote_and_not_what_is_denied(tmp_path, name):
    writing = WRITINGS[name]
    data = write_folders(tmp_path / "data")
    paths = [str(path.relative_to(data)) for path in sorted(data.glob("*/*/*.png"))]
    run = made(tmp_path, {path: writing.write(truth_of(path)) for path in paths})
    for phrase in (HANDLE, STRIPE):
        assert named(run, phrase) == {path for path in paths if truth_of(path)[phrase]}, phrase
    made_of_it = set(run.attributes["phrase"])
    assert not made_of_it & {*writing.never, "handle", "stripe"} - {HANDLE, STRIPE}


def test_columns_of_a_table_say_of_an_image_what_its_row_says(tmp_path):
    data = write_folders(tmp_path / "data", n={"": 18})
    rows = [
        {
            "file_name": str(path.relative_to(data)), "label": path.parent.name,
            "split": ("train", "test")[i % 4 == 0], "has_laces": "yes" if i % 2 else "no",
            "colour": ("Navy Blue", "Red", "")[i % 3], "waterproof": i % 5 == 0,
        }
        for i, path in enumerate(sorted(data.glob("*/*.png")))
    ]  # fmt: skip
    frame = pd.DataFrame(rows)
    frame.to_csv(data / "metadata.csv", index=False)
    owner = Owner.of_own_code(tmp_path, lambda path: STEPS(default_loader(path)))
    samples = [(str(data / row["file_name"]), CLASSES.index(row["label"])) for row in rows]
    owner.train(samples, tmp_path / "net.pth")
    run, _ = run_of(tmp_path, OPTIONS)
    for phrase, is_so in (
        ("lace", frame["has_laces"] == "yes"), ("navy blue", frame["colour"] == "Navy Blue"),
        ("red", frame["colour"] == "Red"), ("waterproof", frame["waterproof"]),
    ):  # fmt: skip
        assert named(run, phrase) == set(frame["file_name"][is_so]), phrase


#: Classes named by an adjective, plurals, a place and a thing, and how they read.
READ_AS = {
    "commercial": ("This is an example of the class commercial", "An example of the class"),
    "playgrounds": ("This is an example of the class playgrounds", "An example of the class"),
    "bathroom": ("This is a bathroom", "A bathroom has"),
    "playfields": ("This is an example of the class playfields", "An example of the class"),
    "hourglass": ("This is an hourglass", "An hourglass has"),
}


def test_classes_of_any_name_read_as_english(tmp_path):
    data = write_folders(
        tmp_path / "data", n={"train": 6, "test": 3}, classes=sorted(READ_AS), save=of_five
    )
    paths = [str(path.relative_to(data)) for path in sorted(data.glob("*/*/*.png"))]
    said = {
        path: f"a thing with {' and '.join(phrases(truth_of(path))) or 'dots'}" for path in paths
    }
    run = made(tmp_path, said, classes=READ_AS)
    for c, name in enumerate(run.classes["name"]):
        sentences = {explain(run, x, c).sentence for x in range(run.sizes["X"])}
        image, of_class = READ_AS[name]
        none = f"No attribute that the network sees here counts for {name}."
        assert all(each.startswith(f"{image} because ") for each in sentences - {none}), sentences
        assert describe(run, c).sentence.startswith(of_class), describe(run, c).sentence


def of_five(path: Path, c: int, seed: int) -> None:
    save_rgb(path, c % 3, seed + 50 * c)
