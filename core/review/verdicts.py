"""Verdicts of reviewers on images, in an append-only database.

A verdict belongs to an image of a data set, identified by its path, so a rebuilt run keeps its
verdicts. Each save appends a new version. The pair (image, version) is unique: when two people save
on top of the same version, the database accepts one, and the other gets a `ConflictError` with the
version in between (optimistic locking).

SQLite in the runs folder by default, PostgreSQL for a team: see `core.review.database`.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pandas as pd
from sqlalchemy import (
    Boolean,
    Column,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    func,
    insert,
    select,
)
from sqlalchemy import delete as sql_delete
from sqlalchemy.exc import IntegrityError

from fieldmarks.core.causes.finding import Pattern
from fieldmarks.core.errors import ConflictError, DataError
from fieldmarks.core.review.database import Database, LenientJSON, LenientTime

MAX_NOTE = 10_000  # characters

_verdicts = Table(
    "verdicts",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("dataset", String(200), nullable=False),
    Column("path", String(1000), nullable=False),
    Column("version", Integer, nullable=False),
    Column("pattern", String(100), nullable=False),
    Column("note", Text, nullable=False),
    Column("tags", LenientJSON, nullable=False),
    Column("is_reviewed", Boolean, nullable=False),
    Column("author", String(200), nullable=False),
    Column("run", String(100), nullable=False),
    Column("saved_at", LenientTime, nullable=False),
    UniqueConstraint("dataset", "path", "version", name="one_successor"),
)


@dataclass(frozen=True)
class Verdict:
    """A reviewer's decision on one image; version 0 means none yet.

    Parameters
    ----------
    dataset, path : str
        The image: name of the data set, path below its image folder.
    pattern : str
        A `Pattern`, or empty for undecided.
    note : str
        Free text.
    tags : tuple of str
        Free labels.
    is_reviewed : bool
        Whether the review of this image is complete.
    author, run : str
        The reviewer, and the run that was reviewed.
    version : int
        The version of this verdict; saving creates the next one.
    saved_at : datetime, optional
        In UTC.
    """

    dataset: str
    path: str
    pattern: str = ""
    note: str = ""
    tags: tuple[str, ...] = ()
    is_reviewed: bool = False
    author: str = ""
    run: str = ""
    version: int = 0
    saved_at: datetime | None = None


class Verdicts(Database):
    """The verdicts in a database."""

    table = _verdicts

    def get(self, dataset: str, path: str) -> Verdict:
        """Return the latest verdict on an image; version 0 where there is none."""
        versions = self.history(dataset, path)
        return versions[-1] if versions else Verdict(dataset, path)

    def history(self, dataset: str, path: str) -> list[Verdict]:
        """Return all versions of the verdict on an image, oldest first.

        Rows that cannot be read are left out. Where the newest is one of them, what remains has its
        number, so that the next verdict can be saved.
        """
        is_image = (_verdicts.c.dataset == dataset) & (_verdicts.c.path == path)
        query = select(_verdicts).where(is_image).order_by(_verdicts.c.version)
        rows = self._run(lambda c: c.execute(query).mappings().all())
        versions = [_verdict(row) for row in rows if _is_whole(row)]
        newest = max((row["version"] for row in rows if type(row["version"]) is int), default=0)
        if versions and versions[-1].version < newest:
            versions[-1] = replace(versions[-1], version=newest)
        return versions or ([Verdict(dataset, path, version=newest)] if newest else [])

    def latest(self, dataset: str) -> pd.DataFrame:
        """Return the latest verdict on each image of a data set, indexed by path.

        Rows that cannot be read are left out; ``attrs["n_damaged"]`` is how many.
        """
        newest = (
            select(_verdicts.c.path, func.max(_verdicts.c.version).label("version"))
            .where(_verdicts.c.dataset == dataset)
            .group_by(_verdicts.c.path)
            .subquery()
        )
        query = select(_verdicts).join(
            newest,
            (_verdicts.c.path == newest.c.path) & (_verdicts.c.version == newest.c.version),
        )
        query = query.where(_verdicts.c.dataset == dataset).order_by(_verdicts.c.path)
        rows = self._run(lambda connection: connection.execute(query).mappings().all())
        columns = [column.name for column in _verdicts.columns if column.name != "id"]
        if not all(map(_is_whole, rows)):
            versions = self.versions(dataset)
            newest = versions.sort_values("version").drop_duplicates("path", keep="last")
            table = newest.sort_values("path")[columns].set_index("path")
            table.attrs |= versions.attrs
            return table
        table = pd.DataFrame(rows, columns=["id", *columns])[columns].set_index("path")
        table.attrs["n_damaged"] = 0
        return table

    def save(self, verdict: Verdict) -> Verdict:
        """Append ``verdict`` as the version after ``verdict.version`` and return it as saved.

        Raises
        ------
        ConflictError
            If the image has a newer version than the one this verdict builds on.
        DataError
            If the pattern is not known or the note is too long.
        """
        check_verdict(verdict)
        saved = replace(verdict, version=verdict.version + 1, saved_at=datetime.now(UTC))
        values = {**vars(saved), "tags": list(saved.tags)}
        try:
            self._run(lambda connection: connection.execute(insert(_verdicts).values(values)))
        except IntegrityError:
            theirs = self.get(verdict.dataset, verdict.path)
            raise ConflictError(
                f"{theirs.author or 'somebody'} saved a verdict on {verdict.path} in the meantime: "
                "look at it, then save again",
                theirs,
            ) from None
        return saved

    def versions(self, dataset: str) -> pd.DataFrame:
        """Return all versions of the verdicts on a data set, in the order they were saved.

        Rows that cannot be read are left out; ``attrs["n_damaged"]`` is how many.
        """
        query = select(_verdicts).where(_verdicts.c.dataset == dataset).order_by(_verdicts.c.id)
        rows = self._run(lambda connection: connection.execute(query).mappings().all())
        columns = [column.name for column in _verdicts.columns]
        whole = [dict(row) for row in rows if _is_whole(row)]
        table = pd.DataFrame(whole, columns=columns)
        table.attrs["n_damaged"] = len(rows) - len(whole)
        return table

    def delete(self, dataset: str, path: str) -> int:
        """Delete all versions of the verdict on an image, for good, and return how many."""
        is_image = (_verdicts.c.dataset == dataset) & (_verdicts.c.path == path)
        return self._run(lambda c: c.execute(sql_delete(_verdicts).where(is_image)).rowcount)

    def restore(self, versions: list[Verdict]) -> None:
        """Put back what `delete` took away.

        Parameters
        ----------
        versions : list of Verdict
            All versions of the verdict on one image, as `history` returned them.

        Raises
        ------
        ConflictError
            If somebody saved a verdict on the image since.
        """
        rows = [{**vars(version), "tags": list(version.tags)} for version in versions]
        theirs = self.get(versions[0].dataset, versions[0].path)
        try:
            if not theirs.version:
                self._run(lambda connection: connection.execute(insert(_verdicts), rows))
        except IntegrityError:
            theirs = self.get(theirs.dataset, theirs.path)
        if theirs.version:
            raise ConflictError(
                f"{theirs.author or 'somebody'} saved a verdict on {theirs.path} in the meantime: "
                "it stays",
                theirs,
            )

    def undo(self, saved: Verdict) -> Verdict:
        """Save again what an image's verdict was before ``saved``, and return it.

        Nothing is deleted: the history has both.

        Raises
        ------
        ConflictError
            If a newer version was saved since.
        """
        earlier = [v for v in self.history(saved.dataset, saved.path) if v.version < saved.version]
        before = earlier[-1] if earlier else Verdict(saved.dataset, saved.path)
        return self.save(replace(before, version=saved.version))

    def progress(self, dataset: str, paths: list[str]) -> tuple[int, int]:
        """Return how many of ``paths`` are marked as reviewed, and how many there are."""
        latest = self.latest(dataset)
        reviewed = latest.index[latest["is_reviewed"].astype(bool)]
        return len(reviewed.intersection(paths)), len(paths)


def left_out(table: pd.DataFrame) -> str:
    """Return how many rows a table of verdicts lacks because they are damaged, empty for none."""
    n = table.attrs.get("n_damaged", 0)
    are = "row of the database of verdicts is" if n == 1 else "rows of the database of verdicts are"
    return f"{n:,} {are} damaged and left out." if n else ""


def _is_whole(row) -> bool:
    """Whether a row holds a verdict: SQLite keeps whatever it is given in any column."""
    texts = (row[name] for name in ("dataset", "path", "pattern", "note", "author", "run"))
    return (
        all(isinstance(text, str) for text in texts)
        and row["pattern"] in ("", *map(str, Pattern))
        and type(row["version"]) is int
        and 0 < row["version"] < 2**31
        and isinstance(row["tags"], list)
        and all(isinstance(tag, str) for tag in row["tags"])
        and isinstance(row["is_reviewed"], bool | int)
        and isinstance(row["saved_at"], datetime)
    )


def _verdict(row) -> Verdict:
    values = {name: value for name, value in row.items() if name != "id"}
    saved_at = values["saved_at"]
    if saved_at.tzinfo is None:  # SQLite keeps no time zone
        saved_at = saved_at.replace(tzinfo=UTC)
    return Verdict(**{**values, "tags": tuple(values["tags"]), "saved_at": saved_at})


def check_verdict(verdict: Verdict) -> None:
    """Raise `DataError` for a verdict that cannot be stored; it says what is wrong with it."""
    patterns = [str(pattern) for pattern in Pattern]
    if verdict.pattern and verdict.pattern not in patterns:
        raise DataError(f"a pattern is one of {', '.join(patterns)}, got {verdict.pattern!r}")
    if len(verdict.note) > MAX_NOTE:
        raise DataError(
            f"a note has at most {MAX_NOTE:,} characters, got {len(verdict.note):,}: shorten it"
        )
    written = {**vars(verdict), "tags": ", ".join(verdict.tags)}
    for column in _verdicts.columns:
        value = written.get(column.name)
        if not isinstance(value, str):
            continue
        if "\0" in value or (not value.isascii() and _has_surrogates(value)):
            raise DataError(
                f"the {column.name} holds characters that cannot be stored: remove them"
            )
        most = getattr(column.type, "length", None) or MAX_NOTE
        if len(value) > most:
            raise DataError(
                f"the {column.name} has at most {most:,} characters, got {len(value):,}: shorten it"
            )


def _has_surrogates(text: str) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in text)
