"""Synonyms that a person accepted: a CSV file beside the runs of a data set.

It has the columns of the synonym tables (``kind``, ``word``, ``becomes``) and is given to
``fieldmarks run --synonyms FILE``. Nothing is ever written into it but what a person
accepts, and a run changes only when it is computed again.
"""

import csv
import io
import re
from pathlib import Path

from fieldmarks.core.errors import DataError
from fieldmarks.core.input_file import read_rows
from fieldmarks.core.outputs import atomic_write
from fieldmarks.core.run.run import Run

COLUMNS = ["kind", "word", "becomes"]
KINDS = ("adjective", "noun")
#: A word of a rule: no wildcard, nothing that a spreadsheet would compute.
_WORD = re.compile(r"[^\W\d_][\w' -]{0,60}")


def synonym_file(run: Run) -> Path:
    """Return the file of the run's data set, whether or not it is there."""
    dataset = re.sub(r"[^A-Za-z0-9._-]+", "_", str(run.manifest.get("dataset", ""))).strip("._")
    return run.folder.parent / f"{dataset or run.name}.synonyms.csv"


def accepted_synonyms(path: Path) -> list[tuple[str, str, str]]:
    """Return the accepted rules: kind, word and what it becomes.

    Raises
    ------
    DataError
        If the file is not a table of synonyms.
    """
    if not path.exists():
        return []
    header, rows = read_rows(path, "a table of synonyms")
    if header != COLUMNS or any(len(row) != len(COLUMNS) for _, row in rows):
        raise DataError(f"expected the columns {', '.join(COLUMNS)} in {path}: repair or remove it")
    return [(kind, word, becomes) for _, (kind, word, becomes) in rows]


def accept_synonym(path: Path, kind: str, word: str, becomes: str) -> None:
    """Add a rule: ``word`` is read as ``becomes`` from the next computation on.

    Parameters
    ----------
    path : Path
        See `synonym_file`.
    kind : str
        "adjective" or "noun".
    word, becomes : str

    Raises
    ------
    DataError
        If a word is malformed, has a rule already, or the rule would lead back to it.
    """
    if kind not in KINDS or not all(_WORD.fullmatch(each) for each in (word, becomes)):
        raise DataError(
            f"expected an adjective or a noun and two words, got {kind!r}, {word!r}, {becomes!r}"
        )
    rules = accepted_synonyms(path)
    known = {each: target for of, each, target in rules if of == kind}
    if word in known:
        raise DataError(f"{path} makes {word!r} {known[word]!r} already: remove that line first")
    end = becomes
    for _ in range(len(known) + 1):
        if end == word:
            raise DataError(f"{becomes!r} already becomes {word!r} in {path}: a cycle")
        end = known.get(end, end)
    _write(path, [*rules, (kind, word, becomes)])


def withdraw_synonym(path: Path, kind: str, word: str) -> None:
    """Remove the rule of a word; nothing happens where there is none."""
    rules = accepted_synonyms(path)
    kept = [rule for rule in rules if rule[:2] != (kind, word)]
    if len(kept) < len(rules):
        _write(path, kept)


def _write(path: Path, rules: list[tuple[str, str, str]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([COLUMNS, *rules])
    with atomic_write(path) as file:
        file.write(text.getvalue().encode("utf-8"))
