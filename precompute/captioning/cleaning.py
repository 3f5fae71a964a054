"""Cleaning of answers: what is kept as a caption, and what is dropped, counted by reason.

Adjectives of parts become short phrases ("a striped wing"). Prose keeps its sentences without the
parts that do not describe the object: names of the class, refusals, remarks on the picture,
guesses, what is denied, counts, backgrounds. What remains is read by `precompute.attributes` like
any caption.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from fieldmarks.precompute.attributes.lexicon import ADJECTIVES, NOUNS, likely_tag
from fieldmarks.precompute.attributes.synonyms import singular

CLASS, REFUSAL, PICTURE, GUESS = "names of classes", "refusals", "remarks on the picture", "guesses"
DENIED, COUNT, BACKGROUND, LONG = "negations", "counts", "backgrounds", "no short phrases"
#: Words of a phrase without its noun at most.
_MOST_WORDS = 3
#: Examples kept of each reason.
_SHOWN = 3

_REFUSAL = re.compile(
    r"^\W*(?:i['’]?m sorry|i am sorry|sorry\b|i apologi[sz]e|(?:unfortunately,? )?i (?:cannot"
    r"|can['’]t|am (?:not able|unable)|['’]m (?:not able|unable)|do(?: not|n['’]t) (?:see|have))"
    r"|as an ai\b|i['’]m (?:not able|unable)|unable to |cannot (?:identify|assist|help|determine))",
    re.IGNORECASE,
)
_GUESS = re.compile(
    r"\b(?:possibly|perhaps|maybe|probably|presumably|likely|appears?|seems?|seemingly|apparently"
    r"|might|may be|could be|suggest(?:s|ing)|resembl(?:es|ing)|similar to|looks? like|or)\b",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"\b(?:no|not|none|without|unknown|unclear|hidden|invisible|absent|missing|unspecified"
    r"|lacks?|lacking|never|unseen|obscured|obstructed|nothing|empty)\b|n['’]t\b",
    re.IGNORECASE,
)
_COUNT = re.compile(
    r"\b(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten|several|many|multiple|few|some"
    r"|a pair of|a couple of|numerous|various)\b",
    re.IGNORECASE,
)
_BACKGROUNDS = frozenset(
    "background backdrop scene scenery surroundings setting foreground".split()
)
_PICTURE = r"(?:image|picture|photo|photograph|close-up|closeup|view|shot|illustration|rendering)"
_FRAME = re.compile(
    rf"\b(?:(?:the|this|an?)\s+)?(?:[\w-]+\s+)?{_PICTURE}\s+(?:of|shows?|showing|features?|featuring"
    r"|depicts?|depicting|displays?|presents?|captures?|contains?|includes?|is of)\s+",
    re.IGNORECASE,
)
_OF_PICTURE = re.compile(
    rf"^\W*(?:(?:the|this)\s+(?:[\w-]+\s+){{0,2}}(?:{_PICTURE}|background|scene|setting|lighting"
    r"|composition|atmosphere|overall|focus)\b|overall\b|in the background\b|there is no\b)",
    re.IGNORECASE,
)
_CLAUSE_END = r"(?=\s*(?:[,.;:!?]|\b(?:while|but|with|is|are|stands?|appears?)\b|$))"
#: A stretch that ends before another clause: what a bird has is not what lies behind it.
_WITHIN = (
    r"(?:(?!\b(?:with|against|is|are|stands?|sits?|perched|perches|standing|flying|shown|set|appears?"
    r"|while)\b)[^,.;])*?"
)
_BEHIND = re.compile(
    rf",?\s*\b(?:(?:with|against|amid|amidst|while)\s+{_WITHIN})?(?:in|into|of) the "
    rf"(?:back|fore)ground\b{_WITHIN}{_CLAUSE_END}"
    rf"|,?\s*\b(?:set\s+|standing\s+|perched\s+|shown\s+)?against\s+{_WITHIN}"
    rf"\b(?:background|backdrop)\b{_WITHIN}{_CLAUSE_END}"
    rf"|,?\s*\bwith\s+{_WITHIN}\b(?:background|backdrop)\b{_WITHIN}{_CLAUSE_END}",
    re.IGNORECASE,
)
_GUESSED_CLAUSE = re.compile(
    rf",?\s*\b(?:possibly|perhaps|maybe|probably|presumably|likely|suggesting|resembling"
    rf"|reminiscent of|which (?:appears|seems|might|may|could)"
    # what it appears to do is no guess about what it is: "appears to be flying above a beach"
    rf"|(?:that )?(?:appears|seems) to be(?! \w+ing\b| (?:in|on|at|above|over|among)\b)"
    rf"|might be|may be|could be|as if|as though)\b[^,.;]*?{_CLAUSE_END}",
    re.IGNORECASE,
)
#: Effects of a picture on who sees it, and how it was made.
_EFFECT = re.compile(
    r",?\s*\b(?:(?:and\s+)?(?:creating|emphasi[sz]ing|evoking|conveying|enhancing|blending|combining)"
    rf"\b[^,.;]*?{_CLAUSE_END}|(?:digitally|artistically|seamlessly)\s+\w+ed\b)",
    re.IGNORECASE,
)
_SENTENCES = re.compile(r"(?<=[.!?])\s+(?=[\"'(]?[A-Z])")
_ARTICLES = re.compile(r"^(?:an?|the|its|his|her|their|very|quite|slightly|mostly|mainly)\s+")
_GENERIC = "thing"


class Cleaner:
    """Makes captions of answers and counts what it drops.

    Parameters
    ----------
    class_names : sequence of str
    parts : sequence of str
        Nouns that were asked for: they are never taken for names of classes.

    Attributes
    ----------
    dropped : Counter
        By reason.
    examples : dict of str to list of str
        The first ones of each reason.
    """

    def __init__(self, class_names: Sequence[str], parts: Sequence[str] = ()):
        own = {word for part in parts for word in part.split()}
        names = {_plain_name(name) for name in class_names} - {""}
        heads = {name.split()[-1] for name in names if " " in name}
        # "albatross" names the class "Laysan Albatross"; "black" of "black bear" is a colour
        heads = {word for word in heads if likely_tag(word) not in ADJECTIVES}
        leaks = {name for name in names | heads if name not in own and len(name) > 1}
        self._names = _any_of(leaks)
        self.dropped: Counter[str] = Counter()
        self.examples: dict[str, list[str]] = {}

    def caption(self, looks: Mapping[str, str]) -> str:
        """Return the phrases of the parts of one picture as one caption, empty for none.

        >>> Cleaner(["Laysan Albatross"]).caption({"wing": "grey, striped", "beak": "not visible"})
        'a grey wing, a striped wing'
        """
        phrases = [phrase for part, text in looks.items() for phrase in self._phrases(part, text)]
        return ", ".join(dict.fromkeys(phrases))

    def prose(self, text: str) -> str:
        """Return the sentences of a text as one caption, empty for none.

        >>> Cleaner(["Laysan Albatross"]).prose("The image shows a Laysan Albatross with a hooked "
        ... "beak, possibly at sea. The background is blurred.")
        'a thing with a hooked beak.'
        """
        text = " ".join(re.sub(r"[*#_`]+", " ", text).split())
        if _REFUSAL.search(text):
            self._drop(REFUSAL, text)
            return ""
        kept = (self._sentence(sentence) for sentence in _SENTENCES.split(text))
        return " ".join(sentence for sentence in kept if sentence)

    def told(self) -> list[str]:
        """Return a sentence for each reason, the most frequent first."""
        return [
            f"dropped {n:,} {reason}, such as {'; '.join(self.examples[reason])}"
            for reason, n in self.dropped.most_common()
        ]

    def usable(self, proposed: Sequence[str], least: int, most: int) -> list[str]:
        """Return what a model proposed, in lower case and once each, of so many words.

        Left out is what holds more than letters and hyphens, or names a class.
        """
        plain = dict.fromkeys(" ".join(each.lower().split()) for each in proposed)
        return [
            each
            for each in plain
            if each.replace(" ", "").replace("-", "").isalpha()
            and least <= len(each.split()) <= most
            and not self.names_class(each)
        ]

    def names_class(self, text: str) -> bool:
        """Whether a text names a class."""
        return bool(self._names.search(_plain_name(text)))

    def _drop(self, reason: str, text: str) -> None:
        self.dropped[reason] += 1
        shown = self.examples.setdefault(reason, [])
        if len(shown) < _SHOWN and (quoted := repr(text[:60])) not in shown:
            shown.append(quoted)

    def _phrases(self, part: str, text: str) -> list[str]:
        text = re.sub(r"\bn/a\b", "none", " ".join(text.split()), flags=re.IGNORECASE)
        if not text.strip(" .-"):
            return []
        if _REFUSAL.search(text):
            self._drop(REFUSAL, text)
            return []
        if part in _BACKGROUNDS:
            self._drop(BACKGROUND, f"{text} {part}")
            return []
        made = (self._phrase(part, each) for each in re.split(r"[,;/]|\band\b|\bwith\b", text))
        return [phrase for phrase in made if phrase]

    def _phrase(self, part: str, text: str) -> str:
        adjective = text.strip(" .\"'").lower()
        adjective = _ARTICLES.sub("", adjective)
        words = adjective.split()
        # "an orange beak": the noun is ours
        if words and singular(words[-1]) == part.split()[-1]:
            words = words[:-1]
        adjective = " ".join(words)
        if not adjective:
            return ""
        if self.names_class(adjective):
            reason = CLASS
        elif _GUESS.search(adjective):
            reason = GUESS
        elif _DENIED.search(adjective):
            reason = DENIED
        elif _BACKGROUNDS & set(words):
            reason = BACKGROUND
        elif _COUNT.search(adjective):
            reason = COUNT
        elif len(words) > _MOST_WORDS or not re.fullmatch(r"[a-z][a-z '-]*", adjective):
            reason = LONG
        else:
            article = "an" if adjective[0] in "aeiou" else "a"
            return f"{article} {adjective} {part}"
        self._drop(reason, f"{adjective} {part}")
        return ""

    def _sentence(self, text: str) -> str:
        if framed := _FRAME.search(text):
            self._drop(PICTURE, framed[0].strip())
            text = text[: framed.start()] + text[framed.end() :]
        if _OF_PICTURE.search(text):
            is_denied = text.lower().startswith("there is no")
            self._drop(DENIED if is_denied else PICTURE, text)
            return ""
        dropped = ((BACKGROUND, _BEHIND), (GUESS, _GUESSED_CLAUSE), (PICTURE, _EFFECT))
        for reason, pattern in dropped:
            for found in pattern.findall(text):
                self._drop(reason, found.strip(" ,"))
            text = pattern.sub("", text)
        for found in self._names.findall(text):
            self._drop(CLASS, found)
        text = " ".join(self._names.sub(_generic_for, text).split())
        return text if re.search(r"[A-Za-z]{2}", text) else ""


def _generic_for(found: re.Match) -> str:
    """Return what stands in place of a class's name: nothing before a noun, "a cardinal bird"."""
    follows = re.match(r"\s+([a-z]+)", found.string[found.end() :])
    return "" if follows and likely_tag(follows[1]) in NOUNS else _GENERIC


def _plain_name(name: str) -> str:
    """Return a class's name as a caption would write it."""
    return " ".join(re.sub(r"[\W\d_]+", " ", name).lower().split())


def _any_of(names: set[str]) -> re.Pattern:
    """Return what finds any of these names, in the plural too, however its words are joined."""
    if not names:
        return re.compile(r"(?!)")
    longest_first = sorted(names, key=lambda name: (-len(name), name))
    either = "|".join(r"[\s_-]+".join(map(re.escape, name.split())) for name in longest_first)
    return re.compile(rf"\b(?:{either})(?:e?s)?(?:-like)?\b", re.IGNORECASE)
