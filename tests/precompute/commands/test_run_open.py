"""``run --open`` and ``demo``: the dashboard is opened while the run is still completed."""

import os
import signal

import pytest

from fieldmarks.__main__ import main
from fieldmarks.commands import dashboard
from fieldmarks.core.errors import DataError
from fieldmarks.precompute.demo import build
from fieldmarks.precompute.pipeline import pipeline
from tests.support.synthetic_run import write_synthetic_run

WORDS = "run --data pictures --checkpoint mine.pth --name synthetic --runs"


class Server:
    """A dashboard that is not started."""

    code = 0

    def __init__(self, words):
        self.words, self.did = words, []

    def wait(self):
        self.did.append("waited for")
        return self.code

    def terminate(self):
        self.did.append("terminated")


@pytest.fixture
def servers(monkeypatch):
    started = []

    def start(words):
        started.append(Server(words))
        return started[-1]

    monkeypatch.setattr(dashboard.subprocess, "Popen", start)
    return started


def test_the_dashboard_is_opened_once_the_run_can_be_and_waited_for(tmp_path, servers, monkeypatch):
    run = write_synthetic_run(tmp_path)

    def precompute(settings, on_open):
        on_open()
        assert servers[0].did == []
        return run

    monkeypatch.setattr(pipeline, "precompute", precompute)
    assert main([*WORDS.split(), str(tmp_path), "--open"]) == 0
    (server,) = servers
    assert server.words[1:] == [
        "-m",
        "fieldmarks",
        "dashboard",
        "synthetic",
        "--runs",
        str(tmp_path),
    ]
    assert server.did == ["waited for"]


def test_a_command_that_is_ended_takes_its_dashboard_with_it(tmp_path, servers, monkeypatch):
    run = write_synthetic_run(tmp_path)
    monkeypatch.setattr(pipeline, "precompute", lambda settings, on_open: on_open() or run)

    def wait(server):
        server.did.append("waited for")
        if server.did == ["waited for"]:
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(Server, "wait", wait)
    assert main([*WORDS.split(), str(tmp_path), "--open"]) == 0
    assert servers[0].did == ["waited for", "terminated", "waited for"]


def test_without_the_option_nothing_is_opened(tmp_path, servers, monkeypatch):
    run = write_synthetic_run(tmp_path)
    monkeypatch.setattr(pipeline, "precompute", lambda settings, on_open: on_open() or run)
    assert main([*WORDS.split(), str(tmp_path)]) == 0
    assert servers == []


def test_a_run_that_fails_takes_its_dashboard_with_it(tmp_path, servers, monkeypatch, capsys):
    def precompute(settings, on_open):
        on_open()
        raise DataError("no room")

    monkeypatch.setattr(pipeline, "precompute", precompute)
    assert main([*WORDS.split(), str(tmp_path), "--open"]) == 1
    assert "no room" in capsys.readouterr().err
    assert servers[0].did == ["terminated"]


def begin(tmp_path, *, is_made: bool = False) -> None:
    """Leave what a demo has when its run can be opened, or when all of it is made."""
    write_synthetic_run(tmp_path)
    world = tmp_path / build.WORLDS / "synthetic"
    world.mkdir(parents=True)
    if is_made:
        (world / build.IS_MADE).touch()


def demo(tmp_path, *options: str) -> list[str]:
    return ["demo", "--name", "synthetic", "--runs", str(tmp_path), *options]


@pytest.mark.parametrize("is_begun", [False, True], ids=["new", "interrupted"])
def test_a_demo_is_opened_before_all_of_it_is_made(tmp_path, servers, monkeypatch, is_begun):
    if is_begun:
        begin(tmp_path)
    made = []

    def make(args, on_open):
        on_open()
        assert servers[0].did == []
        made.append(args.name)

    monkeypatch.setattr(build, "build_demo", make)
    assert main(demo(tmp_path, "--port", "9000", "--no-browser")) == 0
    assert made == ["synthetic"]
    (server,) = servers
    options = ["--runs", str(tmp_path), "--port", "9000", "--no-browser"]
    assert server.words[1:] == ["-m", "fieldmarks", "dashboard", "synthetic", *options]
    assert server.did == ["waited for"]


@pytest.mark.parametrize(("code", "is_said"), [(1, True), (-15, False)], ids=["port", "ended"])
def test_a_dashboard_that_does_not_open_is_told_at_the_end(
    tmp_path, servers, monkeypatch, capsys, code, is_said
):
    monkeypatch.setattr(Server, "code", code)
    monkeypatch.setattr(build, "build_demo", lambda args, on_open: on_open())
    assert main(demo(tmp_path)) == int(is_said)
    assert ("--port gives another" in capsys.readouterr().err) == is_said


def test_a_finished_demo_is_opened_at_once(tmp_path, monkeypatch):
    begin(tmp_path, is_made=True)
    opened = []
    monkeypatch.setattr(
        "fieldmarks.commands.demo.open_dashboard", lambda *words: opened.append(words[1])
    )
    monkeypatch.setattr(build, "build_demo", lambda *_: pytest.fail("it is there"))
    assert main(demo(tmp_path)) == 0
    assert opened == ["synthetic"]


def test_a_demo_that_is_only_built_opens_nothing(tmp_path, servers, monkeypatch):
    begin(tmp_path)
    monkeypatch.setattr(build, "build_demo", lambda args, on_open=lambda: None: on_open())
    assert main(demo(tmp_path, "--build")) == 0
    assert servers == []
