"""Verdicts imported from a CSV, saved without overwriting those of others.

The columns are those of the report: ``path``, and any of ``verdict``, ``note``, ``tags``,
``author``, ``is_reviewed`` and ``version``. The version is the one that the row builds on: if a
newer one was saved in the meantime, the row is a conflict, and the newer one stays.
"""

import csv
import io
from collections.abc import Collection
from dataclasses import dataclass, replace

from fieldmarks.core.errors import ConflictError, DataError
from fieldmarks.core.review.spreadsheet import split_tags, unescaped
from fieldmarks.core.review.verdicts import Verdict, Verdicts, check_verdict

#: Larger files are refused.
MAX_BYTES = 20_000_000
COLUMNS_READ = ("verdict", "note", "tags", "author", "is_reviewed")
_YES = {"true", "1", "yes", "x"}
_NO = {"false", "0", "no", ""}


@dataclass(frozen=True)
class VerdictTable:
    """The content of a table of verdicts.

    Attributes
    ----------
    verdicts : list of Verdict
        Each with the version that it builds on.
    problems : list of str
        Rows that cannot be meant, with their number in the file.
    """

    verdicts: list[Verdict]
    problems: list[str]


@dataclass(frozen=True)
class Saved:
    """The result of saving verdicts.

    Attributes
    ----------
    n_saved, n_same : int
        Saved as new versions, and those that the database has already.
    conflicts : list of ConflictError
        Rows that build on an older version than there is; not saved.
    """

    n_saved: int
    n_same: int
    conflicts: list[ConflictError]


def read_verdicts(
    content: bytes, dataset: str, paths: Collection[str], run: str = ""
) -> VerdictTable:
    """Return the verdicts of a CSV.

    Parameters
    ----------
    content : bytes
        UTF-8, with commas, semicolons or tabs.
    dataset : str
    paths : collection of str
        The images that there are.
    run : str
        The run that was reviewed.

    Raises
    ------
    DataError
        If it is not a table with a column ``path`` and one of a verdict.
    """
    rows = _rows(content)
    header = [name.strip().lower() for name in rows[0]]
    if not set(header) & set(COLUMNS_READ):
        raise DataError(f"expected a column of {', '.join(COLUMNS_READ)}, got {', '.join(header)}")
    known, seen = frozenset(paths), set()
    verdicts, problems = [], []
    for number, row in enumerate(rows[1:], 2):
        if not any(cell.strip() for cell in row):
            continue
        try:
            if len(row) > len(header):
                raise DataError(f"expected {len(header)} cells, got {len(row)}")
            cells = dict(zip(header, map(unescaped, row), strict=False))
            verdict = _verdict_of(cells, dataset, run)
            if verdict.path not in known:
                raise DataError(f"there is no image {verdict.path[:80]!r}")
            if verdict.path in seen:
                raise DataError(f"image {verdict.path!r} is in an earlier row too")
        except DataError as error:
            problems.append(f"row {number}: {error}")
            continue
        seen.add(verdict.path)
        if verdict != Verdict(dataset, verdict.path, author=verdict.author, run=run):
            verdicts.append(verdict)
    return VerdictTable(verdicts, problems)


def _rows(content: bytes) -> list[list[str]]:
    if len(content) > MAX_BYTES:
        raise DataError(
            f"expected at most {MAX_BYTES // 10**6} MB of CSV, got {len(content):,} bytes"
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError("expected a CSV in UTF-8: save it as “CSV UTF-8”") from None
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise DataError(f"expected a CSV, got something else ({error})") from None
    if not rows or "path" not in [name.strip().lower() for name in rows[0]]:
        raise DataError("expected a CSV whose first row names its columns, with a column “path”")
    return rows


def _verdict_of(cells: dict[str, str], dataset: str, run: str) -> Verdict:
    reviewed = cells.get("is_reviewed", "").strip().lower()
    if reviewed not in _YES | _NO:
        raise DataError(f"is_reviewed is true or false, got {reviewed[:40]!r}")
    version = cells.get("version", "").strip() or "0"
    if not (version.isascii() and version.isdigit() and len(version) < 10):
        raise DataError(f"a version is a number from 0 on, got {version[:40]!r}")
    verdict = Verdict(
        dataset,
        cells.get("path", "").strip(),
        cells.get("verdict", "").strip(),
        cells.get("note", ""),
        tuple(split_tags(cells.get("tags", ""))),
        reviewed in _YES,
        cells.get("author", "").strip(),
        run,
        int(version),
    )
    check_verdict(verdict)
    return verdict


def save_verdicts(database: Verdicts, verdicts: list[Verdict]) -> Saved:
    """Save verdicts that build on what the database has; see `Saved` for the others."""
    n_saved, n_same, conflicts = 0, 0, []
    latest = {}
    for dataset in {verdict.dataset for verdict in verdicts}:
        table = database.latest(dataset)
        latest |= {(dataset, str(row.Index)): row for row in table.itertuples()}
    for verdict in verdicts:
        row = latest.get((verdict.dataset, verdict.path))
        version = 0 if row is None else int(row.version)
        if row is not None and _content(verdict) == (
            (row.pattern, row.note, tuple(row.tags), bool(row.is_reviewed), row.author)
        ):
            n_same += 1
            continue
        try:
            # a version that there is not yet cannot have been read from here
            database.save(replace(verdict, version=min(verdict.version, version)))
            n_saved += 1
        except ConflictError as conflict:
            conflicts.append(conflict)
    return Saved(n_saved, n_same, conflicts)


def _content(verdict: Verdict) -> tuple:
    return (verdict.pattern, verdict.note, verdict.tags, verdict.is_reviewed, verdict.author)
