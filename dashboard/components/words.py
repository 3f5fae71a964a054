"""Groups of words as chips: each with a heading, marks, and a link to its evidence."""

from dataclasses import asdict, dataclass, field

from fieldmarks.dashboard.components.register import words_component


@dataclass(frozen=True)
class Chip:
    """A word that leads to its evidence; ``mark`` is as `components.marks.mark` returns it."""

    text: str
    href: str
    mark: dict | None = None
    active: bool = False


@dataclass(frozen=True)
class Group:
    """Words of one kind.

    Attributes
    ----------
    tone : str
        "predicted", "true", "absent" or "" for what decides nothing.
    empty : str
        What stands there without words; a group without words and without this is not drawn.
    links : list of (text, address)
        Where to look instead.
    """

    title: str
    chips: list[Chip]
    tone: str = ""
    empty: str = ""
    links: list[tuple[str, str]] = field(default_factory=list)


def show(groups: list[Group], key: str) -> None:
    """Draw groups of words, one below the other."""
    drawn = [asdict(group) for group in groups if group.chips or group.empty]
    words_component(data={"groups": drawn}, key=key)
