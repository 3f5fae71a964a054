import hashlib
import re
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from fieldmarks.core.errors import DataError
from fieldmarks.precompute.demo_world import make
from fieldmarks.precompute.demo_world.captions.words import ADJECTIVES, meanings
from fieldmarks.precompute.demo_world.cub_writer import CUB_PARTS, look_alikes
from fieldmarks.precompute.demo_world.make import make_world
from fieldmarks.precompute.demo_world.painting.palette import PALETTE
from fieldmarks.precompute.demo_world.planting.ground_truth import Truth
from tests.support.worlds import IMAGE_SIZE, N_IMAGES, N_SPECIES, tiny_world

pytestmark = pytest.mark.slow

N = N_SPECIES * N_IMAGES


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    return tiny_world(tmp_path_factory.mktemp("world") / "tiny")


@pytest.fixture(scope="module")
def truth(world) -> Truth:
    return Truth.read(world)


def table(world: Path, name: str, columns: list[str]) -> pd.DataFrame:
    return pd.read_csv(world / "CUB_200_2011" / name, sep=" ", names=columns)


def fingerprint(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(p.relative_to(folder)): hashlib.md5(p.read_bytes()).hexdigest() for p in files}


def test_the_same_seed_gives_the_same_bytes_from_one_process_or_two(tmp_path):
    sizes = {"n_species": 2, "n_images": 4, "image_size": 96, "progress": False}
    one = make_world(tmp_path / "one", **sizes, workers=1)
    two = make_world(tmp_path / "two", **sizes, workers=2)
    other = make_world(tmp_path / "other", **sizes, workers=1, seed=1)
    assert fingerprint(one) == fingerprint(two)
    assert fingerprint(one) != fingerprint(other)


def test_a_tiny_world_takes_a_few_seconds_and_a_second_call_none(tmp_path):
    start = time.process_time()
    tiny_world(tmp_path / "w")
    made = time.process_time()
    tiny_world(tmp_path / "w")
    again = time.process_time()
    assert made - start < 6  # about 2 on a free core
    assert again - made < 0.1


def test_a_world_of_older_code_is_made_again(tmp_path, monkeypatch):
    sizes = {"n_species": 2, "n_images": 2, "image_size": 96, "progress": False, "workers": 1}
    make_world(tmp_path / "w", **sizes)
    monkeypatch.setattr(make, "_sources", lambda: "older")
    make_world(tmp_path / "w", **sizes)
    assert Truth.read(tmp_path / "w").settings["sources"] == "older"


def test_a_world_of_other_settings_replaces_the_old_one(tmp_path):
    sizes = {"n_species": 2, "image_size": 96, "progress": False, "workers": 1}
    make_world(tmp_path / "w", n_images=3, **sizes)
    make_world(tmp_path / "w", n_images=2, **sizes)
    assert len(Truth.read(tmp_path / "w").images) == 4
    assert [path.name for path in tmp_path.iterdir()] == ["w"]


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"n_species": 1}, "expected 2 to 24 species"),
        ({"n_species": 25}, "got 25, 50 and 300"),
        ({"n_images": 1}, "at least 2 images"),
        ({"image_size": 20}, "64 to 512 pixels"),
        ({"image_size": 1024}, "got 24, 50 and 1024"),
    ],
)
def test_impossible_sizes_are_refused(tmp_path, sizes, message):
    with pytest.raises(DataError, match=re.escape(message)):
        make_world(tmp_path / "w", progress=False, **sizes)


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(DataError, match="expected an empty folder or a made world"):
        make_world(tmp_path, n_species=2, n_images=2, progress=False)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_a_folder_without_truth_says_who_makes_one(tmp_path):
    with pytest.raises(DataError, match="fieldmarks demo"):
        Truth.read(tmp_path)


def test_the_layout_is_that_of_cub(world):
    images = table(world, "images.txt", ["id", "path"])
    classes = table(world, "classes.txt", ["id", "name"])
    assert images["id"].tolist() == list(range(1, N + 1))
    assert classes["name"].str.fullmatch(r"\d{3}\.[A-Z][a-z]+(_[A-Z][a-z]+)+").all()
    labels = table(world, "image_class_labels.txt", ["id", "c"])["c"]
    folders = images["path"].str.split("/").str[0]
    assert (folders == labels.map(classes.set_index("id")["name"])).all()
    assert images["path"].is_unique
    assert table(world, "train_test_split.txt", ["id", "is_train"])["is_train"].isin([0, 1]).all()
    parts = (world / "CUB_200_2011" / "parts" / "parts.txt").read_text().splitlines()
    assert parts == [f"{number} {name}" for number, name in enumerate(CUB_PARTS, 1)]
    for path in images["path"]:
        with Image.open(world / "CUB_200_2011" / "images" / path) as image:
            assert image.mode == "RGB"
            assert max(image.size) == IMAGE_SIZE


def test_boxes_lie_inside_and_hold_the_visible_parts(world, truth):
    boxes = table(world, "bounding_boxes.txt", ["id", "left", "top", "width", "height"])
    places = table(world, "parts/part_locs.txt", ["id", "part", "col", "row", "seen"])
    assert len(places) == 15 * N
    joined = places[places["seen"] == 1].merge(boxes, on="id")
    inside = (joined["col"].between(joined["left"] - 1, joined["left"] + joined["width"] + 1)) & (
        joined["row"].between(joined["top"] - 1, joined["top"] + joined["height"] + 1)
    )
    assert inside.mean() > 0.98
    assert (boxes[["left", "top"]] >= 0).all(axis=None)
    for row, path in zip(boxes.itertuples(), truth.images["path"], strict=True):
        with Image.open(world / "CUB_200_2011" / "images" / path) as image:
            assert row.left + row.width <= image.width + 0.5
            assert row.top + row.height <= image.height + 0.5
    assert (places.loc[places["seen"] == 0, ["col", "row"]] == 0).all(axis=None)


def test_only_the_side_that_is_shown_has_an_eye(world, truth):
    parts = truth.parts.merge(truth.images["faces_left"], on="image_id")
    left, right = (parts[parts["part"] == f"{side} eye"] for side in ("left", "right"))
    assert (left.loc[~left["faces_left"], "visible"] == 0).all()
    assert (right.loc[right["faces_left"], "visible"] == 0).all()
    assert parts["faces_left"].nunique() == 2


def test_every_image_has_ten_captions(world, truth):
    for path in truth.images["path"]:
        text = (world / "text_c10" / path).with_suffix(".txt").read_text("utf-8")
        lines = text.splitlines()
        assert len(lines) == 10
        assert all(4 <= len(line.split()) <= 40 for line in lines)
        assert len(set(lines)) >= 8


def test_truth_agrees_with_the_pixels(world, truth):
    """The colour at a visible part is nearest to its own word, or nearly (white shades to grey)."""
    names = list(PALETTE)
    palette = np.array([PALETTE[name] for name in names], dtype=float)
    clean = truth.images[truth.images["degradation"] == ""]
    told = truth.attributes[truth.attributes["adjective"].isin(names)]
    ranks = []
    for noun in ("belly", "breast", "crown"):
        rows = told[(told["noun"] == noun) & (told["visible"] > 0.99)].set_index("image_id")
        for image_id, row in rows.loc[rows.index.intersection(clean.index)].iterrows():
            with Image.open(world / "CUB_200_2011" / "images" / clean.path[image_id]) as image:
                pixels = np.asarray(image, dtype=float)
            r, c = round(row["row"]), round(row["col"])
            seen = np.median(pixels[r - 1 : r + 2, c - 1 : c + 2].reshape(-1, 3), axis=0)
            named = names.index(row["adjective"])
            distances = np.linalg.norm(palette - seen, axis=1)
            ranks.append(int((distances < distances[named]).sum()))
    assert len(ranks) > 30
    assert np.mean(np.array(ranks) == 0) > 0.6
    assert np.mean(np.array(ranks) <= 3) > 0.9


def test_captions_tell_what_the_truth_holds(world, truth):
    """Most mentions of a bill's colour are the bill's colour; a few are mistakes."""
    right = total = 0
    for image_id, path in truth.images["path"].items():
        text = (world / "text_c10" / path).with_suffix(".txt").read_text("utf-8")
        rows = truth.attributes[
            (truth.attributes["image_id"] == image_id) & (truth.attributes["noun"] == "bill")
        ]
        for adjective in re.findall(r"(\w+) (?:bill|beak)", text):
            if adjective not in ("a", "the", "its", "and", "has"):
                total += 1
                right += not meanings(adjective, ADJECTIVES).isdisjoint(rows["adjective"])
    assert total > 50
    assert 0.9 < right / total < 1


def test_the_pairs_of_the_world_are_in_the_truth(truth):
    assert list(truth.pairs.itertuples(index=False, name=None)) == look_alikes(N_SPECIES)
