"""The page of filters: the list, its orders, and the card of one filter."""

import re

import numpy as np
import pytest

from fieldmarks.core.explanations import filter_meanings
from fieldmarks.core.explanations.contributions import filter_use, top_filters
from fieldmarks.core.explanations.word_at_peak import word_at_peak
from fieldmarks.core.name_status import MAX_Q, NameStatus
from fieldmarks.dashboard import labels
from fieldmarks.dashboard.filter import search
from fieldmarks.dashboard.filter.order import ORDERS
from fieldmarks.dashboard.labels import Naming, phrase
from tests.support.pages import component_data, links, said, visit

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _runs(run, monkeypatch):
    monkeypatch.setenv("FIELDMARKS_RUNS", str(run.folder.parent))


def listed(app) -> list[int]:
    """Return the filters of the list, in its order."""
    (cards,) = component_data(app, "filters.cards")
    return [int(item["caption"].removeprefix("Filter ")) for item in cards["items"]]


@pytest.mark.parametrize("order", ORDERS)
def test_every_order_is_a_link_and_says_what_it_means(run, order):
    app = visit(f"filters?sort={order.replace(' ', '+')}")
    assert not app.exception
    assert app.selectbox(key="filters.sort").value == order
    assert ORDERS[order].help in said(app)
    keys = ORDERS[order].keys(run)
    assert (np.diff(keys[listed(app)]) >= 0).all()


def test_a_choice_of_order_goes_to_the_address(run):
    app = visit("filters?page=1")
    app.selectbox(key="filters.sort").select("usage").run()
    assert app.query_params["sort"] == "usage"
    use = filter_use(run)
    assert listed(app) == np.argsort(-use, kind="stable").tolist()
    (cards,) = component_data(app, "filters.cards")
    assert f"{use.max():.2%}" in cards["items"][0]["lines"][-1]["text"]


def test_named_filters_come_first_and_the_best_foretold_among_them(run):
    fs = listed(visit("filters"))
    verdicts = run.filters["verdict"].to_numpy()[fs].tolist()
    rank = [list(NameStatus).index(verdict) for verdict in verdicts]
    assert rank == sorted(rank)
    scores = run.filters["simulation"].to_numpy()[fs]
    for each in set(rank):
        assert (np.diff(scores[np.array(rank) == each]) <= 1e-6).all()


def test_a_filter_without_a_name_is_not_reproached(run):
    f = int(np.flatnonzero(run.filters["verdict"] == NameStatus.NONE)[0])
    app = visit(f"filters?f={f}")
    assert "This is usual" in said(app)
    assert not app.warning
    assert not app.error


def test_the_filters_of_a_word_are_those_of_its_heatmap_by_every_estimator(run):
    for t in (1, 5):
        for estimator in run.estimators:
            word = phrase(run, t).replace(" ", "+")
            app = visit(f"filters?t={word}&estimator={estimator}")
            expected = top_filters(run, t, run.sizes["F"], estimator).tolist()
            assert listed(app) == expected


def test_a_filter_opened_from_a_word_looks_for_that_word(run):
    t = 5
    app = visit(f"filters?t={phrase(run, t).replace(' ', '+')}")
    app = visit(next(link for link in links(app) if "f=" in link), app)
    assert app.selectbox(key="filter.t").value == t
    (images,) = component_data(app, "filter.top_images")
    assert all(item["label"].startswith(phrase(run, t)) for item in images["items"])


def test_the_word_on_a_crop_is_where_its_heatmap_says(run):
    f, t = 2, 5
    for estimator in run.estimators:
        app = visit(f"filters?f={f}&t={phrase(run, t).replace(' ', '+')}&estimator={estimator}")
        (images,) = component_data(app, "filter.top_images")
        xs = run.array("top_images")[f, : len(images["items"])]
        word = word_at_peak(run, f, t, xs, estimator)
        for item, is_here in zip(images["items"], word.is_here, strict=True):
            assert item["label"].endswith("here" if is_here else "elsewhere")
            assert item["is_faint"] == (not is_here)
        assert f"**{word.is_here.sum()} of {len(xs)}**" in said(app)


def test_whole_images_are_a_link_and_a_switch(run):
    crops, whole = (
        component_data(visit(f"filters?f=1{view}"), "filter.top_images")[0]["items"][0]
        for view in ("", "&view=whole")
    )
    assert crops["src"] != whole["src"]
    assert whole["layer"]
    app = visit("filters?f=1")
    app.toggle(key="filter.view").set_value(True).run()
    assert app.query_params["view"] == "whole"


def test_an_estimator_can_be_chosen_and_its_map_is_linked(run):
    other = next(each for each in run.estimators if each != run.default_estimator)
    app = visit("filters?f=3")
    app.selectbox(key="filter.estimator").select(other).run()
    assert app.query_params["estimator"] == other
    assert "permutation test was made for" in said(app)
    p = run.array("p_t_given_f", other)[3]
    assert app.selectbox(key="filter.t").value == int(p.argmax())
    heatmap = next(link for link in app.get("page_link") if link.proto.label == "Its heatmap")
    assert f"estimator={other}" in heatmap.proto.query_string


def test_counter_examples_have_counts_and_what_chance_would_give(run):
    t = int(np.asarray(run.counts[run.is_test].sum(axis=0)).ravel().argmax())
    text = said(visit(f"filters?f=4&t={phrase(run, t).replace(' ', '+')}"))
    assert "it is below its median; by chance it would be" in text
    assert "no caption names" in text


def test_a_filter_has_rows_of_crops_only_where_there_are_several_meanings(run, monkeypatch):
    assert not component_data(visit("filters?f=5"), "filter.meaning.1")
    monkeypatch.setattr(
        filter_meanings,
        "cell_groups",
        lambda points: [(np.arange(0, len(points), 2), 0.01), (np.arange(1, len(points), 2), 0.01)],
    )
    app = visit("filters?f=6")
    assert "2 meanings" in said(app)
    rows = [component_data(app, f"filter.meaning.{number}")[0]["items"] for number in (1, 2)]
    assert all(rows)
    assert not {item["href"] for item in rows[0]} & {item["href"] for item in rows[1]}


def test_the_relation_to_accuracy_is_computed_when_it_is_opened():
    assert not visit("filters").get("plotly_chart")
    app = visit("filters?view=accuracy")
    assert len(app.get("plotly_chart")) == 2
    assert "Spearman" in said(app) or "No relation" in said(app)


@pytest.fixture
def seen(run, monkeypatch):
    """Let filter 3 see a pair, filter 5 an adjective, and no other filter anything."""
    ts, adjectives = [-1] * run.sizes["F"], [""] * run.sizes["F"]
    ts[3], adjectives[3] = 4, run.attributes["adjective"].iloc[4]
    adjectives[5] = run.attributes["adjective"].iloc[0]
    monkeypatch.setattr(labels, "SEEN_BY", "ridge")
    monkeypatch.setattr(labels, "_seen", lambda run: labels._Seen(ts, adjectives))
    return {3: phrase(run, 4), 5: f"{adjectives[5]}, anywhere"}


def test_what_filters_see_comes_first_and_can_be_asked_for(run, seen):
    assert listed(visit("filters"))[:2] == [3, 5]
    app = visit("filters?status=seen")
    assert not app.exception
    assert listed(app) == [3, 5]
    (cards,) = component_data(app, "filters.cards")
    for item in cards["items"]:
        f = int(item["caption"].removeprefix("Filter "))
        assert item["lines"][0]["text"] == seen[f]


@pytest.mark.parametrize(("f", "claim"), [(3, "where it is active"), (5, "take it as a hint")])
def test_a_card_says_what_the_filter_sees_and_what_that_is_worth(run, seen, f, claim):
    app = visit(f"filters?f={f}")
    assert not app.exception
    assert seen[f] in app.title[0].value
    assert claim in said(app)
    assert app.selectbox(key="filter.t").value == labels.seen_attribute(run, f)


def test_an_adjective_alone_shows_its_likeliest_pair_on_the_images(run, seen):
    t = labels.seen_attribute(run, 5)
    same = np.flatnonzero(run.attributes["adjective"] == run.attributes["adjective"].iloc[0])
    assert t in same
    assert (
        run.array("p_t_given_f", "ridge")[5, t] == run.array("p_t_given_f", "ridge")[5, same].max()
    )
    assert labels.seen_attribute(run, 0) == -1


def searched(text: str) -> list[int]:
    """Return the filters that a search lists."""
    return listed(visit(f"filters?q={text.replace(' ', '+')}"))


def test_a_word_finds_every_filter_that_it_names_and_no_other(run):
    noun = (run.attributes["noun"] == "bill").to_numpy()
    is_named = (run.array("q_value")[:, noun] < MAX_Q).any(axis=1)
    assert 0 < is_named.sum() < run.sizes["F"]
    found = {text: searched(text) for text in ("bill", "bills", "bil", "beak")}
    for fs in found.values():
        assert set(fs) == set(np.flatnonzero(is_named))
    assert "No filter matches" in said(visit("filters?q=zzzzz"))


def test_what_a_filter_sees_is_found_before_what_captions_say(run, seen):
    noun = run.attributes["noun"].iloc[4]
    assert searched(f"{noun}s")[0] == 3
    adjective = run.attributes["adjective"].iloc[0]
    assert 5 in searched(adjective[:-1])


def test_where_no_filter_is_named_by_a_word_likely_words_are_said_to_be_no_name(run, monkeypatch):
    monkeypatch.setattr(search, "MAX_Q", 0)
    app = visit("filters?q=belly")
    assert "No filter is named by" in said(app)
    likeliest = np.argsort(-run.array("p_t_given_f"), axis=1)[:, : search.N_LIKELIEST]
    nouns = run.attributes["noun"].to_numpy()[likeliest]
    assert set(listed(app)) == set(np.flatnonzero((nouns == "belly").any(axis=1)))


def test_a_search_is_typed_into_the_field_and_is_a_link(run):
    app = visit("filters?page=1")
    app.text_input(key="filters.q").set_value("bill").run()
    assert app.query_params["q"] == "bill"
    assert listed(app) == searched("bill")


def test_list_and_overview_count_the_same_names(run, seen):
    counts = {}
    for status in ("any", *Naming):
        app = visit(f"filters?status={status}")
        (n, of) = re.search(r"\*\*(\d+)\*\* of (\d+) filters", said(app)).groups()
        counts[status] = int(n)
        label = app.get("button_group")[0].proto.options[["any", *Naming].index(status)].content
        assert label.endswith(f" {n}")
    assert counts[Naming.SEEN] == 2
    assert sum(counts[each] for each in Naming) == counts["any"] == int(of) == run.sizes["F"]
    metric = next(m for m in visit("?view=about").metric if m.label == "Named filters")
    named = counts[Naming.SEEN] + counts[Naming.CAPTIONS]
    assert metric.value == f"{named} / {run.sizes['F']}"
    f = int(np.flatnonzero(labels.namings(run) == Naming.NONE)[0])
    assert f"it holds for {counts[Naming.NONE]} of" in said(visit(f"filters?f={f}"))


def test_filters_of_one_word_do_not_come_first_by_number_of_meanings(run):
    app = visit("filters?sort=number+of+meanings")
    (cards,) = component_data(app, "filters.cards")
    n = [int(item["lines"][-1]["text"].split()[0]) for item in cards["items"]]
    assert n == sorted(n, reverse=True)
    assert n[0] > n[-1]


def test_list_and_card_say_the_same_figure_by_the_same_estimator(run, seen, monkeypatch):
    monkeypatch.setattr(labels, "SEEN_BY", "literal")
    (cards,) = component_data(visit("filters?sort=accuracy"), "filters.cards")
    for item in cards["items"][:3]:
        f, figure = item["caption"].removeprefix("Filter "), item["lines"][-1]["text"].split()[0]
        text = said(visit(f"filters?f={f}"))
        assert f"predict **{figure}** of" in text
        assert f"by `{run.default_estimator}`" in text


def test_a_card_says_where_its_name_is_by_another_estimator_than_it_shows(run, seen, monkeypatch):
    monkeypatch.setattr(labels, "SEEN_BY", "literal")
    app = visit("filters?f=3")
    assert app.selectbox(key="filter.estimator").value == run.default_estimator == "ridge"
    assert "The name comes from `literal`, everything below from `ridge`" in said(app)
    app = visit("filters?f=3&estimator=literal")
    assert "everything below from" not in said(app)
