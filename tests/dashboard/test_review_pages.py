"""The view Review of Failures: one key per verdict, undo, tags."""

import base64
import io
import shutil
from contextlib import closing
from dataclasses import replace

import pytest
from PIL import Image

from fieldmarks.core.review.verdicts import Verdict, Verdicts
from fieldmarks.dashboard.figures.small_picture import SIDE
from tests.support.pages import component_data, said, visit

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def place(faulty, tmp_path, monkeypatch):
    from fieldmarks.dashboard import verdicts

    shutil.copytree(faulty.folder, tmp_path / "faulty")
    monkeypatch.setenv("FIELDMARKS_RUNS", str(tmp_path))
    monkeypatch.setenv("FIELDMARKS_DB", f"sqlite:///{tmp_path}/verdicts.sqlite")
    pools = (verdicts.database, verdicts.saved_groups)
    for pool in pools:
        pool.clear()
    yield
    for pool in pools:
        pool().close()
        pool.clear()


@pytest.fixture
def database(place):
    with closing(Verdicts()) as verdicts:
        yield verdicts


@pytest.fixture
def queue(faulty) -> list[tuple[int, str]]:
    """Image and path of the failures in the order of the list."""
    confidence = faulty.images["confidence"].to_numpy()
    xs = sorted(faulty.failures, key=lambda x: -confidence[x])
    return [(int(x), faulty.images["path"][x]) for x in xs]


def press(app, key: str):
    return app.button(f"review.{key}").click().run()


def choose(app, key: str, rows: list[int]):
    """Tick rows of a table, as the browser sends it."""
    (given,) = component_data(app, key)
    ids = [given["rows"][i]["id"] for i in rows]
    app.session_state[key] = {"chosen": {"list": given["list"], "ids": ids}}
    return app


def open_review(more: str = ""):
    app = visit(f"failures?view=review{more}")
    assert not app.exception
    return app


def test_accepting_saves_the_diagnosis_and_goes_on(faulty, database, queue):
    app = open_review()
    app.text_input("reviewer.widget").set_value("Ana").run()
    press(app, "A")
    assert not app.exception
    (x, path), (following, _) = queue[:2]
    saved = database.get(faulty.manifest["dataset"], path)
    assert saved.is_reviewed
    assert saved.author == "Ana"
    assert saved.pattern == faulty.table("diagnoses")["pattern"][x]
    assert "".join(app.query_params["at"]) == str(following)
    assert f"image {following}" in said(app)


def test_a_wrong_label_and_tags_are_saved_and_notes_are_kept(faulty, database, queue):
    dataset, path = faulty.manifest["dataset"], queue[0][1]
    database.save(Verdict(dataset, path, note="look again", tags=("old",)))
    app = open_review()
    app.multiselect("review.tags").set_value(["old"])
    press(app, "W")
    saved = database.get(dataset, path)
    assert (saved.pattern, saved.note, saved.tags) == ("wrong label", "look again", ("old",))


def test_skipping_saves_nothing(faulty, database, queue):
    app = press(open_review(), "S")
    assert database.latest(faulty.manifest["dataset"]).empty
    assert f"image {queue[1][0]}" in said(app)


def test_undo_brings_the_verdict_before_back(faulty, database, queue):
    dataset, path = faulty.manifest["dataset"], queue[0][1]
    before = database.save(Verdict(dataset, path, "spurious cue", "mine", author="Ben"))
    app = open_review()
    assert app.button("review.U").disabled
    press(app, "W")
    press(app, "U")
    assert not app.exception
    after = database.get(dataset, path)
    assert replace(after, version=1, saved_at=before.saved_at) == before
    assert len(database.history(dataset, path)) == 3
    assert f"image {queue[0][0]}" in said(app)


def test_chosen_rows_share_one_verdict_and_one_undo(faulty, database, queue):
    app = open_review()
    choose(app, "review.next", [2, 0]).run()
    assert "Verdict on 2 images" in said(app)
    choose(app, "review.next", [2, 0])
    press(app, "W")
    latest = database.latest(faulty.manifest["dataset"])
    assert set(latest.index) == {queue[0][1], queue[2][1]}
    press(app, "U")
    assert not database.latest(faulty.manifest["dataset"])["is_reviewed"].any()


def test_what_was_ticked_in_another_list_is_not_chosen(database, queue):
    app = open_review()
    choose(app, "review.next", [1])
    app.session_state["review.next"]["chosen"]["list"] = "another"
    assert f"Verdict on image {queue[0][0]}" in said(app.run())


def test_a_small_picture_stands_in_each_row():
    """All rows are sent again with each key."""
    (given,) = component_data(open_review(), "review.next")
    for row in given["rows"]:
        picture = Image.open(io.BytesIO(base64.b64decode(row["src"].partition(",")[2])))
        assert max(picture.size) == SIDE


def test_an_undo_of_several_keeps_what_another_changed_and_takes_back_the_rest(
    faulty, database, queue
):
    dataset = faulty.manifest["dataset"]
    app = open_review()
    choose(app, "review.next", [0, 1, 2]).run()
    choose(app, "review.next", [0, 1, 2])
    press(app, "W")
    theirs = database.get(dataset, queue[0][1])
    database.save(replace(theirs, note="mine since", author="Ben"))
    press(app, "U")
    assert "1 not taken back: Ben saved a verdict" in said(app).replace("\\", "")
    latest = database.latest(dataset)
    assert latest.loc[queue[0][1], "note"] == "mine since"
    assert latest.loc[queue[0][1], "is_reviewed"]
    assert not latest.loc[[queue[1][1], queue[2][1]], "is_reviewed"].any()


def test_somebody_who_was_faster_is_told_and_kept(faulty, database, queue):
    dataset, path = faulty.manifest["dataset"], queue[0][1]
    app = open_review()
    database.save(Verdict(dataset, path, note="theirs", author="Ben"))
    press(app, "W")
    assert not app.exception
    assert "Ben saved a verdict" in said(app)
    assert database.get(dataset, path).note == "theirs"


def test_a_reviewed_list_says_so(faulty, database, queue):
    dataset = faulty.manifest["dataset"]
    for _, path in queue:
        database.save(Verdict(dataset, path, "wrong label", is_reviewed=True, author="Ana"))
    app = open_review()
    assert "Every image of the list is reviewed" in "".join(each.value for each in app.success)


def test_tags_filter_the_list_by_the_link(faulty, database, queue):
    dataset, path = faulty.manifest["dataset"], queue[1][1]
    database.save(Verdict(dataset, path, tags=("blurred, dark",)))
    app = visit("failures?tag=blurred,+dark")
    assert not app.exception
    assert "**1** of" in said(app)
    assert [box.value for box in app.selectbox if box.label == "Tag"] == ["blurred, dark"]
    assert not visit("failures?tag=nothing", app).exception
    assert "No image matches" in said(app)


@pytest.mark.parametrize(
    "link", ["view=review&at=99999", "view=review&at=0", "view=blind", "view=review&tag=x"]
)
def test_a_bad_link_lands_softly(link):
    assert not visit(f"failures?{link}").exception


def test_several_images_are_tagged_at_once_and_nothing_else_of_them_changes(faulty):
    from fieldmarks.dashboard import verdicts
    from fieldmarks.dashboard.images import grid

    xs = faulty.failures[:2].tolist()
    grid.add_tag(faulty, xs, "blurred")
    latest = verdicts.database().latest(verdicts.dataset(faulty))
    for x in xs:
        row = latest.loc[str(faulty.images["path"].iloc[x])]
        assert list(row["tags"]) == ["blurred"]
        assert not row["is_reviewed"]


def test_verdicts_are_listed_and_deleted_and_brought_back(faulty, database, queue):
    app = open_review()
    app.text_input("reviewer.widget").set_value("Ana").run()
    press(app, "W")
    (_, path), dataset = queue[0], faulty.manifest["dataset"]
    assert "Verdicts: 1" in said(app)
    choose(app, "review.given", [0]).run()
    choose(app, "review.given", [0])
    app.button("review.delete").click().run()
    assert not app.exception
    assert database.history(dataset, path) == []
    assert "Verdicts: " not in said(app)
    press(app, "U")
    assert database.get(dataset, path).pattern == "wrong label"
