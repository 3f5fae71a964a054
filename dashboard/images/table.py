"""The image list as a table: picture, classes, confidence, cause, verdict, first attribute."""

import pandas as pd

from fieldmarks.core.errors import FieldmarksError
from fieldmarks.core.run.run import Run
from fieldmarks.core.search.image_selection import sentence_words
from fieldmarks.dashboard import data, labels, links
from fieldmarks.dashboard.components import paging, table
from fieldmarks.dashboard.components.table import Cell, Column, Row
from fieldmarks.dashboard.images.selection import Selection
from fieldmarks.dashboard.state import Key, Page, here
from fieldmarks.dashboard.verdicts import database, dataset

PER_PAGE = 50
#: Columns that the list can be sorted by: the order of a first click, and of the next one.
_ORDERS = {
    "Predicted": ("by predicted class",),
    "Confidence": ("most confident", "least confident"),
    "True": ("by true class",),
    "p(true)": ("true class least likely", "true class most likely"),
}
_DESCENDING = ("most confident", "true class most likely")


def show(run: Run, asked: Selection) -> None:
    """Draw one page of the list; a click on a row, or Enter, opens the image."""
    page, rows = paging.window(len(asked.xs), PER_PAGE)
    diagnoses, verdicts = data.diagnoses(run), _verdicts(run)
    xs = asked.xs[rows]
    first = sentence_words(run, "predicted")[xs, 0].tolist()
    table.show(
        columns(asked),
        [_row(run, x, t, diagnoses, verdicts) for x, t in zip(xs.tolist(), first, strict=True)],
        key="images.table",
        label="Images of the list, one per row",
    )
    paging.control(len(asked.xs), PER_PAGE, page, "table")


def columns(asked: Selection) -> list[Column]:
    """Return the columns; those that can be sorted by lead to the other order."""

    def column(text: str, title: str = "", is_number: bool = False) -> Column:
        orders = _ORDERS.get(text, ())
        if not orders:
            return Column(text, title, is_number=is_number)
        following = (
            orders[(orders.index(asked.order) + 1) % len(orders)]
            if asked.order in orders
            else orders[0]
        )
        kept = [key for key in links.LIST_KEYS if key is not Key.PAGE]
        href = here(Page.IMAGES, kept, **{Key.SORT: following})
        sort = "descending" if asked.order in _DESCENDING else "ascending"
        return Column(text, title, href, sort if asked.order in orders else "", is_number)

    return [
        column("Image", is_number=True),
        column("Predicted"),
        column("Confidence", "Softmax probability of the predicted class", is_number=True),
        column("True"),
        column("p(true)", "Softmax probability of the labelled class", is_number=True),
        column("Cause", "The likeliest cause of the failure by the automatic diagnosis"),
        column("Verdict", "The latest verdict of a reviewer"),
        column("First attribute", "First in the sentence for the predicted class"),
        column("File"),
    ]


def _row(
    run: Run, x: int, t: int, diagnoses: pd.DataFrame | None, verdicts: pd.DataFrame | None
) -> Row:
    image = run.images.iloc[x]
    true, predicted = labels.true_and_predicted(run, x)
    is_right = true == predicted
    cause = "" if diagnoses is None or is_right else str(diagnoses["pattern"].iloc[x])
    confidence = float(image["confidence"])
    path = str(image["path"])
    said, note = verdict_in_words(verdicts, path)
    return Row(
        src=data.thumb(run, x),
        alt=labels.image_alt(run, x),
        href=links.listed_image(x),
        cells=[
            Cell(str(x)),
            Cell(labels.class_name(run, predicted), "true" if is_right else "predicted"),
            Cell(f"{confidence:.2f}", bar=confidence, title=f"{confidence:.4f}"),
            Cell(labels.class_name(run, true), "true"),
            Cell(f"{image['p_true']:.3f}"),
            Cell(cause),
            Cell(said, title=note),
            Cell(labels.phrase(run, t) if t >= 0 else ""),
            Cell(path, "path"),
        ],
    )


def _verdicts(run: Run) -> pd.DataFrame | None:
    try:
        return database().latest(dataset(run))
    except FieldmarksError:
        return None  # the form of an image says what is wrong


def verdict_in_words(verdicts: pd.DataFrame | None, path: str) -> tuple[str, str]:
    """Return the latest verdict on an image in words, and its note; empty for none."""
    if verdicts is None or path not in verdicts.index:
        return "", ""
    verdict = verdicts.loc[path]
    note = str(verdict["note"])
    parts = [str(verdict["pattern"]) or "undecided"] if verdict["is_reviewed"] else []
    parts += [f"#{tag}" for tag in verdict["tags"] or ()]
    return ", ".join([*parts, *(["note"] if note else [])]), note
