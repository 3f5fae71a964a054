"""The database of verdicts: what its URL may be, and that a password never shows."""

import traceback
from contextlib import closing

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from fieldmarks.core.errors import DatabaseError
from fieldmarks.core.review.database import connect, database_url, shown
from fieldmarks.core.review.verdicts import Verdict, Verdicts

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
        assert connection.execute(text("PRAGMA busy_timeout")).scalar() == 30_000
    engine.dispose()
