"""Database of verdicts: SQLite in the runs folder, or PostgreSQL for a team.

SQLite is ``verdicts.sqlite`` in the runs folder, with write-ahead logging, so that readers never
wait for a writer (not supported on a network file system). A team sets
``FIELDMARKS_DB=postgresql://user:password@host/name``.

Nobody waits long: a locked database is reported after seconds, a full one at once, and one that
cannot be written is read. A row that cannot be read is left out and counted.
"""

import os
import sqlite3
import stat
import time
from functools import partial
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

from sqlalchemy import JSON, DateTime, Table, TypeDecorator, create_engine, event, inspect
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.pool import NullPool, StaticPool
from sqlalchemy.schema import CreateTable

from fieldmarks.core.errors import DatabaseError, one_line
from fieldmarks.core.run.files import runs_folder

_NO_URL = "FIELDMARKS_DB is not a database URL: write postgresql://user:password@host/name"
_WAIT = 5  # seconds that a writer waits for another one
#: Seconds that PostgreSQL may take to answer: for a connection, for a lock, for a statement.
_CONNECT, _LOCK, _STATEMENT = 5, 3, 20


class _Lenient(TypeDecorator):
    """A column whose values are read as None where they cannot be read."""

    cache_ok = True
    impl = JSON

    def result_processor(self, dialect, coltype):
        read = super().result_processor(dialect, coltype)

        def process(value: Any) -> Any:
            try:
                return value if read is None else read(value)
            except (ValueError, TypeError, RecursionError):
                return None

        return process


class LenientJSON(_Lenient):
    """JSON, None where it is damaged."""

    cache_ok = True
    impl = JSON


class LenientTime(_Lenient):
    """A time, None where it is damaged."""

    cache_ok = True
    impl = DateTime(timezone=True)


class Database:
    """One table of the database, which is created where it is missing; thread-safe.

    Parameters
    ----------
    url : str, optional
        Of the database, as `database_url` reads it.
    runs : Path, optional
        See `database_url`.

    Attributes
    ----------
    table : Table
        Named by each subclass.
    is_read_only : bool
        Whether it can be read and not written; without the table it is read as empty.

    Raises
    ------
    DatabaseError
        If the database cannot be reached.
    """

    table: ClassVar[Table]

    def __init__(self, url: str | None = None, runs: Path | None = None):
        self._url = database_url(url, runs)
        self._engine = connect(self._url)
        self.is_read_only = _is_sqlite(self._url) and _is_unwritable(_file(self._url))
        statement = CreateTable(self.table, if_not_exists=True)
        try:
            self._run(lambda connection: connection.execute(statement), is_first=True)
        except (IntegrityError, ProgrammingError):
            # PostgreSQL: another process created the table, or its type, concurrently
            self._run(lambda connection: connection.execute(statement))
        except DatabaseError:
            if not self.is_read_only:
                raise
            self._engine.dispose()
            self._engine = _reading(_file(self._url), self.table)

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
            if self.is_read_only:
                raise DatabaseError(
                    f"the database of verdicts {shown(self._url)} is read-only: nothing was saved"
                ) from None
            raise DatabaseError(
                f"the database of verdicts {shown(self._url)} "
                f"cannot be used ({reason}): check FIELDMARKS_DB and that it is running"
            ) from None


def database_url(url: str | None = None, runs: Path | None = None) -> URL:
    """Return ``url``, otherwise ``FIELDMARKS_DB``, otherwise SQLite beside the runs.

    Parameters
    ----------
    url : str, optional
    runs : Path, optional
        The folder of runs; by default that of `core.run.files.runs_folder`.

    Raises
    ------
    DatabaseError
        If it is not a database URL, or an SQLite database in memory, whose verdicts would be lost.
    """
    url = url or os.environ.get("FIELDMARKS_DB")
    if not url:
        folder = runs_folder() if runs is None else runs
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DatabaseError(f"verdicts cannot be kept in {folder}: {error.strerror}") from None
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
    is_sqlite, is_postgresql = _is_sqlite(url), url.get_backend_name() == "postgresql"
    # SQLite files are opened and closed at each use; connections to a server are pooled
    options: dict[str, Any] = {"poolclass": NullPool} if is_sqlite else {"pool_pre_ping": True}
    if is_postgresql and "connect_timeout" not in url.query:
        options["connect_args"] = {"connect_timeout": _CONNECT}
    if is_sqlite:
        _require_files(url)
    try:
        engine = create_engine(url, **options)
    except ImportError as error:
        raise DatabaseError(f"{error}: pip install 'psycopg[binary]' for PostgreSQL") from None
    except ArgumentError:
        raise DatabaseError(
            f"FIELDMARKS_DB names {url.drivername!r}, a kind of database that is not known: "
            "write postgresql://user:password@host/name"
        ) from None
    if is_sqlite:
        event.listen(engine, "connect", _prepare_sqlite)
    elif is_postgresql:
        event.listen(engine, "connect", _prepare_postgresql)
    return engine


def _require_files(url: URL) -> None:
    """Refuse a database that is not a regular file: a pipe would be waited for."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        path = Path(f"{url.database}{suffix}")
        try:
            is_other = not stat.S_ISREG(path.stat().st_mode)
        except FileNotFoundError:  # also of one that its last user deletes now
            continue
        except OSError as error:
            raise DatabaseError(f"the database of verdicts {path}: {error.strerror}") from None
        if is_other:
            raise DatabaseError(
                f"the database of verdicts {path} is not a regular file: move it away"
            )


def _is_sqlite(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"


def _file(url: URL) -> Path:
    return Path(url.database or "")


def _reading(path: Path, table: Table) -> Engine:
    """Return an engine that reads a file which cannot be written.

    A missing table is replaced by an empty one in memory.
    """
    for option in ("", "&immutable=1") if path.is_file() else ():
        # immutable: write-ahead logging needs a file beside the database, which cannot be made
        uri = f"file:{quote(str(path.resolve()))}?mode=ro{option}"
        engine = create_engine("sqlite://", creator=partial(_open_to_read, uri), poolclass=NullPool)
        try:
            if inspect(engine).has_table(table.name):
                return engine
        except DBAPIError:
            continue
    engine = create_engine(
        "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
    )
    with engine.begin() as connection:
        connection.execute(CreateTable(table))
        connection.exec_driver_sql("PRAGMA query_only = ON")
    return engine


def _is_unwritable(path: Path) -> bool:
    """Whether the file, or the folder where it and its journal are made, cannot be written."""
    needed = [path.parent, *([path] if path.exists() else [])]
    return path.parent.is_dir() and not all(os.access(each, os.W_OK) for each in needed)


def _open_to_read(uri: str) -> sqlite3.Connection:
    connection = sqlite3.connect(uri, uri=True, timeout=_WAIT, check_same_thread=False)
    connection.text_factory = _text
    return connection


def _text(content: bytes) -> str:
    """Return a text of the database; one damaged text does not stop a query."""
    return content.decode("utf-8", "replace")


def shown(url: URL) -> str:
    """Return a URL without what nobody should read: the password, and options that may hold it."""
    return url.set(query={}).render_as_string(hide_password=True)


def _prepare_postgresql(connection, _record) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = '{_LOCK}s'")
        cursor.execute(f"SET statement_timeout = '{_STATEMENT}s'")
    connection.commit()


def _prepare_sqlite(connection, _record) -> None:
    connection.text_factory = _text
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
        except sqlite3.OperationalError as error:
            is_busy = error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
            if not is_busy or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
