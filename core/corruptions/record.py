"""The record of attacked pictures in a run's folder: what is in it, reading and writing it.

``<run>/robustness/`` is optional, atomic, and of one version of the run: it states the fingerprints
of the stages that it was made from and is refused when they are others. Its files:

    robustness.json    version, stages, settings, and the tables of scores
    table.parquet      one row per picture a: `COLUMNS`
    pooled.npy         (A, F) float32, pooled activations
    logits.npy         (A, C) float32, class scores
    heat.npy           (A, N, H, W) float16, sum of maps times evidence for the N attributes of the
                       sentence of the unchanged picture, -1 in ``words.npy`` for none
    words.npy          (A, N) int32, these attributes
    earlier.npy        (A, E) float32, pooled activations of an earlier layer; with the next two
                       only where ``earlier_layer`` of the statement names one
    earlier_xs.npy, earlier_of_run.npy   (n,) int32 and (n, E) float32, the same of images of the
                       run that are not changed, see `EarlierActivations`
    pictures.bin, differences.bin and ``<name>_offsets.npy`` (A+1) int64: JPEG of each picture, and
                       of its difference from the unchanged one, magnified around grey

The first row of each image is the unchanged picture, kind "none".
"""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from fieldmarks.core.corruptions.record_checks import are_scores, is_whole
from fieldmarks.core.errors import RunError, one_line
from fieldmarks.core.run.contract import N_EXPLAIN
from fieldmarks.core.run.files import atomic_write, open_array
from fieldmarks.core.run.run import Run

FOLDER, STATEMENT, TABLE = "robustness", "robustness.json", "table.parquet"
VERSION = 2
#: Stages of the run that the record was made from.
STAGES = ("attributes", "activations", "estimates")
#: Columns of the table and their types.
COLUMNS = {
    "x": "int32",
    "kind": "str",
    "level": "int32",
    "strength": "float32",
    "predicted_c": "int32",
    "confidence": "float32",
}
UNCHANGED, FGSM, PGD, ADAPTIVE = "none", "FGSM", "PGD", "adaptive PGD"
#: The adaptive attack that knows the detector by an earlier layer, not that by captions.
LAYERED = "adaptive PGD, layers"
ATTACKS = (FGSM, PGD, ADAPTIVE, LAYERED)
BLUR, NOISE, COLOUR, JPEG = "blur", "noise", "colour", "JPEG"
CORRUPTIONS = (BLUR, NOISE, COLOUR, JPEG)
PACKED = ("pictures", "differences")


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
class AttackRecord:
    """Some images, unchanged, attacked and corrupted, and what the network makes of them.

    Parameters
    ----------
    folder : Path
    statement : dict
        ``robustness.json``.
    table : DataFrame of A rows
        See `COLUMNS`; ``level`` counts the strengths of a kind from 1, ``strength`` is in units of
        the kind.
    pooled : ndarray of shape (A, F)
    logits : ndarray of shape (A, C)
    heat : ndarray of shape (A, N, H, W)
    words : ndarray of shape (A, N)
    earlier : ndarray of shape (A, E), optional
        None where the network has no earlier layer that is read.
    earlier_of_run : EarlierActivations, optional
    """

    folder: Path
    statement: dict
    table: pd.DataFrame
    pooled: np.ndarray
    logits: np.ndarray
    heat: np.ndarray
    words: np.ndarray
    earlier: np.ndarray | None = None
    earlier_of_run: EarlierActivations | None = None

    @cached_property
    def xs(self) -> np.ndarray:
        """The images, in the order of the table."""
        return self.table.loc[self.rows(UNCHANGED), "x"].to_numpy()

    def rows(self, kind: str, level: int | None = None) -> np.ndarray:
        """Return the rows of a kind, of one strength of it where a level is given, as images."""
        of_kind = (self.table["kind"] == kind).to_numpy()
        if level is not None:
            of_kind = of_kind & (self.table["level"] == level).to_numpy()
        return np.flatnonzero(of_kind)

    def row(self, x: int, kind: str, level: int) -> int | None:
        """Return the row of one picture, None where there is none."""
        rows = self.rows(kind, level)
        rows = rows[self.table["x"].to_numpy()[rows] == x]
        return int(rows[0]) if len(rows) else None

    def levels(self, kind: str) -> dict[int, float]:
        """Return the strength of each level of a kind."""
        of_kind = self.table[self.table["kind"] == kind]
        return {int(n): float(s) for n, s in of_kind.groupby("level")["strength"].first().items()}

    @property
    def kinds(self) -> list[str]:
        """The kinds of change, attacks first."""
        there = set(self.table["kind"])
        return [kind for kind in (*ATTACKS, *CORRUPTIONS) if kind in there]

    def packed(self, name: str, a: int) -> bytes:
        """Return the JPEG of row a from ``"pictures"`` or ``"differences"``."""
        start, stop = self._offsets[name][a : a + 2]
        with (self.folder / f"{name}.bin").open("rb") as file:
            file.seek(int(start))
            return file.read(int(stop - start))

    @cached_property
    def _offsets(self) -> dict[str, np.ndarray]:
        shape = (len(self.table) + 1,)
        return {
            name: open_array(self.folder / f"{name}_offsets.npy", shape, "int64") for name in PACKED
        }


def fingerprints(manifest: dict) -> dict[str, str]:
    """Return the fingerprints of the stages that a record is made from."""
    stages = manifest.get("stages", {})
    return {name: stages[name]["fingerprint"] for name in STAGES if name in stages}


def is_record_of(folder: Path, manifest: dict) -> bool:
    """Whether a folder holds a record that was made from the stages of a manifest."""
    try:
        statement = json.loads((folder / STATEMENT).read_text("utf-8"))
        return statement["version"] == VERSION and statement["stages"] == fingerprints(manifest)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def files_to_keep(run_folder: Path, manifest: dict) -> list[Path]:
    """Return the files of a run's record if it is of the version that a manifest states."""
    folder = run_folder / FOLDER
    return sorted(folder.iterdir()) if is_record_of(folder, manifest) else []


def read_record(run: Run) -> AttackRecord | None:
    """Return the record of a run, None where there is none.

    Raises
    ------
    RunError
        If it is damaged, or was made from another version of the run.
    """
    folder = run.folder / FOLDER
    if not (folder / STATEMENT).is_file():
        return None
    remedy = f"compute it again by 'fieldmarks attack {run.name}'"
    try:
        statement = json.loads((folder / STATEMENT).read_text("utf-8"))
        version, stages = statement["version"], statement["stages"]
        table = pd.read_parquet(folder / TABLE)[list(COLUMNS)].astype(COLUMNS)
    except Exception as error:  # readers raise many kinds for damaged files
        raise RunError(f"{folder} cannot be read ({one_line(error)}): {remedy}") from None
    if version != VERSION or stages != fingerprints(run.manifest):
        raise RunError(f"{folder} was made from another version of run {run.name!r}: {remedy}")
    sizes, A = run.sizes, len(table)
    if not is_whole(table, sizes["X"], sizes["C"], UNCHANGED, (UNCHANGED, *ATTACKS, *CORRUPTIONS)):
        raise RunError(f"{folder / TABLE} is not what it should be: {remedy}")
    if not are_scores(statement, sizes["T"], ATTACKS, CORRUPTIONS):
        raise RunError(f"{folder / STATEMENT} holds scores of another shape: {remedy}")
    shapes = {
        "pooled": ((A, sizes["F"]), "float32"),
        "logits": ((A, sizes["C"]), "float32"),
        "heat": ((A, N_EXPLAIN, sizes["H"], sizes["W"]), "float16"),
        "words": ((A, N_EXPLAIN), "int32"),
    }
    arrays = {n: open_array(folder / f"{n}.npy", *shapes[n]) for n in shapes}
    if A and not (arrays["words"].min() >= -1 and arrays["words"].max() < sizes["T"]):
        raise RunError(f"{folder / 'words.npy'} names attributes that are not there: {remedy}")
    for name in PACKED:
        offsets = open_array(folder / f"{name}_offsets.npy", (A + 1,), "int64")
        path = folder / f"{name}.bin"
        size = path.stat().st_size if path.is_file() else -1
        if offsets[0] != 0 or (np.diff(offsets) < 0).any() or offsets[-1] != size:
            raise RunError(f"{path} is not what it should be: {remedy}")
    earlier = _earlier(folder, statement, A, remedy)
    return AttackRecord(folder, statement, table, **arrays, **earlier)


def _earlier(folder: Path, statement: dict, A: int, remedy: str) -> dict:
    """Return the two fields of an earlier layer, none where the statement names none."""
    told = statement.get("earlier_layer")
    if told is None:
        return {}
    try:
        n, E, layer = int(told["images"]), int(told["filters"]), str(told["name"])
    except (KeyError, TypeError, ValueError):
        raise RunError(f"{folder} names an earlier layer without its sizes: {remedy}") from None
    shapes = {
        "earlier": ((A, E), "float32"),
        "earlier_xs": ((n,), "int32"),
        "earlier_of_run": ((n, E), "float32"),
    }
    earlier, xs, pooled = (open_array(folder / f"{name}.npy", *shapes[name]) for name in shapes)
    return {"earlier": earlier, "earlier_of_run": EarlierActivations(layer, xs, pooled)}


def write_record(
    run: Run,
    table: pd.DataFrame,
    arrays: dict[str, np.ndarray],
    packs: dict[str, Sequence[bytes]],
    statement: dict,
    earlier_of_run: EarlierActivations | None = None,
) -> AttackRecord:
    """Write the record of a run in the place of an earlier one and return it.

    Parameters
    ----------
    run : Run
    table : DataFrame
        With `COLUMNS`.
    arrays : dict of ndarray
        pooled, logits, heat and words, and ``earlier`` where ``earlier_of_run`` is given.
    packs : dict of list of bytes
        Of `PACKED`.
    statement : dict
        Settings of what was done, and scores.
    earlier_of_run : EarlierActivations, optional
    """
    written, final = run.folder / f".{FOLDER}.writing", run.folder / FOLDER
    shutil.rmtree(written, ignore_errors=True)
    written.mkdir()
    kinds = {"pooled": "float32", "logits": "float32", "heat": "float16", "words": "int32"}
    told = None
    if earlier_of_run is not None:
        n, E = earlier_of_run.pooled.shape
        told = {"name": earlier_of_run.layer, "filters": E, "images": n}
        arrays = arrays | {
            "earlier_xs": earlier_of_run.xs,
            "earlier_of_run": earlier_of_run.pooled,
        }
        kinds |= {"earlier": "float32", "earlier_xs": "int32", "earlier_of_run": "float32"}
    for name, kind in kinds.items():
        with atomic_write(written / f"{name}.npy") as file:
            np.save(file, np.ascontiguousarray(arrays[name], kind))
    for name in PACKED:
        with atomic_write(written / f"{name}.bin") as file:
            lengths = [file.write(blob) for blob in packs[name]]
        with atomic_write(written / f"{name}_offsets.npy") as file:
            np.save(file, np.append(0, np.cumsum(lengths)).astype(np.int64))
    with atomic_write(written / TABLE) as file:
        table[list(COLUMNS)].astype(COLUMNS).to_parquet(file, index=False)
    stated = {"version": VERSION, "stages": fingerprints(run.manifest), **statement}
    stated["earlier_layer"] = told
    with atomic_write(written / STATEMENT) as file:
        file.write(json.dumps(stated, indent=1, ensure_ascii=False).encode())
    shutil.rmtree(final, ignore_errors=True)
    written.rename(final)
    record = read_record(run)
    assert record is not None, "it was just written"
    return record
