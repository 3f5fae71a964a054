"""Writing a run atomically, checked against the contract before it is published."""

import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from fieldmarks.core.errors import MissingRunError, RunError
from fieldmarks.core.outputs import (
    atomic_write,
    check_replaceable,
    is_unfinished,
    remove_scratch,
    replace_folder,
    scratch_folder,
    settle,
)
from fieldmarks.core.run.contract import ARRAYS, PACKS, SCHEMA_VERSION, array_spec, expected_shape
from fieldmarks.core.run.files import MANIFEST, array_path, check_name, open_array
from fieldmarks.core.run.manifest import RECORDS, files_of_run
from fieldmarks.core.run.reading import read_run
from fieldmarks.core.run.row_file import RowFile
from fieldmarks.core.run.run import Run
from fieldmarks.core.run.so_far import SO_FAR
from fieldmarks.core.run.tables import TABLES
from fieldmarks.core.run.validation import SUM_TOLERANCE


class RunWriter:
    """Writes a run into a temporary folder and renames it when it is complete.

    It takes the place of an earlier run only; files of other people in that one's folder move
    along, see `core.outputs`.

    Parameters
    ----------
    runs : Path
        The runs folder.
    name : str
        The run's name.
    purpose : str
        Part of the temporary folder's name, so that writers of different kinds do not collide.

    Attributes
    ----------
    folder : Path
        The temporary folder, from which an interrupted writer resumes; after `finish` and `reopen`
        the run's own, where later stages add whole files.

    Raises
    ------
    DataError
        If something else than a run has one of these names.
    """

    def __init__(self, runs: Path, name: str, purpose: str = "partial"):
        self.final = Path(runs) / check_name(name)
        check_replaceable(self.final, files_of_run, "give another --name, or other --runs")
        self.folder = self._scratch = scratch_folder(Path(runs) / f".{name}.{purpose}")
        (self.folder / "arrays").mkdir(parents=True, exist_ok=True)
        (self.folder / "tables").mkdir(exist_ok=True)

    def create(self, name: str, sizes: dict[str, int]) -> bool:
        """Create an array to be written row by row; an existing one of the same shape is kept.

        An array that is shared with a finished run by a hard link is never written to.

        Returns
        -------
        bool
            Whether an existing array was kept.
        """
        spec = array_spec(name)
        path = array_path(self.folder, name)
        shape = expected_shape(spec, sizes)
        if path.is_file() and not path.is_symlink() and path.stat().st_nlink == 1:
            try:
                open_array(path, shape, spec.dtype)
            except RunError:
                pass
            else:
                return True
        RowFile.create(path, shape, spec.dtype).close()
        return False

    def rows(self, name: str) -> RowFile:
        """Open an array that was created by `create`, in this or another process."""
        return RowFile(array_path(self.folder, name))

    def put(self, name: str, array: np.ndarray) -> None:
        """Write a whole array, cast to the contract's dtype."""
        path = array_path(self.folder, name)
        path.parent.mkdir(exist_ok=True)
        with atomic_write(path) as file:
            np.save(file, np.ascontiguousarray(array, dtype=array_spec(name).dtype))

    def put_table(self, name: str, table: pd.DataFrame) -> None:
        """Write a table; its index is dropped, rows are x, t, c or f."""
        with atomic_write(self.folder / "tables" / f"{name}.parquet") as file:
            table.to_parquet(file, index=False)

    def put_pack(self, kind: str, blobs: Iterable[bytes]) -> None:
        """Write byte strings, one per image, and their offsets."""
        filename, _ = PACKS[kind]
        with atomic_write(self.folder / filename) as file:
            sizes = np.fromiter((file.write(blob) for blob in blobs), np.int64)
        self.put(f"{kind}_offsets", np.append(0, np.cumsum(sizes)))

    def put_counts(self, counts: sparse.csr_array) -> None:
        """Write the sparse (X, T) counts as their three arrays."""
        counts = sparse.csr_array(counts)
        self.put("counts_indptr", counts.indptr)
        self.put("counts_indices", counts.indices)
        self.put("counts_values", counts.data)

    def put_mentions(self, mentions: sparse.csr_array) -> None:
        """Write the sparse (X, T) probabilities as their three arrays."""
        entries = sparse.coo_array(mentions)
        self.put("mention_x", entries.row.astype(np.int32))
        self.put("mention_t", entries.col.astype(np.int32))
        self.put("mention_p", entries.data.astype(np.float32))

    def finish(self, manifest: dict) -> Run:
        """Write the manifest last, check the run and move it to its final path.

        Parameters
        ----------
        manifest : dict
            With at least ``sizes``, ``estimators`` and ``default_estimator``.

        Raises
        ------
        RunError
            If a part is missing or malformed; the temporary folder is kept.
        """
        self._write(manifest)
        run = self._publish()
        self.folder = self.final
        return run

    def reopen(self) -> None:
        """Go on in the run's own folder, which holds all but later stages."""
        self.discard()
        for path in self.final.rglob("*"):
            if is_unfinished(path.name):
                path.unlink()
        self.folder = self.final

    def amend(self, manifest: dict) -> None:
        """Replace the manifest of the published run: with what a stage has added, or will.

        Raises
        ------
        RunError
            If what it names is missing or malformed; the manifest stays as it was.
        """
        before = (self.final / MANIFEST).read_bytes()
        owned = files_of_run(self.final) or []
        self._write(manifest)
        try:
            _check_contents(read_run(self.final))
        except RunError:
            with atomic_write(self.final / MANIFEST) as file:
                file.write(before)
            raise
        for name in set(owned).difference(files_of_run(self.final) or []):
            (self.final / name).unlink(missing_ok=True)

    def _write(self, manifest: dict) -> None:
        manifest = {"schema_version": SCHEMA_VERSION, **manifest}
        with atomic_write(self.folder / MANIFEST) as file:
            file.write(json.dumps(manifest, indent=1, ensure_ascii=False).encode())

    def recover(self) -> None:
        """Finish or roll back the publication of an earlier writer that was killed."""
        if (self.folder / MANIFEST).exists():
            try:
                self._publish()
            except (RunError, MissingRunError):
                return
        settle(self.final, files_of_run)

    def adopt(self, source: Path, folder: Path | None = None) -> None:
        """Reuse a file of a finished run, by a hard link where the file system supports it.

        Parameters
        ----------
        source : Path
        folder : Path, optional
            Of the run that it belongs to; by default an earlier run of this name.
        """
        target = self.folder / source.relative_to(folder or self.final)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        try:
            os.link(source, target)
        except OSError:
            shutil.copyfile(source, target)

    def discard(self) -> None:
        """Delete the temporary folder; a published run stays."""
        remove_scratch(self._scratch)

    def _publish(self) -> Run:
        try:
            run = read_run(self.folder)
            _check_contents(run)
        except (RunError, MissingRunError):
            (self.folder / MANIFEST).unlink()
            raise
        _remove_all_but(run)
        (self.folder / SO_FAR).unlink(missing_ok=True)
        replace_folder(self.folder, self.final, files_of_run)
        return read_run(self.final)


def recover_run(runs: Path, name: str) -> None:
    """Put a run back that a killed process was about to replace."""
    settle(Path(runs) / check_name(name), files_of_run)


def _remove_all_but(run: Run) -> None:
    """Delete files that are not part of the run: arrays of other estimators, progress records."""
    files = {array_path(run.folder, name) for name in run.array_names}
    files |= {run.folder / "tables" / f"{spec.name}.parquet" for spec in TABLES}
    for folder in (run.folder / "arrays", run.folder / "tables"):
        for path in sorted(folder.rglob("*"), reverse=True):
            if not path.is_dir() and path not in files:
                path.unlink()
            elif path.is_dir() and not any(path.iterdir()):
                path.rmdir()
    for folder in (path for path in run.folder.iterdir() if path.is_dir()):
        if folder.name not in ("arrays", "tables", RECORDS):
            shutil.rmtree(folder)
    for path in run.folder.iterdir():
        if is_unfinished(path.name):
            path.unlink()


def _check_contents(run: Run) -> None:
    """Look at every value of the distributions, of which opening a run looks at some."""
    for spec in ARRAYS:
        if not spec.is_distribution or (spec.is_of_words and not run.has_words):
            continue
        for estimator in run.estimators if spec.per_estimator else [None]:
            sums = run.array(spec.name, estimator).sum(axis=-1, dtype=np.float64)
            if not np.allclose(sums, 1, atol=SUM_TOLERANCE):
                raise RunError(
                    f"{spec.name} should sum to 1 over {spec.dims[-1]}, got {sums.min()}"
                )
