"""Names, words, files, captions, notes and tags full of Markdown, LaTeX and HTML, on every page.

All of it is shown as it was typed: nothing is rendered, and nothing is executed.
"""

import json
import re
from contextlib import closing
from urllib.parse import quote

import pytest

from fieldmarks.core.repair.preview import halves
from fieldmarks.core.review.accepted_synonyms import COLUMNS, synonym_file
from fieldmarks.core.review.report import FIFTYONE, report_rows, write_report
from fieldmarks.core.review.verdicts import Verdicts
from fieldmarks.core.run.reading import read_run
from fieldmarks.dashboard import heading
from tests.support.hostile_run import (
    AUTHOR,
    DATASET,
    GROUP,
    NAME,
    NOTE,
    TAG,
    write_hostile_runs,
    write_hostile_verdicts,
)
from tests.support.pages import (
    MARKUP,
    component_data,
    markdown_texts,
    read_as_markup,
    runs_and_verdicts,
    visit,
)

pytestmark = pytest.mark.slow

PAGES = {
    "faulty": ["", "failures", "failures?view=table", "failures?x=1", "failures?view=review",
               "blind_test", "experiments", f"failures?tag={quote(TAG)}", "failures?note=noted",
               f"failures?show=all&saved={quote(GROUP)}", "filters", "filters?f=1",
               "filters?f=1&view=whole", "filters?view=accuracy", "search", "search?q=head",
               f"search?q={quote(NAME + ' 1')}", "grounding?x=1", "classes?c=1",
               "classes?c=1&versus=2", "patterns", "confusion", "lesson", "lesson?view=quiz",
               "lesson?view=quiz&answers=1", "map?region=0-0.900-1000", "map?colour=class",
               "map?colour=caption", "map?colour=p", "map?colour=pattern", "repair",
               "repair?labels=drop&hard=3", "repair?labels=drop&x=JUDGED", "failures?x=1&if=f%3A1"],
    "attacked": ["", "robustness", "attacks", "compare?with=second", "compare?with=second&x=1"],
    "live": ["try?x=1", "try"],
}  # fmt: skip
STATES = [(run, link) for run, links in PAGES.items() for link in links]
#: Pages that show no text of others before somebody does something.
WITHOUT = ("try", "blind_test", "experiments", "lesson", "repair", "repair?labels=drop&hard=3")
#: What stands on a page that is opened by this link, as it was typed.
SHOWN = {
    "failures?x=1": (NOTE, TAG, AUTHOR),
    "map?colour=class": (GROUP,),
    "search": (f"{NAME} 1",),
    "": (NAME,),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    write_hostile_runs(folder)
    write_hostile_verdicts(folder, f"sqlite:///{folder}/verdicts.sqlite")
    rules = f'{",".join(COLUMNS)}\nnoun,"{GROUP} 7","{GROUP} 8"\n'.replace('evil()> "', "")
    synonym_file(read_run(folder / "faulty")).write_text(rules)
    return folder


@pytest.fixture(autouse=True)
def place(folder, monkeypatch):
    with runs_and_verdicts(folder, monkeypatch):
        yield


def typed(text: str) -> str:
    """Return escaped Markdown as a person reads it."""
    return re.sub(r"\\(.)", r"\1", text).replace("\N{WORD JOINER}", "")


@pytest.mark.parametrize(("run", "link"), STATES)
def test_names_of_markup_are_shown_as_they_are(folder, run, link):
    judged = int(halves(read_run(folder / run))[1][0])
    link = link.replace("JUDGED", str(judged))
    app = visit(f"{link}{'&' if '?' in link else '?'}run={run}")
    check(app)
    read = "\n".join(map(typed, markdown_texts(app)))
    for text in SHOWN.get(link, ()):
        assert " ".join(text.split("\n")) in read
    tables = "".join(table.value.to_csv() for table in app.dataframe)
    if link not in WITHOUT:
        assert "evil" in read + str(component_data(app)) + tables


def check(app) -> None:
    """Hold that a page shows no markup of others."""
    assert not app.exception
    assert not read_as_markup(app, [*MARKUP, "<img", "# evil", "| a |"])
    for chart in app.get("plotly_chart"):
        assert "<script" not in chart.proto.spec
        assert "<a href" not in chart.proto.spec
        assert "<img" not in chart.proto.spec


@pytest.mark.parametrize(
    "tab", ["Diagnosis and verdict", "Evidence for the word", "Classes", "What if", "Captions"]
)
def test_every_tab_of_an_image_shows_markup_as_it_is(tab):
    app = visit(f"failures?x=2&run=faulty&tab={quote(tab)}")
    check(app)
    if tab == "Captions":
        read = "\n".join(map(typed, markdown_texts(app)))
        assert f"caption {NAME}" in read
        assert f"{NAME} 2" in read  # the file


@pytest.mark.parametrize("tab", ["Classes", "Confusion", "Groups", "Filters"])
def test_every_tab_of_a_comparison_shows_markup_as_it_is(tab):
    app = visit(f"compare?with=second&run=attacked&tab={tab}")
    check(app)


def test_a_reviewer_of_markup_is_asked_and_scored():
    app = visit("blind_test?run=faulty")
    app.text_input("reviewer.widget").set_value(AUTHOR).run()
    check(app)
    assert any(button.key == "blind.1" for button in app.button)


def test_verdicts_that_are_read_back_are_told_of_as_they_are(folder):
    run = read_run(folder / "faulty")
    app = visit("review?run=faulty")
    csv = f'path,verdict,note\n"{NAME}",wrong label,x\n"{run.images["path"][1]}","{GROUP}",y\n'
    app.file_uploader("upload.file").set_value(("v.csv", csv.encode(), "text/csv")).run()
    check(app)
    assert "left out" in "\n".join(markdown_texts(app))


@pytest.mark.parametrize("suffix", [".html", ".csv", ".json", ".jsonl", FIFTYONE])
def test_every_export_holds_markup_as_text(folder, tmp_path, suffix):
    run = read_run(folder / "faulty")
    with closing(Verdicts(f"sqlite:///{folder}/verdicts.sqlite")) as verdicts:
        table = report_rows(run, [1, 2, 3], verdicts.latest(DATASET))
    path = tmp_path / (suffix if suffix == FIFTYONE else f"report{suffix}")
    write_report(path, run, table, NAME)
    text = path.read_text("utf-8")
    assert "evil note" in text
    if suffix == ".html":
        assert not re.search(r"<script|<img src=x|<a href='http|javascript:1\"", text)
        assert "&lt;script&gt;evil&lt;/script&gt; **b**" in text
    elif suffix != ".csv":
        told = [json.loads(line) for line in text.splitlines()] if suffix == ".jsonl" else [text]
        assert told


@pytest.mark.parametrize(
    "command",
    [
        "fieldmarks run --cub DIR --network 'own_net.py:two_layers' --epochs 3",
        "fieldmarks demo --runs /data/runs; x <= 3 is not y<=3",
    ],
)
def test_a_command_in_a_message_can_be_copied(command):
    shown = re.sub(r"\\(.)", r"\1", heading.plain(command))
    assert shown.replace(" <\N{WORD JOINER}= 3", " <= 3") == command


@pytest.mark.parametrize(
    "text",
    ["a -> b", "--", "x <-> y", "~= 3", ":tada:", ":material/home:", "http://a", "www.a", "a@b"],
)
def test_what_is_read_after_the_backslashes_is_broken(text):
    assert "\N{WORD JOINER}" in heading.plain(text)
