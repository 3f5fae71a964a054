"""Corrections of the likeliest tag by its neighbours, in the manner of Brill's tagger.

Each rule is one reason why a word is not what it usually is; its docstring gives the example. They
speak of English, not of birds, and run once over a caption, from left to right.
"""

from collections.abc import Callable, Sequence

from precompute.lexicon import ADJECTIVES, NOUNS, PARTICIPLES, likely_tag
from precompute.phrases import SECOND_HALVES

Rule = Callable[[Sequence[str], Sequence[str], int], str | None]

OPENERS = frozenset({"DT", "PDT", "PRP$", "CD", "POS"})
DESCRIBERS = ADJECTIVES | PARTICIPLES
AUXILIARIES = frozenset("is are was were be been has have had does do can may".split())


def correct(words: Sequence[str], tags: Sequence[str]) -> list[str]:
    """Return the tags after all rules.

    Parameters
    ----------
    words : sequence of str
        Lower case.
    tags : sequence of str
        The likeliest Penn tag of each word.
    """
    words, tags = ["", *words, ""], ["", *tags, ""]
    for i in range(1, len(words) - 1):
        for rule in RULES.get(tags[i], ()):
            if changed := rule(words, tags, i):
                tags[i] = changed
                break
    return tags[1:-1]


def _that(words: Sequence[str], tags: Sequence[str], i: int) -> str | None:
    """ "a bird that is": joins a clause; "that bird": points."""
    if words[i] == "that":
        return "DT" if tags[i + 1] in NOUNS | ADJECTIVES else "WDT"
    return None


def _opened_verb(words: Sequence[str], tags: Sequence[str], i: int) -> str | None:
    """ "the tint", "white stripes": a verb form behind an article or adjective is a noun."""
    if words[i] in AUXILIARIES or tags[i - 1] not in OPENERS | ADJECTIVES:
        return None
    if tags[i] == "VBZ":
        return "NNS"
    return "JJ" if tags[i - 1] in OPENERS and tags[i + 1] in NOUNS else "NN"


def _clause_verb(words: Sequence[str], tags: Sequence[str], i: int) -> str | None:
    """ "a beak that curves": a plural behind "that", "which", "it" is a verb."""
    return "VBZ" if tags[i - 1] in ("WDT", "PRP") else None


def _half_adjective(words: Sequence[str], tags: Sequence[str], i: int) -> str | None:
    """ "a cream colored chin", "a cone-shaped bill": the noun is half of an adjective."""
    after = i + 2 if words[i + 1] == "-" and i + 2 < len(words) else i + 1
    joins = words[after] in SECOND_HALVES or (after == i + 2 and tags[after] in DESCRIBERS)
    return "JJ" if joins and words[after] != "like" else None


def _leading_adverb(words: Sequence[str], tags: Sequence[str], i: int) -> str | None:
    """ "a downward curve", "an outward pointing beak": between article and noun, an adjective."""
    if words[i].removesuffix("s").endswith("ward") and tags[i + 1] in NOUNS | DESCRIBERS:
        return "JJ"
    return None


def _comparative(words: Sequence[str], tags: Sequence[str], i: int) -> str | None:
    """ "longer neck": a comparative before a noun is an adjective."""
    compares = words[i].endswith("er") and likely_tag(words[i][:-2]) in ADJECTIVES
    return "JJR" if compares and tags[i + 1] in NOUNS | DESCRIBERS else None


def _loose_participle(words: Sequence[str], tags: Sequence[str], i: int) -> str | None:
    """ "a bird covering its nest", "for catching fish": a verb, not a description."""
    if tags[i - 1] in NOUNS | {"WDT", "PRP", "TO"} or words[i - 1] in ("for", "while", "when"):
        return "VB"
    return None


def _gerund(words: Sequence[str], tags: Sequence[str], i: int) -> str | None:
    """ "a white marking around": described, and describing nothing, it is a noun."""
    described = tags[i - 1] in OPENERS | ADJECTIVES
    return "NN" if described and tags[i + 1] not in NOUNS | DESCRIBERS | {"HYPH"} else None


def _describing_past(words: Sequence[str], tags: Sequence[str], i: int) -> str | None:
    """ "a banded tail": a past form describes, unless a subject stands before it."""
    if words[i] in AUXILIARIES or tags[i - 1] in NOUNS | {"WDT", "PRP"}:
        return None
    return "VBN"


def _way_back(words: Sequence[str], tags: Sequence[str], i: int) -> str | None:
    """ "swept back", "running back from": behind a verb it is a direction."""
    return "RB" if words[i] == "back" and tags[i - 1] in {"VB", "VBZ", "VBG", "VBP"} else None


RULES: dict[str, tuple[Rule, ...]] = {
    "IN": (_that,),
    "VB": (_half_adjective, _opened_verb),
    "VBP": (_opened_verb,),
    "VBZ": (_opened_verb,),
    "NN": (_half_adjective, _way_back),
    "NNS": (_clause_verb,),
    "RB": (_leading_adverb, _comparative),
    "RBR": (_comparative,),
    "VBG": (_loose_participle, _gerund),
    "VBD": (_describing_past,),
}
