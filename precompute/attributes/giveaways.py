"""Words that give the label away: names of classes, and names of brands and makers.

A word of a class's name that is nearly only used for that class explains nothing: "a black shoe" is
no reason to call it a shoe. A brand is used for many classes and cannot be learnt by others.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from fieldmarks.core.attributes.attribute import Attribute
from fieldmarks.precompute.attributes.lexicon import (
    ADJECTIVES,
    NOUNS,
    PARTICIPLES,
    lexicon,
    likely_tag,
)
from fieldmarks.precompute.attributes.synonyms import singular

#: Share of the images that a word is said of whose class it names, and images it is judged from.
NAMES, MIN_IMAGES = 0.9, 3
#: Share of a word's mentions at the beginning of a title, or behind one and the same word there.
BEGINS = 0.8
#: Share of a word's mentions inside captions that are capitalised, of a name.
CAPITALISED = 0.8
_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")


@dataclass(frozen=True)
class Giveaways:
    """Words of captions from which no attribute is made.

    Parameters
    ----------
    of_class : dict of str to list of str
        Words that name classes, in the singular, and the classes that they name.
    brands : tuple of str
        Names of brands and makers in lower case.
    """

    of_class: dict[str, list[str]]
    brands: tuple[str, ...]

    def without(self, attribute: Attribute) -> Attribute | None:
        """Return what of an attribute gives nothing away, None for nothing.

        >>> giveaways = Giveaways({"boot": ["Boots"]}, ("acme",))
        >>> giveaways.without(Attribute("black", "boot"))
        Attribute(adjective='black', noun='black', kind='is')
        >>> giveaways.without(Attribute("black", "acme lace")).phrase
        'black lace'
        >>> giveaways.without(Attribute("", "acme boot", "noun")) is None
        True
        """
        if not self._gives_away(attribute.adjective) and not any(
            map(self._gives_away, attribute.noun.split())
        ):
            return attribute
        adjective = "" if self._gives_away(attribute.adjective) else attribute.adjective
        *before, head = attribute.noun.split()
        kept = [word for word in before if not self._gives_away(word)]
        noun = "" if self._gives_away(head) else " ".join([*kept, head])
        if noun:
            return Attribute(adjective, noun) if adjective else Attribute("", noun, "noun")
        return Attribute(adjective, adjective, "is") if adjective else None

    def told(self) -> list[str]:
        """Return what was left out, a sentence each."""
        told = []
        if self.brands:
            told.append(
                f"captions: {len(self.brands)} words look like brands or makers and are left out, "
                f"such as {', '.join(self.brands[:8])}"
            )
        if self.of_class:
            words = ", ".join(list(self.of_class)[:30])
            told.append(f"captions: words that name the class are left out: {words}")
        return told

    def _gives_away(self, word: str) -> bool:
        return bool(word) and (word in self.brands or singular(word) in self.of_class)


def giveaways_in(
    lines: Iterable[Sequence[str]],
    true_c: np.ndarray,
    is_train: np.ndarray,
    class_names: Sequence[str],
) -> Giveaways:
    """Return the words of training captions that give the label away.

    Parameters
    ----------
    lines : iterable of X sequences of str
        The captions of each image.
    true_c : ndarray of shape (X,)
    is_train : ndarray of shape (X,), bool
    class_names : sequence of C str
    """
    said: list[set[str]] = []
    n_inside, n_capital = Counter[str](), Counter[str]()
    n_heading, n_named = Counter[str](), Counter[str]()
    n_images = Counter[str]()
    labels = []
    for captions, c, teaches in zip(lines, true_c.tolist(), is_train.tolist(), strict=True):
        if not teaches or not captions:
            continue
        words: set[str] = set()
        for caption in captions:
            tokens = _WORD.findall(caption)
            words.update(token.lower() for token in tokens)
            # a heading has capitals everywhere, which say nothing of words that English has
            if sum(token[0].isupper() for token in tokens) <= max(1, len(tokens) // 2):
                n_inside.update(token.lower() for token in tokens[1:])
                n_capital.update(token.lower() for token in tokens[1:] if token[0].isupper())
            else:
                n_heading.update(token.lower() for token in tokens)
                n_named.update(
                    a.lower() for a, b in pairwise(tokens) if a[0].isupper() and _is_thing(b)
                )
        n_images.update(words)
        said.append({singular(word) for word in words})
        labels.append(c)
    of_class = class_words(said, np.array(labels, int), class_names)
    brands = [
        word
        for word, n in n_images.most_common()
        if n >= MIN_IMAGES
        and len(word) > 1
        and n_capital[word] >= CAPITALISED * n_inside[word]
        and (n_inside[word] or (n_named[word] == n_heading[word] > 0 and not _is_known(word)))
        and singular(word) not in of_class
        and _may_be_name(word)
    ]
    return Giveaways(of_class, tuple(brands))


def _may_be_name(word: str) -> bool:
    """Whether a capitalised word is not one that English always writes so, as "American" is."""
    is_of_people = word.endswith(("an", "ese", "ish")) and word.capitalize() in lexicon()
    tags = {likely_tag(word), lexicon().get(word.capitalize(), "")}
    return not is_of_people and not tags & ADJECTIVES


def _is_thing(word: str) -> bool:
    """Whether a word may be what a maker's name stands before: "Benetton Man"."""
    return likely_tag(word.lower()) in NOUNS | ADJECTIVES | PARTICIPLES


def class_words(
    said: Sequence[set[str]], true_c: np.ndarray, class_names: Sequence[str]
) -> dict[str, list[str]]:
    """Return the words that name classes, and the classes that they name.

    Parameters
    ----------
    said : sequence of X sets of str
        Words of each image in lower case and the singular.
    true_c : ndarray of shape (X,)
    class_names : sequence of C str
    """
    named_by: defaultdict[str, set[int]] = defaultdict(set)
    for c, name in enumerate(class_names):
        for word in name.lower().replace("-", " ").replace("_", " ").split():
            named_by[singular(word)].add(c)
    n_said, n_named = Counter(), Counter()
    for words, c in zip(said, true_c.tolist(), strict=True):
        for word in words & named_by.keys():
            n_said[word] += 1
            n_named[word] += c in named_by[word]
    return {
        word: [class_names[c] for c in sorted(named_by[word])]
        for word, n in sorted(n_said.items())
        if n >= MIN_IMAGES and n_named[word] >= NAMES * n
    }


def brand_words(titles: Sequence[Sequence[str]]) -> list[str]:
    """Return words of titles that look like names: unknown, or nearly always where brands stand.

    Parameters
    ----------
    titles : sequence of sequences of str
        The words of each title as written.

    Returns
    -------
    list of str
        In lower case, the most frequent first.
    """
    n_said, n_first = Counter(), Counter()
    behind: dict[str, Counter[str]] = defaultdict(Counter)
    firsts: dict[str, Counter[str]] = defaultdict(Counter)
    for title in titles:
        words = [word.lower() for word in title]
        n_said.update(set(words))
        for word in set(words[1:]):
            firsts[word][words[0]] += 1
        if words:
            n_first[words[0]] += 1
        if len(words) > 1:
            behind[words[1]][words[0]] += 1
    giveaways = []
    for word, n in n_said.most_common():
        before, n_behind = max(behind[word].items(), key=lambda item: item[1], default=("", 0))
        is_second = n_behind >= BEGINS * n and n_behind >= 0.5 * n_first[before]
        is_placed = n >= MIN_IMAGES and (n_first[word] >= BEGINS * n or is_second)
        if is_placed or not _is_known(word) or _is_of_one_maker(word, n, firsts[word], len(titles)):
            giveaways.append(word)
    return giveaways


def _is_of_one_maker(word: str, n: int, firsts: Counter[str], n_titles: int) -> bool:
    """Whether a noun stands in the titles of one maker alone, as the name of a line does.

    A maker of half of the titles or more is the shop itself, whose words are nobody else's.
    """
    if n < MIN_IMAGES or likely_tag(word) not in ("NN", "NNS"):
        return False
    (_, n_with), *_ = firsts.most_common(1) or [("", 0)]
    return n_with >= BEGINS * n and 2 * n_with < n_titles and n < n_titles / 2


def _is_known(word: str) -> bool:
    return all(
        part in lexicon() or singular(part) in lexicon()
        for part in word.split("-")
        if part.isalpha()
    )
