"""Writing a run: whole or absent, checked against the contract before it appears."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from core.contract import ARRAYS, PACKS, SCHEMA_VERSION, TABLES, array_spec, expected_shape
from core.errors import MissingRunError, RunError
from core.run import Run
from core.store import MANIFEST, array_path, check_name, open_array


class RunWriter:
    """Writes a run beside its final place and moves it there when it is whole.

    Parameters
    ----------
    runs : Path
        The runs folder.
    name : str
        The run's name.

    Attributes
    ----------
    folder : Path
        Where the parts lie until `finish`; an interrupted writer finds its parts there again.
    """

    def __init__(self, runs: Path, name: str):
        self.final = Path(runs) / check_name(name)
        self.folder = Path(runs) / f".{name}.partial"
        (self.folder / "arrays").mkdir(parents=True, exist_ok=True)
        (self.folder / "tables").mkdir(exist_ok=True)

    def create(self, name: str, sizes: dict[str, int]) -> np.ndarray:
        """Create an array to be filled piece by piece; an existing one of that shape is kept."""
        spec = array_spec(name)
        path = array_path(self.folder, name)
        shape = expected_shape(spec, sizes)
        path.parent.mkdir(exist_ok=True)
        if path.exists():
            try:
                open_array(path, shape, spec.dtype)
            except RunError:
                path.unlink()
            else:
                return np.load(path, mmap_mode="r+")
        return np.lib.format.open_memmap(path, mode="w+", dtype=spec.dtype, shape=shape)

    def put(self, name: str, array: np.ndarray) -> None:
        """Write a whole array, cast to the contract's dtype."""
        path = array_path(self.folder, name)
        path.parent.mkdir(exist_ok=True)
        np.save(path, np.ascontiguousarray(array, dtype=array_spec(name).dtype))

    def put_table(self, name: str, table: pd.DataFrame) -> None:
        """Write a table; its index is dropped, rows are x, t, c or f."""
        table.to_parquet(self.folder / "tables" / f"{name}.parquet", index=False)

    def put_pack(self, kind: str, blobs: list[bytes]) -> None:
        """Write byte strings, one an image, and their offsets."""
        filename, _ = PACKS[kind]
        (self.folder / filename).write_bytes(b"".join(blobs))
        self.put(f"{kind}_offsets", np.cumsum([0, *map(len, blobs)]))

    def put_counts(self, counts: sparse.csr_array) -> None:
        """Write the sparse (X, T) counts as their three arrays."""
        counts = sparse.csr_array(counts)
        self.put("counts_indptr", counts.indptr)
        self.put("counts_indices", counts.indices)
        self.put("counts_values", counts.data)

    def finish(self, manifest: dict) -> Run:
        """Write the manifest last, check the whole and move it to its place.

        Parameters
        ----------
        manifest : dict
            With at least ``sizes``, ``estimators`` and ``default_estimator``.

        Raises
        ------
        RunError
            If a part is missing or malformed; the parts stay where they are.
        """
        manifest = {"schema_version": SCHEMA_VERSION, **manifest}
        text = json.dumps(manifest, indent=1, ensure_ascii=False)
        path = self.folder / MANIFEST
        path.write_text(text, "utf-8")
        try:
            _check_contents(Run(self.folder))
        except (RunError, MissingRunError):
            path.unlink()
            raise
        if self.final.exists():
            old = self.final.with_name(f".{self.final.name}.old")
            shutil.rmtree(old, ignore_errors=True)
            self.final.rename(old)
            self.folder.rename(self.final)
            shutil.rmtree(old)
        else:
            self.folder.rename(self.final)
        return Run(self.final)


def _check_contents(run: Run) -> None:
    for spec in TABLES:
        try:
            table = run.table(spec.name)
        except MissingRunError:
            if spec.optional:
                continue
            raise
        if spec.rows in run.sizes and len(table) != run.sizes[spec.rows]:
            raise RunError(
                f"table {spec.name!r} should have {run.sizes[spec.rows]} rows, has {len(table)}"
            )
    for spec in ARRAYS:
        if not spec.is_distribution:
            continue
        for estimator in run.estimators if spec.per_estimator else [None]:
            sums = run.array(spec.name, estimator).sum(axis=-1, dtype=np.float64)
            if not np.allclose(sums, 1, atol=1e-3):
                raise RunError(
                    f"{spec.name} should sum to 1 over {spec.dims[-1]}, got {sums.min()}"
                )
