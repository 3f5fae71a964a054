"""Scores the groups of failures of a made world against what was planted; see `triage`.

*Precision at 10*, as in Eyuboglu et al. (2022), "Domino: discovering systematic errors": for each
planted slice, the group whose ten most typical failures hold the largest share of the slice. A
slice is what failures have in common by the truth: the misleading or missing cue, one kind of
degradation, wrong labels, or one species taken for another without any fault; slices of fewer than
five failures are left out. The divisor is ten, or the size of the slice where it has fewer, so that
small pure groups do not win. Controls: groups of the same sizes drawn at random, and groups by
predicted class.

*Name right*: pictures of the class that a group is "taken as" have its attribute more often than
those of the species that its failures show, by the truth of each picture. Groups without a common
predicted class, and attributes that the truth does not know (synonyms), are left out. Control: an
attribute drawn at random among those that captions of the group's failures name.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from fieldmarks.core.causes.failure_groups import cluster_failures
from fieldmarks.core.class_statistics import class_sums
from fieldmarks.core.run.run import Run
from fieldmarks.precompute.demo_world.planting.ground_truth import Truth

AT = 10
MIN_SLICE = 5
N_DRAWS = 200


def slices(run: Run, truth: Truth) -> pd.Series:
    """Return the planted slice of each failure, indexed by image."""
    xs = run.failures
    of = truth.images.set_index("path").loc[run.images["path"].iloc[xs]]
    predicted = run.classes["name"].to_numpy()[run.images["predicted_c"].to_numpy()[xs]]
    pair = of["species"].str.replace("_", " ") + " taken as " + predicted
    conditions = [
        of["is_wrong_label"],
        of["degradation"] != "",
        of["cue"].isin(["missing", "misleading"]),
    ]
    values = [np.full(len(xs), "wrong label"), of["degradation"], "cue " + of["cue"]]
    return pd.Series(np.select(conditions, values, pair), index=xs)


def precision_at_10(groups: list[np.ndarray], slice_of: pd.Series) -> float:
    """Return the mean over slices of the best group's precision.

    Parameters
    ----------
    groups : list of ndarray
        Failures of each group, the most typical first.
    slice_of : Series
        The slice of each failure.
    """
    sizes = slice_of.value_counts()
    best = []
    for name, size in sizes[sizes >= MIN_SLICE].items():
        n_hits = max((slice_of[group[:AT]] == name).sum() for group in groups)
        best.append(n_hits / min(AT, size))
    return float(np.mean(best)) if best else np.nan


def presence(run: Run, truth: Truth) -> np.ndarray:
    """Return the share of pictures of each species that have each attribute, shape (C, T)."""
    images, C, T = truth.images, run.sizes["C"], run.sizes["T"]
    c_of = {name: c for c, name in enumerate(run.classes["name"])}
    species = images["species"].str.replace("_", " ").map(c_of)
    t_of = {phrase: t for t, phrase in enumerate(run.attributes["phrase"])}
    table = truth.attributes
    t = (table["adjective"] + " " + table["noun"]).map(t_of)
    known = t.notna()
    has = np.zeros((len(images), T))
    row_of = pd.Series(np.arange(len(images)), index=images.index)
    has[table["image_id"][known].map(row_of), t[known].astype(int)] = 1
    sums = class_sums(has, species.to_numpy(), C)
    return sums / np.maximum(np.bincount(species, minlength=C), 1)[:, None]


def group_scores(
    run: Run, truth: Truth, clusters: pd.DataFrame, diagnoses: pd.DataFrame, seed: int = 0
) -> Iterator[tuple[str, str, tuple[float, float, float], int]]:
    """Yield measure, method, value with bounds (NaN for none) and number of slices or groups."""
    rng = np.random.default_rng(seed)
    xs, slice_of = run.failures, slices(run, truth)
    typical = typical_first(run, diagnoses)
    by_class = run.images["predicted_c"].to_numpy()[xs]
    n_slices = int((slice_of.value_counts() >= MIN_SLICE).sum())
    ends = np.cumsum([len(group) for group in typical])[:-1]
    draws = [precision_at_10(np.split(rng.permutation(xs), ends), slice_of) for _ in range(N_DRAWS)]
    rivals = [xs[by_class == c] for c in np.unique(by_class)]
    name = "precision at 10 of planted slices"
    nothing = np.nan, np.nan
    yield name, "ours", (precision_at_10(typical, slice_of), *nothing), n_slices
    yield name, "by predicted class", (precision_at_10(rivals, slice_of), *nothing), n_slices
    yield name, "random groups", (np.mean(draws), *np.percentile(draws, [2.5, 97.5])), n_slices
    right, chance = [], []
    share, counts = presence(run, truth), run.counts
    c_of = {species: c for c, species in enumerate(run.classes["name"])}
    of = truth.images.set_index("path").loc[run.images["path"]]
    shown = of["species"].str.replace("_", " ").map(c_of).to_numpy()
    for k, group in enumerate(typical):
        predicted, t = int(clusters["predicted_c"].iloc[k]), int(clusters["t"].iloc[k])
        if predicted < 0 or not share[:, t].any():
            continue
        is_right = share[predicted] > share[shown[group]].mean(axis=0)
        right.append(is_right[t])
        named = np.unique(counts[group].indices)
        chance.append(is_right[named[share[:, named].any(axis=0)]].mean())
    name = "name of a group right"
    bounds = binomtest(int(np.sum(right)), len(right)).proportion_ci(method="wilson")
    yield name, "ours", (np.mean(right), bounds.low, bounds.high), len(right)
    yield name, "random attribute of its captions", (np.mean(chance), *nothing), len(chance)


def typical_first(run: Run, diagnoses: pd.DataFrame) -> list[np.ndarray]:
    """Return the failures of each group, the most typical first, in the order of the groups."""
    groups = [group.xs for group in cluster_failures(run, run.failures)]
    assert all((diagnoses["cluster"].to_numpy()[xs] == k).all() for k, xs in enumerate(groups))
    return groups
