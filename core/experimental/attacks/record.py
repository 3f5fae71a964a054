"""The record of attacked pictures: that of changed pictures, and an earlier layer.

Beside the files of `core.corruptions.record` it has, where ``earlier_layer`` of its statement names
a layer:

    earlier.npy        (A, E) float32, pooled activations of the earlier layer
    earlier_xs.npy, earlier_of_run.npy   (n,) int32 and (n, E) float32, the same of images of the
                       run that are not changed, see `EarlierActivations`
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fieldmarks.core.corruptions.record import Record, Store, read_record, write_record
from fieldmarks.core.corruptions.record_checks import is_number, is_score
from fieldmarks.core.errors import RunError
from fieldmarks.core.run.files import open_array
from fieldmarks.core.run.run import Run

FGSM, PGD, ADAPTIVE = "FGSM", "PGD", "adaptive PGD"
#: The adaptive attack that knows the detector by an earlier layer, not that by captions.
LAYERED = "adaptive PGD, layers"
ATTACKS = (FGSM, PGD, ADAPTIVE, LAYERED)


def are_detection(statement: dict, T: int) -> bool:
    """Return whether the table of detectors in a statement has the parts that pages read."""
    try:
        return all(
            row["kind"] in ATTACKS
            and all(is_number(row[key]) for key in ("strength", "changed", "n"))
            and all(map(is_score, row.get("detectors", {}).values()))
            and all(map(is_score, row.get("against failures", {}).values()))
            and ("detectors" in row) == ("against failures" in row)
            for row in statement.get("detection", [])
        )
    except (AttributeError, KeyError, TypeError):
        return False


ATTACKED = Store("attacks", ATTACKS, "attack", are_detection)


@dataclass(frozen=True)
class EarlierActivations:
    """Pooled activations of an earlier layer for images of a run.

    Parameters
    ----------
    layer : str
        Its name in the network.
    xs : ndarray of shape (n,)
        The images, ascending: readable training images and the captioned failures.
    pooled : ndarray of shape (n, E)
        Of its E filters, not negative.
    """

    layer: str
    xs: np.ndarray
    pooled: np.ndarray

    def of(self, xs: np.ndarray) -> np.ndarray:
        """Return those of some of the images, shape (len(xs), E)."""
        return np.asarray(self.pooled)[np.searchsorted(self.xs, xs)]


@dataclass(frozen=True)
class AttackRecord(Record):
    """Pictures of some images, unchanged and attacked, and the network's outputs.

    Parameters
    ----------
    earlier : ndarray of shape (A, E), optional
        None where the network has no earlier layer that is read.
    earlier_of_run : EarlierActivations, optional
    """

    earlier: np.ndarray | None = None
    earlier_of_run: EarlierActivations | None = None


def read_attacks(run: Run) -> AttackRecord | None:
    """Return the record of attacks on a run, None where there is none.

    Raises
    ------
    RunError
        If it is damaged, or was made from another version of the run.
    """
    record = read_record(run, ATTACKED)
    if record is None:
        return None
    return AttackRecord(**vars(record), **_earlier(run, record))


def _earlier(run: Run, record: Record) -> dict:
    """Return the two fields of an earlier layer, none where the statement names none."""
    told, folder = record.statement.get("earlier_layer"), record.folder
    if told is None:
        return {}
    try:
        n, E, layer = int(told["images"]), int(told["filters"]), str(told["name"])
    except (KeyError, TypeError, ValueError):
        raise RunError(
            f"{folder} names an earlier layer without its sizes: {ATTACKED.remedy(run)}"
        ) from None
    shapes = {
        "earlier": ((len(record.table), E), "float32"),
        "earlier_xs": ((n,), "int32"),
        "earlier_of_run": ((n, E), "float32"),
    }
    earlier, xs, pooled = (open_array(folder / f"{name}.npy", *shapes[name]) for name in shapes)
    return {"earlier": earlier, "earlier_of_run": EarlierActivations(layer, xs, pooled)}


def write_attacks(
    run: Run,
    table: pd.DataFrame,
    arrays: dict[str, np.ndarray],
    packs: dict[str, Sequence[bytes]],
    statement: dict,
    earlier_of_run: EarlierActivations | None = None,
) -> AttackRecord:
    """Write the record of attacks on a run and return it.

    Parameters
    ----------
    run, table, arrays, packs, statement
        See `core.corruptions.record.write_record`; ``earlier`` is among the arrays where
        ``earlier_of_run`` is given.
    earlier_of_run : EarlierActivations, optional
    """
    told, more = None, {}
    if earlier_of_run is not None:
        n, E = earlier_of_run.pooled.shape
        told = {"name": earlier_of_run.layer, "filters": E, "images": n}
        arrays = arrays | {
            "earlier_xs": earlier_of_run.xs,
            "earlier_of_run": earlier_of_run.pooled,
        }
        more = {"earlier": "float32", "earlier_xs": "int32", "earlier_of_run": "float32"}
    statement = {**statement, "earlier_layer": told}
    write_record(run, table, arrays, packs, statement, ATTACKED, more)
    record = read_attacks(run)
    assert record is not None, "it was just written"
    return record
