"""How accuracy changes between two networks, by class and by group of images."""

from collections.abc import Callable

import pandas as pd
import streamlit as st

from fieldmarks.core.comparison.comparison import Comparison, class_changes
from fieldmarks.dashboard import labels
from fieldmarks.dashboard.components import ranking

#: A difference is called significant below this p-value.
SIGNIFICANT = 0.05
#: Columns of a table of groups that are shares.
ACCURACIES = ("accuracy_first", "accuracy_second")


def by_class(
    comparison: Comparison,
    href: Callable[[int, int], str],
    key: str,
    caption: str | None = None,
    n: int | None = None,
) -> None:
    """Draw the classes whose number of correct images changes, a bar each.

    Parameters
    ----------
    comparison : Comparison
    href : callable
        From class and difference to the link of its bar.
    key : str
    caption : str, optional
        What the bars are, and where a click leads.
    n : int, optional
        At most so many, the largest changes first.
    """
    table = class_changes(comparison)
    table = table[table["difference"] != 0].head(n or len(table))
    if table.empty:
        st.caption("No class has more or fewer correct images.")
        return
    if caption:
        st.caption(caption)
    top = int(table["difference"].abs().max())
    rows = [
        ranking.Row(
            labels.class_name(comparison.first, int(row.c)),
            f"{row.difference:+d} of {row.n}",
            href=href(int(row.c), int(row.difference)),
            bar=abs(row.difference) / top,
            title=f"{row.right_first} of {row.n} right before, {row.right_second} after",
            tone="true" if row.difference > 0 else "predicted",
        )
        for row in table.itertuples()
    ]
    ranking.show(rows, key=key, columns=2)


def by_group(table: pd.DataFrame, first: str, second: str, key: str, empty: str) -> None:
    """Draw the accuracies of groups of images.

    Parameters
    ----------
    table : DataFrame
        As `core.comparison.slices.slices` returns it.
    first, second : str
        Headings of the two accuracies.
    key : str
    empty : str
        What is said where there is no group.
    """
    if table.empty:
        st.caption(empty)
        return
    st.caption(
        "Accuracy of the images of a saved group, a slice, a diagnosed cause, of low quality, or "
        "whose captions name an attribute. p is not corrected for the number of groups."
    )
    percent = st.column_config.NumberColumn(format="%.1f%%")
    shown = table.assign(**{name: 100 * table[name] for name in ACCURACIES})
    st.dataframe(
        shown,
        hide_index=True,
        key=key,
        column_config={
            "kind": "Kind",
            "name": "Group",
            "n": "Images",
            "accuracy_first": percent | {"label": first},
            "accuracy_second": percent | {"label": second},
            "n_fixed": "Fixed",
            "n_broken": "Broken",
            "p_value": st.column_config.NumberColumn("McNemar p", format="%.3g"),
        },
    )
