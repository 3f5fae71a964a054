"""The words of an image as two classes: what counts for each, with a mark on each word."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from fieldmarks.core.explanations.attribute_phrase import attribute_phrase
from fieldmarks.core.explanations.contrast import Contrast
from fieldmarks.core.explanations.explanation import Explanation
from fieldmarks.core.explanations.place import Place, places
from fieldmarks.core.explanations.seen import SeenWord, words_of
from fieldmarks.core.presence.presence import presence_of
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import labels, links
from fieldmarks.dashboard.components import marks, sentence, words
from fieldmarks.dashboard.components.words import Chip, Group

#: From an attribute to the address that selects it.
Link = Callable[[int], str]


@dataclass(frozen=True)
class Words:
    """What an image is explained by, with attribute t selected.

    Attributes
    ----------
    first, second : Explanation
        As the two classes that are compared.
    picture : bytes, optional
        Of a new image: the crop that the network saw.
    """

    run: Run
    x: int
    first: Explanation
    second: Explanation
    contrast: Contrast
    t: int
    picture: bytes | None = None

    @property
    def names(self) -> tuple[str, str]:
        """Names of the two classes."""
        first, second = (
            labels.class_name(self.run.source, each.c) for each in (self.first, self.second)
        )
        return first, second

    @property
    def has_presence(self) -> bool:
        """Whether the run tells what is seen in an image."""
        return presence_of(self.run.source) is not None

    @cached_property
    def places(self) -> dict[int, Place]:
        """Where the heatmap of each word lies; none where the maps are not kept."""
        both = self.contrast
        said = {*self.first.attributes, *self.second.attributes, *both.words, *both.both, self.t}
        ts = sorted({*said, *both.for_first, *both.for_second})
        return places(self.run, self.x, ts, picture=self.picture)

    @property
    def selected(self) -> SeenWord:
        """The selected attribute, with its part in the lead of the first class."""
        part = self.contrast.logit_part
        return self.contrast.words.get(self.t) or words_of(self.run, self.x, [self.t], part)[0]

    @property
    def has_captions(self) -> bool:
        """Whether captions say what is in the image."""
        return self.selected.is_named is not None

    def marks(self, said: Iterable[SeenWord], speaks_for: str) -> dict[int, dict]:
        """Return the marks of words as components draw them, by attribute."""
        return marks.marks_of(said, self.places, speaks_for)


def contrast(shown: Words, link: Link, key: str) -> None:
    """Draw what counts for either class, what is missing for the second, and what both have."""
    both, (a, b) = shown.contrast, shown.names
    if not shown.has_presence:
        sentence.show(both.spans, link, key=key, active=shown.t)
        return

    def chips(ts: list[int], drawn: dict[int, dict]) -> list[Chip]:
        return [
            Chip(attribute_phrase(shown.run, t), link(t), drawn.get(t), t == shown.t) for t in ts
        ]

    for_b = [*both.for_second, *both.not_seen]
    first = shown.marks((both.words[t] for t in both.for_first), f"{a} rather than {b}")
    second = shown.marks((both.words[t] for t in for_b), f"{b} rather than {a}")
    in_both = [t for t in shown.first.attributes if t in shown.second.attributes]
    shared = f", {both.caveat}" if both.caveat else ""
    used = {*both.for_first, *both.for_second, *both.not_seen}
    rest = [t for t in in_both if t not in used]
    of_rest = shown.marks((word for word in shown.first.words if word.t in rest), a)
    words.show(
        [
            Group(
                f"Seen, counts for {a}{shared}",
                chips(both.for_first, first),
                "predicted",
                empty=f"No attribute that the network sees here counts for {a} rather than {b}:",
                links=[] if both.for_first else [where_to_look(shown.first.c)],
            ),
            Group(f"Seen, counts for {b}", chips(both.for_second, second), "true"),
            Group(
                f"Usual for {b}, not seen by the network", chips(both.not_seen, second), "absent"
            ),
            Group("In both", chips(rest, of_rest)),
        ],
        key=key,
    )


def sentences(shown: Words, link: Link, key: str) -> None:
    """Draw the sentence of each class; each attribute leads to its evidence."""
    for tone, explained, name in zip(
        ("predicted", "true"), (shown.first, shown.second), shown.names, strict=True
    ):
        one_sentence(shown, explained, name, link, f"{key}.{tone}", tone)


def one_sentence(
    shown: Words, explained: Explanation, name: str, link: Link, key: str, tone: str = ""
) -> None:
    """Draw the sentence of one class; where no word is said, a link to the filters instead."""
    drawn = shown.marks(explained.words, name)
    sentence.show(
        explained.spans,
        link,
        key=key,
        tone=tone,
        active=shown.t,
        mark=drawn.get,
        more=[] if explained.attributes else [where_to_look(explained.c)],
    )


def where_to_look(c: int) -> tuple[str, str]:
    """Return the link to the filters that count for a class, where no word does."""
    return "filters that do", links.filters_of_class(c)
