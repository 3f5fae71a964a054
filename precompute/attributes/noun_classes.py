"""Learns from captions what a list of nouns would say: number, the whole object, ends of phrases.

Evidence is how the head of each noun chunk is used: in the plural, behind "a", as the first thing
in a caption, in front of another noun.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from fieldmarks.core.attributes.nouns import Nouns
from fieldmarks.precompute.attributes.lexicon import NOUNS
from fieldmarks.precompute.attributes.phrases import Reading
from fieldmarks.precompute.attributes.synonyms import singular
from fieldmarks.precompute.attributes.whole_words import whole_words

#: Materials have no article, whatever the captions show of them.
MATERIALS = frozenset(
    "canvas chromatin cotton cytoplasm denim fabric fleece fur glass grass hair leather linen mesh "
    "metal nylon plastic polyester rubber sand satin silk snow steel suede velvet water wood "
    "wool".split()
)
#: Patterns and fastenings come in numbers: "has checks", not "has a check".
SEVERAL_OF = frozenset("button check dot flower granule lace polka-dot spot strap stripe".split())
#: A noun is judged from this many mentions on, and called a mass noun only from that many.
MIN_MENTIONS, MIN_MASS = 5, 20
#: Shares of its mentions that make a noun one of several, a mass, the whole object, an end.
SEVERAL, MASS, WHOLE, ENDS = 0.5, 0.05, 0.6, 0.9
#: Share of captions with a whole object that name another one, up to which these are objects.
SEVERAL_WHOLES = 0.2
#: Share of captions whose first thing the whole object is, at least.
COMMON = 0.03
_GENERAL = dict.fromkeys(MATERIALS, "mass") | dict.fromkeys(SEVERAL_OF, "several")
_PLURALS = frozenset({"NNS", "NNPS"})


def learn_nouns(readings: Iterable[Reading], part_names: Sequence[str] = ()) -> Nouns:
    """Return what the captions say of their nouns.

    Parameters
    ----------
    readings : iterable of Reading
    part_names : sequence of str
        Names of keypoints; "left shoulder" is where "shoulder" lies.
    """
    uses: dict[str, Counter[str]] = defaultdict(Counter)
    written: dict[str, set[str]] = defaultdict(set)
    n_captions = 0
    heads: list[set[str]] = []
    for reading in map(whole_words, readings):
        n_captions += 1
        heads.append(set())
        for i, (start, end) in enumerate(reading.chunks):
            head = reading.tokens[end - 1].lower()
            if reading.tags[end - 1] not in NOUNS:
                continue
            of_head = uses[singular(head)]
            heads[-1].add(singular(head))
            written[singular(head)].add(head)
            of_head["head"] += 1
            of_head["first"] += i == 0
            of_head["plural"] += reading.tags[end - 1] in _PLURALS
            of_head["article"] += reading.tokens[start].lower() in ("a", "an")
            for j in range(start, end - 1):
                if reading.tags[j] in NOUNS:
                    uses[singular(reading.tokens[j].lower())]["modifier"] += 1
    number = _GENERAL | {
        noun: kind for noun, counted in uses.items() if (kind := _number(counted, n_captions))
    }
    wholes = {noun for noun, kind in number.items() if kind == "whole"}
    n_wholes = [len(named & wholes) for named in heads]
    if sum(n > 1 for n in n_wholes) > SEVERAL_WHOLES * sum(n > 0 for n in n_wholes):
        # an object is one thing: where captions name two, they are parts of a scene
        number |= {noun: _of_part(uses[noun]) for noun in wholes}
    ends = {
        form
        for noun, counted in uses.items()
        if counted["head"] >= MIN_MASS
        and counted["head"] >= ENDS * (counted["head"] + counted["modifier"])
        for form in {noun, *written[noun]}
    }
    keypoints = keypoints_by_name(part_names)
    return Nouns(number, {noun: noun for noun in keypoints}, keypoints, frozenset(ends))


def keypoints_by_name(part_names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the keypoints that each noun names.

    >>> keypoints_by_name(["left_shoulder", "right_shoulder", "nose"])
    {'shoulder': ('left_shoulder', 'right_shoulder'), 'nose': ('nose',)}
    """
    keypoints: dict[str, tuple[str, ...]] = {}
    for name in part_names:
        noun = name.lower().replace("_", " ").split()[-1]
        keypoints[noun] = (*keypoints.get(noun, ()), name)
    return keypoints


def _number(counted: Counter[str], n_captions: int) -> str:
    """Return the number of a noun, empty for the usual one."""
    n = counted["head"]
    if n < MIN_MENTIONS:
        return ""
    if counted["first"] >= WHOLE * n and n >= COMMON * n_captions:
        return "whole"
    return _of_part(counted, "")


def _of_part(counted: Counter[str], usual: str = "one") -> str:
    """Return the number of a noun that is not the whole object."""
    n = counted["head"]
    if counted["plural"] >= SEVERAL * n:
        return "several"
    is_mass = max(counted["plural"], counted["article"]) <= MASS * n
    return "mass" if n >= MIN_MASS and is_mass else usual
