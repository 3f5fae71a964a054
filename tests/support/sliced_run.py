"""A run with a slice that it fails on, and a second run to compare it with."""

from pathlib import Path

import numpy as np
import pandas as pd

from fieldmarks.core.causes.diagnosis import write_diagnoses
from fieldmarks.core.run.reading import read_run
from fieldmarks.core.run.run import Run
from tests.support.faulty_run import N, write_faulty_run
from tests.support.second_run import write_second_run

BLURRED = np.arange(N + 1, N + 21, 2)  # test images of class 1


def write_sliced_run(folder: Path) -> Run:
    """Write and return a run in which blurred images of class 1 are called class 2."""
    at = write_faulty_run(folder).folder
    images = pd.read_parquet(at / "tables" / "images.parquet")
    images.loc[BLURRED, "sharpness"] = np.float32(0.05)
    images.loc[BLURRED, "predicted_c"] = np.int32(2)
    images.to_parquet(at / "tables" / "images.parquet", index=False)
    logits = np.load(at / "arrays" / "logits.npy")
    logits[BLURRED, 2] = logits[BLURRED].max(axis=1) + 5
    np.save(at / "arrays" / "logits.npy", logits)
    run = write_diagnoses(read_run(at))
    write_second_run(run, folder)
    return run
