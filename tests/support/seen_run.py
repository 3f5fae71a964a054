"""A synthetic run in which filter t is activated by attribute t, with presence and sentences."""

from pathlib import Path

import numpy as np

from fieldmarks.core.explanations.factors import Factors
from fieldmarks.core.presence.fit import presence_arrays
from fieldmarks.core.run.files import array_path
from fieldmarks.core.run.reading import read_run
from fieldmarks.core.run.run import Run
from tests.support.synthetic_run import write_synthetic_run

#: Images, filters, attributes: the first T filters are those of attributes.
X, F, T = 400, 12, 10


def write_planted_run(folder: Path, captioned: bool = True) -> Run:
    """Write and return a run whose captions name what activates filters; all images have ten."""
    run = write_synthetic_run(folder, X=X, F=F, T=T, C=4)
    n_captions = np.full(X, 10 if captioned else 0, np.int32)
    run.images.assign(n_captions=n_captions).to_parquet(run.folder / "tables" / "images.parquet")
    pooled = np.random.default_rng(0).exponential(size=(X, F)).astype(np.float32)
    pooled[:, :T] += 4 * (run.counts.toarray() > 0)
    np.save(array_path(run.folder, "pooled"), pooled)
    return read_run(run.folder)


def write_seen_run(folder: Path) -> Run:
    """Write and return the planted run with presence, and with the words of its sentences."""
    run = write_planted_run(folder)
    for name, array in presence_arrays(run).items():
        np.save(array_path(run.folder, name), array)
    run = read_run(run.folder)
    xs, factors = np.arange(X), Factors.of(run)
    for side in ("predicted", "true"):
        words = factors.said(xs, run.images[f"{side}_c"].to_numpy())
        np.save(array_path(run.folder, f"said_t_{side}"), words)
    return read_run(run.folder)
