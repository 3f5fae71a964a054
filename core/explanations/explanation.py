"""Textual explanation of a prediction, as in the paper's section on explanations.

"This is a {class} because it has {attribute 1}, ..., and {attribute 5}.", with the attributes that
are seen in the image and count for the class (`core.explanations.seen`); where presence is not
claimed, with the most probable ones of p(t given x, c), sorted by descending lift over the mean
filter. The sentence is stored as spans, so that a page can link every attribute to its evidence.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from fieldmarks.core import probability
from fieldmarks.core.attributes import english
from fieldmarks.core.explanations.attribute_ranking import by_lift, top_attributes
from fieldmarks.core.explanations.factors import sentence_weights
from fieldmarks.core.explanations.never_together import never_together
from fieldmarks.core.explanations.seen import (
    SeenWord,
    excluding,
    lead_parts,
    mean_weights,
    said,
    words_of,
)
from fieldmarks.core.presence.columns import not_visible
from fieldmarks.core.presence.presence import features_of, presence_of
from fieldmarks.core.presence.usual import rare_in_class
from fieldmarks.core.run.contract import N_EXPLAIN
from fieldmarks.core.run.per_run import per_run
from fieldmarks.core.run.run import Run

#: The sentence of a class for which no word is seen that counts for it.
NOTHING_SEEN = "No attribute that the network sees here counts for {}."
#: Columns of the table of attributes that a sentence is made of.
_WORDS = ("adjective", "noun", "kind", "number", "plural", "article")


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
        The attributes t that are said: those seen in the image that count for the class, by what
        they count (`core.explanations.seen`). The five most probable, by descending lift, of a
        class alone, by an estimator that is asked for, and where presence is not claimed.
    words : list of SeenWord
        The evidence for each of these; empty for a class alone.
    spans : list of Span
        The spans of the sentence.
    """

    x: int | None
    c: int
    p: np.ndarray
    attributes: list[int]
    spans: list[Span]
    words: list[SeenWord] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        """The sentence as plain text."""
        return "".join(span.text for span in self.spans)

    @property
    def main_t(self) -> int:
        """The attribute to look at first: that of the sentence, else the most probable one."""
        return self.attributes[0] if self.attributes else int(self.p.argmax())


def predicate(ts: list[int], attributes: pd.DataFrame, of_several: bool = False) -> list[Span]:
    """Return "is a small bird with ...", "has ..." or "is navy blue and for women".

    The attributes of one noun are merged.

    Parameters
    ----------
    ts : list of int
        Attributes in order of importance; a noun has the position of its first attribute.
    attributes : DataFrame
        One row per attribute, with the columns of the contract that `_WORDS` lists.
    of_several : bool
        "are small birds with ...", "have ...".
    """
    rows = attributes.iloc[ts]
    words = list(zip(*(rows[name] for name in _WORDS), strict=True))
    return _predicate(ts, words, of_several)


def predicates(tops: Iterable[list[int]], attributes: pd.DataFrame) -> Iterator[list[Span]]:
    """Yield `predicate` of each list of attributes; rows of the table are looked up once for all.

    Parameters
    ----------
    tops : iterable of lists of int
    attributes : DataFrame
    """
    words = list(zip(*(attributes[name] for name in _WORDS), strict=True))
    for ts in tops:
        yield _predicate(ts, [words[t] for t in ts], False)


def _predicate(ts: list[int], words: list[tuple], of_several: bool) -> list[Span]:
    things: dict[tuple[str, str, str], dict[str, tuple[int, str]]] = {}
    properties, tags = [], []
    for t, (adjective, noun, kind, number, plural, article) in zip(ts, words, strict=True):
        if kind == "is":
            properties.append(Span(adjective, int(t)))
        elif kind == "tag":
            tags.append(Span(adjective, int(t)))
        else:
            things.setdefault((noun, plural, number), {})[adjective] = int(t), article
    wholes = [_phrase(*key, said, of_several) for key, said in things.items() if key[2] == "whole"]
    parts = [_phrase(*key, said) for key, said in things.items() if key[2] != "whole"]
    properties.sort(key=lambda span: span.text.startswith(("for ", "made of ")))
    be, have = ("are", "have") if of_several else ("is", "has")
    clauses = []
    if properties:
        clauses.append([Span(f"{be} "), *_joined([[span] for span in properties])])
    if wholes:
        with_parts = [Span(" with "), *_joined(parts)] if parts else []
        clauses.append([Span(f"{be} "), *_joined(wholes), *with_parts])
    elif parts:
        clauses.append([Span(f"{have} "), *_joined(parts)])
    if tags:
        clauses.append([Span(f"{be} tagged "), *_joined([[span] for span in tags])])
    return _joined(clauses, is_short=False)


def _phrase(
    noun: str,
    plural: str,
    number: str,
    said: dict[str, tuple[int, str]],
    of_several: bool = False,
) -> list[Span]:
    """Return "a short, black bill"; one span per adjective, the last one with the noun.

    ``said`` holds the attribute t of each adjective and the article before it.
    """
    adjectives = english.order_adjectives([adjective for adjective in said if adjective])
    form = english.noun_form(noun, plural, number, of_several)
    _, article = said[adjectives[0] if adjectives else ""]
    spans = [Span("" if of_several or not article else f"{article} ")]
    for before, adjective in zip(english.separators(adjectives), adjectives, strict=True):
        is_last = adjective == adjectives[-1] and "" not in said
        text = f"{adjective} {form}" if is_last else adjective
        spans += [Span(before), Span(text, said[adjective][0])]
    if "" in said:
        spans += [Span(" " if adjectives else ""), Span(form, said[""][0])]
    return [span for span in spans if span.text]


def _joined(phrases: list[list[Span]], is_short: bool = True) -> list[Span]:
    """Return the phrases as a list with commas and "and".

    Two clauses have a comma where one of them is a list itself.
    """
    texts = ["".join(span.text for span in phrase) for phrase in phrases]
    is_short = is_short or not any(", " in text or " and " in text for text in texts)
    spans: list[Span] = []
    for i, phrase in enumerate(phrases):
        if i:
            is_last = i == len(phrases) - 1
            comma = "," if len(phrases) > 2 or not is_short else ""
            spans.append(Span(f"{comma} and " if is_last else ", "))
        spans += phrase
    return spans


def _selected(
    run: Run, p_f: np.ndarray, estimator: str | None, hidden: np.ndarray | bool = False
) -> tuple[np.ndarray, list[int]]:
    """Return the p.d.f. of words by filters with weights ``p_f``, and its top attributes.

    Those that are ``hidden``, shape (T,), are not among them.
    """
    p = probability.sigma(p_f @ sentence_weights(run, estimator))
    k, rank = min(N_EXPLAIN, len(p)), np.where(hidden, 0, p)
    top = top_attributes(rank[None], run.attributes, k, never_together(run.source))
    top = np.where(np.take_along_axis(rank[None], np.maximum(top, 0), axis=1) > 0, top, -1)
    ts = by_lift(top, p[None], usual_words(run.source, estimator))[0]
    return p, [int(t) for t in ts if t >= 0]


@per_run
def usual_words(run: Run, estimator: str | None) -> np.ndarray:
    """Return the attribute p.d.f. that sentences are compared with, shape (T,).

    It is that of the mean training image where words are explained by words, the mean over filters
    otherwise.
    """
    name = f"sentence_parts/{estimator or run.default_estimator}"
    if name in run.array_names:
        return probability.sigma(run.array("sentence_parts", estimator)[0])
    return run.array("p_t_given_f", estimator).mean(axis=0)


def explain(run: Run, x: int, c: int | None = None, estimator: str | None = None) -> Explanation:
    """Explain image x as class c, whether or not the network predicts c.

    Parameters
    ----------
    run : Run
        The run.
    x : int
        Image.
    c : int, optional
        Class; by default the predicted one.
    estimator : str, optional
        The sentence of the paper by this one: the five most probable attributes of eq. (5),
        whether or not they are seen in the image.
    """
    run.require_words("an explanation in words")
    c = int(run.images["predicted_c"].iloc[x]) if c is None else c
    pooled, weights = np.asarray(run.array("pooled")[x]), run.weights(x, c)
    p, ts = _selected(run, probability.p_f_given_xc(pooled, weights), estimator)
    usual = mean_weights(run.head, pooled)
    part = lead_parts(pooled, weights, usual, run.array("p_t_given_f", estimator))
    presence = presence_of(run.source)
    if presence is None or estimator is not None:
        return Explanation(x, c, p, ts, _because(run, c, ts), words_of(run, x, ts, part))
    k, q = min(N_EXPLAIN, len(p)), presence.q(features_of(run, x))
    counts = np.where(rare_in_class(run.source)[c], 0, part)
    top = said(p[None], q[None], counts[None], run.attributes, k, excluding(run.source))[0]
    ts = top[top >= 0].tolist()
    nothing = NOTHING_SEEN.format(run.classes["name"].iloc[c])
    spans = _because(run, c, ts) if ts else [Span(nothing)]
    return Explanation(x, c, p, ts, spans, words_of(run, x, ts, part))


def _because(run: Run, c: int, ts: list[int]) -> list[Span]:
    head = Span(f"This is {run.classes['member'].iloc[c]} because it ")
    return [head, *predicate(ts, run.attributes), Span(".")]


def describe(run: Run, c: int, estimator: str | None = None) -> Explanation:
    """Describe class c by p(t given c), eqs. (7) and (8); not by what pictures do not hold."""
    run.require_words("a description of a class")
    hidden = not_visible(run.source)
    p, ts = _selected(run, probability.sigma(run.weights(None, c)), estimator, hidden=hidden)
    subject = run.classes["member"].iloc[c]
    head = Span(f"{subject[0].upper()}{subject[1:]} ")
    return Explanation(None, c, p, ts, [head, *predicate(ts, run.attributes), Span(".")])
