"""p(t given f) and the explanations at CUB's full size, with peak memory and the bounds.

``python -m benchmarks.pdf_full_size`` runs every estimator, the permutation null of the
default one and the explanations, each in a process of its own, and prints a row for each.

The flop bound is the products that the estimator cannot do without, at the rate of a square float32
product on this machine; the bandwidth bound is reading its input once (for `places` the maps twice)
and writing p(t given f) once, at the rate of a copy. Maps lie in a file, as those of a run do, so
they count in resident memory while they are read but not in anonymous memory.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from benchmarks.row import print_row
from benchmarks.watch import Watch
from fieldmarks.core.batching import blocks
from fieldmarks.core.estimators import ESTIMATORS, Inputs, estimate
from fieldmarks.core.estimators.encoding import N_STEPS as FISTA_STEPS
from fieldmarks.core.estimators.encoding import N_WORDS
from fieldmarks.core.estimators.inputs import map_batches
from fieldmarks.core.estimators.mixture import N_STEPS
from fieldmarks.core.estimators.part_detectors import (
    N_CELLS,
    N_CLUSTERINGS,
    N_CLUSTERS,
    N_DIRECTIONS,
)
from fieldmarks.core.estimators.peak_readout import N_DIRECTIONS as PEAK_DIRECTIONS
from fieldmarks.core.estimators.peak_readout import N_IMAGES
from fieldmarks.core.estimators.significance import N_SHUFFLES, attribute_significance
from fieldmarks.core.explanations.factors import Factors, Seen
from fieldmarks.core.head import Head
from fieldmarks.core.presence.fit import (
    MAX_COMPONENTS,
    MAX_FOR_AXES,
    N_FOLDS,
    PENALTIES,
    fit_presence,
)
from fieldmarks.core.presence.presence import Presence
from fieldmarks.core.probability import prior, sigma
from fieldmarks.core.run.writer import RunWriter
from fieldmarks.precompute.parallel.ranks import Ranks
from fieldmarks.precompute.pipeline.stages.explanations import write_explanations
from tests.support.synthetic_run import attribute_table

#: Attributes that the captions of one image name.
PER_IMAGE = 25
H = 7


def synthetic_inputs(X: int, F: int, T: int, C: int, B: int, maps_file: Path) -> Inputs:
    """Return inputs of these sizes, maps in a file; few attributes are common, as in captions."""
    rng = np.random.default_rng(0)
    true_c = np.sort(rng.integers(0, C, X))
    pooled = rng.gamma(0.4, 1.0, (X, F)).astype(np.float32)
    frequency = 1 / np.arange(1, T + 1) ** 0.8
    ts = rng.choice(T, size=(X, PER_IMAGE), p=frequency / frequency.sum())
    entries = (rng.integers(1, 4, X * PER_IMAGE), (np.repeat(np.arange(X), PER_IMAGE), ts.ravel()))
    counts = sparse.coo_array(entries, shape=(X, T)).tocsr()
    counts.data = np.minimum(counts.data, 10).astype(np.uint16)
    table = attribute_table(T)

    # maps that sum to pooled: each filter is active around a place of its own
    file = np.lib.format.open_memmap(maps_file, "w+", np.float16, (X, F, H, H))
    shape = rng.gamma(0.3, 1.0, (64, F, H, H)).astype(np.float32)
    shape /= shape.mean(axis=(2, 3), keepdims=True)
    for block in blocks(X, 64):
        file[block] = pooled[block, :, None, None] * shape[: block.stop - block.start]
    file.flush()

    return Inputs(
        pooled=pooled,
        counts=counts,
        n_captions=np.full(X, 10),
        prior=prior(counts),
        true_c=true_c,
        nouns=table["noun"].to_numpy(),
        adjectives=table["adjective"].to_numpy(),
        class_weights=rng.normal(size=(C, F)).astype(np.float32),
        moments=rng.gamma(0.4, 1.0, (X, B)).astype(np.float32),
        maps=map_batches(np.load(maps_file, mmap_mode="r"), np.arange(X)),
    )


def explanations(inputs: Inputs) -> None:
    """Write the explanations of all images, a quarter of them misclassified; 2 % of words seen."""
    rng = np.random.default_rng(1)
    F, (C, T) = inputs.pooled.shape[1], (len(inputs.class_weights), len(inputs.prior))
    p_t_given_f = sigma(rng.normal(size=(F, T)).astype(np.float32))
    predicted_c = np.where(rng.random(len(inputs.true_c)) < 0.25, 0, inputs.true_c)
    attributes = pd.DataFrame(
        {"noun": inputs.nouns, "adjective": inputs.adjectives, "kind": "pair"}
    )
    # directions of length sqrt(G): odds of standard deviation 1.45
    G = inputs.features(slice(1)).shape[1]
    odds = (rng.normal(size=(G, T)) * 1.45 / np.sqrt(G)).astype(np.float32)
    standard = np.stack([np.full(G, 0.5), np.full(G, 0.4)]).astype(np.float32)
    bias, line = np.full(T, -3, np.float32), np.full(T, 0.5, np.float32)
    curve = np.array([0, 1, 1], np.float32)
    presence = Presence(standard, odds, bias, np.full(T, -1), curve, line)
    excludes = sparse.csr_array((T, T), dtype=bool)
    head = Head.linear(inputs.class_weights, np.zeros(C))
    seen = Seen(presence, p_t_given_f, excludes, np.zeros((C, T), bool))
    moments = None if inputs.moments is None else inputs.moments[:]
    factors = Factors(inputs.pooled, head, None, p_t_given_f, attributes, excludes, seen, moments)
    with tempfile.TemporaryDirectory() as folder:
        writer = RunWriter(Path(folder), "benchmark")
        write_explanations(writer, factors, predicted_c, inputs.true_c, Ranks())


def gigaflops() -> float:
    """Return the rate of a square float32 product."""
    a = np.ones((3000, 3000), np.float32)
    a @ a
    started = time.perf_counter()
    a @ a
    return 2 * 3000**3 / (time.perf_counter() - started) / 1e9


def gigabytes_per_second() -> float:
    """Return the rate of a copy, bytes read plus bytes written."""
    a = np.ones(1 << 26, np.float32)
    b = np.empty_like(a)
    np.copyto(b, a)
    started = time.perf_counter()
    np.copyto(b, a)
    return 2 * a.nbytes / (time.perf_counter() - started) / 1e9


def measure(task: str, X: int, F: int, T: int, C: int, B: int) -> None:
    """Measure one task in this process and print its row."""
    rate, bandwidth = gigaflops(), gigabytes_per_second()
    with tempfile.TemporaryDirectory() as folder:
        inputs = synthetic_inputs(X, F, T, C, B, Path(folder) / "maps.npy")
        watch = Watch()
        time.sleep(0.1)
        watch.enter(task)
        _measure(task, inputs, rate, bandwidth, watch)


def _measure(task: str, inputs: Inputs, rate: float, bandwidth: float, watch: Watch) -> None:
    (X, F), T = inputs.shape, len(inputs.prior)
    maps_gb = 2e-9 * X * F * H * H if task in ("places", "encoding") else 0
    processor = time.process_time()
    started = time.perf_counter()
    if task == "explanations":
        explanations(inputs)
        flops = 2 * (1 + 1.25) * X * F * T
    elif task == "presence":
        fit_presence(inputs)
        n, k = min(X, MAX_FOR_AXES), MAX_COMPONENTS
        G = inputs.features(slice(1)).shape[1]
        flops = n**2 * G + 2 * X * G * k + 2 * (N_FOLDS * len(PENALTIES) * k + X) * k * T
    elif task == "null":
        # what `places` is without maps
        attribute_significance("mixture", inputs, estimate("mixture", inputs))
        flops = (1 + 2 * N_SHUFFLES) * _flops("mixture", inputs)
    else:
        estimate(task, inputs)
        flops = _flops(task, inputs)
    print_row(
        "pdf_full_size",
        task=task,
        X=X,
        F=F,
        T=T,
        seconds=time.perf_counter() - started,
        cpu_seconds=time.process_time() - processor,
        flop_bound_seconds=flops / rate / 1e9,
        bandwidth_bound_seconds=(4e-9 * (X * F + F * T) + 2 * maps_gb) / bandwidth,
        **watch.peaks,
        gflops=rate,
        gb_per_s=bandwidth,
    )


def _flops(estimator: str, inputs: Inputs) -> float:
    X, F = inputs.pooled.shape
    T = len(inputs.prior)
    sparse_product = 2 * inputs.counts.nnz * F
    regression = X * F**2 + F**3 / 3 + 2 * F**2 * T + sparse_product
    mixture = 2 * N_STEPS * sparse_product
    cells = min(N_CELLS, X * H * H)
    detectors = N_CLUSTERS * N_CLUSTERINGS
    parts = cells * F**2 + 2 * X * H * H * F * (detectors + N_DIRECTIONS)
    words = min(N_WORDS, T)
    peaks = cells * F**2 + 2 * min(X, N_IMAGES) * H * H * F * PEAK_DIRECTIONS
    return {
        "encoding": X * words**2 + 2 * FISTA_STEPS * words**2 * F + peaks,
        "literal": sparse_product,
        "ridge": regression,
        "mixture": mixture,
        "places": mixture + regression + parts,
    }[estimator]


def main() -> None:
    """Measure every task in a process of its own, or the one that is named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--task", help=f"{', '.join(ESTIMATORS)}, null, presence or explanations")
    parser.add_argument("--X", type=int, default=11_788)
    parser.add_argument("--F", type=int, default=2_048)
    parser.add_argument("--T", type=int, default=9_649)
    parser.add_argument("--C", type=int, default=200)
    parser.add_argument("--B", type=int, default=1_664, help="moments of earlier blocks")
    args = parser.parse_args()
    sizes = (args.X, args.F, args.T, args.C, args.B)
    if args.task:
        measure(args.task, *sizes)
        return
    for task in (*ESTIMATORS, "null", "presence", "explanations"):
        command = [sys.executable, "-m", "benchmarks.pdf_full_size", "--task", task]
        command += [f"--{name}={value}" for name, value in zip("XFTCB", sizes, strict=True)]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
