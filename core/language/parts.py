"""Parts of a bird: the group of CUB keypoints that each noun refers to.

The nouns of each group are the fixed list of the grounding measure (README, "Measures"), so that
scores are comparable; other nouns, such as "bird" or "plumage", have no location in the image.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class PartGroup:
    """Nouns for one location, and the CUB keypoints of a correct detection.

    Parameters
    ----------
    name : str
    nouns : tuple of str
        Singular.
    keypoints : tuple of str
        Names in ``parts/parts.txt``. The nearest visible one counts.
    """

    name: str
    nouns: tuple[str, ...]
    keypoints: tuple[str, ...]


GROUPS: tuple[PartGroup, ...] = (
    PartGroup("beak", ("beak", "bill"), ("beak",)),
    PartGroup("belly", ("belly",), ("belly",)),
    PartGroup("breast", ("breast", "chest"), ("breast",)),
    PartGroup("crown", ("crown",), ("crown",)),
    PartGroup("throat", ("throat",), ("throat",)),
    PartGroup("back", ("back",), ("back",)),
    PartGroup("tail", ("tail",), ("tail",)),
    PartGroup("wings", ("wing", "wingbar"), ("left wing", "right wing")),
    PartGroup("eyes", ("eye", "eyering", "eyebrow"), ("left eye", "right eye")),
    PartGroup("legs", ("leg", "foot", "tarsus"), ("left leg", "right leg")),
    PartGroup("nape", ("nape",), ("nape",)),
    PartGroup("forehead", ("forehead",), ("forehead",)),
    PartGroup("head", ("head",), ("forehead", "crown", "nape")),
    PartGroup("neck", ("neck",), ("nape", "throat")),
)
_BY_NOUN = {noun: group for group in GROUPS for noun in group.nouns}
_BY_NAME = {group.name: group for group in GROUPS}


def part_of(noun: str) -> str:
    """Return the name of the noun's part group, empty for none.

    >>> part_of("bill"), part_of("bird")
    ('beak', '')
    """
    return _BY_NOUN[noun].name if noun in _BY_NOUN else ""


def keypoints_of(part: str) -> tuple[str, ...]:
    """Return the CUB keypoints of a part group.

    Raises
    ------
    KeyError
        If there is no such group.
    """
    return _BY_NAME[part].keypoints
