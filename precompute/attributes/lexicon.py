"""Most likely part of speech of English words: a general lexicon and a list of caption words.

The lexicon is that of TextBlob (94,000 words from the Brown corpus and the Penn Treebank, one Penn
tag per word). ``caption_words.csv`` beside this file adds words of animal descriptions and can be
edited. The tag of an unknown word is derived from its suffix.
"""

import csv
import importlib.util
import re
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import islice
from pathlib import Path

from fieldmarks.core.errors import DataError

CAPTION_WORDS = Path(__file__).with_name("caption_words.csv")
#: Suffixes of words outside the lexicon, longest first, and their tags.
ENDINGS = (
    ("wards", "RB"),
    ("ward", "RB"),
    ("like", "JJ"),
    ("less", "JJ"),
    ("ness", "NN"),
    ("ish", "JJ"),
    ("ous", "JJ"),
    ("ful", "JJ"),
    ("est", "JJS"),
    ("ing", "VBG"),
    ("ble", "JJ"),
    ("ary", "JJ"),
    ("ive", "JJ"),
    ("ed", "VBN"),
    ("ly", "RB"),
    ("al", "JJ"),
    ("ic", "JJ"),
    ("ss", "NN"),
    ("us", "NN"),
    ("y", "JJ"),
    ("s", "NNS"),
)
ADJECTIVES = frozenset({"JJ", "JJR", "JJS"})
PARTICIPLES = frozenset({"VBN", "VBD", "VBG"})
NOUNS = frozenset({"NN", "NNS", "NNP", "NNPS"})


@cache
def lexicon() -> dict[str, str]:
    """Return the likeliest Penn tag of each lower-case word, caption words included.

    Raises
    ------
    DataError
        If the installed TextBlob has no lexicon file.
    """
    package = importlib.util.find_spec("textblob")  # the file alone: importing it would load NLTK
    home = package.origin if package else None
    path = Path(home).parent / "en" / "en-lexicon.txt" if home else None
    if path is None or not path.is_file():
        raise DataError(
            "expected the English lexicon of the textblob package, found none: "
            "pip install -r requirements.txt"
        )
    lines = (line.split() for line in path.read_text("utf-8").splitlines() if line[:1] != ";")
    tags = {parts[0]: parts[1] for parts in lines if len(parts) == 2}
    with CAPTION_WORDS.open(encoding="utf-8", newline="") as file:
        tags.update((row["word"], row["tag"]) for row in csv.DictReader(file))
    return tags


def describing_words() -> list[str]:
    """Return the words that describe more often than they name, in alphabetical order."""
    return sorted(
        word
        for word, tag in lexicon().items()
        if tag in ("JJ", "VBN", "VBG") and len(word) > 2 and word.isascii()
        if word.isalpha() and word.islower()
    )


def known_share(captions: Iterable[Sequence[str]], n_most: int = 2000) -> float | None:
    """Return the share of the first words that the lexicon has, None where there are none.

    Parameters
    ----------
    captions : iterable of sequences of str
        The captions of each image.
    n_most : int
        Images that are looked at.
    """
    words = [
        word
        for said in islice(captions, n_most)
        for caption in said
        for word in re.findall(r"[^\W\d_]+", caption.lower())
    ]
    return sum(word in lexicon() for word in words) / len(words) if words else None


@cache
def likely_tag(word: str) -> str:
    """Return the Penn tag that a lower-case word has most often.

    >>> [likely_tag(word) for word in ("wing", "wings", "white", "whitish", "3")]
    ['NN', 'NNS', 'JJ', 'JJ', 'CD']
    """
    if word in lexicon():
        return lexicon()[word]
    if word[:1].isdigit():
        return "CD"
    if not any(letter.isalpha() for letter in word):
        return ":"
    return next((tag for ending, tag in ENDINGS if word.endswith(ending)), "NN")
