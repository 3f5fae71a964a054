"""A table whose rows are links: a click anywhere on a row, or Enter on it, leads on.

Where rows can be chosen, each has a box, and the page is drawn again when one is ticked. A table of
Streamlit's is built again with its rows, which takes a browser a third of a second.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import streamlit as st

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
    """One row: a small picture and what it shows, where it leads, and a cell for each column.

    Attributes
    ----------
    id : int
        The image, where rows can be chosen.
    """

    src: str
    alt: str
    href: str
    cells: list[Cell]
    id: int = -1


def show(
    columns: list[Column], rows: list[Row], key: str, label: str, chosen_of: str | None = None
) -> None:
    """Draw the table.

    Parameters
    ----------
    columns : list of Column
    rows : list of Row
    key : str
        Of the component on this page.
    label : str
        What its rows are.
    chosen_of : str, optional
        Rows can be chosen, see `chosen`. Text that differs where the list does: nothing is chosen
        in another one.
    """
    data = {"columns": [asdict(each) for each in columns], "label": label, "list": chosen_of}
    more: dict[str, Any] = {} if chosen_of is None else {"on_chosen_change": lambda: None}
    table_component(data=data | {"rows": [asdict(row) for row in rows]}, key=key, **more)


def chosen(key: str, of: str) -> list[int]:
    """Return the ids of the rows that are chosen in a list; they may be of rows that are gone."""
    sent = (st.session_state.get(key) or {}).get("chosen")
    if not isinstance(sent, Mapping) or sent.get("list") != of:
        return []
    ids = sent.get("ids")
    return [each for each in ids if isinstance(each, int)] if isinstance(ids, list) else []
