"""Runs whose head is not linear: the same arrays, with the class scores of that head."""

import json
from pathlib import Path

import numpy as np

from fieldmarks.core.head import COSINE, LAYER_NORM, Head
from fieldmarks.core.run.files import array_path
from fieldmarks.core.run.reading import read_run
from fieldmarks.core.run.run import Run
from tests.support.first_order_run import write_first_order_run
from tests.support.synthetic_run import write_synthetic_run

EPS = {LAYER_NORM: 1e-6, COSINE: 1e-8}


def write_run_of(kind: str, folder: Path) -> Run:
    """Write and return a run whose head is of this kind."""
    if kind not in EPS:
        return write_first_order_run(folder)
    run = write_synthetic_run(folder)
    weights = np.array(run.array("class_weights"), float)
    if kind == LAYER_NORM:  # it subtracts the mean over filters
        weights -= weights.mean(axis=1, keepdims=True)
    head = Head(kind, weights.astype(np.float32), run.array("class_bias"), EPS[kind])
    np.save(array_path(run.folder, "class_weights"), head.weights)
    logits = head.logits(np.asarray(run.array("pooled"), float))
    np.save(array_path(run.folder, "logits"), logits.astype(np.float32))
    stated = {"kind": kind, "eps": EPS[kind], "is_split": False}
    (run.folder / "manifest.json").write_text(json.dumps(run.manifest | {"head": stated}))
    return read_run(run.folder)
