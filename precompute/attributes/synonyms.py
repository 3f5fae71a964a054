"""Normalisation of words: plurals to singular, synonyms by an editable table.

``synonyms.csv`` has one rule a line: ``noun`` or ``adjective``, the word, and what it becomes
(nothing: pairs with the word are dropped). ``*`` stands for any words and is kept: "* feather"
becoming "*" turns "tail feather" into "tail". A rule without ``*`` goes before a rule with one, and
what a rule gives is looked up again, so "under tail feather" may take two steps.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fieldmarks.core.attributes.attribute import Attribute
from fieldmarks.core.errors import DataError, brief
from fieldmarks.core.input_file import read_rows
from fieldmarks.precompute.attributes import inflection
from fieldmarks.precompute.attributes.lexicon import likely_tag

SYNONYMS = Path(__file__).with_name("synonyms.csv")
COLUMNS = ["kind", "word", "becomes"]
#: More steps than this are a cycle in the table.
MAX_STEPS = 8


@dataclass(frozen=True)
class Synonyms:
    """The table: for each kind, what a word becomes (``""``: dropped)."""

    noun: dict[str, str]
    adjective: dict[str, str]

    @classmethod
    def load(cls, *paths: Path) -> "Synonyms":
        """Read the table of general English and further ones, whose rules go before it.

        Raises
        ------
        DataError
            If it is missing, lacks a column, has an unknown kind, or a rule leads back to itself.
        """
        tables: dict[str, dict[str, str]] = {"noun": {}, "adjective": {}}
        for path in (SYNONYMS, *paths):
            cls._read(path, tables)
        table = cls(**tables)
        for kind, rules in tables.items():
            for word in rules:
                table.rewrite(kind, word)
        return table

    @staticmethod
    def _read(path: Path, tables: dict[str, dict[str, str]]) -> None:
        header, rows = read_rows(path, "a table of synonyms")
        if header != COLUMNS:
            raise DataError(f"expected the columns {COLUMNS} in {path}, found {brief(header, 120)}")
        for line, row in rows:
            kind, word = (*row, "", "")[:2]
            if len(row) != len(COLUMNS) or kind not in tables or not word:
                raise DataError(
                    f"expected kind noun or adjective, a word and what it becomes in line {line} "
                    f"of {path}, found {brief(row)}"
                )
            tables[kind][word] = row[2]

    def merge(self, attribute: Attribute) -> Attribute | None:
        """Return the attribute in the table's words, None if it is dropped."""
        adjective = self.rewrite("adjective", attribute.adjective)
        noun = self.rewrite("noun", attribute.noun)
        is_whole = noun and (adjective or attribute.kind == "noun")
        return Attribute(adjective, noun, attribute.kind) if is_whole else None

    def rewrite(self, kind: str, word: str) -> str:
        """Return what a word becomes after all rules, itself if none fits."""
        rules, start = getattr(self, kind), word
        for _ in range(MAX_STEPS):
            becomes = _apply(rules, word)
            if becomes == word:
                return word
            word = becomes
        raise DataError(
            f"expected an end to the synonyms of {brief(start)}, found a cycle at {brief(word)}"
        )


def _apply(rules: dict[str, str], word: str) -> str:
    """Return what one rule makes of the word: the exact one, else a wildcard's."""
    if word in rules:
        return rules[word]
    for mark in (" ", "-"):
        first, _, last = word.rpartition(mark)
        if first and (rule := rules.get(f"*{mark}{last}")) is not None:
            return rule.replace("*", first)
    return word


@cache
def singular(noun: str) -> str:
    """Return the noun with its last word in the singular.

    >>> [singular(noun) for noun in ("wings", "eye rings", "feet", "abdomen", "albatross")]
    ['wing', 'eye ring', 'foot', 'abdomen', 'albatross']
    """
    *first, last = noun.split()
    if likely_tag(last) in ("NNS", "VBZ"):
        last = inflection.singular(last)
    return " ".join([*first, last])
