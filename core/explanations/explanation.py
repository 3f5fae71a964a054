"""Textual explanation of a prediction, as in the paper's section on explanations.

"This is a {class} because it has {attribute 1}, ..., and {attribute 5}.", with the most probable
attributes of p(t given x, c), sorted by descending lift over the mean filter. The sentence is
stored as spans, so that a page can link every attribute in it to its evidence.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from core import probability
from core.explanations.attribute_ranking import by_lift, top_attributes
from core.language import english
from core.language.wordlists import WHOLE_NOUNS
from core.runs.contract import N_EXPLAIN
from core.runs.run import Run


@dataclass(frozen=True)
class Span:
    """A span of a sentence; ``t`` is the attribute that it names, None for plain text."""

    text: str
    t: int | None = None


@dataclass(frozen=True)
class Explanation:
    """The attributes of an image for a class, or of a class alone (``x`` is None).

    Attributes
    ----------
    p : ndarray of shape (T,)
        p(t given x, c) or p(t given c); sums to 1.
    attributes : list of int
        The five most probable attributes t, by descending lift.
    spans : list of Span
        The spans of the sentence.
    """

    x: int | None
    c: int
    p: np.ndarray
    attributes: list[int]
    spans: list[Span]

    @property
    def sentence(self) -> str:
        """The sentence as plain text."""
        return "".join(span.text for span in self.spans)


def predicate(ts: list[int], attributes: pd.DataFrame, of_several: bool = False) -> list[Span]:
    """Return "is a small bird with ..." or "has ...", the attributes of one noun merged.

    Parameters
    ----------
    ts : list of int
        Attributes in order of importance; a noun has the position of its first attribute.
    attributes : DataFrame
        One row per attribute.
    of_several : bool
        "are small birds with ...", "have ...".
    """
    by_noun: dict[str, dict[str, int]] = {}
    for t in ts:
        noun, adjective = attributes["noun"].iloc[t], attributes["adjective"].iloc[t]
        by_noun.setdefault(noun, {})[adjective] = int(t)
    wholes = {noun: t_of for noun, t_of in by_noun.items() if noun in WHOLE_NOUNS}
    phrases = [_phrase(n, t_of) for n, t_of in by_noun.items() if n not in wholes]
    spans = []
    if wholes:
        spans = [Span("are " if of_several else "is ")]
        spans += _joined([_phrase(n, t_of, of_several) for n, t_of in wholes.items()])
    if phrases:
        spans.append(Span(" with " if wholes else "have " if of_several else "has "))
    return spans + _joined(phrases)


def _phrase(noun: str, t_of: dict[str, int], of_several: bool = False) -> list[Span]:
    """Return "a short, black bill"; one span per adjective, the last one with the noun."""
    adjectives = english.order_adjectives(list(t_of))
    start = "" if of_several else english.article(f"{adjectives[0]} {noun}", noun)
    spans = [Span(start)]
    for before, adjective in zip(english.separators(adjectives), adjectives, strict=True):
        is_last = adjective == adjectives[-1]
        text = f"{adjective} {english.noun_form(noun, of_several)}" if is_last else adjective
        spans += [Span(before), Span(text, t_of[adjective])]
    return [span for span in spans if span.text]


def _joined(phrases: list[list[Span]]) -> list[Span]:
    """Return the phrases as a list with commas and "and"."""
    spans: list[Span] = []
    for i, phrase in enumerate(phrases):
        if i:
            is_last = i == len(phrases) - 1
            comma = "," if len(phrases) > 2 else ""
            spans.append(Span(f"{comma} and " if is_last else ", "))
        spans += phrase
    return spans


def _selected(
    run: Run, p_f: np.ndarray, estimator: str | None, k: int = N_EXPLAIN
) -> tuple[np.ndarray, list[int]]:
    """Return the mixture of the filters' p.d.f.s with weights ``p_f``, and its top attributes."""
    p = p_f @ run.array("p_t_given_f", estimator)
    top = top_attributes(p[None], run.attributes, min(k, len(p)))
    ts = by_lift(top, p[None], average_filter(run, estimator))[0]
    return p, [int(t) for t in ts if t >= 0]


@lru_cache(maxsize=8)
def average_filter(run: Run, estimator: str | None) -> np.ndarray:
    """Return the mean attribute p.d.f. of all filters, shape (T,)."""
    return run.array("p_t_given_f", estimator).mean(axis=0)


def explain(run: Run, x: int, c: int, estimator: str | None = None) -> Explanation:
    """Explain image x as class c, whether or not the network predicts c.

    Parameters
    ----------
    run : Run
        The run.
    x, c : int
        Image and class.
    estimator : str, optional
        By default the run's default estimator.
    """
    p_f = probability.p_f_given_xc(run.array("pooled")[x], run.array("class_weights")[c])
    p, ts = _selected(run, p_f, estimator)
    name = run.classes["name"].iloc[c]
    head = Span(f"This is {english.article(name, name)}{name} because it ")
    return Explanation(x, c, p, ts, [head, *predicate(ts, run.attributes), Span(".")])


def describe(run: Run, c: int, estimator: str | None = None) -> Explanation:
    """Describe class c by p(t given c), eqs. (7) and (8)."""
    p, ts = _selected(run, probability.sigma(run.array("class_weights")[c]), estimator)
    name = run.classes["name"].iloc[c]
    head = Span(f"{english.article(name, name).capitalize()}{name} ")
    return Explanation(None, c, p, ts, [head, *predicate(ts, run.attributes), Span(".")])
