"""Why an image is given a class, in words: the sentence of the paper's section on explanations.

"This is a {class} because it has {attribute 1}, ..., and {attribute 5}.", from the most probable
attributes of p(t given x, c). The sentence is kept as spans, so that a page can make every word of
it lead to its evidence.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core import probability, words
from core.contract import N_EXPLAIN
from core.run import Run
from core.selection import top_attributes


@dataclass(frozen=True)
class Span:
    """A piece of a sentence; ``t`` is the attribute that it names, None for plain text."""

    text: str
    t: int | None = None


@dataclass(frozen=True)
class Explanation:
    """The attributes of an image for a class, or of a class by itself (``x`` is None).

    Attributes
    ----------
    p : ndarray of shape (T,)
        p(t given x, c) or p(t given c); sums to 1.
    attributes : list of int
        The five attributes t of the sentence, by falling p.
    spans : list of Span
        The sentence in pieces.
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


def attribute_spans(ts: list[int], attributes: pd.DataFrame) -> list[Span]:
    """Return the attributes as a list in a sentence, those of one noun merged.

    Parameters
    ----------
    ts : list of int
        Attributes in order of importance; a noun stands where its first attribute stood.
    attributes : DataFrame
        One row an attribute.
    """
    by_noun: dict[str, dict[str, int]] = {}
    for t in ts:
        row = attributes.iloc[t]
        by_noun.setdefault(row["noun"], {})[row["adjective"]] = int(t)
    phrases = []
    for noun, t_of in by_noun.items():
        adjectives = words.order_adjectives(list(t_of))
        pieces = [Span(words.article(f"{adjectives[0]} {noun}", noun))]
        for before, adjective in zip(words.separators(adjectives), adjectives, strict=True):
            is_last = adjective == adjectives[-1]
            text = f"{adjective} {words.noun_form(noun)}" if is_last else adjective
            pieces += [Span(before), Span(text, t_of[adjective])]
        phrases.append([piece for piece in pieces if piece.text])
    return _join_phrases(phrases)


def _join_phrases(phrases: list[list[Span]]) -> list[Span]:
    spans: list[Span] = []
    for i, phrase in enumerate(phrases):
        if i:
            is_last = i == len(phrases) - 1
            comma = "," if len(phrases) > 2 else ""
            spans.append(Span(f"{comma} and " if is_last else ", "))
        spans += phrase
    return spans


def pick(p: np.ndarray, attributes: pd.DataFrame, k: int = N_EXPLAIN) -> list[int]:
    """Return the attributes of a sentence from one p.d.f. of shape (T,)."""
    top = top_attributes(p[None], attributes, min(k, len(p)))[0]
    return [int(t) for t in top if t >= 0]


def attribute_pdf(run: Run, x: int, c: int, estimator: str | None = None) -> np.ndarray:
    """Return p(t given x, c), shape (T,), eq. (5)."""
    return probability.p_t_given_xc(
        run.array("pooled")[x],
        run.array("class_weights")[c],
        run.array("p_t_given_f", estimator),
    )


def explain(run: Run, x: int, c: int, estimator: str | None = None) -> Explanation:
    """Explain image x as class c, whether or not the network predicts c.

    Parameters
    ----------
    run : Run
        The run.
    x, c : int
        Image and class.
    estimator : str, optional
        The run's default estimator otherwise.
    """
    p = attribute_pdf(run, x, c, estimator)
    ts = pick(p, run.attributes)
    name = run.classes["name"].iloc[c]
    head = Span(f"This is {words.article(name, name)}{name} because it has ")
    return Explanation(x, c, p, ts, [head, *attribute_spans(ts, run.attributes), Span(".")])


def describe(run: Run, c: int, estimator: str | None = None) -> Explanation:
    """Describe class c by p(t given c), eqs. (7) and (8)."""
    p = probability.p_t_given_c(run.array("class_weights")[c], run.array("p_t_given_f", estimator))
    ts = pick(p, run.attributes)
    name = run.classes["name"].iloc[c]
    head = Span(f"{words.article(name, name).capitalize()}{name} has ")
    return Explanation(None, c, p, ts, [head, *attribute_spans(ts, run.attributes), Span(".")])
