"""Reading a run: arrays, tables and packed bytes.

A run stays open for as long as a server runs, and its files may change under it. Small arrays are
in memory, feature maps and packed bytes are read when they are asked for, and the length of a large
array's file is looked at before each use: reading a map past the end of its file would end the
process.
"""

from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from fieldmarks.core.errors import MissingRunError, RunError, one_line
from fieldmarks.core.head import FIRST_ORDER, LINEAR_HEAD
from fieldmarks.core.run.contract import ARRAYS, PACKS, UNREADABLE, array_spec, expected_shape
from fieldmarks.core.run.files import (
    Pack,
    array_path,
    check_length,
    check_name,
    map_array,
    open_array,
    require_regular,
    runs_folder,
    sizes_of,
)
from fieldmarks.core.run.head_of_run import HeadOfRun
from fieldmarks.core.run.manifest import manifest_stamp, read_manifest
from fieldmarks.core.run.tables import TABLES
from fieldmarks.core.run.validation import check_array, check_pack, check_table


class Run(HeadOfRun):
    """A finished run on disk; arrays are read-only.

    Parameters
    ----------
    folder : Path

    Attributes
    ----------
    stamp : int
        When the manifest that was read was written, ns: another one is another version of the run.

    Raises
    ------
    MissingRunError
        If there is no run.
    RunError
        If it is incomplete, of another schema version, or an array violates the contract.
    """

    def __init__(self, folder: Path):
        self.folder = Path(folder)
        # before the manifest is read: a run that is replaced meanwhile is known by its old stamp
        stamp = manifest_stamp(self.folder)
        self._describe(read_manifest(self.folder), stamp)
        is_exact = self.manifest.get("head", LINEAR_HEAD)["kind"] != FIRST_ORDER
        for name, spec in self._expected_arrays():
            path = array_path(self.folder, name)
            is_local = "J" in spec.dims
            is_held = not is_exact if is_local else set(spec.dims) <= set(self.sizes)
            if spec.is_seen:  # one of several without a size of their own: all or none
                is_held = any(path.parent.glob(f"{name.partition('_')[0]}_*.npy"))
            if not spec.optional or (path.exists() if spec.per_estimator else is_held):
                self._arrays[name] = open_array(path, expected_shape(spec, self.sizes), spec.dtype)
        for name, array in self._arrays.items():
            check_array(array_path(self.folder, name), name, array, self.sizes)
        for kind, (filename, _) in PACKS.items():
            path = self.folder / filename
            n_bytes = self._pack(kind).n_bytes if path.is_file() else 0
            check_pack(path, kind, self._arrays[f"{kind}_offsets"], n_bytes)
        for spec in TABLES:
            if spec.name != "facts" and (self._table_path(spec.name).exists() or not spec.optional):
                self.table(spec.name)

    @classmethod
    def unfinished(cls, folder: Path, manifest: dict) -> "Run":
        """Return a run that is still being written; what is not there yet is missing.

        Parameters
        ----------
        folder : Path
            Where its parts lie.
        manifest : dict
            What is known of it, at least ``estimators`` and ``default_estimator``; sizes are those
            of the arrays and tables that are there.
        """
        run = object.__new__(cls)
        run.folder = Path(folder)
        run._describe({**manifest, "sizes": {}})
        paths = {name: array_path(run.folder, name) for name, _ in run._expected_arrays()}
        run._arrays = {name: map_array(path) for name, path in paths.items() if path.exists()}
        run.sizes |= sizes_of(run.folder, run._arrays)
        return run

    def _describe(self, manifest: dict, stamp: int = 0) -> None:
        self.manifest, self.stamp = manifest, stamp
        self.sizes: dict[str, int] = manifest["sizes"]
        self.estimators: list[str] = manifest["estimators"]
        self.default_estimator: str = manifest["default_estimator"]
        self._arrays: dict[str, np.ndarray] = {}

    @property
    def name(self) -> str:
        """The run's name, the name of its folder."""
        return self.folder.name

    @property
    def source(self) -> "Run":
        """The run whose estimates it uses: itself."""
        return self

    @property
    def array_names(self) -> list[str]:
        """The names of the run's arrays, e.g. ``"p_t_given_f/literal"``."""
        return list(self._arrays)

    def _expected_arrays(self):
        for spec in ARRAYS:
            names = (
                [f"{spec.name}/{e}" for e in self.estimators] if spec.per_estimator else [spec.name]
            )
            yield from ((name, spec) for name in names)

    def array(self, name: str, estimator: str | None = None) -> np.ndarray:
        """Return an array of the contract, read-only.

        Parameters
        ----------
        name : str
            Name in the contract.
        estimator : str, optional
            For arrays that each estimator has; by default the run's default estimator.

        Raises
        ------
        MissingRunError
            If the run has no such array.
        RunError
            If its file became shorter since the run was opened.
        """
        if array_spec(name).per_estimator:
            name = f"{name}/{estimator or self.default_estimator}"
        try:
            array = self._arrays[name]
        except KeyError:
            raise MissingRunError(
                f"run {self.name!r} has no {name}; it has {', '.join(sorted(self._arrays))}"
            ) from None
        check_length(array_path(self.folder, name), array)
        return array

    @property
    def table_names(self) -> list[str]:
        """The tables of the contract that the run holds."""
        return [spec.name for spec in TABLES if self._table_path(spec.name).exists()]

    def table(self, name: str) -> pd.DataFrame:
        """Return a table of the contract, cached after the first read.

        Raises
        ------
        MissingRunError
            If it is optional and the run does not hold it.
        RunError
            If it cannot be read or is not what the contract says.
        """
        return self._tables[name] if name in self._tables else self._read_table(name)

    @cached_property
    def _tables(self) -> dict[str, pd.DataFrame]:
        return {}

    def _read_table(self, name: str) -> pd.DataFrame:
        path = self._table_path(name)
        spec = next(spec for spec in TABLES if spec.name == name)
        if not path.exists():
            if not spec.optional:
                raise RunError(f"{path} is missing: precompute the run again")
            raise MissingRunError(f"run {self.name!r} has no table {name!r}: precompute it again")
        require_regular(path)
        try:
            table = pd.read_parquet(path)
        except Exception as error:  # pyarrow's reader raises many kinds for a damaged file
            raise RunError(f"{path} cannot be read ({one_line(error)}): precompute again") from None
        check_table(path, spec, table, self.sizes)
        self._tables[name] = table
        return table

    def _table_path(self, name: str) -> Path:
        return self.folder / "tables" / f"{name}.parquet"

    @property
    def images(self) -> pd.DataFrame:
        """One row per image x."""
        return self.table("images")

    @property
    def is_test(self) -> np.ndarray:
        """Whether each image is of the test split, shape (X,), bool."""
        return ~self.images["is_train"].to_numpy(bool)

    @property
    def is_right(self) -> np.ndarray:
        """Whether each image is classified as labelled, shape (X,), bool."""
        return (self.images["true_c"] == self.images["predicted_c"]).to_numpy()

    @property
    def failures(self) -> np.ndarray:
        """The misclassified test images x, ascending."""
        return np.flatnonzero(self.is_test & ~self.is_right)

    @property
    def is_readable(self) -> np.ndarray:
        """Whether the file of each image could be read, shape (X,)."""
        return ~self.images["problem"].str.startswith(UNREADABLE).to_numpy(bool)

    @property
    def attributes(self) -> pd.DataFrame:
        """One row per attribute t."""
        return self.table("attributes")

    @property
    def classes(self) -> pd.DataFrame:
        """One row per class c."""
        return self.table("classes")

    @property
    def filters(self) -> pd.DataFrame:
        """One row per filter f."""
        return self.table("filters")

    @property
    def part_keypoints(self) -> dict[str, list[str]]:
        """The keypoints of each part that a noun may name; empty for a data set without parts."""
        return self.manifest.get("part_keypoints", {})

    @property
    def synonyms(self) -> list[list[str]]:
        """Words of the data set that mean the same, a list a meaning."""
        return self.manifest.get("synonyms", [])

    @cached_property
    def counts(self) -> sparse.csr_array:
        """csr_array of shape (X, T): number of captions of x that name t."""
        parts = (
            self.array("counts_values"),
            self.array("counts_indices"),
            self.array("counts_indptr"),
        )
        return sparse.csr_array(parts, shape=(self.sizes["X"], self.sizes["T"]))

    def packed(self, kind: str, x: int) -> bytes:
        """Return the ``"thumb"`` (JPEG bytes) or ``"caption"`` (UTF-8) of image x."""
        start, stop = self.array(f"{kind}_offsets")[x : x + 2]
        return self._pack(kind).read(int(start), int(stop))

    def _pack(self, kind: str) -> Pack:
        """Return the open file: a run that is replaced meanwhile keeps its own."""
        if kind not in self._packs:
            self._packs[kind] = Pack(self.folder / PACKS[kind][0])
        return self._packs[kind]

    @cached_property
    def _packs(self) -> dict[str, Pack]:
        return {}

    def captions(self, x: int) -> list[str]:
        """Return the caption lines of image x; empty where it has none."""
        return self.packed("caption", x).decode("utf-8", "replace").splitlines()

    def maps(self, x: int) -> np.ndarray:
        """Return the feature maps of image x, shape (F, H, W), float16.

        Raises
        ------
        MissingRunError
            If the maps of this image are not stored.
        RunError
            If they hold values that are not finite.
        """
        row = int(self.array("map_row")[x])
        if row < 0:
            raise MissingRunError(
                f"the maps of image {x} are not kept in run {self.name!r}: "
                f"compute them with 'fieldmarks maps {self.name} --images {x}'"
            )
        maps = np.array(self.array("maps")[row])
        if not np.isfinite(maps).all():
            raise RunError(
                f"the maps of image {x} in run {self.name!r} hold values that are not finite: "
                "precompute it again"
            )
        return maps


def open_run(name: str, folder: Path | None = None) -> Run:
    """Open a run by name from the runs folder; see `Run` for the errors."""
    return Run((runs_folder() if folder is None else folder) / check_name(name))
