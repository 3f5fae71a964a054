"""The words of an image with their marks, the contrast in parts, and what tips the decision."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from fieldmarks.core.explanations.contrast import contrast
from fieldmarks.core.explanations.explanation import NOTHING_SEEN, describe, explain
from fieldmarks.core.explanations.place import Place
from fieldmarks.core.explanations.seen import SeenWord, words_of_class
from fieldmarks.core.presence.presence import features_of, presence_of
from fieldmarks.core.run.files import array_path
from fieldmarks.core.search.search import search
from fieldmarks.dashboard import data
from fieldmarks.dashboard.components import marks
from tests.support.pages import component_data, said, visit
from tests.support.seen_run import write_seen_run


@pytest.mark.parametrize(
    ("word", "seen", "in_words"),
    [
        (SeenWord(0, 0.93, 0.4, True), "sure", "seen, certain (0.93)"),
        (SeenWord(0, 0.6, 0.4, False), "unsure", "seen, less certain (0.60)"),
        (SeenWord(0, 0.1, 0.4, None), "unseen", "not seen here (0.10)"),
        (SeenWord(0, np.nan, 0.4, None), "unknown", "not modelled whether it is seen"),
    ],
)
def test_a_mark_says_how_surely_a_word_is_seen(word, seen, in_words):
    drawn = marks.mark(word, None, "A", most=0.8)
    assert (drawn["seen"], drawn["counts"], drawn["named"]) == (seen, 0.5, word.is_named)
    assert drawn["text"].startswith(in_words)
    json.dumps(drawn, allow_nan=False)


@pytest.mark.parametrize(
    ("word", "place", "text"),
    [
        (SeenWord(0, 0.9, 0.25, True), None, "25.0% of what counts for A; in the captions"),
        (SeenWord(0, 0.9, -0.2, False), None, "does not count for A; not in the captions"),
        (SeenWord(0, 0.9, 0.2, None), Place(0.1, "keypoint"), "peaks on the part (0.10 from"),
        (SeenWord(0, 0.9, 0.2, None), Place(0.4, "keypoint"), "peaks beside the part"),
        (SeenWord(0, 0.9, 0.2, None), Place(0.3, "box", 0.1), "beside the object (by its box"),
        (
            SeenWord(0, 0.9, 0.2, None),
            Place(0.0, "colour", 0.1),
            "on the object (what has other colours",
        ),
    ],
)
def test_a_mark_says_all_of_it_in_words(word, place, text):
    assert text in marks.mark(word, place, "A")["text"]


def test_where_a_word_is_not_seen_its_heatmap_lies_nowhere():
    assert marks.mark(SeenWord(0, 0.1, 0.2, None), Place(0.1, "keypoint"), "A")["on"] is None


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("seen_pages")


@pytest.fixture(scope="module")
def seen_run(folder):
    return write_seen_run(folder)


@pytest.fixture(autouse=True)
def runs(folder, monkeypatch, request):
    if "seen_run" in request.fixturenames:
        monkeypatch.setenv("FIELDMARKS_RUNS", str(folder))
        monkeypatch.setenv("FIELDMARKS_DB", f"sqlite:///{folder}/verdicts.sqlite")


def both_of(run, x):
    c, true = (int(run.images[name].iloc[x]) for name in ("predicted_c", "true_c"))
    return contrast(run, explain(run, x, c), explain(run, x, true))


@pytest.mark.slow
def test_the_contrast_stands_in_parts_with_the_marks_of_each_word(seen_run, monkeypatch):
    module = "fieldmarks.core.explanations.contrast"
    monkeypatch.setattr(f"{module}.USUAL", 0.2)
    monkeypatch.setattr(f"{module}.MORE_USUAL", 0.01)
    n_not_seen = 0
    for x in map(int, seen_run.failures[:6]):
        both = both_of(seen_run, x)
        (drawn,) = component_data(visit(f"failures?x={x}"), "failures.sentence.contrast")
        by_title = {group["title"]: group for group in drawn["groups"]}
        assert next(iter(by_title)).startswith("Seen, counts for")
        assert (" usual for" in next(iter(by_title))) is bool(both.caveat)
        chips = [chip for group in drawn["groups"] for chip in group["chips"]]
        assert len(chips) >= len(both.words)
        unseen = [g for g in drawn["groups"] if g["tone"] == "absent"]
        assert [len(group["chips"]) for group in unseen] == (
            [len(both.not_seen)] if both.not_seen else []
        )
        assert all(chip["mark"]["seen"] == "unseen" for g in unseen for chip in g["chips"])
        n_not_seen += len(both.not_seen)
    assert n_not_seen


@pytest.mark.slow
def test_nothing_seen_leads_to_the_filters_that_speak_for_the_class(seen_run, folder):
    blind = np.full(seen_run.sizes["T"], -50, np.float32)
    path = array_path(seen_run.folder, "presence_bias")
    kept = np.load(path)
    np.save(path, blind)
    (seen_run.folder / "manifest.json").touch()
    try:
        x = int(seen_run.failures[0])
        app = visit(f"failures?x={x}")
        (drawn,) = component_data(app, "failures.sentence.predicted")
        name = seen_run.classes["name"].iloc[seen_run.images["predicted_c"].iloc[x]]
        assert drawn["spans"] == [{"text": NOTHING_SEEN.format(name)}]
        (link,) = drawn["more"]
        assert link["href"].startswith("filters?")
        assert not visit(link["href"]).exception
        (parts,) = component_data(app, "failures.sentence.contrast")
        assert "No attribute that the network sees here" in json.dumps(parts)
    finally:
        np.save(path, kept)
        (seen_run.folder / "manifest.json").touch()


@pytest.mark.slow
def test_a_word_of_a_column_that_is_not_visible_tips_no_decision(seen_run, monkeypatch):
    def titles():
        (bars,) = component_data(visit(f"failures?x={seen_run.failures[0]}"), "failures.difference")
        return [row["title"].split(":")[0] for row in bars["rows"]]

    before = titles()
    hidden = seen_run.attributes["phrase"].isin(before[:2]).to_numpy()
    assert hidden.sum() == 2
    monkeypatch.setattr("fieldmarks.dashboard.image.sections.not_visible", lambda run: hidden)
    assert not set(titles()) & set(before[:2])


@pytest.mark.slow
def test_what_is_not_seen_is_pale_among_what_tips_the_decision(seen_run):
    x = int(seen_run.failures[0])
    app = visit(f"failures?x={x}")
    (bars,) = component_data(app, "failures.difference")
    assert {row["pale"] for row in bars["rows"]} == {True, False}
    pale = next(row for row in bars["rows"] if row["pale"])
    assert "not seen here" in pale["title"]
    app = visit(pale["href"])
    (pictures,) = component_data(app, "failures.picture")
    assert pictures["items"][1]["lines"][0]["text"].startswith("not seen here")
    (filters,) = component_data(app, "failures.filters")
    assert all(row["pictures"] for row in filters["rows"])


@pytest.mark.slow
def test_the_legend_explains_the_marks_once(seen_run):
    app = visit(f"failures?x={int(seen_run.failures[0])}")
    assert component_data(app, "failures.legend") == [{"captions": True, "places": True}]
    assert "Predicted" in said(app)


@pytest.mark.slow
def test_a_search_has_a_line_where_certainty_ends(seen_run):
    phrase = seen_run.attributes["phrase"].iloc[0]
    last = -(-len(search(seen_run, phrase).xs) // 36)  # the line stands after the last page
    app = visit(f"images?q={phrase.replace(' ', '+')}&page={last}")
    (found,) = component_data(app, "images.gallery")
    (below,) = component_data(app, "images.less_certain")
    assert "Less certain from here on" in said(app)
    (line,) = [each for each in app.caption if "Less certain from here on" in each.value]
    assert f"{presence_of(seen_run).line[0]:.2f} for “{phrase}”" in line.help
    assert "above the line" in line.help
    least = min(float(item["badge"]) for item in found["items"])
    assert all(float(item["badge"]) <= least for item in below["items"])


def test_a_class_has_the_marks_of_its_images(seen_run):
    app = visit("classes?c=1&versus=2")
    assert not app.exception
    (first,) = component_data(app, "classes.sentence.predicted")
    (both,) = component_data(app, "classes.sentence.contrast")
    assert component_data(app, "classes.legend")
    assert all(span["mark"] for span in first["spans"] if "href" in span)
    described = contrast(seen_run, describe(seen_run, 1), describe(seen_run, 2))
    marked = [bool(span["mark"]) for span in both["spans"] if "href" in span]
    assert sum(marked) == len([*described.for_first, *described.for_second]) > 0
    texts = [span["mark"]["text"] for span in first["spans"] if "href" in span]
    assert all("seen in" in text and "of its training images" in text for text in texts)


def test_the_marks_of_a_class_are_means_over_its_test_images(seen_run):
    c, ts = 1, [0, 3, 5]
    presence = presence_of(seen_run)
    is_of_class = (seen_run.images["true_c"] == c).to_numpy() & seen_run.is_test
    q = np.array([presence.q(features_of(seen_run, x))[ts] for x in np.flatnonzero(is_of_class)])
    known = (seen_run.images["true_c"] == c).to_numpy() & ~seen_run.is_test
    named = (seen_run.counts[np.flatnonzero(known)].toarray()[:, ts] > 0).mean(axis=0)
    words = words_of_class(seen_run, c, ts)
    np.testing.assert_allclose([word.q for word in words], q.mean(axis=0), rtol=1e-4)
    assert [word.is_named for word in words] == (named >= 0.5).tolist()
    assert all(word.share <= 1 for word in words)


def test_compare_marks_the_words_of_both_runs(seen_run, folder):
    second = folder / "second"
    if not second.exists():
        shutil.copytree(seen_run.folder, second)
    app = visit(f"compare?run={seen_run.name}&with=second&x={seen_run.failures[0]}")
    assert not app.exception
    for title in ("First run", "Second run"):
        (drawn,) = component_data(app, f"compare.sentence.{title}")
        assert all(span["mark"]["text"] for span in drawn["spans"] if "href" in span)
    assert component_data(app, "compare.legend")


def test_a_word_that_both_classes_have_stays_a_word_where_the_first_one_is_shared(
    seen_run, monkeypatch
):
    def shared(run, first, second):
        return replace(contrast(run, first, second), caveat="just as usual for B")

    monkeypatch.setattr(data, "compare", shared)
    n_shared = 0
    for x in seen_run.failures[:8].tolist():
        app = visit(f"images?x={x}")
        assert not app.exception
        (drawn,) = [each for each in component_data(app) if "groups" in each]
        both = [group for group in drawn["groups"] if group["title"] == "In both"]
        n_shared += sum(len(group["chips"]) for group in both)
    assert n_shared
