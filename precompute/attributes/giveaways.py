"""Words that give the label away: names of classes, and names of brands and makers.

A word of a class's name that is nearly only said of that class explains nothing: "a black shoe" is
no reason to call it a shoe. A brand is said of many classes and cannot be learnt by others.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from precompute.attributes.lexicon import lexicon
from precompute.attributes.synonyms import singular

#: Share of the images that a word is said of whose class it names, and images it is judged from.
NAMES, MIN_IMAGES = 0.9, 3
#: Share of a word's mentions at the beginning of a title, or behind one and the same word there.
BEGINS = 0.8


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
    for title in titles:
        words = [word.lower() for word in title]
        n_said.update(set(words))
        if words:
            n_first[words[0]] += 1
        if len(words) > 1:
            behind[words[1]][words[0]] += 1
    giveaways = []
    for word, n in n_said.most_common():
        before, n_behind = max(behind[word].items(), key=lambda item: item[1], default=("", 0))
        is_second = n_behind >= BEGINS * n and n_behind >= 0.5 * n_first[before]
        is_placed = n >= MIN_IMAGES and (n_first[word] >= BEGINS * n or is_second)
        if is_placed or not _is_known(word):
            giveaways.append(word)
    return giveaways


def _is_known(word: str) -> bool:
    return all(
        part in lexicon() or singular(part) in lexicon()
        for part in word.split("-")
        if part.isalpha()
    )
