"""A fuzzer over the contract: every array and every table, damaged in every way, is one line.

A run that is damaged is refused when it is opened, and the other runs are as good as before.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fieldmarks.core.errors import RunError
from fieldmarks.core.run.contract import ARRAYS, PACKS
from fieldmarks.core.run.files import MANIFEST, array_path
from fieldmarks.core.run.listing import list_runs
from fieldmarks.core.run.reading import read_run
from fieldmarks.core.run.tables import NEW_COLUMNS, TABLES, TableSpec
from fieldmarks.core.run.validation import BOUNDS, MAY_BE_NAN
from tests.support.synthetic_run import write_synthetic_run

SIZES = {"X": 12, "F": 5, "T": 8, "C": 3, "H": 2, "W": 2, "R": 3, "N": 2}
#: Columns of no bound in the contract, for a table that the made-up run lacks.
FILL = {"str": "", "int32": 0, "float32": 0.5, "bool": False}


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """A small run with every array and every table of the contract."""
    run = write_synthetic_run(tmp_path_factory.mktemp("whole"), **SIZES)
    B, J, Q, X, F, T = 3, 2, 4, run.sizes["X"], run.sizes["F"], run.sizes["T"]
    np.save(array_path(run.folder, "presence_weights"), np.ones((F, T), np.float32))
    np.save(array_path(run.folder, "presence_standard"), np.ones((2, F), np.float32))
    np.save(array_path(run.folder, "presence_moment_standard"), np.ones((2, B), np.float32))
    np.save(array_path(run.folder, "presence_moment_weights"), np.ones((B, T), np.float32))
    np.save(array_path(run.folder, "block_moments"), np.ones((X, B), np.float32))
    np.save(array_path(run.folder, "presence_bias"), np.full(T, np.nan, np.float32))
    np.save(array_path(run.folder, "presence_choice"), np.full(T, -2, np.int32))
    np.save(array_path(run.folder, "presence_curve"), np.array([0, 1, 1], np.float32))
    np.save(array_path(run.folder, "presence_sharpness"), np.ones(1, np.float32))
    np.save(array_path(run.folder, "presence_line"), np.full(T, 0.5, np.float32))
    for side in ("predicted", "true"):
        np.save(array_path(run.folder, f"said_t_{side}"), np.full((X, 5), -1, np.int32))
    np.save(array_path(run.folder, "local_c"), np.zeros((X, J), np.int32))
    np.save(array_path(run.folder, "local_weights"), np.ones((X, J, F), np.float32))
    U = 3
    for name in ("mention_x", "mention_t"):
        np.save(array_path(run.folder, name), np.arange(U, dtype=np.int32))
    np.save(array_path(run.folder, "mention_p"), np.full(U, 0.5, np.float32))
    np.save(array_path(run.folder, "neighbour_distance"), np.full(Q, 0.5, np.float32))
    manifest = run.manifest | {
        "sizes": run.sizes | {"B": B, "J": J, "Q": Q, "U": U},
        "head": {"kind": "first order", "eps": 0.0, "is_split": False},
    }
    (run.folder / "manifest.json").write_text(json.dumps(manifest))
    for spec in (spec for spec in TABLES if spec.optional):
        n_rows = run.sizes.get(spec.rows, 2)
        columns = {name: [FILL[dtype]] * n_rows for name, (dtype, _) in spec.columns.items()}
        table = pd.DataFrame(columns).astype(dict(_types(spec)))
        table.to_parquet(run.folder / "tables" / f"{spec.name}.parquet", index=False)
    read_run(run.folder)
    return run.folder


def _types(spec: TableSpec):
    return ((name, dtype) for name, (dtype, _) in spec.columns.items())


def refused(folder: Path, path: Path, what: str) -> None:
    """Open a damaged run and put the file back; the message is one line that names the file."""
    kept = path.with_name(path.name + ".kept")
    try:
        with pytest.raises(RunError) as caught:
            read_run(folder)
    finally:
        kept.replace(path)
    message = str(caught.value)
    assert "\n" not in message, what
    assert path.name in message, (what, message)
    assert "precompute" in message, (what, message)


def damaged_arrays(spec, array: np.ndarray):
    """Yield what is wrong and the array or bytes that are wrong so."""
    yield "of another type", array.astype("complex64" if array.dtype.kind == "f" else "float64")
    yield "of strings", np.full(array.shape, "a")
    yield "of another shape", array[..., None]
    yield "empty", array[:0]
    if "X+1" in spec.dims:
        yield "descending", array[::-1]
        yield "beginning late", array + 1
        return
    first = (0,) * array.ndim
    values = []
    if array.dtype.kind == "f" and spec.name not in MAY_BE_NAN:
        values += [("NaN", np.nan), ("infinite", np.inf)]
    if spec.name in BOUNDS:
        low = BOUNDS[spec.name][0]
        values += [("too low", low - 1), ("too high", 2**15)]
    for what, value in values:
        damaged = array.copy()
        damaged[first] = value
        yield what, damaged
    if spec.is_distribution:
        yield "that does not sum to 1", array * 0.5


@pytest.mark.parametrize("spec", ARRAYS, ids=lambda spec: spec.name)
def test_a_run_with_a_damaged_array_is_refused_in_one_line(whole, spec):
    of_one = "literal" if spec.optional else "ridge"
    path = array_path(whole, f"{spec.name}/{of_one}" if spec.per_estimator else spec.name)
    array, content = np.load(path), path.read_bytes()
    broken = content.replace(b"descr", b"de(cr")
    cases = {"no file": None, "no bytes": b"", "cut short": content[:-3], "text": b"{}" * 99,
             "a header alone": content[:60], "a damaged header": broken,
             **dict(damaged_arrays(spec, array))}  # fmt: skip
    # an estimator may leave it out, and earlier runs lack the factor
    if (spec.optional and spec.per_estimator) or spec.name == "presence_sharpness":
        del cases["no file"]
    for what, damaged in cases.items():
        path.replace(path.with_name(path.name + ".kept"))
        if isinstance(damaged, bytes):
            path.write_bytes(damaged)
        elif damaged is not None:
            np.save(path, damaged)
        refused(whole, path, f"{spec.name}: {what}")


def not_utf8(table: pd.DataFrame, column: str) -> bytes:
    """Return Parquet whose first text of a column begins with a byte that no UTF-8 has there."""
    text = pa.array(["~~~", *table[column].iloc[1:]], pa.string())
    whole = pa.Table.from_pandas(table, preserve_index=False)
    buffer = pa.BufferOutputStream()
    whole = whole.set_column(whole.column_names.index(column), column, text)
    pq.write_table(whole, buffer, compression="none", use_dictionary=False, write_statistics=False)
    return buffer.getvalue().to_pybytes().replace(b"~~~", b"\x80~~")


@pytest.mark.slow
@pytest.mark.parametrize("spec", [t for t in TABLES if t.name != "facts"], ids=lambda t: t.name)
def test_a_run_with_a_damaged_table_is_refused_in_one_line(whole, spec):
    path = whole / "tables" / f"{spec.name}.parquet"
    table, content = pd.read_parquet(path), path.read_bytes()
    cases = {"no bytes": b"", "cut short": content[:-9], "junk": b"PAR1" * 99}
    cases |= {} if spec.optional else {"no file": None}
    if spec.rows in SIZES:
        cases |= {"a row short": table[1:], "without rows": table[:0]}
    for column, (dtype, _) in spec.columns.items():
        name = f"{spec.name}.{column}"
        if column not in NEW_COLUMNS:  # runs of earlier versions lack them
            cases[f"without {column}"] = table.drop(columns=column)
        cases[f"{column} of lists"] = table.assign(**{column: [[0]] * len(table)})
        if dtype == "str" and len(table):
            cases[f"{column} not in UTF-8"] = not_utf8(table, column)
        other = 1 if dtype == "str" else "a"
        cases[f"{column} of another type"] = table.assign(**{column: other})
        cases[f"{column} missing"] = table.assign(**{column: None})
        if name in BOUNDS:
            low, high = BOUNDS[name]
            cases[f"{column} too low"] = table.assign(**{column: low - 1})
            if high != 2**31 - 1 and high != "G":
                cases[f"{column} too high"] = table.assign(**{column: 2**20})
            if dtype == "float32":
                cases[f"{column} NaN"] = table.assign(**{column: np.float32("nan")})
    for what, damaged in cases.items():
        path.replace(path.with_name(path.name + ".kept"))
        if isinstance(damaged, bytes):
            path.write_bytes(damaged)
        elif damaged is not None:
            damaged.to_parquet(path, index=False)
        refused(whole, path, f"{spec.name}: {what}")


@pytest.mark.parametrize("filename", [filename for filename, _ in PACKS.values()])
@pytest.mark.parametrize("content", [None, b"", b"short"])
def test_a_run_with_a_damaged_pack_is_refused_in_one_line(whole, filename, content):
    path = whole / filename
    path.replace(path.with_name(path.name + ".kept"))
    if content is not None:
        path.write_bytes(content)
    refused(whole, path, filename)


def manifests(manifest: dict) -> dict[str, object]:
    """Return what can be wrong with a manifest."""
    sizes = manifest["sizes"]

    def changed(**changes):
        return {**manifest, **changes}

    return {
        "a list": [1, 2], "a number": 3, "null": None, "nothing": {},
        "sizes of a list": changed(sizes=[1]), "sizes of text": changed(sizes="X"),
        "a size of text": changed(sizes={**sizes, "X": "12"}),
        "a size below 0": changed(sizes={**sizes, "X": -1}),
        "a size of NaN": changed(sizes={**sizes, "X": float("nan")}),
        "a huge size": changed(sizes={**sizes, "F": 10**30}),
        "a true size": changed(sizes={**sizes, "X": True}),
        "no size": changed(sizes={k: v for k, v in sizes.items() if k != "R"}),
        "no images": changed(sizes={**sizes, "X": 0}),
        "no estimators": changed(estimators=[]), "an estimator of 3": changed(estimators=[3]),
        "estimators of text": changed(estimators="ridge"),
        "an estimator elsewhere": changed(estimators=["../../other"]),
        "an unknown default": changed(default_estimator="best"),
        "a default of a list": changed(default_estimator=["ridge"]),
        "parts of another number": changed(part_names=["beak"]),
        "parts of numbers": changed(part_names=[1, 2, 3, 4]),
        "parts of null": changed(part_names=None),
        "a data set of 3": changed(dataset=3), "problems of text": changed(problems="none"),
        "a repair of nothing": changed(repair={"of": "demo"}),
        "stages of a list": changed(stages=["estimates"]),
        "stages without fingerprints": changed(stages={"estimates": "abc"}),
    }  # fmt: skip


def test_a_run_with_a_damaged_manifest_is_refused_and_listed_in_one_line(whole):
    path = whole / MANIFEST
    written = [*map(json.dumps, manifests(json.loads(path.read_text())).values())]
    written += ["", "{", "[" * 100_000, "\xff\xfe"]
    for text in written:
        path.replace(path.with_name(path.name + ".kept"))
        path.write_text(text, encoding="latin-1")
        (entry,) = list_runs(whole.parent)
        assert "\n" not in entry.problem
        assert "precompute" in entry.problem, text
        refused(whole, path, text)


def test_the_list_of_runs_opens_nothing_but_manifests(whole, monkeypatch):
    monkeypatch.setattr(np, "load", None)
    monkeypatch.setattr(pd, "read_parquet", None)
    assert [(entry.name, entry.problem) for entry in list_runs(whole.parent)] == [("synthetic", "")]
