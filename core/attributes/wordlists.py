"""Word lists for sentences and queries."""

#: Adjectives that are colours; they are joined by "and".
COLOURS = frozenset(
    "beige black blue bluish bronze brown brownish buff chestnut cream crimson gold golden green "
    "greenish grey greyish indigo iridescent ivory maroon multicolored navy olive orange pink "
    "pinkish purple red reddish rufous rust rusty scarlet silver tan teal turquoise violet white "
    "whitish yellow yellowish".split()
)
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
