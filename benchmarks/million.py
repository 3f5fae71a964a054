"""A made-up run of a million images: what it takes on disk, how fast it opens and is searched.

``python -m benchmarks.million`` writes the run straight through the writer (activations of
512 filters, no maps), opens it in a fresh process, searches it twice, has Chromium do the steps of
`benchmarks.peers` in the dashboard, and deletes it again.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from benchmarks.row import print_row
from fieldmarks.core.probability import sigma
from fieldmarks.core.run.contract import K
from fieldmarks.core.run.reading import read_run
from fieldmarks.core.run.tables import TABLES
from fieldmarks.core.run.writer import RunWriter
from fieldmarks.core.search.query import parse
from fieldmarks.core.search.search import search
from fieldmarks.core.search.vocabulary import Vocabulary
from tests.support.synthetic_run import attribute_table, jpeg

BLOCK = 16384
ESTIMATOR = "literal"
#: Different pictures, and shares of the images.
N_PICTURES, ACCURACY, TESTED = 97, 0.9, 0.5


def write_run(folder: Path, X: int, F: int, T: int, C: int) -> None:
    """Write a run of random numbers that is whole by the contract."""
    rng = np.random.default_rng(0)
    writer = RunWriter(folder, "million")
    sizes = {"X": X, "F": F, "T": T, "C": C, "P": 2, "H": 7, "W": 7, "M": 0}
    sizes |= {"E": 4 * X, "K": K, "R": 30, "N": 6}
    ranks = 1 / np.arange(1, T + 1)
    _fill(writer, "pooled", sizes, lambda n: rng.random((n, F), np.float32))
    _fill(writer, "logits", sizes, lambda n: rng.random((n, C), np.float32))
    _fill(writer, "parts", sizes, lambda n: rng.random((n, 2, 2), np.float32))
    for side in ("predicted", "true"):
        draw = lambda n: rng.choice(T, (n, K), p=ranks / ranks.sum())  # noqa: E731
        _fill(writer, f"top_t_{side}", sizes, draw)
        p = np.sort(rng.random((BLOCK, K), np.float32) / K, axis=1)[:, ::-1]
        _fill(writer, f"top_p_{side}", sizes, lambda n, p=p: p[:n])
    small = {
        "maps": np.empty((0, F, 7, 7)),
        "map_row": np.full(X, -1),
        "class_weights": rng.normal(size=(C, F)),
        "class_bias": np.zeros(C),
        "cell_centres": np.zeros((7, 7, 2)),
        "counts_indptr": np.arange(X + 1) * 4,
        "counts_indices": np.tile(np.arange(4), X),
        "counts_values": np.ones(4 * X),
        "prior": np.full(T, 1 / T),
        f"p_t_given_f/{ESTIMATOR}": sigma(rng.random((F, T))),
        f"evidence/{ESTIMATOR}": rng.normal(size=(F, T)),
        f"evidence_bias/{ESTIMATOR}": np.zeros(T),
        "q_value": np.ones((F, T)),
        "null_high": np.ones((F, T)),
        "top_images": rng.integers(0, X, (F, 30)),
        "canonical": rng.integers(0, X, (C, 6)),
    }
    for name, array in small.items():
        writer.put(name, array)
    thumbs = [jpeg(i, rng, size=112) for i in range(N_PICTURES)]
    writer.put_pack("thumb", [thumbs[i % N_PICTURES] for i in range(X)])
    writer.put_pack("caption", [b"a bird with a yellow head and a long bill.\n"] * X)
    for name, table in _tables(X, F, T, C, rng).items():
        writer.put_table(name, table)
    estimators = {"estimators": [ESTIMATOR], "default_estimator": ESTIMATOR}
    of_network = {
        "dataset": "made up",
        "arch": "made up",
        "layer": "maps",
        "input_size": 96,
        "receptive_field": 32,
    }
    parts = {"part_names": ["a", "b"], "part_keypoints": {}}
    writer.finish({"sizes": sizes, **estimators, **of_network, **parts, "n_explain": 5})


def _fill(writer: RunWriter, name: str, sizes: dict[str, int], draw) -> None:
    writer.create(name, sizes)
    rows = writer.rows(name)
    for start in tqdm(range(0, sizes["X"], BLOCK), name, leave=False):
        rows.write(start, draw(min(BLOCK, sizes["X"] - start)))
    rows.close()


def _tables(X: int, F: int, T: int, C: int, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Return tables with every column of the contract."""
    rows, tables = {"X": X, "T": T, "C": C, "F": F}, {}
    limits = {"true_c": C, "predicted_c": C, "top_c": C, "name_t": T}
    for spec in (spec for spec in TABLES if not spec.optional):
        n, columns = rows[spec.rows], {}
        for column, (dtype, _) in spec.columns.items():
            if dtype == "str":
                columns[column] = [f"{column}/{i:07d}" for i in range(n)]
            elif dtype == "bool":
                columns[column] = rng.random(n) < 0.5
            else:
                top = limits.get(column, 2)
                columns[column] = rng.integers(0, top, n).astype(dtype)
        tables[spec.name] = pd.DataFrame(columns)
    tables["attributes"] = tables["attributes"].assign(**attribute_table(T))
    images = tables["images"]
    is_right = rng.random(X) < ACCURACY
    predicted = np.where(is_right, images["true_c"], images["predicted_c"]).astype("int32")
    shares = {name: rng.random(X).astype("float32") for name in ("confidence", "p_true")}
    size = dict.fromkeys(("width", "height"), np.full(X, 112, "int32"))
    tables["images"] = images.assign(
        predicted_c=predicted, is_train=rng.random(X) >= TESTED, problem="", **shares, **size
    )
    images = tables["images"]
    is_test = ~images["is_train"]
    is_right = is_test & (images["true_c"] == images["predicted_c"])
    for column, of in (("n_train", ~is_test), ("n_test", is_test), ("n_right", is_right)):
        tables["classes"][column] = np.bincount(images["true_c"][of], minlength=C).astype("int32")
    return tables


def read(folder: Path) -> None:
    """Open the run and search it, in this process; print a row."""
    started = time.perf_counter()
    run = read_run(folder / "million")
    n_wrong = int((run.images["true_c"] != run.images["predicted_c"]).sum())
    opened = time.perf_counter()
    first, second = (run.attributes["phrase"][t] for t in (3, 9))
    attributes, classes = run.attributes, run.classes
    vocabulary = Vocabulary(
        *(attributes[name] for name in ("phrase", "noun", "n_images")),
        *(classes[name] for name in ("class_id", "name")),
        plurals=attributes["plural"],
    )
    query = parse(f"{first}, not {second}", vocabulary)
    searched = []
    for _ in range(2):
        before = time.perf_counter()
        hits = search(run, query)
        searched.append(time.perf_counter() - before)
    files = {p: p.stat().st_size for p in run.folder.rglob("*") if p.is_file()}
    print_row(
        "million",
        **{name: run.sizes[name] for name in "XFTC"},
        open_seconds=opened - started,
        first_search_seconds=searched[0],
        next_search_seconds=searched[1],
        hits=len(hits.xs),
        wrong=n_wrong,
        disk_gb=sum(files.values()) / 1e9,
        pooled_gb=files[run.folder / "arrays" / "pooled.npy"] / 1e9,
        logits_gb=files[run.folder / "arrays" / "logits.npy"] / 1e9,
        thumbs_gb=files[run.folder / "thumbs.bin"] / 1e9,
        files=len(files),
    )


def browse(folder: Path) -> None:
    """Start the dashboard over the run and do the steps of `benchmarks.peers`; print a row."""
    from benchmarks.peers import Fieldmarks, turn

    run = read_run(folder / "million")
    print_row("browser", X=run.sizes["X"], **turn(Fieldmarks(folder, folder / "none", run)))


def main() -> None:
    """Write, then read in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--X", type=int, default=1_000_000)
    parser.add_argument("--F", type=int, default=512)
    parser.add_argument("--T", type=int, default=1_000)
    parser.add_argument("--C", type=int, default=200)
    parser.add_argument("--folder", type=Path, help="where to write; default: a temporary folder")
    parser.add_argument("--read", action="store_true", help="only read what --folder holds")
    args = parser.parse_args()
    if args.read:
        read(args.folder)
        browse(args.folder)
        return
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        write_run(Path(folder), args.X, args.F, args.T, args.C)
        command = [sys.executable, "-m", "benchmarks.million", "--read"]
        subprocess.run([*command, "--folder", folder], check=True)


if __name__ == "__main__":
    main()
