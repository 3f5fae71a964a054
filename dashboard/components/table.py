"""A table whose rows are links: a click anywhere on a row, or Enter on it, leads on."""

from dataclasses import asdict, dataclass

from fieldmarks.dashboard.components.register import table_component


@dataclass(frozen=True)
class Column:
    """A column; ``href`` leads to the list in another order.

    Attributes
    ----------
    sort : str
        "ascending" or "descending" where the rows are sorted by it, else empty.
    is_number : bool
        Its cells stand at the right.
    """

    text: str
    title: str = ""
    href: str | None = None
    sort: str = ""
    is_number: bool = False


@dataclass(frozen=True)
class Cell:
    """One cell; ``tone`` is the hue of a role, ``bar`` the length of a bar in [0, 1]."""

    text: str
    tone: str = ""
    bar: float | None = None
    title: str = ""


@dataclass(frozen=True)
class Row:
    """One row: a small picture and what it shows, where it leads, and a cell for each column."""

    src: str
    alt: str
    href: str
    cells: list[Cell]


def show(columns: list[Column], rows: list[Row], key: str, label: str) -> None:
    """Draw the table; ``label`` says what its rows are."""
    data = {"columns": [asdict(each) for each in columns], "label": label}
    table_component(data=data | {"rows": [asdict(row) for row in rows]}, key=key)
