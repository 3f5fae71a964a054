"""What the card of a filter shows: the filter, one of its words, an estimator."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import data, heading, labels
from fieldmarks.dashboard.state import Key, bound, choice

WHOLE = "whole"
#: Attributes in the chart and in the choice of a word.
N_WORDS = 14


@dataclass(frozen=True)
class FilterView:
    """One filter as the URL asks for it.

    Attributes
    ----------
    t : int
        The attribute that is looked for on the crops.
    ts : list of int
        Attributes with the largest p(t given f), significant ones first.
    usual_t : int
        The attribute that is looked for where the URL names none: what the filter sees, its name
        by captions, or the likeliest.
    is_whole : bool
        Show whole images in place of crops.
    """

    run: Run
    f: int
    t: int
    ts: list[int]
    estimator: str
    usual_t: int
    is_whole: bool

    @property
    def phrase(self) -> str:
        """The attribute as Markdown shows it."""
        return heading.plain(labels.phrase(self.run, self.t))

    @property
    def is_default(self) -> bool:
        """Whether the estimator is the one that the permutation test was made for."""
        return self.estimator == self.run.default_estimator


def read(run: Run, f: int) -> FilterView:
    """Return the view that the URL names: the word is the filter's name or likeliest otherwise."""
    estimator = choice(Key.ESTIMATOR, run.estimators, run.default_estimator)
    p = np.asarray(run.array("p_t_given_f", estimator)[f])
    is_default = estimator == run.default_estimator
    first = p + labels.is_significant(run, f) if is_default else p
    ts = np.argsort(-first, kind="stable")[:N_WORDS].tolist()
    asked_t, seen_t = data.read_attribute(run), labels.seen_attribute(run, f)
    name_t = int(run.filters["name_t"].iloc[f]) if is_default else -1
    usual_t = next(t for t in (seen_t, name_t, int(ts[0])) if t >= 0)
    t = usual_t if asked_t is None else asked_t
    is_whole = choice(Key.VIEW, [WHOLE], "") == WHOLE
    return FilterView(run, f, t, ts, estimator, usual_t, is_whole)


def choices(view: FilterView) -> None:
    """Draw the widgets that choose the word, the estimator, and crops or whole images."""
    run = view.run
    options = view.ts if view.t in view.ts else [view.t, *view.ts]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        st.selectbox(
            "Word on the images",
            options,
            format_func=lambda t: labels.phrase(run, t),
            width=260,
            help="The attribute that is looked for on the crops and in the counter-examples: the "
            "filter's name, or its most probable attribute. A click on a bar chooses it too.",
            **bound(
                Key.T,
                view.t,
                lambda t: labels.phrase(run, t),
                default=view.usual_t,
                scope="filter",
            ),
        )
        st.selectbox(
            "Estimator",
            run.estimators,
            width=200,
            help="The method that estimated p(t | f) and the weights of the heatmaps; both are "
            f"from the same one. Sentences use `{run.default_estimator}`.",
            **bound(
                Key.ESTIMATOR,
                view.estimator,
                default=run.default_estimator,
                scope="filter",
                resets=(Key.T,),
            ),
        )
        st.toggle(
            "Whole images",
            help="In place of crops around the activated region.",
            **bound(
                Key.VIEW, view.is_whole, lambda is_on: WHOLE if is_on else None, scope="filter"
            ),
        )
