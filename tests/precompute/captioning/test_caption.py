"""`fieldmarks caption`: from pictures to a file that `run` reads, stopped and continued."""

import json
import subprocess
import sys
import time

import pytest

from fieldmarks.__main__ import main
from fieldmarks.core.errors import DataError
from fieldmarks.precompute.captioning.caption import propose_parts, write_captions
from fieldmarks.precompute.captioning.server import Server
from fieldmarks.precompute.captioning.writers import ServerWriter
from fieldmarks.precompute.data.caption_file import captions_of
from fieldmarks.precompute.data.read import read_dataset
from fieldmarks.precompute.data.source import DataSource
from tests.support.chat_server import chat_server, error, seeing
from tests.support.picture_folders import write_classes

N = 18


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    write_classes(folder)
    return folder


@pytest.fixture(scope="module")
def dataset(folder):
    return read_dataset(DataSource(folder))


@pytest.fixture
def writer():
    made = []

    def make(server, **settings) -> ServerWriter:
        of = Server(server.url, "painter:1b", tries=2, first_wait=0.001, **settings)
        made.append(of)
        return ServerWriter(of, parallel=3)

    yield make
    for each in made:
        each.close()


def caption(folder, out, server, *more) -> int:
    given = ["--data", str(folder), "--out", str(out), "--server", server.url]
    return main(["caption", *given, "--model", "painter:1b", *more])


def rows_of(out) -> list[dict]:
    return [json.loads(line) for line in out.read_text().splitlines()]


def test_the_command_writes_captions_that_run_reads(folder, dataset, tmp_path, capsys):
    out = tmp_path / "captions.jsonl"
    with chat_server(seeing) as server:
        assert caption(folder, out, server) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"up to {N} pictures of 768 pixels, a request each, with answers of up")
    assert "parts, proposed by painter:1b: upper, sole (--parts names others)" in said
    assert "images/s: about" in said
    assert f"{N} images written, 0 of them without a caption, 0 without an answer" in said
    paths = list(dataset.images["path"])
    words = captions_of(out, paths, ["boot"] * len(paths))
    colours = {"boot": "red", "cap": "blue", "sock": "grey"}
    for path, captions in zip(paths, words.lines, strict=True):
        colour = colours[path.partition("/")[0]]
        assert captions == [f"a {colour} upper, a plain upper, a {colour} sole, a plain sole"]


def test_several_requests_are_under_way_and_none_names_the_class(folder, tmp_path):
    with chat_server(seeing) as server:
        caption(folder, tmp_path / "out.jsonl", server, "--parts", "sole", "--parallel", "4")
    assert 1 < server.most_at_once <= 4
    assert not [name for each in server.requests for name in ("boot", "cap", "sock") if
                name in each.text]  # fmt: skip


def test_it_goes_on_where_it_was_stopped(folder, tmp_path, capsys):
    out = tmp_path / "captions.jsonl"
    with chat_server(seeing) as server:
        assert caption(folder, out, server, "--limit", "7") == 0
        first = out.read_bytes()
        out.write_bytes(first + b'{"file_name": "boot/')  # killed while it wrote
        n_before = len(server.requests)
        assert caption(folder, out, server) == 0
    assert f"{N - 7} images to write, 7 in {out} already" in capsys.readouterr().out
    assert len(server.requests) - n_before == N - 7  # the parts are not proposed again
    assert out.read_bytes().startswith(first)
    names = [row["file_name"] for row in rows_of(out)[1:]]
    assert len(names) == len(set(names)) == N


@pytest.mark.slow
def test_a_command_that_is_killed_goes_on_without_asking_twice(folder, tmp_path):
    out = tmp_path / "captions.jsonl"

    def slowly(request):
        time.sleep(0.1)
        return seeing(request)

    with chat_server(slowly) as server:
        given = ["--data", str(folder), "--out", str(out), "--server", server.url]
        given += ["--model", "painter:1b", "--parts", "sole", "--parallel", "1"]
        command = [sys.executable, "-m", "fieldmarks", "caption", *given]
        running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while running.poll() is None and not (out.exists() and out.read_bytes().count(b"\n") > 4):
            time.sleep(0.02)
        running.kill()
        running.wait()
        whole = [line for line in out.read_bytes().splitlines(keepends=True) if b"\n" in line]
        assert 4 < len(whole) < N, "it was killed in the middle"
        n_asked = len(server.requests)
        assert main(["caption", *given]) == 0
        assert len(server.requests) == n_asked + N - (len(whole) - 1)
    assert out.read_bytes().startswith(b"".join(whole))
    names = [row["file_name"] for row in rows_of(out)[1:]]
    assert len(names) == len(set(names)) == N


def test_some_images_are_spread_over_the_classes(folder, tmp_path):
    out = tmp_path / "captions.jsonl"
    with chat_server(seeing) as server:
        caption(folder, out, server, "--limit", "3", "--parts", "sole")
    assert {row["file_name"].partition("/")[0] for row in rows_of(out)[1:]} == {
        "boot",
        "cap",
        "sock",
    }


def test_a_file_is_of_one_model_and_one_question(folder, tmp_path, capsys):
    out = tmp_path / "captions.jsonl"
    with chat_server(seeing) as server:
        caption(folder, out, server, "--parts", "sole")
        assert caption(folder, out, server, "--parts", "lace") == 1
        assert "was written with another parts" in capsys.readouterr().err
        assert caption(folder, out, server, "--parts", "lace", "--overwrite") == 0
    assert rows_of(out)[0]["written_by"]["parts"] == ["lace"]


def test_a_file_of_somebody_else_stays(folder, tmp_path, capsys):
    out = tmp_path / "notes.txt"
    out.write_text("mine\n")
    with chat_server(seeing) as server:
        assert caption(folder, out, server, "--parts", "sole") == 1
    assert "notes.txt is there already" in capsys.readouterr().err
    assert out.read_text() == "mine\n"


def test_an_image_without_an_answer_is_tried_again_at_the_next_start(dataset, tmp_path, writer):
    out = tmp_path / "captions.jsonl"
    with chat_server(seeing, [error(500, "out of memory")] * 2) as server:
        asked = writer(server)
        asked.parallel = 1
        said = []
        first = write_captions(dataset, asked, out, ["sole"], say=said.append)
        second = write_captions(dataset, asked, out, ["sole"], say=said.append)
    assert (first.n_written, len(first.problems)) == (N - 1, 1)
    assert "out of memory" in first.problems[0]
    assert (second.n_written, second.problems) == (1, [])


def test_a_server_that_went_away_ends_the_command(dataset, tmp_path, writer):
    with (
        chat_server(lambda _: error(503, "gone")) as server,
        pytest.raises(DataError, match=r"5 images in a row got no answer.*gone"),
    ):
        write_captions(dataset, writer(server), tmp_path / "out.jsonl", ["sole"], say=print)


def test_refusals_and_leaks_are_told(dataset, tmp_path, writer):
    answers = iter(["I'm sorry, I can't help.", {"sole": "boot-like, red"}, {"sole": ""}] * N)
    said: list[str] = []
    with chat_server(lambda _: next(answers)) as server:
        asked = writer(server)
        asked.parallel = 1
        summary = write_captions(
            dataset, asked, tmp_path / "out.jsonl", ["sole"], limit=3, say=said.append
        )
    assert (summary.n_written, summary.n_empty) == (3, 2)
    assert [line for line in said if line.startswith("dropped")] == [
        "dropped 1 refusals, such as \"I'm sorry, I can't help.\"",
        "dropped 1 names of classes, such as 'boot-like sole'",
    ]


def test_a_damaged_picture_is_told_and_not_sent(tmp_path, capsys):
    folder = tmp_path / "shop"
    paths = write_classes(folder)
    (folder / paths[3]).write_bytes(b"\xff\xd8\xff nothing")
    with chat_server(seeing) as server:
        assert caption(folder, tmp_path / "out.jsonl", server, "--parts", "sole") == 0
    said = capsys.readouterr().out
    assert f"{paths[3]}: {paths[3]} cannot be read" in said
    assert f"{N - 1} images written" in said


@pytest.mark.parametrize(
    ("answer", "parts"),
    [
        ({"parts": ["Upper", "upper", "boot sole", "background", "a b c", "x1"]}, ["upper"]),
        ("1. upper\n2. tongue\n", ["upper", "tongue"]),
    ],
)
def test_parts_are_proposed_once_and_name_no_class(dataset, writer, answer, parts):
    with chat_server(lambda _: answer) as server:
        assert propose_parts(dataset, writer(server)) == parts
    assert len(server.requests) == 1
    assert len(server.requests[0].pictures) == 3  # one of each class


def test_no_parts_is_an_error_that_says_what_to_do(dataset, writer):
    with chat_server(lambda _: "I'm sorry.") as server, pytest.raises(DataError, match="--parts"):
        propose_parts(dataset, writer(server))


def test_what_is_missing_is_said(folder, tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    start = ["caption", "--data", str(folder), "--out", str(tmp_path / "a"), "--model", "m"]
    for more, message in {
        (): "m runs on a server, whose address --server gives",
        ("--server", "http://localhost:1/v1", "--key-env", "NO_SUCH_KEY"): "NO_SUCH_KEY, which is",
        ("--server", "https://api.example.com/v1"): "add --send-pictures-to api.example.com",
    }.items():
        assert main([*start, *more]) == 1
        assert message in capsys.readouterr().err
    assert not (tmp_path / "a").exists()
