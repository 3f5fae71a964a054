"""Opening a file that a user names: regular files of bounded size, text in any usual encoding.

A pipe or a device may never end, and opening it may block, so the type of a path is checked before
it is opened. Every reader of users' files starts here.
"""

import codecs
import csv
import io
import json
import os
import re
import stat
from pathlib import Path
from typing import NamedTuple

from fieldmarks.core.errors import DataError, one_line

#: Bytes of a table or an annotation file: COCO's largest has 450 MB.
MAX_TEXT = 1 << 30
#: Bytes of a file of weights, or of a network: the largest with their optimiser.
MAX_WEIGHTS = 64 << 30
#: Bytes of a list that a person writes: nouns, synonyms, classes.
MAX_LIST = 16 << 20
#: What a decoder leaves where a character was lost.
LOST = "\N{REPLACEMENT CHARACTER}"

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
#: Longer marks first: that of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
#: Where the zero bytes lie in wide text without a mark, for a letter of ASCII.
_ZEROS: dict[tuple[bool, ...], str] = {
    (False, True, True, True): "utf-32-le",
    (True, True, True, False): "utf-32-be",
    (False, True, False, True): "utf-16-le",
    (True, False, True, False): "utf-16-be",
}
_HALVES = re.compile("[\ud800-\udfff]")


def require_file(path: str | Path, what: str, limit: int | None = None) -> Path:
    """Return a path if a regular file of bounded size lies there; nothing is opened.

    Parameters
    ----------
    path : str or Path
    what : str
        What was expected, for the message: "a table of synonyms".
    limit : int, optional
        Bytes.

    Raises
    ------
    DataError
        If it is missing, something else than a regular file, or larger.
    """
    path = Path(path)
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise DataError(f"expected {what} at {path}, found none") from None
    except (OSError, ValueError) as error:
        raise DataError(f"expected {what} at {path}: {one_line(error)}") from None
    if not stat.S_ISREG(status.st_mode):
        kind = next((name for is_kind, name in _KINDS if is_kind(status.st_mode)), "something else")
        raise DataError(f"expected {what} at {path}, found {kind}: give a regular file")
    if limit is not None and status.st_size > limit:
        raise DataError(
            f"expected {what} of at most {_size(limit)} at {path}, found {_size(status.st_size)}"
        )
    return path


def is_regular(path: str | Path) -> bool:
    """Return whether a regular file lies there, links followed; a pipe is none."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116  # called for each picture
    except (OSError, ValueError):
        return False


class Text(NamedTuple):
    """A decoded_text file.

    Parameters
    ----------
    text : str
        Lines end with a line feed; no surrogate is in it.
    encoding : str
        What it was read as.
    """

    text: str
    encoding: str


def decoded_text(data: bytes) -> Text:
    r"""Return the text in some bytes: UTF-8, UTF-16 and UTF-32, else Windows-1252.

    >>> decoded_text("Größe".encode("cp1252"))
    Text(text='Größe', encoding='cp1252')
    >>> decoded_text("a\rb\r".encode("utf-16"))
    Text(text='a\nb\n', encoding='utf-16')
    """
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), None)
    encoding = encoding or _ZEROS.get(tuple(byte == 0 for byte in data[:4]), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        if encoding.startswith(("utf-16", "utf-32")):
            text = data.decode(encoding, errors="replace")
        else:
            encoding, text = "cp1252", data.decode("cp1252", errors="replace")
    return Text(text.replace("\r\n", "\n").replace("\r", "\n"), encoding)


def read_text(path: str | Path, what: str, limit: int = MAX_TEXT) -> str:
    """Return the text of a file in any encoding that `decoded_text` knows.

    Raises
    ------
    DataError
        If it is not a regular file, too large, or cannot be read.
    """
    try:
        text = decoded_text(require_file(path, what, limit).read_bytes()).text
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or one_line(error)}") from None
    if "\0" in text:
        raise DataError(f"{path} is no text, it holds zero bytes: expected {what}")
    return text


def read_json(path: str | Path, what: str):
    """Return what a file of JSON holds.

    Raises
    ------
    DataError
        If it is not JSON, or nested too deeply.
    """
    try:
        return from_json(read_text(path, what))
    except (ValueError, RecursionError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path} cannot be read as JSON: {_why(error)}") from None


def read_json_lines(path: str | Path, what: str) -> list[dict]:
    """Return the objects in a file of JSON lines; blank lines are skipped.

    Raises
    ------
    DataError
        If a line holds no object.
    """
    rows = []
    for number, line in enumerate(read_text(path, what).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = from_json(line)
        except (ValueError, RecursionError) as error:
            raise DataError(
                f"{path} cannot be read as JSON lines: line {number}: {_why(error)}"
            ) from None
        if not isinstance(row, dict):
            raise DataError(
                f"{path} cannot be read as JSON lines: line {number}: expected an object, found "
                f"{line.strip()[:40]!r}"
            )
        rows.append(row)
    return rows


def from_json(text: str):
    """Return what JSON text holds; half of a surrogate pair becomes `LOST`."""
    value = json.loads(text)
    # only an escape can give half of a pair, and few texts have one
    return _whole(value) if "\\ud" in text or "\\uD" in text else value


def without_halves(text: str) -> str:
    """Return a text with `LOST` for each half of a surrogate pair, which no file can hold."""
    return _HALVES.sub(LOST, text)


def _whole(value):
    if isinstance(value, str):
        return without_halves(value)
    if isinstance(value, list):
        return [_whole(each) for each in value]
    if isinstance(value, dict):
        return {without_halves(key): _whole(each) for key, each in value.items()}
    return value


def read_rows(path: str | Path, what: str) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Return the header of a small table separated by commas, and its rows with their lines.

    Blank lines are left out; a row has as many cells as it has.

    Raises
    ------
    DataError
        If it cannot be read as a table, or is empty.
    """
    reader = csv.reader(io.StringIO(read_text(path, what, MAX_LIST), newline=""))
    try:
        rows = [(reader.line_num, row) for row in reader if row]
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: {one_line(error)}") from None
    if not rows:
        raise DataError(f"expected {what} in {path}, found an empty file")
    return [name.strip() for name in rows[0][1]], rows[1:]


def _why(error: Exception) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else one_line(error)


def _size(n_bytes: int) -> str:
    return f"{n_bytes / 2**30:.1f} GB" if n_bytes >= 2**30 else f"{n_bytes / 2**20:.1f} MB"
