"""Word lists for sentences and queries."""

from functools import cache
from pathlib import Path

_DESCRIPTIVE = Path(__file__).with_name("descriptive_words.txt")

#: Adjectives that are colours; they are joined by "and".
COLOURS = frozenset(
    "beige black blue bluish bronze brown brownish buff chestnut cream crimson gold golden green "
    "greenish grey greyish indigo iridescent ivory maroon multicolored navy olive orange pink "
    "pinkish purple red reddish rufous rust rusty scarlet silver tan teal turquoise violet white "
    "whitish yellow yellowish".split()
)
#: Names that end in "as" and are no plural, as "kurtas" is one.
SINGULAR_IN_AS = frozenset("atlas bias canvas christmas gas pampas pancreas texas".split())
#: Adjectives that cannot both be true of one part: each row is a dimension with its two poles.
OPPOSITES = (
    (
        {"long", "elongated", "large", "big", "huge"},
        {"short", "stubby", "small", "tiny", "little"},
    ),
    ({"thick", "wide", "broad", "fat"}, {"thin", "slender", "narrow", "skinny"}),
    ({"pointed", "pointy", "sharp"}, {"blunt", "round", "rounded"}),
    ({"straight"}, {"curved", "hooked"}),
    ({"dark", "darker"}, {"light", "pale", "bright"}),
)
#: Synonyms of English in general, beside those of the data set; a run has at most one word of each
#: group when its synonyms were merged.
SYNONYMS = (
    ("gray", "grey"),
    ("large", "big", "huge"),
    ("small", "little", "tiny"),
    ("pointed", "pointy", "sharp"),
    ("long", "elongated"),
    ("brown", "brownish"),
    ("red", "reddish"),
    ("yellow", "yellowish"),
    ("spotted", "speckled"),
    ("striped", "streaked"),
    ("round", "rounded"),
)


@cache
def descriptive_words() -> frozenset[str]:
    """Return words that are adjectives or participles more often than nouns.

    The file is what `precompute.attributes.lexicon.describing_words` returns: pages have no
    lexicon.

    >>> [word in descriptive_words() for word in ("commercial", "swimming", "playground")]
    [True, True, False]
    """
    return frozenset(_DESCRIPTIVE.read_text("utf-8").split())
