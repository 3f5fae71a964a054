"""Captions from a folder of text files: one file per image, one caption per line."""

import tempfile
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from fieldmarks.core.errors import DataError
from fieldmarks.core.input_file import LOST, decoded_text, is_regular, without_halves
from fieldmarks.precompute.data.annotated import Annotated
from fieldmarks.precompute.data.links import Inside
from fieldmarks.precompute.data.soft_words import SoftWords

#: No sentence that a person wrote about a picture is longer, in characters.
MAX_LENGTH = 2000
#: No file of captions of one image is larger.
MAX_BYTES = 10_000_000


class Lines(Sequence[list[str]]):
    """Lists of lines, one per image, stored in a temporary file to save memory.

    Parameters
    ----------
    lists : iterable of list of str
        No line holds a line break.

    >>> Lines([["a red head", "a bird"], []])[0]
    ['a red head', 'a bird']
    """

    def __init__(self, lists: Iterable[list[str]]):
        ends, counts = array("q", [0]), array("i")
        with tempfile.TemporaryFile() as file:
            for lines in lists:
                ends.append(ends[-1] + file.write("\n".join(lines).encode()))
                counts.append(len(lines))
            file.flush()
            # the map outlives the file's name and handle
            self._text = np.memmap(file, np.uint8, "r") if ends[-1] else np.empty(0, np.uint8)
        self._ends, self.counts = np.array(ends), np.array(counts)

    def __len__(self) -> int:
        return len(self.counts)

    # one image at a time: no slices
    def __getitem__(self, x: int) -> list[str]:  # pyright: ignore[reportIncompatibleMethodOverride]
        n_lines = self.counts[x]  # also raises where there is no such image
        text = self._text[self._ends[x] : self._ends[x + 1]].tobytes().decode()
        return text.split("\n") if n_lines else []

    @property
    def parts(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """All that makes it: bytes, where each image's end, and how many lines it has."""
        return self._text, self._ends, self.counts


@dataclass(frozen=True)
class Words:
    """The words of each of a list of images.

    Parameters
    ----------
    lines : Lines
        Sentences, one list an image, empty where nothing is known: unknown, not without attributes.
    annotated : Annotated, optional
        Attributes that are given as such.
    columns : DataFrame of X rows, optional
        Columns of a table that may hold attributes: what they are is found out when they are read.
    problems : list of str
        One line for each kind of trouble. A missing caption file is not among them.
    n_missing : int
        Images without a caption file.
    soft : SoftWords, optional
        How likely attributes are seen, by a model.
    """

    lines: Lines
    annotated: Annotated | None = None
    columns: pd.DataFrame | None = None
    problems: list[str] = field(default_factory=list)
    n_missing: int = 0
    soft: SoftWords | None = None

    @property
    def counts(self) -> np.ndarray:
        """Captions and statements of each image, shape (X,)."""
        said = self.n_said
        return said if self.soft is None else said + self.soft.is_known

    @property
    def n_said(self) -> np.ndarray:
        """The same without what a model says is likely seen."""
        return self.lines.counts + (0 if self.annotated is None else self.annotated.n_statements)

    @property
    def parts(self) -> tuple:
        """All that makes it, for a fingerprint."""
        annotated = () if self.annotated is None else self.annotated.parts
        return (*self.lines.parts, *annotated, *(() if self.soft is None else self.soft.parts))

    def shown(self) -> Iterator[list[str]]:
        """Yield the words of each image as lines: captions, annotated attributes, likely ones."""
        for x, captions in enumerate(self.lines):
            given = (each.line(x) for each in (self.annotated, self.soft) if each is not None)
            yield [*captions, *filter(None, given)]


def read_captions(folder: Path, paths: Sequence[str], follow_links: bool = False) -> Words:
    """Read the captions of each image: ``folder/a/b.txt`` for the image ``a/b.jpg``.

    Parameters
    ----------
    folder : Path
    paths : sequence of str
        Image paths below the image folder.
    follow_links : bool
        Whether files may be links that lead out.

    Raises
    ------
    DataError
        If the folder holds no caption for any of the images, or a file leads out of it by a link.
    """
    if not folder.is_dir():
        raise DataError(f"expected a folder of caption files, found none at {folder}")
    words = _read_files(folder, paths, follow_links)
    if not words.lines.counts.any():
        example = Path(paths[0]).with_suffix(".txt").as_posix() if paths else "<image>.txt"
        raise DataError(
            f"expected captions such as {example} in {folder}, found none for {len(paths)} images: "
            "give the folder that holds the class folders"
        )
    return words


def _read_files(folder: Path, paths: Sequence[str], follow_links: bool) -> Words:
    missing, problems, inside = [], [], Inside(folder, follow_links)

    def read(path: str) -> list[str]:
        file = (folder / path).with_suffix(".txt")
        inside.require(file)
        if file.exists() and not is_regular(file):
            problems.append(
                f"{file.relative_to(folder).as_posix()}: is not a regular file, left out"
            )
            return []
        try:
            with file.open("rb") as opened:
                captions, said = _parse(opened.read(MAX_BYTES + 1))
        except FileNotFoundError:
            captions, said = [], []
            missing.append(path)
        except OSError as error:
            captions, said = [], [f"cannot be read ({error.strerror})"]
        problems.extend(f"{file.relative_to(folder).as_posix()}: {what}" for what in said)
        return captions

    lines = Lines(map(read, paths))
    return Words(lines, problems=problems, n_missing=len(missing))


def sidecar_words(folder: Path, paths: Sequence[str], follow_links: bool = False) -> Words:
    """Read the text files beside the images, or of the same paths in another folder."""
    try:
        return read_captions(folder, paths, follow_links)
    except DataError as error:
        raise DataError(f"{error}; docs/how-to/data.md lists the sources of words") from None


def words_beside(folder: Path, paths: Sequence[str], follow_links: bool = False) -> Words:
    """Read the text files beside the images; nobody promised them, so there may be none."""
    if not folder.is_dir():
        return no_words(len(paths))
    words = _read_files(folder, paths, follow_links)
    # other text files than captions are no matter of this
    return words if words.lines.counts.any() else no_words(len(paths))


def no_words(n_images: int) -> Words:
    """Return the words of images of which nothing is said."""
    return Words(Lines([] for _ in range(n_images)))


def clean(caption: str) -> str:
    """Return a caption as one line with single spaces, lost characters left out."""
    return " ".join(without_halves(caption).replace(LOST, " ").split())


class Bounded:
    """Captions as clean lines, without those that are too long; says how many there were.

    >>> bounded = Bounded()
    >>> bounded(["a  red cap ", " ", "a" * 3000]), bounded.problems
    (['a red cap'], ['1 captions of more than 2000 characters left out'])
    """

    def __init__(self) -> None:
        self._n_long = 0

    def __call__(self, captions: Iterable[str]) -> list[str]:
        """Return those that are no longer than `MAX_LENGTH`, empty ones left out."""
        lines = [line for caption in captions if (line := clean(caption))]
        kept = [line for line in lines if len(line) <= MAX_LENGTH]
        self._n_long += len(lines) - len(kept)
        return kept

    @property
    def problems(self) -> list[str]:
        """A sentence where captions were left out."""
        told = f"{self._n_long} captions of more than {MAX_LENGTH} characters left out"
        return [told] if self._n_long else []


def _parse(data: bytes) -> tuple[list[str], list[str]]:
    """Return the captions of one file and what is wrong with it."""
    if len(data) > MAX_BYTES:
        return [], [f"is larger than {MAX_BYTES // 10**6} MB, left out"]
    text, encoding = decoded_text(data)
    said = ["is not UTF-8, read as Windows-1252"] if encoding == "cp1252" else []
    if n_lost := text.count(LOST):
        said.append(f"{n_lost} characters were lost in an earlier conversion")
    captions = [" ".join(line.split()) for line in text.replace(LOST, " ").splitlines()]
    captions = [caption for caption in captions if caption]
    if not captions:
        said.append("holds no caption")
    if n_long := sum(len(caption) > MAX_LENGTH for caption in captions):
        said.append(f"{n_long} lines of more than {MAX_LENGTH} characters left out")
    return [caption for caption in captions if len(caption) <= MAX_LENGTH], said
