"""What queries of a run can name: its attributes and classes, forgiving of how they are written.

A word that the run knows is never taken for another: "black bill" is not "black belly", however
near they are. Only unknown words are singularised, exchanged for a synonym or spelled anew.
"""

from functools import lru_cache

import inflect
import numpy as np
from rapidfuzz import fuzz, process

from core.language.wordlists import SYNONYMS
from core.runs.run import Run

_GROUP = {word: group for group in SYNONYMS for word in group}
#: Lowest similarity, of 100, at which an unknown word is taken for a known one.
ACCEPT = 74
_ENGINE = inflect.engine()


@lru_cache(maxsize=4096)
def singular(word: str) -> str:
    """Return the word in the singular, itself where it is."""
    return _ENGINE.singular_noun(word) or word


class Vocabulary:
    """The attributes and classes of a run.

    Parameters
    ----------
    phrases : list of str
        Phrase of each attribute t.
    nouns : list of str
        Noun of each attribute t.
    n_images : ndarray of shape (T,)
        How common each is: ties go to the more common.
    class_ids : list of int
        The data set's number of each class c.
    class_names : list of str
        Name of each class c.
    """

    def __init__(self, phrases, nouns, n_images, class_ids, class_names):
        self.phrases = list(phrases)
        self.t_of = {phrase: t for t, phrase in enumerate(self.phrases)}
        self.nouns = set(nouns)
        self.class_names = list(class_names)
        self._nouns = list(nouns)
        self._n_images = np.asarray(n_images)
        self._words = {word for phrase in self.phrases for word in phrase.split()}
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
        )

    def word(self, written: str) -> str | None:
        """Return the known word that was meant: itself, its singular, a synonym, a respelling."""
        for form in (written, singular(written)):
            if form in self._words:
                return form
        for form in (written, singular(written)):
            for other in _GROUP.get(form, ()):
                if other in self._words:
                    return other
        found = process.extractOne(written, self._words, scorer=fuzz.ratio, score_cutoff=ACCEPT)
        return found[0] if found and len(written) > 3 else None

    def attribute(self, written: str) -> int | None:
        """Return the attribute that was meant, or None."""
        if written in self.t_of:
            return self.t_of[written]
        known = [self.word(each) for each in written.split()]
        if None in known:
            return None
        if (t := self.t_of.get(" ".join(known))) is not None:
            return t
        for i, word in enumerate(known):
            for other in _GROUP.get(word, ()):
                swapped = " ".join([*known[:i], other, *known[i + 1 :]])
                if swapped in self.t_of:
                    return self.t_of[swapped]
        return None

    def is_noun(self, written: str) -> bool:
        """Whether the word, as meant, ends an attribute."""
        return self.word(written) in self.nouns

    def nearest(self, written: str, n: int = 5) -> list[str]:
        """Return phrases that may have been meant: of the same noun, then of similar spelling."""
        last = self.word(written.split()[-1]) if written.split() else None
        similarity = process.cdist([written], self.phrases, scorer=fuzz.ratio)[0]
        of_noun = np.array([noun == last for noun in self._nouns], dtype=float)
        common = self._n_images / max(1, self._n_images.max())
        order = np.argsort(-(similarity + 40 * of_noun + 5 * common), kind="stable")
        return [self.phrases[t] for t in order[:n]]

    def class_of(self, written: str) -> int | None:
        """Return the class of that number or name, or None."""
        if written.isascii() and written.isdigit():
            return self._c_of_id.get(int(written[:9]))
        folded = fold(written)
        if folded in self._folded:
            return self._folded.index(folded)
        found = process.extractOne(folded, self._folded, scorer=fuzz.WRatio, score_cutoff=80)
        return found[2] if found else None

    def nearest_classes(self, written: str, n: int = 3) -> list[int]:
        """Return classes whose names are like it."""
        found = process.extract(fold(written), self._folded, scorer=fuzz.WRatio, limit=n)
        return [c for _, _, c in found]


def fold(name: str) -> str:
    """Return a name as it is compared: small letters, words parted by one space.

    >>> fold("Black_footed-Albatross")
    'black footed albatross'
    """
    return " ".join(name.casefold().replace("_", " ").replace("-", " ").replace("'", "").split())
