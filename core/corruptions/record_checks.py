"""What makes a record of changed pictures readable, see `core.corruptions.record`."""

from collections.abc import Sequence

import numpy as np
import pandas as pd


def is_whole(
    table: pd.DataFrame, X: int, C: int, unchanged_kind: str, kinds: Sequence[str]
) -> bool:
    """Return whether indices are in range, and each picture is there once, unchanged ones too.

    Parameters
    ----------
    table : DataFrame
        One row per picture.
    X, C : int
        Images and classes of the run.
    unchanged_kind : str
        The kind of an unchanged picture.
    kinds : sequence of str
        All kinds of pictures.
    """
    is_in = table["x"].between(0, X - 1) & table["predicted_c"].between(0, C - 1)
    is_known = table["kind"].isin(kinds)
    unchanged = table.loc[(table["kind"] == unchanged_kind) & (table["level"] == 0), "x"]
    return (
        bool((is_in & is_known & np.isfinite(table["strength"])).all())
        and not table.duplicated(["x", "kind", "level"]).any()
        and set(unchanged) == set(table["x"])
        and len(unchanged) == (table["kind"] == unchanged_kind).sum()
    )


def are_losses(statement: dict, T: int, kinds: Sequence[str]) -> bool:
    """Return whether the table of lost words in a statement has the parts that pages read.

    Parameters
    ----------
    statement : dict
        ``record.json``.
    T : int
        Attributes of the run.
    kinds : sequence of str
        Of changes.
    """
    try:
        return all(
            row["kind"] in kinds
            and -1 <= row["t"] < T
            and is_number(row["n"])
            and all(map(is_number, row["by_level"]))
            and is_score(row["mean"])
            and is_score(row["difference"])
            for row in statement.get("words", [])
        )
    except (AttributeError, KeyError, TypeError):
        return False


def is_score(value: dict) -> bool:
    """Return whether a value of a statement is a score, known or not."""
    ends = (value["value"], value.get("low"), value.get("high"))
    return all(end is None or is_number(end) for end in ends)


def is_number(value: object) -> bool:
    """Return whether a value of a statement is a number."""
    return isinstance(value, int | float)
