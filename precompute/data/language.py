"""How the words of a data set are read: its nouns, its synonyms, and what is an attribute."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from fieldmarks.core.attributes.nouns import NUMBERS, Nouns
from fieldmarks.core.errors import DataError, brief
from fieldmarks.core.input_file import is_regular, read_rows

NOUNS, PARTS, SYNONYMS = "nouns.csv", "parts.csv", "synonyms.csv"
COLUMNS = ["noun", "number", "part", "ends_phrase"]


@dataclass(frozen=True)
class Language:
    """What a reader knows of the words that describe its images.

    Parameters
    ----------
    folder : Path, optional
        Holds ``nouns.csv`` (noun, number, part, ends_phrase) and may hold ``parts.csv`` (part,
        keypoint) and ``synonyms.csv`` (see `precompute.attributes.synonyms`). Without it what a
        thing and what a part is, is learnt from the captions.
    kinds : tuple of str
        Kinds of attributes that captions give: adjective-noun pairs, nouns alone.
    names_classes : bool
        Whether captions may name the class, so that words of class names are looked for and left
        out.
    given : Path, optional
        A table of nouns that a person gave: what it says of its nouns goes before all else.
    """

    folder: Path | None = None
    kinds: tuple[str, ...] = ("pair", "noun")
    names_classes: bool = True
    given: Path | None = None

    @cached_property
    def nouns(self) -> Nouns | None:
        """The nouns of ``nouns.csv``, None where they are to be learnt.

        Raises
        ------
        DataError
            If the file is missing or malformed.
        """
        return None if self.folder is None else read_nouns(self.folder)

    def with_given(self, nouns: Nouns) -> Nouns:
        """Return nouns, learnt or of the data set, with what a person gave in place of theirs.

        Raises
        ------
        DataError
            If the table is missing or malformed.
        """
        return nouns if self.given is None else _joined(nouns, self.given)

    @property
    def synonyms(self) -> Path | None:
        """The table of synonyms of this data set, None for none."""
        path = self.folder / SYNONYMS if self.folder else None
        return path if path and is_regular(path) else None

    @property
    def synonym_groups(self) -> list[list[str]]:
        """Nouns of one word that the table makes one, a list a meaning: what a query may say."""
        groups: dict[str, list[str]] = {}
        if self.synonyms is not None:
            for row in _dicts(self.synonyms, "a table of synonyms"):
                words = row.get("word", ""), row.get("becomes", "")
                if row.get("kind") == "noun" and all(word.isalpha() for word in words):
                    groups.setdefault(words[1], [words[1]]).append(words[0])
        return list(groups.values())

    @property
    def files(self) -> list[Path]:
        """The files that decide how captions are read."""
        of_data = sorted(self.folder.glob("*.csv")) if self.folder else []
        return [*of_data, *([self.given] if self.given else [])]


def read_nouns(folder: Path) -> Nouns:
    """Read ``nouns.csv`` and, where it is there, ``parts.csv``; see `Language`."""
    rows = _rows(folder / NOUNS)
    return Nouns(
        number={row["noun"]: row["number"] for row in rows},
        part={row["noun"]: row["part"] for row in rows if row["part"]},
        keypoints=_keypoints(folder / PARTS),
        ends_phrase=frozenset(row["noun"] for row in rows if row["ends_phrase"] == "yes"),
    )


def _rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table of nouns; all columns but the first two may be missing."""
    read = _dicts(path, "a list of nouns")
    rows = [{name: row.get(name) or "" for name in COLUMNS} for row in read]
    if not rows or not set(COLUMNS[:2]) <= read[0].keys():
        raise DataError(f"expected rows of the columns {', '.join(COLUMNS)} in {path}")
    wrong = next((row for row in rows if row["number"] not in NUMBERS or not row["noun"]), None)
    if wrong:
        raise DataError(
            f"{path}: the number of {brief(wrong['noun'])} is {brief(wrong['number'])}, not one of "
            f"{', '.join(NUMBERS)}"
        )
    return rows


def _joined(nouns: Nouns, given: Path) -> Nouns:
    """Return nouns with the rows of a table in place of what is known of them."""
    rows = _rows(given)
    said = {row["noun"] for row in rows}
    part = {noun: part for noun, part in nouns.part.items() if noun not in said}
    ends = {row["noun"] for row in rows if row["ends_phrase"] == "yes"}
    return replace(
        nouns,
        number={**nouns.number, **{row["noun"]: row["number"] for row in rows}},
        part={**part, **{row["noun"]: row["part"] for row in rows if row["part"]}},
        ends_phrase=(nouns.ends_phrase - said) | ends,
    )


def _keypoints(path: Path) -> dict[str, tuple[str, ...]]:
    if not is_regular(path):
        return {}
    keypoints_of: dict[str, tuple[str, ...]] = {}
    for row in _dicts(path, "a list of parts"):
        if not {"part", "keypoint"} <= row.keys():
            raise DataError(f"expected the columns part, keypoint in {path}")
        keypoints_of[row["part"]] = (*keypoints_of.get(row["part"], ()), row["keypoint"])
    return keypoints_of


def _dicts(path: Path, what: str) -> list[dict[str, str]]:
    """Return the rows of a table by the names of its columns."""
    header, rows = read_rows(path, what)
    return [dict(zip(header, row, strict=False)) for _, row in rows]


#: What people say of birds: the nouns and synonyms of CUB-200-2011. Its captions do not name
#: species, and as in the paper an attribute is an adjective with its noun.
BIRDS = Language(Path(__file__).with_name("birds"), kinds=("pair",), names_classes=False)
