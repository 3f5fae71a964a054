"""``run --open``: the dashboard is opened while the run is still completed."""

import os
import signal

import pytest

from fieldmarks.__main__ import main
from fieldmarks.core.errors import DataError
from fieldmarks.precompute.commands import run as command
from fieldmarks.precompute.pipeline import pipeline
from tests.support.synthetic_run import write_synthetic_run

WORDS = "run --data pictures --checkpoint mine.pth --name synthetic --runs"


class Server:
    """A dashboard that is not started."""

    def __init__(self, words):
        self.words, self.did = words, []

    def wait(self):
        self.did.append("waited for")

    def terminate(self):
        self.did.append("terminated")


@pytest.fixture
def servers(monkeypatch):
    started = []

    def start(words):
        started.append(Server(words))
        return started[-1]

    monkeypatch.setattr(command.subprocess, "Popen", start)
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
