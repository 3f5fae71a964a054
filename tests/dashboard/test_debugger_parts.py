"""The parts of the dashboard that debug: what-if, diagnosis, verdict, report, the page Patterns."""

import re
from contextlib import closing

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from fieldmarks.core.causes.diagnosis import write_diagnoses
from fieldmarks.core.causes.finding import COLUMNS, Pattern
from fieldmarks.core.explanations.counterfactual import (
    smallest_attribute_change,
    smallest_filter_change,
)
from fieldmarks.core.review.verdicts import Verdict, Verdicts
from fieldmarks.core.run.reading import open_run
from tests.support.faulty_run import MISLED, WRONG_LABELS, write_faulty_run
from tests.support.pages import links, said, visit

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    write_diagnoses(write_faulty_run(folder))
    return folder


@pytest.fixture(scope="module")
def faulty(folder):
    return open_run("faulty", folder)


@pytest.fixture(autouse=True)
def place(folder, tmp_path, monkeypatch):
    from fieldmarks.dashboard.verdicts import database

    monkeypatch.setenv("FIELDMARKS_RUNS", str(folder))
    monkeypatch.setenv("FIELDMARKS_DB", f"sqlite:///{tmp_path}/verdicts.sqlite")
    database.clear()
    yield
    database().close()
    database.clear()


def part(name: str, *args) -> AppTest:
    """Return a page that holds one part only, shown with ``args`` after the run."""

    def script(name, args):
        import importlib

        from fieldmarks.core.run.reading import open_run

        importlib.import_module(f"fieldmarks.dashboard.{name}").show(open_run("faulty"), *args)

    return AppTest.from_function(script, args=(name, args), default_timeout=30).run()


def text(app: AppTest) -> str:
    assert not app.exception
    kinds = ("markdown", "caption", "success", "info", "warning", "error", "header")
    parts = [str(element.value) for kind in kinds for element in app.get(kind)]
    return "\n".join(parts).replace("\\", "")


def classes(run, x):
    return int(run.images["predicted_c"][x]), int(run.images["true_c"][x])


def test_without_a_change_the_answer_stays(faulty):
    x = MISLED[0]
    app = part("image.what_if", x, *classes(faulty, x))
    assert "The prediction stays **Class 0**" in text(app)
    table = app.dataframe[0].value
    np.testing.assert_allclose(table["Before"], table["After"])


@pytest.mark.parametrize(
    ("smallest", "button"),
    [(smallest_attribute_change, "try"), (smallest_filter_change, "try_filters")],
)
def test_trying_the_smallest_change_gives_the_wanted_answer_and_undoing_takes_it_back(
    faulty, smallest, button
):
    x = next(int(x) for x in faulty.failures if smallest(faulty, x, classes(faulty, x)[1]).succeeds)
    c, versus = classes(faulty, x)
    app = part("image.what_if", x, c, versus)
    app.button(key=f"what_if.faulty.{x}.{c}.{versus}.{button}").click().run()
    assert f"The prediction changes to **Class {versus}**" in text(app)
    app.button(key=f"what_if.faulty.{x}.{c}.{versus}.reset").click().run()
    assert f"The prediction stays **Class {c}**" in text(app)


def test_a_what_if_is_a_link_that_a_colleague_can_open(faulty):
    x = MISLED[0]
    app = visit(f"images?x={x}&tab=what+if")
    scope = f"what_if.faulty.{x}.{'.'.join(map(str, classes(faulty, x)))}"
    slider = next(each for each in app.slider if each.key.startswith(f"{scope}.t"))
    slider.set_value(0.25).run()
    app.button_group(key=f"{scope}.f").set_value([3]).run()
    asked = app.query_params["if"]
    assert asked == f"{slider.label}:0.25,filter 3".replace("\\", "")
    colleague = visit(f"images?x={x}&if={asked}")
    assert colleague.slider(key=slider.key).value == 0.25
    assert colleague.button_group(key=f"{scope}.f").value == [3]
    words = [link for link in links(colleague) if link.startswith(f"images?x={x}&t=")]
    assert words
    assert all("&if=" in link for link in words)


@pytest.mark.parametrize(
    "asked",
    [
        "no such bird:0",
        "filter 99999",
        "filter x",
        "long bill",
        "long bill:nan",
        "long bill:3",
        ":,",
    ],
)
def test_a_what_if_that_the_run_does_not_know_is_left_out_with_a_notice(asked):
    app = visit(f"images?x={MISLED[0]}&if={asked}")
    assert not app.exception
    assert "does not know" in said(app)


def test_a_filter_switched_off_lowers_its_class_and_shows_what_it_does_everywhere(faulty):
    x = MISLED[0]
    c, versus = classes(faulty, x)
    app = part("image.what_if", x, c, versus)
    scope = f"what_if.faulty.{x}.{c}.{versus}"
    app.button_group(key=f"{scope}.f").set_value([3]).run()
    table = app.dataframe[0].value
    assert table["After"][0] < table["Before"][0]
    app.button(key=f"{scope}.all").click().run()
    assert "would get another prediction" in text(app)


def test_a_change_is_tried_on_the_test_images_of_the_class_alone(faulty):
    x = MISLED[0]
    c, versus = classes(faulty, x)
    app = visit(f"images?x={x}&if=filter 3")
    key = f"what_if.faulty.{x}.{c}.{versus}"
    images = faulty.images[~faulty.images["is_train"]]
    for button, n in (("class", (images["true_c"] == versus).sum()), ("all", len(images))):
        asked = app.button(key=f"{key}.{button}").click().run()
        assert f"of {n:,} images would" in text(asked)


def test_the_diagnosis_ranks_all_patterns_with_the_likeliest_first_and_open(faulty):
    app = part("image.diagnosis_card", MISLED[0])
    titles = re.findall(r"\*\*(.+): [a-z ]+ \(([0-9.]+)\)\*\*", text(app))
    assert len(titles) == len(COLUMNS)
    assert titles[0][0] == "Spurious cue"
    scores = [float(score) for _, score in titles]
    assert scores == sorted(scores, reverse=True)
    (others,) = app.expander
    assert "Spurious cue" not in others.markdown[0].value
    assert "On a typical background of" in text(app)


def test_an_image_without_a_fault_is_said_to_have_none(faulty):
    diagnoses = faulty.table("diagnoses")
    x = int(np.flatnonzero(diagnoses["pattern"] == "")[0])
    assert "no evidence against the label" in text(part("image.diagnosis_card", x))


def save(app: AppTest, note: str, author: str) -> AppTest:
    app.text_area(key="verdict.note").input(note)
    app.text_input(key="verdict.author").input(author)
    app.checkbox(key="verdict.reviewed").check()
    button = next(each for each in app.button if each.label == "Save")
    return button.click().run()


def test_a_verdict_starts_empty_beside_the_diagnosis_and_is_saved(faulty):
    x = MISLED[0]
    app = part("image.verdict_form", x)
    assert app.selectbox[0].value is None
    assert str(Pattern.SPURIOUS_CUE) in app.selectbox[0].help
    app.selectbox[0].select(str(Pattern.SPURIOUS_CUE))
    app = save(app, "sky, not bird", "Ana")
    with closing(Verdicts()) as verdicts:
        saved = verdicts.get(faulty.manifest["dataset"], faulty.images["path"][x])
    assert (saved.note, saved.author, saved.is_reviewed) == ("sky, not bird", "Ana", True)
    assert saved.pattern == Pattern.SPURIOUS_CUE
    assert "History (1)" in [expander.label for expander in app.expander]


def test_a_verdict_is_deleted_and_the_form_is_as_before(faulty):
    x = MISLED[0]
    app = save(part("image.verdict_form", x), "a slip", "Ana")
    app = app.button(key="verdict.delete").click().run()
    assert not app.exception
    assert app.text_area(key="verdict.note").value == ""
    with closing(Verdicts()) as verdicts:
        assert verdicts.history(faulty.manifest["dataset"], faulty.images["path"][x]) == []
    save(app, "meant", "Ana")
    with closing(Verdicts()) as verdicts:
        assert verdicts.get(faulty.manifest["dataset"], faulty.images["path"][x]).note == "meant"


def test_a_deletion_is_undone_in_the_form(faulty):
    x = MISLED[0]
    app = save(part("image.verdict_form", x), "not a slip", "Ana")
    app = app.button(key="verdict.delete").click().run()
    app = app.button(key="verdict.restore").click().run()
    assert not app.exception
    assert app.text_area(key="verdict.note").value == "not a slip"
    with closing(Verdicts()) as verdicts:
        (kept,) = verdicts.history(faulty.manifest["dataset"], faulty.images["path"][x])
    assert kept.author == "Ana"


def test_a_database_that_cannot_be_opened_is_tried_once_for_several_pages(monkeypatch):
    from fieldmarks.core.errors import DatabaseError
    from fieldmarks.dashboard import verdicts

    tried = []

    class Locked:
        def __init__(self):
            tried.append(self)
            raise DatabaseError("locked")

    monkeypatch.setattr(verdicts, "_failures", lambda failures={}: failures)
    for _ in range(3):
        with pytest.raises(DatabaseError, match="locked"):
            verdicts._opened(Locked)
    assert len(tried) == 1
    monkeypatch.setattr(verdicts, "RETRY", 0)
    with pytest.raises(DatabaseError, match="locked"):
        verdicts._opened(Locked)
    assert len(tried) == 2


def test_the_form_of_the_next_image_is_empty(faulty):
    first, second = MISLED[:2]
    app = save(visit(f"images?x={first}"), "blurred", "Ana")
    assert app.text_area(key="verdict.note").value == "blurred"
    app = visit(f"images?x={second}", app)
    assert app.text_area(key="verdict.note").value == ""
    assert app.text_input(key="verdict.author").value == "Ana"
    app = visit(f"images?x={first}", app)
    assert app.text_area(key="verdict.note").value == "blurred"


def test_when_two_people_save_the_second_sees_both_and_can_save_on_top(faulty):
    x = MISLED[1]
    ana, ben = part("image.verdict_form", x), part("image.verdict_form", x)
    save(ana, "Ana's note", "Ana")
    save(ben, "Ben's note", "Ben")
    assert "Ana saved a verdict" in text(ben)
    assert "Ana's note" in text(ben)
    assert ben.text_area[0].value == "Ben's note"
    ben.button[0].click().run()
    with closing(Verdicts()) as verdicts:
        history = verdicts.history(faulty.manifest["dataset"], faulty.images["path"][x])
    assert [verdict.note for verdict in history] == ["Ana's note", "Ben's note"]


def test_markdown_in_a_note_stays_text(faulty):
    x = MISLED[0]
    app = save(part("image.verdict_form", x), "[win](http://example.org) <b>", "A*na*")
    shown = [str(element.value) for element in app.markdown]
    assert any("example" in line for line in shown)
    assert not any("[win](http" in line for line in shown)


def test_a_database_that_is_gone_is_told_and_the_page_lives(monkeypatch, tmp_path):
    from fieldmarks.dashboard.verdicts import database

    database().close()
    database.clear()
    monkeypatch.setenv("FIELDMARKS_DB", "sqlite:////no/such/folder/x.sqlite")
    assert "check FIELDMARKS" in text(part("image.verdict_form", MISLED[0]))
    monkeypatch.setenv("FIELDMARKS_DB", f"sqlite:///{tmp_path}/another.sqlite")


def test_reports_of_the_list_on_show_can_be_downloaded(faulty):
    app = part("components.report_buttons", faulty.failures.tolist())
    labels = [button.label for button in app.get("download_button")]
    assert labels == ["Report", "CSV", "JSON", "JSON lines", "FiftyOne"]
    assert not app.exception


def test_verdicts_are_read_back_from_a_csv_and_conflicts_are_told(faulty):
    dataset, paths = faulty.manifest["dataset"], faulty.images["path"]
    with closing(Verdicts()) as verdicts:
        verdicts.save(Verdict(dataset, paths[1], note="theirs", author="Ben"))
    rows = [f"{paths[0]},wrong label", f"{paths[1]},wrong label", "nowhere.jpg,wrong label"]
    content = "\n".join(["path,verdict", *rows]).encode()
    app = part("components.verdict_upload")
    app.file_uploader[0].set_value(("verdicts.csv", content, "text/csv")).run()
    assert "Rows left out: 1" in text(app)
    assert "row 4: there is no image" in text(app)
    app.button("upload.save").click().run()
    assert "1 saved" in text(app)
    assert "Ben saved a verdict" in text(app)
    with closing(Verdicts()) as verdicts:
        assert verdicts.get(dataset, paths[0]).pattern == "wrong label"
        assert verdicts.get(dataset, paths[1]).note == "theirs"


def test_a_file_that_is_no_table_is_told_in_one_line():
    app = part("components.verdict_upload")
    app.file_uploader[0].set_value(("x.csv", b"\xff\xfe", "text/csv")).run()
    assert "in UTF-8" in text(app)


def test_the_page_counts_patterns_and_leads_to_suspects(faulty):
    app = visit("patterns")
    assert not app.exception
    metrics = {metric.label: int(metric.value) for metric in app.metric}
    assert metrics["Spurious cue"] == len(MISLED)
    assert sum(metrics.values()) == len(faulty.failures)
    assert {f"images?x={x}" for x in WRONG_LABELS} <= set(links(app))


def test_progress_counts_the_reviewed_failures(faulty):
    paths = faulty.images["path"].iloc[faulty.failures]
    with closing(Verdicts()) as verdicts:
        for path in paths[:2]:
            verdicts.save(Verdict(faulty.manifest["dataset"], path, is_reviewed=True))
    app = visit("patterns")
    assert [p.proto.text for p in app.get("progress")] == [f"2 of {len(paths)} reviewed"]


def test_a_run_without_diagnoses_says_how_to_make_them(run, monkeypatch):
    monkeypatch.setenv("FIELDMARKS_RUNS", str(run.folder.parent))
    app = visit("patterns")
    assert not app.exception
    assert "has no diagnoses yet" in said(app)
