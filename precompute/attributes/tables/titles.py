"""Titles of products and files: words without grammar, from which attributes are taken."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from fieldmarks.core.attributes.attribute import Attribute
from fieldmarks.precompute.attributes.giveaways import brand_words, class_words
from fieldmarks.precompute.attributes.lexicon import ADJECTIVES, PARTICIPLES, likely_tag
from fieldmarks.precompute.attributes.synonyms import singular

_WORD = re.compile(r"[A-Za-z][A-Za-z'-]*")
#: Names of places and people are not attributes.
_NOUNS = frozenset({"NN", "NNS"})
#: Whom a thing is for.
_PEOPLE = frozenset("adult baby boy child girl infant kid man teen toddler woman".split())
#: Letters that say a shape: "v neck", "t strap".
_SHAPES = frozenset("otuvxyz")
#: Words that a sentence has and a title lacks.
_GRAMMAR = frozenset("a an the is are has have its this that it was were".split())
#: Share of the texts with such a word from which on they are sentences.
SENTENCES = 0.3
#: Two nouns beside each other are one word where they stand so in this share of the rarer one's
#: mentions, and in this many titles.
COMPOUND, MIN_COMPOUND = 0.5, 5
#: A noun is the name of a kind where it ends this share of the titles that have it.
KIND = 0.5


@dataclass(frozen=True)
class Titles:
    """The texts of a column and the words of each."""

    texts: list[str]
    words: list[list[str]]

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Titles":
        """Split the texts."""
        return cls(list(texts), [_WORD.findall(text) for text in texts])

    @property
    def are_sentences(self) -> bool:
        """Whether they are captions rather than titles."""
        filled = [words for words in self.words if words]
        n = sum(any(word.lower() in _GRAMMAR for word in words[:-1]) for words in filled)
        return n >= SENTENCES * max(len(filled), 1)

    def attributes(
        self,
        known: Sequence[dict[Attribute, None]],
        true_c: np.ndarray,
        is_train: np.ndarray,
        class_names: Sequence[str],
    ) -> tuple[list[list[Attribute]], list[str]]:
        """Return the attributes of each title, and what was left out.

        Parameters
        ----------
        known : sequence of X dicts
            What other columns say of each image; titles are not asked for their words.
        true_c : ndarray of shape (X,)
        is_train : ndarray of shape (X,), bool
        class_names : sequence of C str
        """
        lower = [[word.lower() for word in words] for words in self.words]
        of_columns = {
            part for others in known for each in others for part in re.split(r"[ -]", each.phrase)
        }
        train = np.flatnonzero(is_train)
        said = [{singular(word) for word in lower[x]} for x in train]
        of_class = class_words(said, true_c[train], class_names)
        of_columns |= {singular(word) for word in of_columns}
        brands = [word for word in brand_words(self.words) if singular(word) not in _PEOPLE]
        kinds = self._kinds(lower)
        out = {*brands, *kinds}
        compounds = self._compounds(lower, out | of_columns | of_class.keys())
        covered = of_columns | of_class.keys()
        picked = [_picked(words, compounds, out, covered) for words in lower]
        told = []
        if brands:
            told.append(
                f"{len(brands)} words look like brands or makers and are left out, such as "
                f"{', '.join(brands[:8])}"
            )
        named = [*of_class, *(kind for kind in kinds if singular(kind) not in of_class)]
        if named:
            told.append(f"words that name the kind are left out: {', '.join(named[:30])}")
        return picked, told

    @staticmethod
    def _kinds(titles: list[list[str]]) -> list[str]:
        """Return nouns that mostly end their titles: they say what the thing is."""
        n_said, n_last = Counter(), Counter()
        for words in titles:
            n_said.update(set(words))
            n_last.update(words[-1:])
        return [
            word
            for word, n in n_said.most_common()
            if n >= MIN_COMPOUND and n_last[word] >= KIND * n and likely_tag(word) in _NOUNS
        ]

    @staticmethod
    def _compounds(titles: list[list[str]], out: set[str]) -> set[tuple[str, str]]:
        """Return pairs of neighbours that are one word: "v neck", "polka dot"."""
        n_said, n_pair = Counter(), Counter()
        for words in titles:
            n_said.update(set(words))
            n_pair.update(set(pairwise(words)))
        return {
            pair
            for pair, n in n_pair.items()
            if n >= MIN_COMPOUND
            and n >= COMPOUND * min(n_said[word] for word in pair)
            and not set(pair) & out
            and likely_tag(pair[1]) in _NOUNS
            and (likely_tag(pair[0]) in _NOUNS | ADJECTIVES | PARTICIPLES or pair[0] in _SHAPES)
        }


def _picked(
    words: list[str],
    compounds: set[tuple[str, str]],
    out: set[str],
    covered: set[str],
) -> list[Attribute]:
    """Return the attributes of one title."""
    attributes, i = [], 0
    while i < len(words):
        pair = tuple(words[i : i + 2])
        is_compound = pair in compounds
        word = " ".join(pair) if is_compound else words[i].strip("-'")
        i += 2 if is_compound else 1
        if not is_compound and (len(word) < 2 or word in out or singular(word) in covered):
            continue
        tag = likely_tag(word.rpartition(" ")[2])
        if not is_compound and tag in ADJECTIVES | PARTICIPLES:
            attributes.append(Attribute(word, word, "is"))
        elif singular(word) in _PEOPLE:
            attributes.append(Attribute(f"for {word}", "audience", "is"))
        elif tag in _NOUNS:
            attributes.append(Attribute("", singular(word), "noun"))
    return attributes
