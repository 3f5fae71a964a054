"""The map, its regions as filters of Failures, and saved groups, without a browser."""

import json

import numpy as np
import pytest

from core.image_map.region import MapRegion
from core.image_map.region_words import words_of_images
from core.runs.run import Run
from core.search.image_selection import Criteria, select_images
from dashboard.figures.image_map import Colouring, drawn_region, image_map
from dashboard.verdicts import database, saved_groups
from tests.faulty_run import write_faulty_run
from tests.pages import component_data, said, visit

pytestmark = pytest.mark.slow

REGION = MapRegion.parse("0-0.500-1000")


@pytest.fixture(autouse=True)
def runs(run, monkeypatch, tmp_path):
    monkeypatch.setenv("FIELDMARKS_RUNS", str(run.folder.parent))
    monkeypatch.setenv("FIELDMARKS_DB", f"sqlite:///{tmp_path / 'verdicts.sqlite'}")
    database.clear()
    saved_groups.clear()


def figure(app) -> dict:
    (chart,) = app.get("plotly_chart")
    return json.loads(chart.proto.spec)


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
        ("map?colour=p&t=yellow+head", {""}),
        ("map?colour=nonsense&region=nonsense", {"training image", "right", "wrong"}),
    ],
)
def test_every_colour_is_a_link(link, names):
    app = visit(link)
    assert not app.exception
    assert {trace["name"] for trace in figure(app)["data"]} <= names
    assert figure(app)["data"]


def test_a_diagnosed_run_is_coloured_by_pattern(faulty, monkeypatch):
    monkeypatch.setenv("FIELDMARKS_RUNS", str(faulty.folder.parent))
    app = visit("map?colour=pattern")
    assert not app.exception
    assert {"no pattern", "wrong label"} <= {trace["name"] for trace in figure(app)["data"]}


def test_a_region_says_its_images_and_the_way_to_its_failures(run):
    app = visit(f"map?region={REGION}")
    assert not app.exception
    assert f"{inside(run).sum()} images" in said(app)
    (link,) = [each.proto for each in app.get("page_link") if each.proto.label == "Failures"][1:]
    assert f"region={REGION}" in link.query_string
    assert figure(app)["layout"]["shapes"]
    told = words_of_images(run, inside(run))
    assert f"{told.n_inside} captioned ones" in said(app)


def test_what_a_region_says_more_is_listed_with_counts_and_interval(tmp_path, monkeypatch):
    run = write_faulty_run(tmp_path)
    monkeypatch.setenv("FIELDMARKS_RUNS", str(tmp_path))
    places = run.array("layout").copy()
    is_class = run.images["true_c"].to_numpy() == 0
    places[is_class, 0], places[~is_class, 0] = 0.1, 0.9
    np.save(run.folder / "arrays" / "layout.npy", places)
    told = words_of_images(Run(run.folder), is_class)
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
    (gallery,) = component_data(app, "failures.gallery")
    assert len(gallery["items"]) == len(expected) < len(select_images(run, Criteria()))
    assert all(f"region={REGION}" in item["href"] for item in gallery["items"])
    app.button(key="failures.everywhere").click().run()
    assert "region" not in app.query_params


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
    (gallery,) = component_data(app, "failures.gallery")
    assert len(gallery["items"]) == len(select_images(run, Criteria()))


def test_a_region_is_saved_as_a_group_that_filters_failures_and_is_deleted(run):
    app = visit(f"map?region={REGION}")
    app.text_input(key="map.group").input("left half")
    app.button(key="FormSubmitter:map.save-Save").click().run()
    assert saved_groups().names("synthetic") == ["left half"]
    app = visit("failures?saved=left+half", app)
    (gallery,) = component_data(app, "failures.gallery")
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


def test_a_lasso_becomes_a_part_of_the_address_and_a_click_opens_the_image(run):
    app = visit("map")
    lasso = {"x": [0, 32768, 32768, 0], "y": [0, 0, 65535, 65535]}
    selection = {"points": [], "point_indices": [], "box": [], "lasso": [lasso]}
    assert str(drawn_region(selection)) == "0-0.500-0.500-1000.0-1000"
    assert drawn_region({"lasso": [], "box": [{"x": [0, 655], "y": [0, 655]}]}) is not None
    assert drawn_region({"lasso": [{"x": [1, 2], "y": [1, 2]}], "box": []}) is None
    assert not app.exception


def test_a_run_without_a_map_says_how_to_make_one(run, tmp_path, monkeypatch):
    import shutil

    folder = tmp_path / "old"
    shutil.copytree(run.folder, folder)
    (folder / "arrays" / "layout.npy").unlink()
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    del manifest["sizes"]["D"]
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    monkeypatch.setenv("FIELDMARKS_RUNS", str(tmp_path))
    assert "python -m precompute run" in visit("map").info[0].value
    app = visit(f"failures?region={REGION}")
    assert any("this run has no map" in info.value for info in app.info)


def test_of_very_many_images_a_sample_is_drawn_before_a_picture_of_the_others():
    rng = np.random.default_rng(0)
    layout = rng.random((500, 2)).astype(np.float32)
    values = Colouring(np.zeros(500, int), ("all",), ("#000000",))
    whole = image_map(layout, np.arange(500), values, [], None)
    part = image_map(layout, np.arange(0, 500, 2), values, [], None)
    assert not whole.layout.images
    assert part.layout.images[0].source.startswith("data:image/png;base64,")
    assert sum(len(trace.x) for trace in part.data) == 250


def test_very_many_classes_are_one_trace():
    values = Colouring(np.arange(40), tuple(map(str, range(40))), ("#000000",) * 40)
    layout = np.full((40, 2), 0.5, np.float32)
    (trace,) = image_map(layout, np.arange(40), values, [], REGION).data
    assert trace.marker.color.tolist() == list(range(40))
