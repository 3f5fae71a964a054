"""Context rules that correct the most likely tag of a word, as in Brill's tagger.

Each rule is one reason why a word does not have its most likely tag; its docstring has an example.
The rules hold for English in general and are applied once over a caption, from left to right.
"""

from collections.abc import Callable, Sequence

from fieldmarks.precompute.attributes.lexicon import ADJECTIVES, NOUNS, PARTICIPLES, likely_tag
from fieldmarks.precompute.attributes.phrases import SECOND_HALVES

Rule = Callable[[Sequence[str], Sequence[str], int], str | None]

OPENERS = frozenset({"DT", "PDT", "PRP$", "CD", "POS"})
DESCRIBERS = ADJECTIVES | PARTICIPLES
#: Verbs behind whose object a base form stands: "makes the bird look small".
_CAUSING = frozenset("make makes making let lets help helps see watch to".split())
#: Participles of which the noun that follows is the object: "featuring speckled plumage".
_OF_OBJECT = frozenset("displaying featuring revealing showcasing showing".split())
AUXILIARIES = frozenset({"is", "are", "was", "were", "be", "been", "has", "have", "had", "do"})


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
    """Tell "a bird that is", which joins a clause, from "that bird", which points."""
    if words[i] == "that":
        return "DT" if tags[i + 1] in NOUNS | ADJECTIVES else "WDT"
    return None


def _all(words: Sequence[str], tags: Sequence[str], i: int) -> str | None:
    """Make the "all" of "a large all black bird" say how black it is."""
    return "RB" if words[i] == "all" and tags[i + 1] in ADJECTIVES else None


def _opened_verb(words: Sequence[str], tags: Sequence[str], i: int) -> str | None:
    """Make "the tint", "white stripes", "an elaborate crest" no verbs: a phrase is open."""
    if words[i] in AUXILIARIES or tags[i - 1] not in OPENERS | ADJECTIVES:
        return None
    if tags[i] == "VBZ":
        return "NNS"
    return "JJ" if tags[i - 1] in OPENERS and tags[i + 1] in NOUNS else "NN"


def _base_noun(words: Sequence[str], tags: Sequence[str], i: int) -> str | None:
    """Make the "handle" of "a square handle" a noun: no base form is behind a singular noun."""
    if words[i] in AUXILIARIES or tags[i - 1] != "NN" or tags[i - 2] not in OPENERS | ADJECTIVES:
        return None
    return "NN" if _CAUSING.isdisjoint(words[:i]) else None


def _verb_of_object(words: Sequence[str], tags: Sequence[str], i: int) -> str | None:
    """Make the "rides" of "a surfer rides a wave" a verb: what it acts on follows."""
    return "VBZ" if tags[i - 1] in ("NN", "RB") and tags[i + 1] in ("DT", "PRP$") else None


def _clause_verb(words: Sequence[str], tags: Sequence[str], i: int) -> str | None:
    """Make "a beak that points", "it colors" verbs, not plurals."""
    return "VBZ" if tags[i - 1] in ("WDT", "PRP") else None


def _half_adjective(words: Sequence[str], tags: Sequence[str], i: int) -> str | None:
    """Make the noun of "a cream colored chin", "a cone-shaped bill" half of an adjective.

    In "a boy looking at a bird" it is the subject.
    """
    after = i + 2 if words[i + 1] == "-" and i + 2 < len(words) else i + 1
    if after == i + 1 and words[after] == "looking" and tags[after + 1] in ("IN", "RB"):
        return None
    joins = words[after] in SECOND_HALVES or (after == i + 2 and tags[after] in DESCRIBERS)
    return "JJ" if joins and words[after] != "like" else None


def _leading_adverb(words: Sequence[str], tags: Sequence[str], i: int) -> str | None:
    """Make "a downward curve", "an outward pointing beak" adjectives."""
    if words[i].removesuffix("s").endswith("ward") and tags[i + 1] in NOUNS | DESCRIBERS:
        return "JJ"
    return None


def _comparative(words: Sequence[str], tags: Sequence[str], i: int) -> str | None:
    """Make the "longer" of "a longer neck" an adjective, and leave "it lasts longer"."""
    compares = words[i].endswith("er") and likely_tag(words[i][:-2]) in ADJECTIVES
    return "JJR" if compares and tags[i + 1] in NOUNS | DESCRIBERS else None


def _loose_participle(words: Sequence[str], tags: Sequence[str], i: int) -> str | None:
    """Make "a bird covering its nest", "for catching fish" verbs that describe nothing."""
    is_loose = tags[i - 1] in NOUNS | {"WDT", "PRP", "TO"} or words[i] in _OF_OBJECT
    if is_loose or words[i - 1] in ("for", "while", "when"):
        return "VB"
    return None


def _gerund(words: Sequence[str], tags: Sequence[str], i: int) -> str | None:
    """Make the "marking" of "a white marking around" a noun: described, not describing."""
    described = tags[i - 1] in OPENERS | ADJECTIVES
    followers = NOUNS | DESCRIBERS | OPENERS | {"HYPH"}
    return "NN" if described and tags[i + 1] not in followers else None


def _describing_past(words: Sequence[str], tags: Sequence[str], i: int) -> str | None:
    """Make the past form of "a banded tail" describe, unless a subject stands before it."""
    if words[i] in AUXILIARIES or tags[i - 1] in NOUNS | {"WDT", "PRP"}:
        return None
    return "VBN"


def _way_back(words: Sequence[str], tags: Sequence[str], i: int) -> str | None:
    """Make the "back" of "running back from" a direction: it is behind a verb."""
    return "RB" if words[i] == "back" and tags[i - 1] in {"VB", "VBZ", "VBG", "VBP"} else None


RULES: dict[str, tuple[Rule, ...]] = {
    "DT": (_all,),
    "IN": (_that,),
    "VB": (_half_adjective, _opened_verb, _base_noun),
    "VBP": (_opened_verb, _base_noun),
    "VBZ": (_opened_verb,),
    "NN": (_half_adjective, _way_back),
    "NNS": (_clause_verb, _verb_of_object),
    "RB": (_leading_adverb, _comparative),
    "RBR": (_comparative,),
    "VBG": (_loose_participle, _gerund),
    "VBD": (_describing_past,),
}
