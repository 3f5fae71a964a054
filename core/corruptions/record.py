"""Records of changed pictures in a run's folder: what is in them, reading and writing them.

``<run>/records/<kind>/`` is optional, atomic, and of one version of the run: it states the
fingerprints of the stages that it was made from and is refused when they are others. Its files:

    record.json        version, stages, settings, and the tables of scores
    table.parquet      one row per picture a: `COLUMNS`
    pooled.npy         (A, F) float32, pooled activations
    moments.npy        (A, B) float32, of earlier blocks, where the run has those of its images
    logits.npy         (A, C) float32, class scores
    heat.npy           (A, N, H, W) float16, sum of maps times evidence for the N attributes of the
                       sentence of the unchanged picture, -1 in ``words.npy`` for none
    words.npy          (A, N) int32, these attributes
    pictures.bin, differences.bin and ``<name>_offsets.npy`` (A+1) int64: JPEG of each picture, and
                       of its difference from the unchanged one, magnified around grey

The first row of each image is the unchanged picture, kind "none". Corruptions are kept in the
record `CORRUPTED`; an experiment keeps its own record, with further arrays.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from fieldmarks.core.corruptions.record_checks import are_losses, is_whole
from fieldmarks.core.errors import RunError, one_line
from fieldmarks.core.outputs import (
    atomic_write,
    check_replaceable,
    empty_scratch_folder,
    replace_folder,
)
from fieldmarks.core.run.contract import N_EXPLAIN
from fieldmarks.core.run.files import Pack, open_array, require_regular
from fieldmarks.core.run.manifest import RECORD_FILES, RECORDS
from fieldmarks.core.run.run import Run

STATEMENT, TABLE = "record.json", "table.parquet"
VERSION = 4
#: Stages of the run that a record was made from.
STAGES = ("attributes", "activations", "estimates", "evidence")
#: Columns of the table and their types.
COLUMNS = {
    "x": "int32",
    "kind": "str",
    "level": "int32",
    "strength": "float32",
    "predicted_c": "int32",
    "confidence": "float32",
}
UNCHANGED = "none"
BLUR, NOISE, COLOUR, JPEG = "blur", "noise", "colour", "JPEG"
CORRUPTIONS = (BLUR, NOISE, COLOUR, JPEG)
PACKED = ("pictures", "differences")


@dataclass(frozen=True)
class Store:
    """Where a record lies and what it may hold.

    Parameters
    ----------
    name : str
        Of its folder.
    kinds : tuple of str
        Kinds of change, without that of unchanged pictures.
    command : str
        The command of ``fieldmarks`` that writes it.
    are_scores : callable
        From the statement and the number of attributes to whether its tables of scores have the
        parts that pages read.
    """

    name: str
    kinds: tuple[str, ...]
    command: str
    are_scores: Callable[[dict, int], bool]

    def folder(self, run: Run) -> Path:
        """Return the folder of the record in a run."""
        return run.folder / RECORDS / self.name

    def remedy(self, run: Run) -> str:
        """Return what to do about a record that cannot be read."""
        return f"compute it again by 'fieldmarks {self.command} {run.name}'"


CORRUPTED = Store(
    "corruptions", CORRUPTIONS, "robustness", lambda of, T: are_losses(of, T, CORRUPTIONS)
)


@dataclass(frozen=True)
class Record:
    """Pictures of some images, unchanged and changed, and the network's outputs.

    Parameters
    ----------
    folder : Path
    statement : dict
        ``record.json``.
    table : DataFrame of A rows
        See `COLUMNS`; ``level`` counts the strengths of a kind from 1, ``strength`` is in units of
        the kind.
    pooled : ndarray of shape (A, F)
    logits : ndarray of shape (A, C)
    heat : ndarray of shape (A, N, H, W)
    words : ndarray of shape (A, N)
    moments : ndarray of shape (A, B), optional
        Of earlier blocks, where the run has those of its images.
    """

    folder: Path
    statement: dict
    table: pd.DataFrame
    pooled: np.ndarray
    logits: np.ndarray
    heat: np.ndarray
    words: np.ndarray
    moments: np.ndarray | None = None

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
        """The kinds of change, in the order of the table."""
        return [kind for kind in dict.fromkeys(self.table["kind"]) if kind != UNCHANGED]

    def packed(self, name: str, a: int) -> bytes:
        """Return the JPEG of row a from ``"pictures"`` or ``"differences"``."""
        start, stop = self._offsets[name][a : a + 2]
        return self._packs[name].read(int(start), int(stop))

    @cached_property
    def _packs(self) -> dict[str, Pack]:
        return {name: Pack(self.folder / f"{name}.bin") for name in PACKED}

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
        require_regular(folder / STATEMENT)
        statement = json.loads((folder / STATEMENT).read_text("utf-8"))
        return statement["version"] == VERSION and statement["stages"] == fingerprints(manifest)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def files_to_keep(run_folder: Path, manifest: dict) -> list[Path]:
    """Return the files of a run's records that are of the version that a manifest states."""
    return sorted(
        path
        for statement in run_folder.glob(f"{RECORDS}/*/{STATEMENT}")
        if is_record_of(statement.parent, manifest)
        for path in statement.parent.iterdir()
        if path.name in RECORD_FILES
    )


def files_of_record(folder: Path) -> tuple[str, ...] | None:
    """Return the names of the files of a record, None for a folder that is none; see `outputs`."""
    return RECORD_FILES if (folder / STATEMENT).is_file() else None


def read_record(run: Run, store: Store = CORRUPTED) -> Record | None:
    """Return a record of a run, None where there is none.

    Raises
    ------
    RunError
        If it is damaged, or was made from another version of the run.
    """
    folder, remedy = store.folder(run), store.remedy(run)
    if not (folder / STATEMENT).is_file():
        return None
    try:
        require_regular(folder / TABLE)
        statement = json.loads((folder / STATEMENT).read_text("utf-8"))
        version, stages = statement["version"], statement["stages"]
        table = pd.read_parquet(folder / TABLE)[list(COLUMNS)].astype(COLUMNS)
    except Exception as error:  # readers raise many kinds for damaged files
        raise RunError(f"{folder} cannot be read ({one_line(error)}): {remedy}") from None
    if version != VERSION or stages != fingerprints(run.manifest):
        raise RunError(f"{folder} was made from another version of run {run.name!r}: {remedy}")
    sizes, A = run.sizes, len(table)
    if not is_whole(table, sizes["X"], sizes["C"], UNCHANGED, (UNCHANGED, *store.kinds)):
        raise RunError(f"{folder / TABLE} is damaged: {remedy}")
    if not store.are_scores(statement, sizes["T"]):
        raise RunError(f"{folder / STATEMENT} holds scores of another shape: {remedy}")
    shapes = {
        "pooled": ((A, sizes["F"]), "float32"),
        "logits": ((A, sizes["C"]), "float32"),
        "heat": ((A, N_EXPLAIN, sizes["H"], sizes["W"]), "float16"),
        "words": ((A, N_EXPLAIN), "int32"),
    }
    if "block_moments" in run.array_names:
        shapes["moments"] = ((A, sizes["B"]), "float32")
    arrays = {n: _held(folder / f"{n}.npy", *shapes[n]) for n in shapes}
    if A and not (arrays["words"].min() >= -1 and arrays["words"].max() < sizes["T"]):
        raise RunError(f"{folder / 'words.npy'} names unknown attributes: {remedy}")
    for name in PACKED:
        offsets = open_array(folder / f"{name}_offsets.npy", (A + 1,), "int64")
        path = folder / f"{name}.bin"
        size = path.stat().st_size if path.is_file() else -1
        if offsets[0] != 0 or (np.diff(offsets) < 0).any() or offsets[-1] != size:
            raise RunError(f"{path} is damaged: {remedy}")
    return Record(folder, statement, table, **arrays)


def _held(path: Path, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Return an array in memory, where it stays whatever becomes of the file."""
    return np.array(open_array(path, shape, dtype))


def write_record(
    run: Run,
    table: pd.DataFrame,
    arrays: dict[str, np.ndarray],
    packs: dict[str, Sequence[bytes]],
    statement: dict,
    store: Store = CORRUPTED,
    more: dict[str, str] | None = None,
) -> Record:
    """Write a record of a run in the place of an earlier one and return it.

    Parameters
    ----------
    run : Run
    table : DataFrame
        With `COLUMNS`.
    arrays : dict of ndarray
        pooled, logits, heat and words, moments where the run has them, and those of ``more``.
    packs : dict of list of bytes
        Of `PACKED`.
    statement : dict
        Settings of what was done, and scores.
    store : Store
    more : dict of str to str
        Types of further arrays by name.
    """
    final = store.folder(run)
    check_replaceable(final, files_of_record, "rename it")
    final.parent.mkdir(exist_ok=True)
    written = empty_scratch_folder(final.with_name(f".{store.name}.writing"))
    kinds = {"pooled": "float32", "logits": "float32", "heat": "float16", "words": "int32"}
    if "block_moments" in run.array_names:
        kinds["moments"] = "float32"
    for name, kind in {**kinds, **(more or {})}.items():
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
    with atomic_write(written / STATEMENT) as file:
        file.write(json.dumps(stated, indent=1, ensure_ascii=False).encode())
    replace_folder(written, final, files_of_record)
    record = read_record(run, store)
    assert record is not None, "it was just written"
    return record
