"""The database of verdicts: what its URL may be, and that a password never shows."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import make_url

from fieldmarks.core.errors import ConflictError, DatabaseError, DataError
from fieldmarks.core.review.database import _require_files, connect, database_url, shown
from fieldmarks.core.review.saved_groups import SavedGroup, SavedGroups
from fieldmarks.core.review.verdicts import Verdict, Verdicts, left_out

PATH = "001.Albatross/one image, è.jpg"


def test_the_default_is_sqlite_beside_the_runs_with_write_ahead_logging(tmp_path, monkeypatch):
    monkeypatch.setenv("FIELDMARKS_RUNS", str(tmp_path / "runs"))
    monkeypatch.delenv("FIELDMARKS_DB", raising=False)
    with closing(Verdicts()) as verdicts:
        verdicts.save(Verdict("birds", PATH))
    engine = create_engine(f"sqlite:///{tmp_path}/runs/verdicts.sqlite")
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
    engine.dispose()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("no url", "write postgresql://user:password@host/name"),
        ("sqlite:////no/such/folder/verdicts.sqlite", "check FIELDMARKS_DB"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
    ],
)
def test_a_database_that_cannot_be_used_says_what_to_check(url, message):
    with pytest.raises(DatabaseError, match=message):
        Verdicts(url)


SECRETS = {
    "a server that is not there": "postgresql://ana:secret@127.0.0.1:1/birds",
    "a host that is not there": "postgresql://ana:secret@no.such.host.invalid/birds",
    "a port of text": "postgresql://ana:secret@127.0.0.1:port/birds",
    "an @ in the password": "postgresql://ana:my@secret@127.0.0.1:1/birds",
    "a / in the password": "postgresql://ana:my/secret@127.0.0.1:1/birds",
    "a password among the options": "postgresql://ana@127.0.0.1:1/birds?password=secret",
    "an unknown option": "postgresql://ana:secret@127.0.0.1:1/birds?colour=red",
    "an unknown kind": "birds://ana:secret@127.0.0.1/birds",
    "an absent driver": "mysql+pymysql://ana:secret@127.0.0.1/birds",
    "no scheme": "ana:secret@127.0.0.1/birds",
}


@pytest.mark.parametrize("case", SECRETS)
def test_a_password_never_shows_in_an_error(case):
    with pytest.raises(DatabaseError) as caught:
        Verdicts(SECRETS[case])
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "secret" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_postgresql_is_driven_by_psycopg(scheme, monkeypatch):
    monkeypatch.setenv("FIELDMARKS_DB", f"{scheme}://ana:secret@server/birds")
    assert database_url().drivername == "postgresql+psycopg"


def test_a_given_url_goes_before_the_environment(monkeypatch):
    monkeypatch.setenv("FIELDMARKS_DB", "postgresql://ana@server/birds")
    assert database_url("sqlite:///a.sqlite").database == "a.sqlite"


def test_what_is_shown_of_a_url_holds_no_password():
    url = make_url("postgresql://ana:secret@server/birds?password=secret&colour=red")
    assert shown(url) == "postgresql://ana:***@server/birds"


def test_nothing_is_opened_before_it_is_used(tmp_path):
    engine = connect(database_url(f"sqlite:///{tmp_path}/a.sqlite"))
    assert list(tmp_path.iterdir()) == []
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA busy_timeout")).scalar() == 5_000
    engine.dispose()


def slow_of(seconds):
    """Return the time by which something must have happened."""
    return time.monotonic() + seconds


@pytest.fixture
def file(tmp_path):
    """An SQLite database with two verdicts on one image."""
    path = tmp_path / "verdicts.sqlite"
    with closing(Verdicts(f"sqlite:///{path}")) as verdicts:
        first = verdicts.save(Verdict("birds", PATH, note="first", tags=("a",), author="Ana"))
        verdicts.save(replace(first, note="second"))
        verdicts.save(Verdict("birds", "other.jpg", note="other"))
    return path


#: What SQLite keeps in a column whatever its type is.
JUNK = [
    ("tags", "'{'"), ("tags", "'null'"), ("tags", "'[1]'"), ("tags", "'{}'"), ("tags", "x'ff'"),
    ("tags", "''"), ("tags", f"'{'[' * 100_000}'"), ("saved_at", "'yesterday'"),
    ("saved_at", "''"), ("saved_at", "17"), ("saved_at", "x'00'"), ("version", "'x'"),
    ("version", "-1"), ("version", "1.5"), ("pattern", "3.5"), ("pattern", "'bad luck'"),
    ("note", "x'c328'"), ("author", "x'00ff'"), ("is_reviewed", "'x'"), ("run", "x'ff'"),
]  # fmt: skip


@pytest.mark.parametrize(("column", "value"), JUNK)
def test_a_damaged_row_is_left_out_and_counted_and_the_rest_is_there(file, column, value):
    with sqlite3.connect(file) as connection:
        connection.execute(f"UPDATE verdicts SET {column} = {value} WHERE note = 'second'")
    connection.close()
    with closing(Verdicts(f"sqlite:///{file}")) as verdicts:
        latest, versions = verdicts.latest("birds"), verdicts.versions("birds")
        assert latest.loc["other.jpg", "note"] == "other"
        if len(versions) == 2:
            assert versions["note"].tolist() == ["first", "other"]
            assert latest.loc[PATH, "note"] == "first"
            told = left_out(latest) or left_out(versions)
            assert told == "1 row of the database of verdicts is damaged and left out."
        else:  # what was written there can be read, as 1 for a yes
            assert left_out(latest) == left_out(versions) == ""
        mine = verdicts.get("birds", PATH)
        saved = verdicts.save(replace(mine, note="third"))
        assert verdicts.get("birds", PATH) == saved
        assert verdicts.latest("birds").loc[PATH, "note"] == "third"
        assert verdicts.undo(saved).note == mine.note


def test_a_damaged_group_hurts_no_others(tmp_path):
    with closing(SavedGroups(f"sqlite:///{tmp_path}/verdicts.sqlite")) as groups:
        for k in range(3):
            groups.save(SavedGroup("d", f"g{k}", ("a.jpg",)))
        with sqlite3.connect(tmp_path / "verdicts.sqlite") as connection:
            connection.execute("UPDATE saved_groups SET paths = 'null' WHERE name = 'g0'")
        connection.close()
        assert groups.names("d") == ["g0", "g1", "g2"]
        with pytest.raises(DataError, match="'g0' cannot be read: delete it"):
            groups.get("d", "g0")
        groups.delete("d", "g0")
        assert groups.get("d", "g1") == SavedGroup("d", "g1", ("a.jpg",))


def test_a_verdict_is_deleted_with_its_history_and_no_other(file):
    with closing(Verdicts(f"sqlite:///{file}")) as verdicts:
        assert verdicts.delete("birds", PATH) == 2
        assert verdicts.delete("birds", PATH) == 0
        assert verdicts.get("birds", PATH) == Verdict("birds", PATH)
        assert verdicts.latest("birds").index.tolist() == ["other.jpg"]
        assert verdicts.save(Verdict("birds", PATH, note="again")).version == 1


def test_a_deleted_verdict_is_restored_with_its_history(file):
    with closing(Verdicts(f"sqlite:///{file}")) as verdicts:
        versions = verdicts.history("birds", PATH)
        verdicts.delete("birds", PATH)
        verdicts.restore(versions)
        assert verdicts.history("birds", PATH) == versions
        assert verdicts.save(versions[-1]).version == versions[-1].version + 1


def test_a_verdict_that_was_saved_after_a_deletion_stays(file):
    with closing(Verdicts(f"sqlite:///{file}")) as verdicts:
        versions = verdicts.history("birds", PATH)
        verdicts.delete("birds", PATH)
        theirs = verdicts.save(Verdict("birds", PATH, note="theirs", author="Ben"))
        with pytest.raises(ConflictError, match="Ben saved a verdict"):
            verdicts.restore(versions)
        assert verdicts.history("birds", PATH) == [theirs]


def test_a_locked_database_is_told_of_after_seconds(file, monkeypatch):
    monkeypatch.setattr("fieldmarks.core.review.database._WAIT", 0.3)
    with sqlite3.connect(file) as holding:
        holding.execute("BEGIN EXCLUSIVE")
        deadline = slow_of(5)
        with closing(Verdicts(f"sqlite:///{file}")) as verdicts:
            with pytest.raises(DatabaseError, match="database is locked"):
                verdicts.save(Verdict("birds", "third.jpg"))
            assert verdicts.latest("birds").index.tolist() == [PATH, "other.jpg"]
        assert time.monotonic() < deadline
    holding.close()


def test_a_full_database_is_read_and_told_of_at_once(file):
    with closing(Verdicts(f"sqlite:///{file}")) as verdicts:
        event.listen(
            verdicts._engine,
            "connect",
            lambda connection, _: connection.execute("PRAGMA max_page_count = 1"),
        )
        deadline = slow_of(3)
        large = [Verdict("birds", f"{k}.jpg", note="x" * 9000) for k in range(50)]
        with pytest.raises(DatabaseError, match="disk is full"):
            list(map(verdicts.save, large))
        assert len(verdicts.latest("birds"))
        assert time.monotonic() < deadline


READ_ONLY = """
import os, sys, time
from contextlib import closing
from fieldmarks.core.errors import DatabaseError
from fieldmarks.core.review.verdicts import Verdict, Verdicts

os.setgid(65534), os.setuid(65534)  # a person who may read and not write
started = time.monotonic()
with closing(Verdicts("sqlite:///" + sys.argv[1])) as verdicts:
    print(verdicts.is_read_only, len(verdicts.latest("birds")))
    try:
        verdicts.save(Verdict("birds", "new.jpg"))
    except DatabaseError as error:
        print(error)
print(time.monotonic() - started < 3)
"""


@pytest.fixture
def closing_later():
    with ExitStack() as stack:
        yield stack


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not write")
@pytest.mark.parametrize("case", ["written", "never written", "of a writer that was killed"])
def test_a_database_that_cannot_be_written_is_read_at_once(file, case, closing_later):
    folder = Path(tempfile.mkdtemp())  # pytest's own are closed to other people
    file = Path(shutil.move(file, folder))
    if case == "never written":
        file.unlink()
    if case == "of a writer that was killed":
        writer = closing_later.enter_context(closing(sqlite3.connect(file)))
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("UPDATE verdicts SET author = 'Eva'")
        writer.commit()
    folder.chmod(0o555)
    for path in folder.iterdir():
        path.chmod(0o444)
    done = subprocess.run(
        [sys.executable, "-c", READ_ONLY, str(file)], capture_output=True, text=True
    )
    shutil.rmtree(folder)
    read, told, is_fast = done.stdout.splitlines() or [done.stderr[-900:], "", ""]
    assert read == f"True {0 if case == 'never written' else 2}"
    assert "is read-only: nothing was saved" in told
    assert is_fast == "True"


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm", "-journal"])
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
@pytest.mark.timeout(20)
def test_a_database_that_is_no_file_is_not_waited_for(file, suffix, make):
    path = file.with_name(file.name + suffix)
    path.unlink(missing_ok=True)
    make(path)
    with pytest.raises(DatabaseError, match="is not a regular file: move it away"):
        Verdicts(f"sqlite:///{file}")


def test_verdicts_lie_beside_the_runs_that_are_named(tmp_path, monkeypatch):
    monkeypatch.setenv("FIELDMARKS_RUNS", str(tmp_path / "elsewhere"))
    monkeypatch.delenv("FIELDMARKS_DB", raising=False)
    assert database_url(runs=tmp_path / "here").database == f"{tmp_path}/here/verdicts.sqlite"
    assert not (tmp_path / "elsewhere").exists()
    monkeypatch.setenv("FIELDMARKS_DB", "sqlite:////team.sqlite")
    assert database_url(runs=tmp_path / "here").database == "/team.sqlite"


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DatabaseError, match="verdicts cannot be kept in"):
        database_url(runs=tmp_path / "file" / "runs")


def test_a_log_that_its_last_user_deletes_meanwhile_is_no_pipe(tmp_path):
    url = make_url(f"sqlite:///{tmp_path / 'verdicts.sqlite'}")
    log, is_over = tmp_path / "verdicts.sqlite-wal", threading.Event()

    def come_and_go() -> None:
        while not is_over.is_set():
            log.touch()
            log.unlink()

    thread = threading.Thread(target=come_and_go)
    thread.start()
    try:
        for _ in range(3000):
            _require_files(url)
    finally:
        is_over.set()
        thread.join()
