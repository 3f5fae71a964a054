"""Tables as CSV whose cells no spreadsheet runs as a formula, and back.

A quote precedes what begins like a formula, at the start of a text and behind everything that some
program takes for the end of a cell: a spreadsheet that separates by semicolons or tabs, or that
ends rows at line ends, begins a cell there. So that it can be undone, quotes before such a place
get one more. Reading takes one quote away again.
"""

import csv
import io
import re
from collections.abc import Sequence

import pandas as pd

#: What a formula begins with, wide forms included, and where a cell may begin.
_FORMULA, _BREAK = "=+\\-@\uff1d\uff0b\uff0d\uff20", ",;|\\t\\r\\n"
_BEGINS = rf"(?:^(?='*[{_FORMULA}\t\r\n])|(?<=[{_BREAK}])(?='*[{_FORMULA}]))"
_INERT = re.compile(_BEGINS)
_MADE_INERT = re.compile(_BEGINS + "'")


def to_csv(table: pd.DataFrame) -> str:
    """Return a table as CSV; a quote precedes text that a spreadsheet would run as a formula."""
    inert = table.map(_escaped)
    # a lone carriage return would end the row if it were not quoted, which is not done by itself
    has_return = any("\r" in cell for cell in inert.to_numpy().ravel() if isinstance(cell, str))
    quoting = csv.QUOTE_NONNUMERIC if has_return else csv.QUOTE_MINIMAL
    return inert.to_csv(index=False, quoting=quoting)


def unescaped(cell: str) -> str:
    """Return the text that `to_csv` wrote as this cell.

    >>> unescaped("'=1+1"), unescaped("x;'=1+1"), unescaped("'tis")
    ('=1+1', 'x;=1+1', "'tis")
    """
    return _MADE_INERT.sub("", cell)


def _escaped(value: object) -> object:
    return _INERT.sub("'", value) if isinstance(value, str) else value


def join_tags(tags: Sequence[str]) -> str:
    """Return tags as one cell: ``a, b``, a tag in quotes where it has a comma itself.

    >>> join_tags(["juvenile", "blurred, dark"])
    'juvenile, "blurred, dark"'
    """
    cells = []
    for tag in tags:
        line = io.StringIO()
        csv.writer(line, lineterminator="\r\n").writerow([tag])
        cells.append(line.getvalue().removesuffix("\r\n"))
    return ", ".join(cells)


def split_tags(cell: str) -> list[str]:
    """Return the tags of a cell that `join_tags` wrote, each once, blanks around them left out.

    >>> split_tags('juvenile, "blurred, dark", juvenile')
    ['juvenile', 'blurred, dark']
    """
    rows = csv.reader(io.StringIO(cell, newline=""), skipinitialspace=True)
    tags = [tag.strip() for row in rows for tag in row]
    return list(dict.fromkeys(tag for tag in tags if tag))
