"""A synthetic run in which filter t is activated by attribute t, with presence and sentences."""

import json
from pathlib import Path

import numpy as np

from fieldmarks.core.explanations.factors import Factors
from fieldmarks.core.presence.fit import presence_arrays
from fieldmarks.core.run.files import MANIFEST, array_path
from fieldmarks.core.run.reading import read_run
from fieldmarks.core.run.run import Run
from tests.support.synthetic_run import write_synthetic_run

#: Images, filters, attributes: the first T filters are those of attributes. Moments of blocks.
X, F, T, B = 400, 12, 10, 4


def write_planted_run(folder: Path, captioned: bool = True) -> Run:
    """Write and return a run whose captions name what activates filters; all images have ten."""
    run = write_synthetic_run(folder, X=X, F=F, T=T, C=4)
    n_captions = np.full(X, 10 if captioned else 0, np.int32)
    run.images.assign(n_captions=n_captions).to_parquet(run.folder / "tables" / "images.parquet")
    pooled = np.random.default_rng(0).exponential(size=(X, F)).astype(np.float32)
    pooled[:, :T] += 4 * (run.counts.toarray() > 0)
    np.save(array_path(run.folder, "pooled"), pooled)
    return read_run(run.folder)


def write_planted_moments(run: Run) -> Run:
    """Add moments of earlier blocks to a run and return it: moment t is high with attribute t.

    The last maps no longer tell the first B attributes.
    """
    rng = np.random.default_rng(1)
    moments = rng.exponential(size=(X, B)) + 4 * (run.counts.toarray()[:, :B] > 0)
    pooled = np.array(run.array("pooled"))
    pooled[:, :B] = rng.exponential(size=(X, B))
    np.save(array_path(run.folder, "block_moments"), moments.astype(np.float32))
    np.save(array_path(run.folder, "pooled"), pooled.astype(np.float32))
    manifest = run.manifest | {"sizes": run.sizes | {"B": B}}
    (run.folder / MANIFEST).write_text(json.dumps(manifest))
    return read_run(run.folder)


def write_seen_run(folder: Path, moments: bool = False) -> Run:
    """Write and return the planted run with presence, and with the words of its sentences."""
    run = write_planted_run(folder)
    if moments:
        run = write_planted_moments(run)
    for name, array in presence_arrays(run).items():
        np.save(array_path(run.folder, name), array)
    run = read_run(run.folder)
    xs, factors = np.arange(X), Factors.of(run)
    for side in ("predicted", "true"):
        words = factors.said(xs, run.images[f"{side}_c"].to_numpy())
        np.save(array_path(run.folder, f"said_t_{side}"), words)
    return read_run(run.folder)
