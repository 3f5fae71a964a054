"""Every page, every kind of link, bad links and broken runs, without a browser."""

from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pytest

from fieldmarks.core.scores.confusion import confusion_pairs
from fieldmarks.core.search.image_selection import (
    Criteria,
    select_images,
    suggested_failures,
)
from fieldmarks.dashboard.verdicts import database
from tests.support.pages import APP, component_data, links, said, visit

pytestmark = pytest.mark.slow

ROOT = APP.parent.parent
PAGES = ("", "images", "filters", "review", "classes", "causes")


@pytest.fixture(autouse=True)
def runs(run, monkeypatch):
    monkeypatch.setenv("FIELDMARKS_RUNS", str(run.folder.parent))
    return run.folder.parent


@pytest.fixture
def wrong(run) -> int:
    return int(suggested_failures(run)[0])


def phrase(run, t: int) -> str:
    return run.attributes["phrase"].iloc[t]


def test_the_pages_are_those_of_the_folder():
    stems = {path.stem for path in (APP.parent / "app_pages").glob("*.py")}
    assert {page or "overview" for page in PAGES} <= stems


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens(page):
    app = visit(page)
    assert not app.exception
    assert len(app.title) == 1
    assert not [info for info in app.info if "link" in info.icon]


@pytest.mark.parametrize("page", PAGES)
def test_every_image_says_what_it_shows(page):
    def alts(value):
        if isinstance(value, dict):
            if "src" in value and "alt" in value:
                yield value["alt"]
            value = list(value.values())
        if isinstance(value, list):
            for each in value:
                yield from alts(each)

    assert all(alts(component_data(visit(page))))


@pytest.mark.parametrize(
    "link",
    [
        "?x=1&f=2&c=3&t=yellow+head&q=yellow&page=2",
        "failures?x={x}",
        "failures?x={x}&t={t}",
        "failures?x={x}&c=0&versus=1",
        "failures?x=0",
        "failures?show=right",
        "failures?show=all&sort=darkest&sure=0.20-0.90",
        "failures?view=table",
        "failures?note=open",
        "failures?note=noted",
        "failures?pattern=image+quality",
        "patterns",
        "failures?t={t}",
        "filters?f=0",
        "filters?f=0&t={t}&view=whole",
        "filters?sort=how+used&view=accuracy",
        "filters?t={t}",
        "filters?c=1&status=captions",
        "filters?t={t}&c=1",
        "search?q={t}",
        "search?q={t},+not+red+tail,+wrong",
        "search?q=true:1+predicted:2",
        "search?q=purple+zebra",
        "failures?x=3&tab=grounding&words={t},red+tail",
        "grounding?x=3&t={t},red+tail",
        "classes?c=2",
        "classes?c=2&versus=1&t={t}",
    ],
)
def test_every_kind_of_link_opens_without_a_notice(run, wrong, link):
    t = int(run.array("top_t_predicted")[wrong, 0])
    app = visit(link.format(x=wrong, t=phrase(run, t).replace(" ", "+")))
    assert not app.exception
    assert not [info for info in app.info if "link" in info.value.lower()]


@pytest.mark.parametrize(
    "link", ["failures?x={}", "failures?true={}", "filters?f={}", "classes?c={}"]
)
def test_a_bad_index_lands_softly(link):
    app = visit()
    for value in ("99999999", "-1", "x", "1.5", "٣", "1" * 300, "<b>1</b>", "0x1"):
        app = visit(link.format(value), app)
        assert not app.exception
        assert any("asks for" in info.value for info in app.info)


@pytest.mark.parametrize(
    "link",
    [
        "failures?sort=nonsense&view=nonsense&show=nonsense&page=nonsense",
        "failures?sure=2-3",
        "failures?sure=--",
        "failures?page=999",
        "filters?status=nonsense&page=-1",
        "search?page=7",
    ],
)
def test_a_bad_choice_falls_back_to_the_default(link):
    app = visit(link)
    assert not app.exception
    assert links(app)


@pytest.mark.parametrize(
    "link", ["failures?x=1&t=zebra", "classes?c=1&t=zebra", "grounding?x=3&t=zebra"]
)
def test_an_unknown_attribute_is_named_and_the_page_stays(link):
    app = visit(link)
    assert not app.exception
    assert any("no attribute “zebra”" in info.value for info in app.info)


@pytest.mark.parametrize("start", PAGES)
def test_every_kind_of_link_on_a_page_leads_somewhere(start):
    seen, dead = set(), []
    app = visit(start)
    for link in links(app):
        parts = urlsplit(link)
        kind = (parts.path, tuple(sorted(key for key, _ in parse_qsl(parts.query))))
        if kind in seen:
            continue
        seen.add(kind)
        app = visit(link, app)
        if app.exception or not links(app):
            dead.append(link)
    assert seen
    assert not dead


def test_one_path_of_clicks_from_a_confusion_to_the_largest_class_weights_of_a_filter(run):
    app = visit()
    (pairs,) = component_data(app, "overview.pairs")
    app = visit(pairs["rows"][0]["href"], app)
    (gallery,) = component_data(app, "images.gallery")
    assert str(len(gallery["items"])) == pairs["rows"][0]["value"]

    app = visit(gallery["items"][0]["href"], app)
    (sentence,) = component_data(app, "failures.sentence.predicted")
    word = next(span for span in sentence["spans"] if span.get("href") and not span["active"])

    app = visit(word["href"], app)
    (sentence,) = component_data(app, "failures.sentence.predicted")
    assert [s["text"] for s in sentence["spans"] if s.get("active")] == [word["text"]]
    (picture,) = component_data(app, "failures.picture")
    assert picture["items"][1]["layer"].startswith("data:image/png;base64,")
    (filters,) = component_data(app, "failures.filters")

    app = visit(filters["rows"][0]["href"], app)
    assert app.get("plotly_chart")
    (regions,) = component_data(app, "filter.top_images")
    assert regions["items"][0]["layer"]
    (classes,) = component_data(app, "filter.classes")

    app = visit(classes["rows"][0]["href"], app)
    assert component_data(app, "classes.sentence.")
    assert "classes" in urlsplit(classes["rows"][0]["href"]).path


def test_next_and_previous_follow_the_list(run):
    xs = select_images(run, Criteria())
    app = visit(f"failures?x={xs[0]}")
    assert app.button(key="failures.previous").disabled
    app.button(key="failures.next").click().run()
    assert app.query_params["x"] == str(xs[1])
    app.button(key="failures.previous").click().run()
    assert app.query_params["x"] == str(xs[0])


def test_what_narrows_the_list_becomes_part_of_the_link(run):
    c = int(confusion_pairs(run)["true_c"].iloc[0])
    app = visit("failures?page=2")
    app.selectbox(key="images.true").select(c).run()
    assert app.query_params["true"] == str(c)
    assert "page" not in app.query_params
    (gallery,) = component_data(app, "images.gallery")
    assert len(gallery["items"]) == len(select_images(run, Criteria(true=c)))
    assert all(f"true={c}" in item["href"] for item in gallery["items"])


def test_a_bar_leads_to_the_same_image_with_its_attribute_in_focus(run, wrong):
    (chart,) = component_data(visit(f"failures?x={wrong}"), "failures.difference")
    bar = chart["rows"][-1]
    assert bar["length"] < 0
    app = visit(bar["href"])
    assert app.query_params["x"] == str(wrong)
    (picture,) = component_data(app, "failures.picture")
    assert bar["label"] in picture["items"][1]["alt"]
    (chart,) = component_data(app, "failures.difference")
    assert [row["label"] for row in chart["rows"] if row["active"]] == [bar["label"]]


def test_any_class_can_be_put_in_the_place_of_the_true_one(run, wrong):
    row = run.images.iloc[wrong]
    other = next(c for c in range(run.sizes["C"]) if c not in (row["true_c"], row["predicted_c"]))
    app = visit(f"failures?x={wrong}")
    app.selectbox(key="image.versus").select(other).run()
    assert app.query_params["versus"] == str(other)
    (sentence,) = component_data(app, "failures.sentence.true")
    assert run.classes["name"].iloc[other] in sentence["spans"][0]["text"]


def test_a_correct_image_opens_in_the_same_view(run):
    x = int(select_images(run, Criteria("right"))[0])
    app = visit(f"failures?x={x}")
    assert not app.exception
    assert component_data(app, "failures.sentence.true")


def test_an_empty_list_says_how_to_get_something_back(run):
    app = visit("failures?true=0&predicted=0")
    assert not app.exception
    assert "No image matches" in app.info[0].value
    (chips,) = component_data(app, "images.chips")
    assert [chip["text"].split(":")[0] for chip in chips["chips"]] == [
        "True", "Predicted", "All filters"
    ]  # fmt: skip
    assert chips["chips"][-1]["href"] == "images"


def test_nobody_has_reviewed_anything_yet(run, monkeypatch, tmp_path):
    monkeypatch.setenv("FIELDMARKS_DB", f"sqlite:///{tmp_path / 'verdicts.sqlite'}")
    database.clear()
    (everything,) = component_data(visit("failures?note=open"), "images.gallery")
    assert len(everything["items"]) == len(select_images(run, Criteria()))
    assert "No image matches" in visit("failures?note=reviewed").info[0].value


def test_one_tab_under_an_image_is_drawn_at_a_time(wrong):
    app = visit(f"failures?x={wrong}")
    assert [tab.label for tab in app.tabs] == [
        "Diagnosis and verdict",
        "Evidence for the word",
        "Classes",
        "Captions",
        "Grounding",
        "What if",
    ]
    assert not app.exception
    titles = [each.value for each in app.header]
    assert "Verdict" in titles
    assert "What if" not in titles


def test_a_search_without_an_answer_says_what_is_near(run):
    app = visit("search?q=purple+head")
    assert "no “purple head”" in said(app)
    (near,) = component_data(app, "search.similar.purple head")
    assert any("head" in row["label"][0]["text"] for row in near["rows"])


def test_filters_that_are_asked_for_can_still_be_sorted_otherwise(run):
    in_map = np.asarray(run.array("evidence", run.default_estimator)) > 0
    phrase_ = phrase(run, int(in_map.sum(axis=0).argmax()))
    best = visit(f"filters?t={phrase_}")
    assert best.selectbox(key="filters.sort").value == "best match"
    sorted_by_entropy = visit(f"filters?t={phrase_}&sort=lowest+entropy")
    first, second = (
        [item["href"] for item in component_data(app, "filters.cards")[0]["items"]]
        for app in (best, sorted_by_entropy)
    )
    assert sorted(first) == sorted(second)
    assert first != second
    assert visit("filters?sort=best+match").selectbox(key="filters.sort").value == "named first"


def test_heatmaps_of_another_estimator_can_be_looked_at(run):
    x = int(select_images(run, Criteria())[0])
    default = visit(f"failures?x={x}&tab=grounding")
    other = next(each for each in run.estimators if each != run.default_estimator)
    changed = visit(f"failures?x={x}&tab=grounding&estimator={other}")
    assert changed.selectbox(key="grounding.estimator").value == other
    layers = [
        component_data(app, "grounding.pictures")[0]["items"][0]["layer"]
        for app in (default, changed)
    ]
    assert layers[0] != layers[1]
    assert not visit(f"failures?x={x}&tab=grounding&estimator=none").exception


def test_the_old_address_of_grounding_opens_its_tab_with_the_same_words(run):
    asked = f"{phrase(run, 0)},{phrase(run, 1)}"
    app = visit(f"grounding?x=3&t={asked.replace(' ', '+')}")
    assert app.query_params["tab"] == "grounding"
    (pictures,) = component_data(app, "grounding.pictures")
    assert [item["caption"] for item in pictures["items"]] == asked.split(",")


def test_classes_are_a_table_that_each_column_sorts_and_a_row_opens(run):
    (table,) = component_data(visit("classes"), "classes.table")
    accuracy = [row["cells"][2]["bar"] for row in table["rows"]]
    assert len(accuracy) == run.sizes["C"]
    assert accuracy == sorted(accuracy)
    assert np.isclose(np.mean(accuracy), (run.classes["n_right"] / run.classes["n_test"]).mean())
    by_failures = next(c["href"] for c in table["columns"] if c["text"] == "Failures")
    (table,) = component_data(visit(by_failures), "classes.table")
    failures = [int(row["cells"][3]["text"]) for row in table["rows"]]
    assert failures == sorted(failures, reverse=True)
    assert sum(failures) == len(run.failures)
    mistaken = [int(row["cells"][5]["text"]) for row in table["rows"]]
    assert sum(mistaken) == len(run.failures)
    app = visit(table["rows"][0]["href"])
    assert app.title[0].value in table["rows"][0]["cells"][0]["text"]
