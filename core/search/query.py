"""The query language of the search page.

    yellow belly, not long bill, true:035 predicted:037 wrong

Commas or "and" separate the terms; "not", "no", "without" or "-" before a term excludes it, "or"
between two asks for either. A single word ("purple", "bird") stands for every attribute with it,
the name of a class for its images. Attributes match regardless of spelling errors, plural and
synonyms (`core.search.vocabulary`), classes are given by number or name, "wrong" and "right" select
by correctness. Terms that cannot be parsed are returned with suggestions.
"""

import re
from dataclasses import dataclass, field, replace

from fieldmarks.core.search.vocabulary import Vocabulary

MAX_LENGTH = 400
_CLASS_TERM = re.compile(r"\b(true|predicted|pred)\s*:\s*(\"[^\"]*\"|[^,;\s]+)", re.IGNORECASE)
_STATES = {"wrong": False, "incorrect": False, "right": True, "correct": True}
_NEGATIONS = {"not", "no", "without"}
_FILLERS = {"and", "with", "has", "have", "a", "an", "the", "is"}
_EITHER = re.compile(r"\bor\b|\|", re.IGNORECASE)
_MINUS = re.compile(r"(?<![\w-])-(?=\w)")
_SEPARATOR = re.compile(r"[,;&]|\band\b", re.IGNORECASE)


@dataclass(frozen=True)
class Term:
    """An attribute of a query; ``written`` is the text as typed, ``others`` count as well."""

    t: int
    is_negated: bool
    written: str
    others: tuple[int, ...] = ()

    @property
    def ts(self) -> tuple[int, ...]:
        """All attributes of which one is asked for."""
        return (self.t, *self.others)


@dataclass(frozen=True)
class Query:
    """A parsed query.

    Attributes
    ----------
    terms : list of Term
        Attributes, required and excluded.
    true, predicted : int or None
        Classes c.
    is_right : bool or None
        Correct, wrong, or either.
    unknown : dict of str to list of str
        Terms that could not be parsed, with the nearest known terms.
    """

    terms: list[Term] = field(default_factory=list)
    true: int | None = None
    predicted: int | None = None
    is_right: bool | None = None
    unknown: dict[str, list[str]] = field(default_factory=dict)

    @property
    def wanted(self) -> list[int]:
        """Required attributes."""
        return [term.t for term in self.terms if not term.is_negated]

    @property
    def unwanted(self) -> list[int]:
        """Excluded attributes."""
        return [term.t for term in self.terms if term.is_negated]

    @property
    def is_empty(self) -> bool:
        """Whether the query has no term that could be parsed."""
        return not self.terms and self.true is self.predicted is self.is_right is None


def parse(text: str, vocabulary: Vocabulary) -> Query:
    """Parse a query; never fails, terms that cannot be parsed are in ``unknown``.

    Parameters
    ----------
    text : str
        As typed; truncated to 400 characters.
    vocabulary : Vocabulary
        The vocabulary of the run.
    """
    text = text[:MAX_LENGTH]
    classes: dict[str, int | None] = {}
    unknown: dict[str, list[str]] = {}
    for role, value in _CLASS_TERM.findall(text):
        value = value.strip('"')
        c = vocabulary.class_of(value)
        if c is None:
            names = [vocabulary.class_names[near] for near in vocabulary.nearest_classes(value)]
            unknown[f"{role}:{value}"] = [f'{role}:"{name}"' for name in names]
        classes["true" if role.lower() == "true" else "predicted"] = c
    is_right = None
    terms: list[Term] = []
    rest = _MINUS.sub(" not ", _CLASS_TERM.sub(",", text))
    pieces = [_words(part) for piece in _SEPARATOR.split(rest) for part in _either(piece)]
    for piece in pieces:
        if piece and piece[-1] in _STATES:
            is_right = _STATES[piece.pop()]
        if len(piece) > 2 and piece[0] in _STATES:
            is_right = _STATES[piece.pop(0)]
    for i, piece in enumerate(pieces):
        is_alternative = piece[:1] == [_OR]
        piece = piece[is_alternative:]
        c = vocabulary.class_named(" ".join(piece))
        if c is not None:
            classes.setdefault("true", c)
            continue
        following = pieces[i + 1] if i + 1 < len(pieces) else []
        for is_negated, written in _parts(piece, vocabulary):
            t = _resolve(written, following, vocabulary)
            ts = vocabulary.attributes_with(written) if t is None else (t,)
            if not ts:
                unknown[written] = _similar(written, vocabulary)
            elif is_alternative and terms:
                last = terms.pop()
                others = tuple(dict.fromkeys((*last.others, *ts)))
                terms.append(replace(last, written=f"{last.written} or {written}", others=others))
            else:
                terms.append(Term(ts[0], is_negated, written, ts[1:]))
            is_alternative = False
    return Query(terms, classes.get("true"), classes.get("predicted"), is_right, unknown)


_OR = "or"


def _either(piece: str) -> list[str]:
    """Return the alternatives of a piece; all but the first begin with "or"."""
    first, *others = _EITHER.split(piece)
    return [first, *(f"{_OR} {other}" for other in others if other.strip())]


def _similar(written: str, vocabulary: Vocabulary) -> list[str]:
    """Return what may have been meant: classes with the word in their name, else attributes."""
    names = vocabulary.classes_with(written)
    return [f'true:"{name}"' for name in names[:5]] or vocabulary.nearest(written)


def _words(piece: str) -> list[str]:
    return re.findall(r"[^\W_]+(?:[-'][^\W_]+)*", piece.lower().replace("!", " not "))


def _parts(piece: list[str], vocabulary: Vocabulary) -> list[tuple[bool, str]]:
    """Return (is_negated, phrase) of a piece without commas, cut at negations and after nouns."""
    parts: list[tuple[bool, list[str]]] = [(False, [])]
    for word in piece:
        if word in _NEGATIONS:
            parts.append((True, []))
        elif not (word in _FILLERS and not parts[-1][1]):
            parts[-1][1].append(word)
    phrases = []
    for is_negated, tokens in parts:
        if not tokens:
            continue
        if len(tokens) <= 2 or vocabulary.attribute(" ".join(tokens)) is not None:
            phrases.append((is_negated, " ".join(tokens)))
            continue
        start = 0
        for i, token in enumerate(tokens):
            if i == len(tokens) - 1 or (i > start and vocabulary.is_noun(token)):
                phrases.append((is_negated, " ".join(tokens[start : i + 1])))
                start = i + 1
    return phrases


def _resolve(written: str, following: list[str], vocabulary: Vocabulary) -> int | None:
    """Return the attribute; a single adjective uses the noun of the next term."""
    t = vocabulary.attribute(written)
    if t is None and " " not in written and len(following) > 1:
        t = vocabulary.attribute(f"{written} {following[-1]}")
    return t


def format_query(query: Query, vocabulary: Vocabulary) -> str:
    """Return the query in canonical form; `parse` is the inverse."""
    pieces = [
        ("not " if term.is_negated else "")
        + (term.written if term.others else vocabulary.phrases[term.t])
        for term in query.terms
    ]
    for role, c in (("true", query.true), ("predicted", query.predicted)):
        if c is not None:
            pieces.append(f'{role}:"{vocabulary.class_names[c]}"')
    if query.is_right is not None:
        pieces.append("right" if query.is_right else "wrong")
    return ", ".join(pieces)
