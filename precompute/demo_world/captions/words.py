"""How people put field marks: the words they use for one noun or adjective, and how they err.

The key of each table is the word of the truth; its entries mean the same. Shares are relative.
"""

import numpy as np

#: Canonical noun: what people write, with its share.
NOUNS: dict[str, tuple[tuple[str, int], ...]] = {
    "bill": (("bill", 50), ("beak", 50)),
    "breast": (("breast", 70), ("chest", 30)),
    "belly": (("belly", 85), ("abdomen", 10), ("stomach", 5)),
    "crown": (("crown", 85), ("cap", 15)),
    "wing": (("wings", 90), ("wing", 10)),
    "leg": (("legs", 75), ("feet", 12), ("tarsus", 8), ("leg", 5)),
    "eye": (("eyes", 60), ("eye", 40)),
    "wingbar": (("wingbars", 70), ("wing bars", 25), ("wingbar", 5)),
    "eyering": (("eyering", 60), ("eye ring", 35), ("eyerings", 5)),
    "eyebrow": (("eyebrow", 70), ("eyebrows", 30)),
    "cheek": (("cheek patch", 40), ("cheeks", 40), ("cheek", 20)),
}
PLURAL = {
    "wings", "legs", "feet", "eyes", "wingbars", "wing bars", "eyerings", "eyebrows", "cheeks",
}  # fmt: skip

ADJECTIVES: dict[str, tuple[tuple[str, int], ...]] = {
    "grey": (("grey", 45), ("gray", 55)),
    "buff": (("buff", 60), ("tan", 40)),
    "rufous": (("rufous", 65), ("rusty", 20), ("reddish brown", 15)),
    "olive": (("olive", 85), ("greenish", 15)),
    "purple": (("purple", 85), ("violet", 15)),
    "short": (("short", 65), ("small", 25), ("tiny", 10)),
    "pointed": (("pointed", 65), ("pointy", 20), ("sharp", 15)),
    "curved": (("curved", 85), ("downward curved", 15)),
    "thick": (("thick", 65), ("stout", 20), ("fat", 15)),
    "thin": (("thin", 80), ("slender", 20)),
    "hooked": (("hooked", 70), ("curved", 30)),
    "speckled": (("speckled", 75), ("spotted", 25)),
    "striped": (("striped", 75), ("streaked", 25)),
    "small": (("small", 80), ("little", 15), ("tiny", 5)),
    "large": (("large", 75), ("big", 25)),
}

#: What a colour is taken for by a hasty eye.
MISTAKEN = {
    "black": ("brown", "grey"), "white": ("grey", "buff"), "grey": ("blue", "brown"),
    "brown": ("black", "rufous"), "rufous": ("red", "orange"), "buff": ("white", "yellow"),
    "yellow": ("orange", "white"), "orange": ("yellow", "red"), "red": ("orange", "pink"),
    "pink": ("red", "orange"), "blue": ("purple", "black"), "green": ("olive", "blue"),
    "olive": ("green", "brown"), "purple": ("blue", "black"),
}  # fmt: skip

#: How readily people mention a noun; 1 where it is not listed.
SALIENCE = {
    "bill": 2.2, "belly": 1.9, "breast": 1.9, "crown": 1.7, "wing": 1.8, "throat": 1.5, "tail": 0.9,
    "leg": 0.9, "eye": 0.5, "forehead": 0.5, "nape": 0.7, "cheek": 0.8, "back": 1.1, "head": 1.8,
    "wingbar": 2.0, "eyering": 1.6, "eyebrow": 1.3, "crest": 1.3,
}  # fmt: skip

#: What a writer says of the place behind the bird, by the keys of `scenery.PLACES`.
PLACES = {
    "sky": "under a blue sky",
    "leaves": "among green leaves",
    "woodland": "in dark woods",
    "meadow": "in a grassy meadow",
    "reeds": "among dry reeds",
    "water": "on calm water",
    "shore": "on a sandy shore",
    "rock": "on grey rocks",
    "snow": "in white snow",
}


def worded(
    word: str, table: dict[str, tuple[tuple[str, int], ...]], rng: np.random.Generator
) -> str:
    """Draw what somebody writes for a canonical word."""
    choices = table.get(word, ((word, 1),))
    shares = np.array([share for _, share in choices], dtype=float)
    return choices[int(rng.choice(len(choices), p=shares / shares.sum()))][0]


def meanings(written: str, table: dict[str, tuple[tuple[str, int], ...]]) -> set[str]:
    """Return the words of the truth that somebody may have meant by what is written.

    >>> sorted(meanings("curved", ADJECTIVES)), meanings("beak", NOUNS), meanings("red", ADJECTIVES)
    (['curved', 'hooked'], {'bill'}, {'red'})
    """
    canonical = {word for word, forms in table.items() if written in {form for form, _ in forms}}
    return canonical or {written}
