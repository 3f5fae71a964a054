"""What makes the record of attacked pictures readable, see `core.corruptions.record`."""

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


def are_scores(statement: dict, T: int, attacks: Sequence[str], corruptions: Sequence[str]) -> bool:
    """Return whether the tables of scores in a statement have the parts that pages read.

    Parameters
    ----------
    statement : dict
        ``robustness.json``.
    T : int
        Attributes of the run.
    attacks, corruptions : sequence of str
        Their kinds.
    """

    def is_score(value: dict) -> bool:
        ends = (value["value"], value.get("low"), value.get("high"))
        return all(end is None or _is_number(end) for end in ends)

    try:
        return all(
            row["kind"] in corruptions
            and -1 <= row["t"] < T
            and _is_number(row["n"])
            and all(map(_is_number, row["by_level"]))
            and is_score(row["mean"])
            and is_score(row["difference"])
            for row in statement.get("words", [])
        ) and all(
            row["kind"] in attacks
            and all(_is_number(row[key]) for key in ("strength", "changed", "n"))
            and all(map(is_score, row.get("detectors", {}).values()))
            and all(map(is_score, row.get("against failures", {}).values()))
            and ("detectors" in row) == ("against failures" in row)
            for row in statement.get("detection", [])
        )
    except (AttributeError, KeyError, TypeError):
        return False


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)
