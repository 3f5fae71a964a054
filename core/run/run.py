"""A run as a value: a manifest, arrays and tables, on disk or in memory.

`core.run.reading` reads one from its folder. A run stays open for as long as a server runs, and its
files may change under it: small arrays are in memory, feature maps and packed bytes are read when
they are asked for, and the length of a large array's file is looked at before each use, because
reading a map past the end of its file would end the process.
"""

from collections import ChainMap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from fieldmarks.core.errors import MissingRunError, RunError, WordlessError
from fieldmarks.core.half_precision import is_finite
from fieldmarks.core.run.contract import UNREADABLE, array_spec
from fieldmarks.core.run.files import Pack, array_path, check_length, sizes_of
from fieldmarks.core.run.head_of_run import HeadOfRun


@dataclass(frozen=True, eq=False, repr=False)
class Run(HeadOfRun):
    """A run. It is never changed: `Run.changed` makes another one from it.

    Parameters
    ----------
    manifest : dict
        With at least ``estimators`` and ``default_estimator``.
    arrays : mapping of str to ndarray
        By their names in the contract; ``"p_t_given_f/literal"`` for one of an estimator.
    tables : mapping of str to DataFrame
        By their names in the contract. One that reads its files may raise `RunError`.
    packs : mapping of str to Pack
        Thumbnails and captions, by kind.
    location : Path, optional
        The folder of a run on disk.
    stamp : int
        Two versions of the run of a folder have different ones. Of a run on disk, when the manifest
        that was read was written, ns.
    estimated : Run, optional
        The run whose estimates it uses, if these are not its own.

    >>> run = Run(
    ...     {"estimators": ["literal"], "default_estimator": "literal"},
    ...     {"pooled": np.zeros((3, 8), np.float32)},
    ...     {"images": pd.DataFrame({"true_c": [0, 1, 0], "predicted_c": [0, 0, 0]})},
    ... )
    >>> run.sizes, run.is_right.tolist()
    ({'X': 3, 'F': 8}, [True, False, True])
    """

    manifest: dict
    arrays: Mapping[str, np.ndarray]
    tables: Mapping[str, pd.DataFrame]
    packs: Mapping[str, Pack] = field(default_factory=dict)
    location: Path | None = None
    stamp: int = 0
    estimated: "Run | None" = None

    @cached_property
    def results(self) -> dict[Callable, dict[tuple, Any]]:
        """What `core.run.per_run` keeps of functions of the run."""
        return {}

    @cached_property
    def sizes(self) -> dict[str, int]:
        """Sizes by their letter in the contract: as the manifest says, else those of the arrays."""
        if "sizes" in self.manifest:
            return self.manifest["sizes"]
        return sizes_of(self.arrays, {name: len(self.tables[name]) for name in self.tables})

    @property
    def estimators(self) -> list[str]:
        """The estimators that the run has p(t given f) of."""
        return self.manifest["estimators"]

    @property
    def default_estimator(self) -> str:
        """The estimator that is meant where none is named."""
        return self.manifest["default_estimator"]

    @property
    def pending(self) -> dict[str, list[str]]:
        """Stages that are still to be computed, and the arrays and files that each will leave."""
        return self.manifest.get("pending", {})

    def require_complete(self) -> None:
        """Raise `RunError` where stages of the run are still to be computed."""
        if self.pending:
            raise RunError(
                f"run {self.name!r} is not complete, {', '.join(self.pending)} are still "
                "computed: wait, or run its 'fieldmarks run' again"
            )

    @property
    def folder(self) -> Path:
        """The folder of the run.

        Raises
        ------
        MissingRunError
            If the run is in memory only.
        """
        if self.location is None:
            raise MissingRunError("a run in memory has no folder: write it first")
        return self.location

    def changed(
        self,
        arrays: Mapping[str, np.ndarray] | None = None,
        tables: Mapping[str, pd.DataFrame] | None = None,
        **fields: Any,
    ) -> "Run":
        """Return a run in which some arrays and tables are others; all else is shared.

        Parameters
        ----------
        arrays, tables : mapping, optional
            By name in the contract, of the same shape.
        **fields
            Other fields of the run; a ``stamp`` where results are cached by it.
        """
        return replace(
            self,
            arrays={**self.arrays, **(arrays or {})},
            tables=ChainMap(dict(tables or {}), self.tables),  # pyright: ignore[reportArgumentType]
            **fields,
        )

    @property
    def name(self) -> str:
        """The run's name, the name of its folder."""
        return "in memory" if self.location is None else self.location.name

    @property
    def source(self) -> "Run":
        """The run whose estimates it uses: itself, except for a run of one new image."""
        return self if self.estimated is None else self.estimated

    @property
    def array_names(self) -> list[str]:
        """The names of the run's arrays, e.g. ``"p_t_given_f/literal"``."""
        return list(self.arrays)

    @property
    def has_words(self) -> bool:
        """Whether the run has attributes; without captions it has none until they are added."""
        return bool(self.estimators)

    def require_words(self, what: str) -> None:
        """Raise `WordlessError` where the run has no words, which ``what`` needs."""
        if not self.has_words:
            raise WordlessError(self.name, what)

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
        WordlessError
            If it needs words and the run has none.
        RunError
            If its file became shorter since the run was opened.
        """
        if array_spec(name).is_of_words:
            self.require_words(name)
        if array_spec(name).per_estimator:
            name = f"{name}/{estimator or self.default_estimator}"
        try:
            array = self.arrays[name]
        except KeyError:
            raise MissingRunError(
                f"run {self.name!r} has no {name}; it has {', '.join(sorted(self.arrays))}"
            ) from None
        check_length(name if self.location is None else array_path(self.location, name), array)
        return array

    @property
    def table_names(self) -> list[str]:
        """The tables of the contract that the run holds."""
        return list(self.tables)

    def table(self, name: str) -> pd.DataFrame:
        """Return a table of the contract.

        Raises
        ------
        MissingRunError
            If the run does not hold it.
        RunError
            If its file cannot be read or is not what the contract says.
        """
        try:
            return self.tables[name]
        except KeyError:
            remedy = "a new image has none" if self.estimated else "precompute it again"
            raise MissingRunError(f"run {self.name!r} has no table {name!r}: {remedy}") from None

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

    @cached_property
    def mentions(self) -> sparse.csr_array | None:
        """csr_array of shape (X, T): how likely t is seen in x, by a model; None without one."""
        if "mention_p" not in self.array_names:
            return None
        parts = (self.array("mention_x"), self.array("mention_t"))
        shape = (self.sizes["X"], self.sizes["T"])
        return sparse.coo_array((self.array("mention_p"), parts), shape=shape).tocsr()

    def packed(self, kind: str, x: int) -> bytes:
        """Return the ``"thumb"`` (JPEG bytes) or ``"caption"`` (UTF-8) of image x.

        Raises
        ------
        MissingRunError
            If the run has none.
        """
        start, stop = self.array(f"{kind}_offsets")[x : x + 2]
        if kind not in self.packs:
            raise MissingRunError(f"run {self.name!r} has no {kind}s")
        return self.packs[kind].read(int(start), int(stop))

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
        if not is_finite(maps):
            raise RunError(
                f"the maps of image {x} in run {self.name!r} hold values that are not finite: "
                "precompute it again"
            )
        return maps
