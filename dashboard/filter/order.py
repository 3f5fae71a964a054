"""Orders of the list of filters: what each means in plain words, and the value on each card."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fieldmarks.core.attributes.attribute import Attribute
from fieldmarks.core.attributes.english import counted
from fieldmarks.core.explanations.contributions import filter_use
from fieldmarks.core.explanations.filter_prediction import share_predicted
from fieldmarks.core.explanations.words_needed import words_needed
from fieldmarks.core.name_status import NameStatus
from fieldmarks.core.run.per_run import per_run
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import labels

#: The order of what was asked for, where an attribute or a class is chosen.
BEST = "best match"
_RANK = {NameStatus.NAMED: 0, NameStatus.SEVERAL: 1, NameStatus.NONE: 2}


@dataclass(frozen=True)
class Order:
    """One order of filters.

    Attributes
    ----------
    help : str
        What is first, in plain words.
    keys : callable
        From a run to one key of each filter, shape (F,), the smallest first.
    value : callable
        From a run and a filter to what its card says, empty for nothing.
    """

    help: str
    keys: Callable[[Run], np.ndarray]
    value: Callable[[Run, int], str]


def foretold(run: Run, f: int) -> str:
    """Return the simulation score of a filter in words, empty where there is none."""
    r = run.filters["simulation"].iloc[f]
    if not np.isfinite(r):
        return ""
    return f"{share_predicted(r):.0%} predicted" if r > 0 else "not predicted"


def _column(name: str, sign: int) -> Callable[[Run], np.ndarray]:
    return lambda run: sign * np.nan_to_num(run.filters[name].to_numpy(dtype=float), nan=-np.inf)


def _of_names(run: Run, value: str) -> str:
    """Return a value that comes with the names of filters, empty until there are any."""
    return "" if "names" in run.pending else value


def _named_first(run: Run) -> np.ndarray:
    kinds = labels.seen_kinds(run)  # 0 and 1 for a pair and an adjective
    by_captions = 2 + run.filters["verdict"].map(_RANK).to_numpy(dtype=float)
    rank = np.where(kinds < 2, kinds, by_captions)
    r = np.nan_to_num(run.filters["simulation"].to_numpy(dtype=float), nan=-1)
    return rank - (1 + r) / 4  # r is in [-1, 1]: never beyond the next rank


def use(run: Run) -> np.ndarray:
    """Return the share of evidence for predicted classes that each filter contributes, cached."""
    return _use(run)


@per_run
def _use(run: Run) -> np.ndarray:
    return filter_use(run)


def meanings(run: Run) -> np.ndarray:
    """Return how many words it takes to say what names each filter, shape (F,), cached."""
    return np.maximum(_meanings(run), labels.seen_kinds(run) < 2)


@per_run
def _meanings(run: Run) -> np.ndarray:
    columns = ("adjective", "noun", "kind")
    attributes = [
        Attribute(*row) for row in zip(*(run.attributes[c] for c in columns), strict=True)
    ]
    return np.array(
        [
            words_needed([attributes[t] for t in np.flatnonzero(labels.is_significant(run, f))])
            for f in range(run.sizes["F"])
        ]
    )


def _most_meanings_first(run: Run) -> np.ndarray:
    selectivity = run.filters["selectivity"].to_numpy(dtype=float)
    return np.nan_to_num(selectivity, nan=1) / 2 - meanings(run)


ORDERS: dict[str, Order] = {
    "named first": Order(
        "Filters that see a pair of words, then those that see an adjective anywhere, then "
        "those whose name is significant in captions; among them those whose activation the "
        "captions predict best.",
        _named_first,
        foretold,
    ),
    "accuracy": Order(
        "How well words predict the activation: the part of its variance over test images that "
        "captions, weighted by p(t | f), explain. It does not say where the word lies.",
        _column("simulation", -1),
        foretold,
    ),
    "usage": Order(
        "How much the network relies on the filter: its share of the positive evidence for the "
        "predicted classes, mean of p(f | x, c) over images.",
        lambda run: -use(run),
        lambda run, f: f"{use(run)[f]:.2%} of the evidence",
    ),
    "number of meanings": Order(
        "Filters with the most meanings first: the smallest number of adjectives and nouns that "
        "covers all significant attributes. The filter's card says whether its images fall into "
        "groups that look different.",
        _most_meanings_first,
        lambda run, f: _of_names(run, counted(int(meanings(run)[f]), "word")),
    ),
    "class selectivity": Order(
        "The least selective filters first: 0 if all classes activate the filter equally, 1 if "
        "only one does.",
        _column("selectivity", 1),
        lambda run, f: _of_names(run, f"selectivity {run.filters['selectivity'].iloc[f]:.2f}"),
    ),
    "lowest entropy": Order(
        "Distributions with few words first: entropy of p(t | f) in bits.",
        _column("entropy", 1),
        lambda run, f: f"{run.filters['entropy'].iloc[f]:.1f} bits",
    ),
    "most attributes": Order(
        "Filters with the most significant attributes first.",
        _column("n_significant", -1),
        lambda run, f: _of_names(run, f"{run.filters['n_significant'].iloc[f]} significant"),
    ),
    "class of the largest weight": Order(
        "By the class in whose score the filter has its largest weight.",
        _column("top_c", 1),
        lambda run, f: labels.class_name(run, int(run.filters["top_c"].iloc[f])),
    ),
}


def help_of(order: str) -> str:
    """Return what an order means in plain words."""
    if order == BEST:
        return (
            "Filters that see what is searched for, then those whose significant words have it; "
            "the largest weights in the heatmap of the chosen attribute, of W[c, f] of the chosen "
            "class, or the product of what is chosen."
        )
    return ORDERS[order].help


def options(is_asked: bool) -> list[str]:
    """Return the orders that can be chosen, the default first.

    Parameters
    ----------
    is_asked : bool
        Whether a word, an attribute or a class is chosen.
    """
    return [BEST, *ORDERS] if is_asked else [*ORDERS]
