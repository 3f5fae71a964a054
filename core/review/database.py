"""Database of verdicts: SQLite in the runs folder, or PostgreSQL for a team.

SQLite is ``verdicts.sqlite`` in the runs folder, with write-ahead logging, so that readers never
wait for a writer (not supported on a network file system). A team sets
``FIELDMARKS_DB=postgresql://user:password@host/name``.
"""

import os
import sqlite3
import time
from typing import ClassVar

from sqlalchemy import Table, create_engine, event
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateTable

from fieldmarks.core.errors import DatabaseError, one_line
from fieldmarks.core.run.files import runs_folder

_NO_URL = "FIELDMARKS_DB is no database URL: write postgresql://user:password@host/name"
_WAIT = 30  # seconds that a writer waits for another one


class Database:
    """One table of the database, which is created where it is missing; thread-safe.

    Parameters
    ----------
    url : str, optional
        Of the database, as `database_url` reads it.

    Attributes
    ----------
    table : Table
        Named by each subclass.

    Raises
    ------
    DatabaseError
        If the database cannot be reached.
    """

    table: ClassVar[Table]

    def __init__(self, url: str | None = None):
        self._url = database_url(url)
        self._engine = connect(self._url)
        statement = CreateTable(self.table, if_not_exists=True)
        try:
            self._run(lambda connection: connection.execute(statement), is_first=True)
        except (IntegrityError, ProgrammingError):
            # PostgreSQL: another process created the table, or its type, concurrently
            self._run(lambda connection: connection.execute(statement))

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._engine.dispose()

    def _run(self, work, is_first: bool = False):
        """Return ``work(connection)``, done in one transaction.

        A conflict with a concurrent process is the caller's; of a first use so is one of tables.
        """
        try:
            with self._engine.begin() as connection:
                return work(connection)
        except DBAPIError as error:
            if isinstance(error, IntegrityError) or (
                is_first and isinstance(error, ProgrammingError)
            ):
                raise
            reason = one_line(error.orig or error)
            raise DatabaseError(
                f"the database of verdicts {shown(self._url)} "
                f"cannot be used ({reason}): check FIELDMARKS_DB and that it is running"
            ) from None


def database_url(url: str | None = None) -> URL:
    """Return ``url``, otherwise ``FIELDMARKS_DB``, otherwise SQLite beside the runs.

    Raises
    ------
    DatabaseError
        If it is no database URL, or an SQLite database in memory, whose verdicts would be lost.
    """
    url = url or os.environ.get("FIELDMARKS_DB")
    if not url:
        folder = runs_folder()
        folder.mkdir(parents=True, exist_ok=True)
        return URL.create("sqlite", database=str(folder / "verdicts.sqlite"))
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # whose message holds the URL, password and all
        raise DatabaseError(_NO_URL) from None
    if "@" in (parsed.host or ""):
        # the password has an @: what follows it would be taken for a host, and be printed
        raise DatabaseError(f"{_NO_URL}, special characters of the password as %40 for @")
    if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise DatabaseError("FIELDMARKS_DB names no file: write sqlite:///verdicts.sqlite")
    is_bare = parsed.drivername in ("postgresql", "postgres")
    return parsed.set(drivername="postgresql+psycopg") if is_bare else parsed


def connect(url: URL) -> Engine:
    """Return an engine; nothing is opened before it is used.

    Raises
    ------
    DatabaseError
        If the driver for this kind of database is not installed.
    """
    is_sqlite = url.get_backend_name() == "sqlite"
    # SQLite files are opened and closed at each use; connections to a server are pooled
    pool = {"poolclass": NullPool} if is_sqlite else {"pool_pre_ping": True}
    try:
        engine = create_engine(url, **pool)
    except ImportError as error:
        raise DatabaseError(f"{error}: pip install 'psycopg[binary]' for PostgreSQL") from None
    except ArgumentError:
        raise DatabaseError(
            f"FIELDMARKS_DB names {url.drivername!r}, a kind of database that is not known: "
            "write postgresql://user:password@host/name"
        ) from None
    if is_sqlite:
        event.listen(engine, "connect", _prepare_sqlite)
    return engine


def shown(url: URL) -> str:
    """Return a URL without what nobody should read: the password, and options that may hold it."""
    return url.set(query={}).render_as_string(hide_password=True)


def _prepare_sqlite(connection, _record) -> None:
    connection.execute(f"PRAGMA busy_timeout = {_WAIT * 1000}")
    _write_ahead(connection)
    connection.execute("PRAGMA synchronous = FULL")


def _write_ahead(connection) -> None:
    """Switch a database to write-ahead logging; SQLite itself does not wait for others here.

    A database that cannot (on some network file systems) keeps its journal mode.
    """
    deadline = time.monotonic() + _WAIT
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
