"""Tables with several labels a picture: refused in a sentence that says so."""

from collections import Counter

import numpy as np
import pandas as pd

from fieldmarks.core.errors import DataError, brief

_WHY = "Fieldmarks explains classifiers with one class per picture, not multi-label ones"
#: Marks between labels of a cell, and how many of them must also stand alone: commas are in names,
#: and "men|shoes" may be one class.
_MARKS = {"|": any, ";": any, ",": all}
#: Columns of a one-hot table that are named.
_SHOWN = 3


def refuse_several_labels(column: pd.Series, name: str) -> None:
    """Raise `DataError` if the cells of a column of classes hold several labels each."""
    values = column.tolist()
    row = next((i for i, v in enumerate(values) if isinstance(v, list | tuple | np.ndarray)), None)
    if row is None:
        row = next((i for i, value in enumerate(values) if _is_list(value)), None)
    if row is None:
        row = _row_of_marks(values)
    if row is not None:
        raise DataError(
            f"the column {name!r} holds several labels a picture, such as {brief(values[row])} in "
            f"row {row + 1}: {_WHY}"
        )


def _is_list(value: object) -> bool:
    return isinstance(value, str) and value.strip()[:1] + value.strip()[-1:] == "[]"


def _row_of_marks(values: list) -> int | None:
    """Return a row whose cell is made of labels that other cells hold too, by one mark."""
    labels = {value.strip() for value in values if isinstance(value, str)}
    for mark, of_them in _MARKS.items():
        parts = {
            label: [part.strip() for part in label.split(mark)] for label in labels if mark in label
        }
        n_cells = Counter(part for each in parts.values() for part in set(each))
        n_cells.update(label for label in labels if label not in parts)
        several = [
            label
            for label, each in parts.items()
            if all(n_cells[part] > 1 for part in each) and of_them(part in labels for part in each)
        ]
        if len(several) > 1:
            return next(
                i for i, v in enumerate(values) if isinstance(v, str) and v.strip() in several
            )
    return None


def refuse_one_hot(frame: pd.DataFrame) -> None:
    """Raise `DataError` if a table without a column of classes has one column for each class."""
    names = [name for name in frame.columns if _is_binary(frame[name])]
    if len(names) < 2:
        return
    n_labels = frame[names].astype(float).sum(axis=1)
    told = f"{', '.join(map(str, names[:_SHOWN]))}{', ...' * (len(names) > _SHOWN)}"
    if (n_labels > 1).any():
        row = int(np.flatnonzero(n_labels > 1)[0])
        raise DataError(
            f"there is no column of classes, and the columns {told} give row {row + 1} several "
            f"labels: {_WHY}; name one of them by --label to explain that one"
        )
    raise DataError(
        f"there is no column of classes, but a column of 0 and 1 for each ({told}): write the name "
        "of the one that is 1 into one column, such as label"
    )


def _is_binary(column: pd.Series) -> bool:
    values = set(map(str, column.tolist()))
    return values <= {"0", "1", "0.0", "1.0"} and len(values) > 1
