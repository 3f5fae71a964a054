"""A run whose head is of first order: its classes in play have weights of their own per image."""

import json
from pathlib import Path

import numpy as np

from fieldmarks.core.run.files import array_path
from fieldmarks.core.run.reading import read_run
from fieldmarks.core.run.run import Run
from tests.support.synthetic_run import write_synthetic_run

J = 3


def write_first_order_run(folder: Path) -> Run:
    """Write and return the run, whose local weights are drawn at random."""
    run = write_synthetic_run(folder)
    X, F, C = (run.sizes[letter] for letter in "XFC")
    rng = np.random.default_rng(0)
    true_c = run.images["true_c"].to_numpy()
    rest = np.stack([rng.permutation(np.delete(np.arange(C), c))[: J - 1] for c in true_c])
    local_c = np.concatenate([true_c[:, None], rest], axis=1).astype(np.int32)
    weights = rng.normal(size=(X, J, F)).astype(np.float32)
    np.save(array_path(run.folder, "local_c"), local_c)
    np.save(array_path(run.folder, "local_weights"), weights)
    head = {"kind": "first order", "eps": 0.0, "is_split": False}
    manifest = run.manifest | {"sizes": run.sizes | {"J": J}, "head": head}
    (run.folder / "manifest.json").write_text(json.dumps(manifest))
    return read_run(run.folder)
