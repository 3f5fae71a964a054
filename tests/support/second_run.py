"""A second run over the images of another, as after a repair: other rows, filters and answers."""

import shutil
from pathlib import Path

import numpy as np

from fieldmarks.core.run.reading import read_run
from fieldmarks.core.run.run import Run

#: Test images of the second run whose answer differs, every so many.
EVERY = 3


def write_second_run(run: Run, folder: Path, name: str = "second", seed: int = 3) -> Run:
    """Write and return a run with the same images whose filters stand three places on.

    Every third test image is given its label, or another class where it was right.
    """
    path = folder / name
    shutil.copytree(run.folder, path)
    F = run.sizes["F"]
    moved = np.roll(np.arange(F), 3)
    for array in ("pooled", "class_weights"):
        np.save(path / "arrays" / f"{array}.npy", run.array(array)[:, moved])
    for estimator in run.estimators:
        table = run.array("p_t_given_f", estimator)[moved]
        np.save(path / "arrays" / "p_t_given_f" / f"{estimator}.npy", table)
    images = run.images.copy()
    xs = np.flatnonzero(~images["is_train"])[::EVERY]
    rng = np.random.default_rng(seed)
    for x in xs:
        is_right = images["predicted_c"][x] == images["true_c"][x]
        other = (images["true_c"][x] + 1 + rng.integers(run.sizes["C"] - 1)) % run.sizes["C"]
        images.loc[x, "predicted_c"] = np.int32(other if is_right else images["true_c"][x])
    images.to_parquet(path / "tables" / "images.parquet")
    return read_run(path)
