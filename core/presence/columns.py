"""Words that are the values of a table's columns, and columns that pictures do not hold."""

import numpy as np

from fieldmarks.core.presence.presence import presence_of
from fieldmarks.core.run.per_run import per_run
from fieldmarks.core.run.run import Run


def column_words(run: Run) -> dict[str, np.ndarray]:
    """Return the attributes of each column of a table, by the column's name.

    Of captions the property is the noun, of a column its name.
    """
    attributes = run.attributes
    if "property" not in attributes:
        return {}
    is_column = (attributes["property"] != attributes["noun"]) | attributes["is_complete"]
    of_columns = attributes[is_column.to_numpy(bool)]
    return {str(name): rows.index.to_numpy() for name, rows in of_columns.groupby("property")}


@per_run
def not_visible(run: Run) -> np.ndarray:
    """Return whether an attribute is a word of a column that is not visible, shape (T,), bool.

    They are not said of images or classes, and name no filter.
    """
    hidden, presence = np.zeros(run.sizes["T"], bool), presence_of(run)
    if presence is not None:
        for ts in column_words(run).values():
            hidden[ts] = not presence.is_known[ts].any()
    return hidden
