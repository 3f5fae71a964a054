"""Reading a run from its folder: everything is checked against the contract when it is opened."""

from collections import ChainMap
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from fieldmarks.core.errors import RunError, one_line
from fieldmarks.core.head import FIRST_ORDER, LINEAR_HEAD
from fieldmarks.core.run.contract import ARRAYS, PACKS, ArraySpec, expected_shape
from fieldmarks.core.run.files import (
    Pack,
    array_path,
    check_name,
    map_array,
    open_array,
    require_regular,
    runs_folder,
    sizes_of,
)
from fieldmarks.core.run.manifest import manifest_stamp, read_manifest
from fieldmarks.core.run.run import Run
from fieldmarks.core.run.tables import TABLE_NAMES, TABLES, table_spec
from fieldmarks.core.run.untested_filters import untested_filters
from fieldmarks.core.run.validation import check_array, check_pack, check_table

#: Not read when a run is opened: it is large, and of use to the next computation only.
_READ_LATER = "facts"


def open_run(name: str, folder: Path | None = None) -> Run:
    """Open a run by name from the runs folder; see `read_run` for the errors."""
    return read_run((runs_folder() if folder is None else folder) / check_name(name))


def read_run(folder: Path) -> Run:
    """Read a finished run; large arrays stay on disk, all are read-only.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    MissingRunError
        If there is no run.
    RunError
        If it is incomplete, of another schema version, or an array violates the contract.
    """
    folder = Path(folder)
    # before the manifest is read: a run that is replaced meanwhile is known by its old stamp
    stamp = manifest_stamp(folder)
    manifest = read_manifest(folder)
    sizes, arrays = manifest["sizes"], {}
    # what may lie there of a stage that is not whole
    awaited = frozenset(chain(*manifest.get("pending", {}).values()))
    is_exact = manifest.get("head", LINEAR_HEAD)["kind"] != FIRST_ORDER
    for name, spec in _expected_arrays(manifest["estimators"]):
        if name in awaited:
            continue
        path = array_path(folder, name)
        is_local = "J" in spec.dims
        is_held = not is_exact if is_local else set(spec.dims) <= set(sizes)
        if spec.is_seen:  # all of these or none, but for a size that the run does not have
            has_sizes = all(dim.isdigit() or dim in sizes for dim in spec.dims)
            is_held = has_sizes and any(path.parent.glob(f"{name.partition('_')[0]}_*.npy"))
        elif all(dim.isdigit() for dim in spec.dims):  # no size tells
            is_held = path.exists()
        if not spec.optional or (path.exists() if spec.per_estimator else is_held):
            arrays[name] = open_array(path, expected_shape(spec, sizes), spec.dtype)
    default = manifest["default_estimator"]
    if f"evidence/{default}" in awaited:  # until then heatmaps are those of eq. (9)
        arrays[f"evidence/{default}"] = arrays[f"p_t_given_f/{default}"]
        arrays[f"evidence_bias/{default}"] = np.zeros(sizes["T"], np.float32)
    for name, array in arrays.items():
        check_array(array_path(folder, name), name, array, sizes)
    packs = _open_packs(folder)
    for kind, (filename, _) in PACKS.items():
        n_bytes = packs[kind].n_bytes if kind in packs else 0
        check_pack(folder / filename, kind, arrays[f"{kind}_offsets"], n_bytes)
    tables = TableFiles(folder, sizes, awaited)
    if table_path(Path(), "filters").as_posix() in awaited:
        p_t_given_f = arrays.get(f"p_t_given_f/{default}")
        untested = untested_filters(p_t_given_f, arrays["class_weights"])
        tables = ChainMap({"filters": untested}, tables)  # pyright: ignore[reportArgumentType]
    for spec in TABLES:
        if spec.name != _READ_LATER and (spec.name in tables or not spec.optional):
            tables[spec.name]
    return Run(manifest, arrays, tables, packs, folder, stamp)


def read_unfinished(folder: Path, manifest: dict) -> Run:
    """Read a run that is still being written; what is not there yet is missing.

    Parameters
    ----------
    folder : Path
        Where its parts lie.
    manifest : dict
        What is known of it, at least ``estimators`` and ``default_estimator``; sizes are those of
        the arrays and tables that are there.
    """
    folder = Path(folder)
    paths = {name: array_path(folder, name) for name, _ in _expected_arrays(manifest["estimators"])}
    arrays = {name: map_array(path) for name, path in paths.items() if path.exists()}
    n_rows = {
        spec.name: pq.read_metadata(path).num_rows
        for spec in TABLES
        if (path := table_path(folder, spec.name)).exists()
    }
    sizes = sizes_of(arrays, n_rows)
    tables = TableFiles(folder, sizes)
    return Run({**manifest, "sizes": sizes}, arrays, tables, _open_packs(folder), folder)


class TableFiles(Mapping[str, pd.DataFrame]):
    """The tables of a folder; each is read and checked when it is first asked for.

    Parameters
    ----------
    folder : Path
    sizes : dict
        Of the run.
    awaited : set of str
        Files of stages that are still to be computed.
    """

    def __init__(self, folder: Path, sizes: dict[str, int], awaited: frozenset[str] = frozenset()):
        self._folder, self._sizes, self._awaited = folder, sizes, awaited
        self._read: dict[str, pd.DataFrame] = {}

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name in self._read:
            return self._read[name]
        spec, path = table_spec(name), table_path(self._folder, name)
        if name not in self:
            if not spec.optional:
                raise RunError(f"{path} is missing: precompute the run again")
            raise KeyError(name)
        require_regular(path)
        try:
            read = pq.read_table(path)
            read.validate(full=True)  # that texts are UTF-8: else each later use of them may fail
            table = read.to_pandas()
        except Exception as error:  # pyarrow's reader raises many kinds for a damaged file
            raise RunError(f"{path} cannot be read ({one_line(error)}): precompute again") from None
        check_table(path, spec, table, self._sizes)
        return self._read.setdefault(name, table)

    def __contains__(self, name: object) -> bool:
        is_awaited = table_path(Path(), str(name)).as_posix() in self._awaited
        path = table_path(self._folder, str(name))
        return name in TABLE_NAMES and not is_awaited and path.exists()

    def __iter__(self) -> Iterator[str]:
        return (name for name in TABLE_NAMES if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def table_path(folder: Path, name: str) -> Path:
    """Return the path of a table."""
    return folder / "tables" / f"{name}.parquet"


def _open_packs(folder: Path) -> dict[str, Pack]:
    """Return the open files: a run that is replaced meanwhile keeps its own."""
    paths = {kind: folder / filename for kind, (filename, _) in PACKS.items()}
    return {kind: Pack(path) for kind, path in paths.items() if path.is_file()}


def _expected_arrays(estimators: list[str]) -> Iterator[tuple[str, ArraySpec]]:
    for spec in ARRAYS:
        if spec.is_of_words and not estimators:
            continue
        names = [f"{spec.name}/{e}" for e in estimators] if spec.per_estimator else [spec.name]
        yield from ((name, spec) for name in names)
