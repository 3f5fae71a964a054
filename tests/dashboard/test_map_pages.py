"""The map, its regions as filters of Failures, and saved groups, without a browser."""

import base64
import json

import numpy as np
import pytest

from fieldmarks.core.image_map.region import MapRegion
from fieldmarks.core.image_map.region_words import words_of_images
from fieldmarks.core.run.reading import read_run
from fieldmarks.core.search.image_selection import Criteria, select_images
from fieldmarks.dashboard.image_map import points
from fieldmarks.dashboard.image_map.points import Colouring, drawn_images, drawn_region, map_points
from fieldmarks.dashboard.verdicts import database, saved_groups
from tests.support.faulty_run import write_faulty_run
from tests.support.pages import component_data, said, visit

pytestmark = pytest.mark.slow

REGION = MapRegion.parse("0-0.500-1000")


@pytest.fixture(autouse=True)
def runs(run, monkeypatch, tmp_path):
    monkeypatch.setenv("FIELDMARKS_RUNS", str(run.folder.parent))
    monkeypatch.setenv("FIELDMARKS_DB", f"sqlite:///{tmp_path / 'verdicts.sqlite'}")
    database.clear()
    saved_groups.clear()


def drawn(app) -> dict:
    """Return what the map was given to draw."""
    (chart,) = [each for each in component_data(app) if "palette" in each]
    return chart


def unpacked(text: str, dtype: str = "<u2") -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), dtype)


def inside(run) -> np.ndarray:
    return REGION.contains(run.array("layout"))


@pytest.mark.parametrize(
    ("link", "names"),
    [
        ("map", {"training image", "right", "wrong"}),
        ("map?colour=class", {f"Class {c}" for c in range(5)}),
        ("map?colour=class&c=2", {"Class 2", "other classes"}),
        (
            "map?colour=caption&t=yellow+head",
            {"captions without “yellow head”", "captions name “yellow head”", "no captions"},
        ),
        ("map?colour=p&t=yellow+head", set()),
        ("map?colour=nonsense&region=nonsense", {"training image", "right", "wrong"}),
    ],
)
def test_every_colour_is_a_link(link, names):
    app = visit(link)
    assert not app.exception
    assert {entry["text"] for entry in drawn(app)["legend"]} <= names
    assert bool(drawn(app)["scale"]) == (not names)
    assert unpacked(drawn(app)["images"], "<u4").tolist() == list(range(drawn(app)["n"]))


def test_a_diagnosed_run_is_coloured_by_pattern(faulty, monkeypatch):
    monkeypatch.setenv("FIELDMARKS_RUNS", str(faulty.folder.parent))
    app = visit("map?colour=pattern")
    assert not app.exception
    legend = {entry["text"]: entry["code"] for entry in drawn(app)["legend"]}
    assert {"no cause", "wrong label"} <= set(legend)
    patterns = faulty.table("diagnoses")["pattern"]
    n_wrong = (unpacked(drawn(app)["colours"]) == legend["wrong label"]).sum()
    assert n_wrong == (patterns == "wrong label").sum()


def test_a_region_says_its_images_and_the_way_to_its_failures(run):
    app = visit(f"map?region={REGION}")
    assert not app.exception
    assert f"{inside(run).sum()} images" in said(app)
    (link,) = [each.proto for each in app.get("page_link") if each.proto.label == "Failures"]
    assert f"region={REGION}" in link.query_string
    assert drawn(app)["region"] == [[0, 0], [0.5, 1]]
    told = words_of_images(run, inside(run))
    assert f"{told.n_inside} captioned ones" in said(app)


def test_what_a_region_says_more_is_listed_with_counts_and_interval(tmp_path, monkeypatch):
    run = write_faulty_run(tmp_path)
    monkeypatch.setenv("FIELDMARKS_RUNS", str(tmp_path))
    places = run.array("layout").copy()
    is_class = run.images["true_c"].to_numpy() == 0
    places[is_class, 0], places[~is_class, 0] = 0.1, 0.9
    np.save(run.folder / "arrays" / "layout.npy", places)
    told = words_of_images(read_run(run.folder), is_class)
    assert len(told.more)
    app = visit(f"map?region={REGION}")
    (words,) = component_data(app, "map.words.true")
    first, row = told.more.iloc[0], words["rows"][0]
    assert row["label"][0]["text"] == run.attributes["phrase"][int(first["t"])]
    assert f"{first['named_inside']:.0f} here" in row["label"][1]["text"]
    assert f"{100 * first['low']:+.0f}" in row["value"]


def test_a_region_is_a_filter_of_failures_that_stays_with_its_images(run):
    app = visit(f"failures?region={REGION}")
    expected = select_images(run, Criteria(), np.flatnonzero(inside(run)))
    (gallery,) = component_data(app, "images.gallery")
    assert len(gallery["items"]) == len(expected) < len(select_images(run, Criteria()))
    assert all(f"region={REGION}" in item["href"] for item in gallery["items"])
    (chips,) = component_data(app, "images.chips")
    (chip,) = chips["chips"]
    assert "map" in chip["text"]
    assert "region" not in chip["href"]


@pytest.mark.parametrize(
    ("link", "message"),
    [
        ("failures?region=1-2", "a region of the map is 2 to 48 corners"),
        ("failures?saved=gone", "There is no saved group “gone”"),
    ],
)
def test_a_bad_region_and_a_group_that_is_gone_are_told_of(run, link, message):
    app = visit(link)
    assert any(message in info.value for info in app.info)
    (gallery,) = component_data(app, "images.gallery")
    assert len(gallery["items"]) == len(select_images(run, Criteria()))


def test_a_region_is_saved_as_a_group_that_filters_failures_and_is_deleted(run):
    app = visit(f"map?region={REGION}")
    app.text_input(key="map.group").input("left half")
    app.button(key="FormSubmitter:map.save-Save").click().run()
    assert saved_groups().names("synthetic") == ["left half"]
    app = visit("failures?saved=left+half", app)
    (gallery,) = component_data(app, "images.gallery")
    expected = select_images(run, Criteria(), np.flatnonzero(inside(run)))
    assert len(gallery["items"]) == len(expected)
    app = visit("map", app)
    app.button(key="map.delete.left half").click().run()
    assert saved_groups().names("synthetic") == []


def test_a_name_that_is_taken_is_told_of():
    app = visit(f"map?region={REGION}")
    for _ in range(2):
        app.text_input(key="map.group").input("twice")
        app.button(key="FormSubmitter:map.save-Save").click().run()
    assert "there is a group" in app.error[0].value


@pytest.mark.parametrize(
    ("sent", "region"),
    [
        ({"corners": [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]}, "0-0.500-0.500-1000.0-1000"),
        ({"corners": [[0.1, 0.9], [0.01, 0.2]], "is_box": True}, "10-200.100-900"),
        ({"corners": [[-3, 0], [2, 0], [0, 9]]}, "0-0.1000-0.0-1000"),
        ({"corners": [[0, 0], [1, 1]]}, None),
        ({"corners": [[0, 0, 0]] * 4}, None),
        ({"corners": [["a", "b"]] * 4}, None),
        ({"corners": [[0, float("inf")]] * 4}, None),
        ({"corners": None}, None),
        ("nonsense", None),
        (None, None),
    ],
)
def test_what_the_browser_says_was_drawn_is_a_region_or_nothing(sent, region):
    answer = drawn_region(sent)
    assert (answer and str(answer)) == region


def test_a_point_leads_to_its_image_and_names_both_classes(run):
    chart = drawn(visit("map"))
    assert chart["href"] == "images?x="
    assert chart["href"].endswith("x=")
    assert unpacked(chart["true"]).tolist() == run.images["true_c"].tolist()
    assert unpacked(chart["predicted"]).tolist() == run.images["predicted_c"].tolist()
    places = unpacked(chart["places"]).reshape(-1, 2) / 65535
    np.testing.assert_allclose(places, run.array("layout"), atol=1e-5)


def test_a_run_without_a_map_says_how_to_make_one(run, tmp_path, monkeypatch):
    import shutil

    folder = tmp_path / "old"
    shutil.copytree(run.folder, folder)
    (folder / "arrays" / "layout.npy").unlink()
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    del manifest["sizes"]["D"]
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    monkeypatch.setenv("FIELDMARKS_RUNS", str(tmp_path))
    assert "fieldmarks run" in visit("map").info[0].value
    app = visit(f"failures?region={REGION}")
    assert any("this run has no map" in info.value for info in app.info)


def test_of_very_many_images_a_sample_is_drawn_that_stays_the_same(monkeypatch):
    monkeypatch.setattr(points, "MAX_POINTS", 100)
    assert drawn_images(80).tolist() == list(range(80))
    xs = drawn_images(500)
    assert len(np.unique(xs)) == 100
    assert xs.tolist() == drawn_images(500).tolist()


def test_very_many_classes_have_colours_and_no_legend():
    values = Colouring(np.arange(40) - 1, tuple(map(str, range(39))), ("#102030",) * 39)
    layout = np.full((40, 2), 0.5, np.float32)
    classes = (["a"], np.zeros(40, int), np.zeros(40, int))
    chart = map_points(layout, np.arange(40), values, REGION, classes)
    assert unpacked(chart["colours"]).tolist() == list(range(40))
    assert len(chart["palette"]) == len(chart["opacity"]) == 40
    assert chart["legend"] == []


def test_a_scale_runs_from_nothing_to_its_largest_value():
    values = Colouring(np.array([0, 0.02, 0.04, np.nan]), (), ("#000000", "#ff0000"), "p")
    layout = np.full((4, 2), 0.5, np.float32)
    chart = map_points(layout, np.arange(4), values, None, (["a"], np.zeros(4), np.zeros(4)))
    codes = unpacked(chart["colours"])
    assert chart["palette"][codes[0]] == chart["palette"][codes[3]] == "#000000"
    assert chart["palette"][codes[2]] == "#ff0000"
    assert 0 < codes[1] < codes[2]
    assert chart["scale"]["high"] == "0.04"
