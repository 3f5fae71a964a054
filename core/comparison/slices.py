"""A comparison by groups of images: cause, slice, attribute, quality, and groups people saved."""

from collections.abc import Collection, Iterator, Mapping

import numpy as np
import pandas as pd

from fieldmarks.core.causes.image_quality import quality_units
from fieldmarks.core.causes.slices import MIN_IMAGES, subject
from fieldmarks.core.causes.slices import slices as slices_of
from fieldmarks.core.comparison.comparison import Comparison, Outcome, mcnemar
from fieldmarks.core.errors import MissingRunError
from fieldmarks.core.run.run import Run

#: Slices by attribute are made for so many attributes, those that most captions name.
N_ATTRIBUTES = 30
#: Slices that the first run fails on, the first ones by rank.
N_FOUND = 10
#: Kinds of groups, in the order of the table.
KINDS = ("group", "slice", "cause", "quality", "attribute")


def slices(
    comparison: Comparison, groups: Mapping[str, Collection[str]] | None = None
) -> pd.DataFrame:
    """Return how each group of images changed.

    Parameters
    ----------
    comparison : Comparison
    groups : mapping of str to paths, optional
        Saved groups: the images of each, of any size.

    Returns
    -------
    DataFrame
        Columns kind (of `KINDS`; causes and slices are those of the first run), name, n,
        accuracy_first, accuracy_second, n_fixed, n_broken and p_value (exact McNemar, not corrected
        for the number of slices); the most changed first within a kind.
    """
    rows = [
        _row(comparison, kind, name, among)
        for kind, name, among in _groups(comparison, groups or {})
        if among.sum() >= (1 if kind == "group" else MIN_IMAGES)
    ]
    columns = ["kind", "name", "n", "accuracy_first", "accuracy_second"]
    table = pd.DataFrame(rows, columns=[*columns, "n_fixed", "n_broken", "p_value"])
    change = (table["accuracy_second"] - table["accuracy_first"]).abs()
    kinds = table["kind"].map({kind: i for i, kind in enumerate(KINDS)})
    order = np.lexsort((-change.to_numpy(), kinds.to_numpy()))
    return table.iloc[order].reset_index(drop=True)


def _groups(
    comparison: Comparison, groups: Mapping[str, Collection[str]]
) -> Iterator[tuple[str, str, np.ndarray]]:
    run, xs = comparison.first, comparison.xs_first
    for name, paths in groups.items():
        yield "group", name, run.images["path"].iloc[xs].isin(paths).to_numpy()
    try:
        pattern = run.table("diagnoses")["pattern"].to_numpy()[xs]
    except MissingRunError:
        pattern = np.full(len(xs), "")
    for name in sorted(set(pattern) - {""}):
        yield "cause", str(name), pattern == name
    measures, units = quality_units(run)
    for measure, values in zip(measures, units.T, strict=True):
        yield "quality", measure.words, values[xs] > 1
    for each in slices_of(run).found[:N_FOUND]:
        yield "slice", subject(run, each), np.isin(xs, each.xs)
    yield from _of_attributes(run, xs)


def _of_attributes(run: Run, xs: np.ndarray) -> Iterator[tuple[str, str, np.ndarray]]:
    """Yield the images whose captions name each of the most frequent attributes."""
    counts = run.counts[xs].tocsc()
    most = np.argsort(-run.attributes["n_images"].to_numpy(), kind="stable")[:N_ATTRIBUTES]
    for t in most:
        named = np.zeros(len(xs), bool)
        named[counts.indices[counts.indptr[t] : counts.indptr[t + 1]]] = True
        yield "attribute", str(run.attributes["phrase"].iloc[t]), named


def _row(comparison: Comparison, kind: str, name: str, among: np.ndarray) -> tuple:
    outcome = comparison.outcome[among]
    n = len(outcome)
    n_of = {each: int((outcome == each).sum()) for each in Outcome}
    right_first = n_of[Outcome.BOTH_RIGHT] + n_of[Outcome.BROKEN]
    right_second = n_of[Outcome.BOTH_RIGHT] + n_of[Outcome.FIXED]
    fixed, broken = n_of[Outcome.FIXED], n_of[Outcome.BROKEN]
    p_value = mcnemar(fixed, broken)
    return kind, name, n, right_first / n, right_second / n, fixed, broken, p_value
