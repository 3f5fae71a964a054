"""All classes as a table: test images, accuracy, and what each is confused with; sortable."""

import numpy as np

from fieldmarks.core.run.run import Run
from fieldmarks.core.scores.confusion import confusion_matrix
from fieldmarks.dashboard import data, labels, links
from fieldmarks.dashboard.components import paging, table
from fieldmarks.dashboard.components.table import Cell, Column, Row
from fieldmarks.dashboard.state import Key, Page, choice, here

PER_PAGE = 50
#: Orders of each column: that of a first click, and of the next one.
_ORDERS = {
    "Class": ("by name",),
    "Test images": ("most images", "fewest images"),
    "Accuracy": ("least accurate", "most accurate"),
    "Failures": ("most failures", "fewest failures"),
    "Mistaken for it": ("most mistaken for it", "fewest mistaken for it"),
}
_ALL = tuple(order for pair in _ORDERS.values() for order in pair)
_DESCENDING = ("most images", "most accurate", "most failures", "most mistaken for it")


def show(run: Run) -> None:
    """Draw the table; a click on a row, or Enter, opens the class."""
    matrix = confusion_matrix(run)
    n, right = matrix.sum(axis=1), matrix.diagonal()
    failures, false = n - right, matrix.sum(axis=0) - right
    accuracy = np.divide(right, n, out=np.full(len(n), np.nan), where=n > 0)
    order = choice(Key.SORT, _ALL, "least accurate")
    column = next(text for text, orders in _ORDERS.items() if order in orders)
    keys = {
        "Class": np.arange(len(n)),
        "Test images": n,
        "Accuracy": np.where(n > 0, accuracy, np.inf),  # without images: last, or first
        "Failures": failures,
        "Mistaken for it": false,
    }[column]
    cs = np.argsort(-keys if order in _DESCENDING else keys, kind="stable")
    page, rows = paging.window(len(cs), PER_PAGE)
    others = matrix - np.diag(right)
    table.show(
        [
            _column("Class", order),
            _column("Test images", order, is_number=True),
            _column("Accuracy", order, "Share of its test images that are right", True),
            _column("Failures", order, "Its test images that are predicted as another class", True),
            Column("Mostly predicted as", "The class that most of its failures are predicted as"),
            _column("Mistaken for it", order, "Images of others that are predicted as it", True),
            Column("Mostly of", "The class that most of those are of"),
        ],
        [
            Row(
                src=_picture(run, c),
                alt=f"Typical image of {labels.class_name(run, c)}",
                href=links.class_(c),
                cells=[
                    Cell(labels.numbered_name(run, c)),
                    Cell(f"{n[c]:,}"),
                    Cell(f"{accuracy[c]:.0%}", bar=float(accuracy[c])) if n[c] else Cell(""),
                    Cell(f"{failures[c]:,}"),
                    _most(run, others[c], "predicted"),
                    Cell(f"{false[c]:,}"),
                    _most(run, others[:, c], "true"),
                ],
            )
            for c in cs[rows].tolist()
        ],
        key="classes.table",
        label="Classes, one per row",
    )
    paging.control(len(cs), PER_PAGE, page, "classes")


def _column(text: str, order: str, title: str = "", is_number: bool = False) -> Column:
    orders = _ORDERS[text]
    is_sorted = order in orders
    following = orders[(orders.index(order) + 1) % len(orders)] if is_sorted else orders[0]
    sort = "descending" if order in _DESCENDING else "ascending"
    href = here(Page.CLASSES, (), **{Key.SORT: following})
    return Column(text, title, href, sort if is_sorted else "", is_number)


def _picture(run: Run, c: int) -> str:
    """Return the most typical training image of a class, else any of its images."""
    x = int(run.array("canonical")[c][0])
    if x < 0:
        own = np.flatnonzero((run.images["true_c"] == c).to_numpy())
        x = int(own[0]) if len(own) else -1
    return data.thumb(run, x) if x >= 0 else ""


def _most(run: Run, n: np.ndarray, tone: str) -> Cell:
    """Return the class with the largest number, with the number."""
    c = int(n.argmax())
    return Cell(f"{labels.class_name(run, c)} ({n[c]})", tone) if n[c] else Cell("")
