"""Vocabulary of queries: the attributes and classes of a run, with fuzzy matching.

A known word is never replaced by another one: "black bill" does not match "black belly". Only
unknown words are singularised, replaced by a synonym or corrected in spelling.
"""

from collections.abc import Callable, Sequence

import numpy as np
from rapidfuzz import fuzz, process

from fieldmarks.core.attributes.wordlists import SYNONYMS
from fieldmarks.core.run.run import Run

#: Minimum similarity, out of 100, for matching an unknown word to a known one.
ACCEPT = 74
#: Letters from which on the beginning or the end of a word stands for it.
LEAST = 3


class Vocabulary:
    """The attributes and classes of a run.

    Parameters
    ----------
    phrases : list of str
        Phrase of each attribute t.
    nouns : list of str
        Noun of each attribute t.
    n_images : ndarray of shape (T,)
        Frequency of each attribute; breaks ties.
    class_ids : list of int
        The data set's number of each class c.
    class_names : list of str
        Name of each class c.
    synonyms : sequence of sequences of str
        Words of the data set that mean the same, beside those of general English.
    plurals : sequence of str
        Plural of the noun of each attribute t, empty for none.
    """

    def __init__(self, phrases, nouns, n_images, class_ids, class_names, synonyms=(), plurals=()):
        self.phrases = list(phrases)
        self.t_of = {phrase: t for t, phrase in enumerate(self.phrases)}
        self.nouns = set(nouns)
        self.class_names = list(class_names)
        self._nouns = list(nouns)
        self._n_images = np.asarray(n_images)
        self._words = {word for phrase in self.phrases for word in phrase.split()}
        self._group = {
            word: group for group in (*SYNONYMS, *map(tuple, synonyms)) for word in group
        }
        self._singular = {
            several: one
            for noun, plural in zip(self._nouns, plurals, strict=False)
            for one, several in zip(noun.split()[-1:], plural.split()[-1:], strict=False)
        }
        self._c_of_id = {int(class_id): c for c, class_id in enumerate(class_ids)}
        self._folded = [fold(name) for name in self.class_names]

    @classmethod
    def of(cls, run: Run) -> "Vocabulary":
        """Return the vocabulary of a run."""
        attributes, classes = run.attributes, run.classes
        return cls(
            attributes["phrase"],
            attributes["noun"],
            attributes["n_images"],
            classes["class_id"],
            classes["name"],
            run.synonyms,
            attributes["plural"],
        )

    def word(self, written: str) -> str | None:
        """Return the matching known word: itself, its singular, a synonym, a corrected spelling."""
        forms = (written, self._singular.get(written, written))
        for form in forms:
            if form in self._words:
                return form
        for form in forms:
            for other in self._group.get(form, ()):
                if other in self._words:
                    return other
        match = process.extractOne(written, self._words, scorer=fuzz.ratio, score_cutoff=ACCEPT)
        return match[0] if match and len(written) > 3 else None

    def attribute(self, written: str) -> int | None:
        """Return the matching attribute, or None."""
        if written in self.t_of:
            return self.t_of[written]
        words = [self.word(each) for each in written.split()]
        known = [word for word in words if word is not None]
        if len(known) < len(words):
            return None
        if (t := self.t_of.get(" ".join(known))) is not None:
            return t
        for i, word in enumerate(known):
            for other in self._group.get(word, ()):
                swapped = " ".join([*known[:i], other, *known[i + 1 :]])
                if swapped in self.t_of:
                    return self.t_of[swapped]
        return None

    def attributes_with(self, written: str) -> tuple[int, ...]:
        """Return the attributes with a single word, the most frequent first; none for phrases."""
        if " " in written or not written:
            return ()
        word = self.word(written)
        found = [t for t, phrase in enumerate(self.phrases) if word in phrase.split()]
        return tuple(sorted(found, key=lambda t: -self._n_images[t]))

    def having(self, written: str) -> Callable[[Sequence[str]], bool]:
        """Return whether words have what is written: its beginnings, or the end of the last word.

        "wing bar", "wingbars", "wing" and "bar" are all in "white wingbar"; so are synonyms, and
        the nearest known word in place of an unknown one.
        """
        asked = fold(written).split()
        joined = self._singular.get("".join(asked), "".join(asked))
        forms = [self._forms(each) for each in asked]

        def has(words: Sequence[str]) -> bool:
            if any(_begins("".join(words[i:]), joined) for i in range(len(words))):
                return True
            return bool(words and forms) and all(
                any(_begins(word, form) for word in words for form in each)
                or any(len(form) >= LEAST and words[-1].endswith(form) for form in each)
                for each in forms
            )

        return has

    def _forms(self, word: str) -> set[str]:
        forms = {word, self._singular.get(word, word)}
        forms |= {other for form in forms for other in self._group.get(form, ())}
        if not any(form in known for known in self._words for form in forms):
            forms |= {known for known in [self.word(word)] if known}
        return forms

    def is_noun(self, written: str) -> bool:
        """Whether the word matches the noun of an attribute."""
        return self.word(written) in self.nouns

    def nearest(self, written: str, n: int = 5) -> list[str]:
        """Return suggested phrases: with the same noun first, then with similar spelling."""
        if not self.phrases:
            return []
        last = self.word(written.split()[-1]) if written.split() else None
        similarity = process.cdist([written], self.phrases, scorer=fuzz.ratio)[0]
        of_noun = np.array([noun == last for noun in self._nouns], dtype=float)
        common = self._n_images / max(1, self._n_images.max())
        order = np.argsort(-(similarity + 40 * of_noun + 5 * common), kind="stable")
        return [self.phrases[t] for t in order[:n]]

    def class_of(self, written: str) -> int | None:
        """Return the class with that number or name, or None."""
        if written.isascii() and written.isdigit():
            return self._c_of_id.get(int(written[:9]))
        folded = fold(written)
        if folded in self._folded:
            return self._folded.index(folded)
        match = process.extractOne(folded, self._folded, scorer=fuzz.WRatio, score_cutoff=80)
        return match[2] if match else None

    def class_named(self, written: str) -> int | None:
        """Return the class of exactly that name, or None."""
        folded = fold(written)
        return self._folded.index(folded) if folded in self._folded else None

    def classes_with(self, written: str) -> list[str]:
        """Return the names of the classes that have all these words."""
        words = set(fold(written).split())
        return [
            name
            for name, folded in zip(self.class_names, self._folded, strict=True)
            if words and words <= set(folded.split())
        ]

    def nearest_classes(self, written: str, n: int = 3) -> list[int]:
        """Return the classes with the most similar names."""
        matches = process.extract(fold(written), self._folded, scorer=fuzz.WRatio, limit=n)
        return [c for _, _, c in matches]


def _begins(word: str, form: str) -> bool:
    """Whether a word begins with a form; one with fewer letters than `LEAST` is the whole word."""
    return word.startswith(form) if len(form) >= LEAST else word == form


def fold(name: str) -> str:
    """Return a name normalised for comparison: lower case, words separated by one space.

    >>> fold("Black_footed-Albatross")
    'black footed albatross'
    """
    return " ".join(name.casefold().replace("_", " ").replace("-", " ").replace("'", "").split())
