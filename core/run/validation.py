"""Whether what lies on disk is a run: the values of arrays and tables.

Everything that later serves as an index or is divided by is looked at once, when a run is opened,
so that a damaged run is one line and never an exception on a page. Of a large array evenly spread
rows are looked at, not all.
"""

import math

import numpy as np
import pandas as pd

from fieldmarks.core.errors import RunError
from fieldmarks.core.run.contract import PACKS, array_spec
from fieldmarks.core.run.tables import NEW_COLUMNS, TableSpec

#: Lowest and highest value, both included; a letter stands for the last index of that size.
#: Columns of tables are ``table.column``. NaN is outside of all bounds.
BOUNDS: dict[str, tuple[float, float | str]] = {
    "map_row": (-1, "M"),
    "counts_indices": (0, "T"),
    "mention_x": (0, "X"),
    "mention_t": (0, "T"),
    "mention_p": (0, 1),
    "local_c": (0, "C"),
    "top_images": (0, "X"),
    "top_t_predicted": (-1, "T"),
    "top_t_true": (-1, "T"),
    "said_t_predicted": (-1, "T"),
    "said_t_true": (-1, "T"),
    "presence_choice": (-(2**30), "T"),
    "presence_line": (0, 0.5),
    "top_p_predicted": (0, 1),
    "top_p_true": (0, 1),
    "canonical": (-1, "X"),
    "layout": (0, 1),
    "prior": (0, 1),
    "p_t_given_f": (0, 1),
    "q_value": (0, 1),
    "null_high": (0, 1),
    "neighbour_distance": (0, 2),
    "images.true_c": (0, "C"),
    "images.predicted_c": (0, "C"),
    "images.confidence": (0, 1),
    "images.p_true": (0, 1),
    "images.n_captions": (0, 2**31 - 1),
    "images.width": (0, 2**31 - 1),
    "images.height": (0, 2**31 - 1),
    "attributes.n_images": (0, "X+1"),
    "attributes.n_captions": (0, 2**31 - 1),
    "classes.n_train": (0, "X+1"),
    "classes.n_test": (0, "X+1"),
    "classes.n_right": (0, "X+1"),
    "filters.name_t": (-1, "T"),
    "filters.top_c": (0, "C"),
    "seen_names.t": (-1, "T"),
    "seen_names.mass": (0, 1),
    "diagnoses.suggested_c": (0, "C"),
    "attribute_places.x": (0, "X"),
    "attribute_places.t": (0, "T"),
}
#: Arrays in which NaN has a meaning.
MAY_BE_NAN = frozenset({"parts", "presence_bias"})
#: Values of an array that are looked at.
_LOOKED_AT = 1 << 20
#: How far the sum of a distribution may lie from 1.
SUM_TOLERANCE = 1e-3

_IS_OF = {
    "str": lambda values: pd.api.types.is_string_dtype(values) and not values.isna().any(),
    "bool": pd.api.types.is_bool_dtype,
    "int32": pd.api.types.is_integer_dtype,
    "float32": pd.api.types.is_float_dtype,
}


def check_array(where: object, name: str, array: np.ndarray, sizes: dict[str, int]) -> None:
    """Look at the values of an array whose shape and type are right.

    Parameters
    ----------
    where : object
        For the message.
    name : str
        In the contract; ``"p_t_given_f/literal"`` for one of an estimator.
    array : ndarray
    sizes : dict
        Of the run.

    Raises
    ------
    RunError
        If a value lies outside `BOUNDS`, is not finite, or a distribution does not sum to 1.
    """
    spec = array_spec(name)
    if "X+1" in spec.dims:
        total = sizes["E"] if spec.name == "counts_indptr" else None
        _check_ascending(where, array, total)
        return
    sample = _sample(array)
    if sample.dtype.kind == "f" and spec.name not in MAY_BE_NAN and not np.isfinite(sample).all():
        raise RunError(f"{where} holds values that are not finite: precompute the run again")
    _check_bounds(where, spec.name, sample, sizes)
    if spec.is_distribution and len(sample):
        sums = sample.sum(axis=-1, dtype=np.float64)
        if not np.allclose(sums, 1, atol=SUM_TOLERANCE):
            raise RunError(
                f"{where} should sum to 1 over {spec.dims[-1]}, got {sums.min():.3g} to "
                f"{sums.max():.3g}: precompute the run again"
            )


def check_table(where: object, spec: TableSpec, table: pd.DataFrame, sizes: dict[str, int]) -> None:
    """Look at rows, columns, types and values of a table.

    Raises
    ------
    RunError
        If it is not what the contract says.
    """
    known = {*table.columns, *NEW_COLUMNS}
    missing = [column for column in spec.columns if column not in known]
    if missing:
        raise RunError(f"{where} lacks the columns {', '.join(missing)}: precompute again")
    if len(table) != sizes.get(spec.rows, len(table)):
        raise RunError(
            f"{where} should have {sizes[spec.rows]:,} rows, has {len(table):,}: precompute again"
        )
    for column, (dtype, _) in spec.columns.items():
        if column not in table:
            continue
        values = table[column]
        if len(values) and not _IS_OF[dtype](values):
            raise RunError(
                f"column {column} of {where} should hold {dtype}, holds {values.dtype}: "
                "precompute again"
            )
        if dtype != "str":
            named = f"column {column} of {where}"
            _check_bounds(named, f"{spec.name}.{column}", values.to_numpy(), sizes)


def check_pack(where: object, kind: str, offsets: np.ndarray, n_bytes: int) -> None:
    """Raise `RunError` where a file of byte strings is not as long as its offsets say."""
    if n_bytes != int(offsets[-1]):
        raise RunError(
            f"{where} should hold {int(offsets[-1]):,} bytes, holds {n_bytes:,}: "
            f"precompute the run again ({PACKS[kind][1]})"
        )


def _sample(array: np.ndarray) -> np.ndarray:
    """Return evenly spread rows, the first and the last among them; a small array whole."""
    if array.size <= _LOOKED_AT or not len(array):
        return np.asarray(array)
    n_rows = max(2, _LOOKED_AT * len(array) // array.size)
    return array[np.linspace(0, len(array) - 1, n_rows).astype(int)]


def _check_ascending(where: object, starts: np.ndarray, total: int | None) -> None:
    is_wrong_end = total is not None and starts[-1] != total
    if starts[0] != 0 or (np.diff(starts) < 0).any() or is_wrong_end:
        raise RunError(f"{where} should rise from 0 to the end: precompute the run again")


def _check_bounds(where: object, name: str, values: np.ndarray, sizes: dict[str, int]) -> None:
    if name not in BOUNDS or not values.size:
        return
    low, last = BOUNDS[name]
    high = last if not isinstance(last, str) else _last(last, sizes)
    extremes = float(values.min()), float(values.max())
    if not (low <= extremes[0] and extremes[1] <= high + (1e-5 if values.dtype.kind == "f" else 0)):
        raise RunError(
            f"{where} should hold {low} to {high}, holds {extremes[0]:.6g} to {extremes[1]:.6g}: "
            "precompute the run again"
        )


def _last(letter: str, sizes: dict[str, int]) -> float:
    """Return the last index of a size; no bound for one that the run does not state."""
    return sizes["X"] if letter == "X+1" else sizes.get(letter, math.inf) - 1
