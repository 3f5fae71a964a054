"""A file of captions that grows line by line, so that the same command can resume.

The first line says what wrote it, so that no file mixes models or prompts. A line is complete or
absent: one that was cut when the process ended is removed at the next start.
"""

import json
from pathlib import Path
from types import TracebackType
from typing import Self

from fieldmarks.core.errors import DataError
from fieldmarks.core.input_file import read_json_lines
from fieldmarks.core.outputs import atomic_write, check_output

WRITTEN_BY = "written_by"


class CaptionsFile:
    """JSON lines of ``file_name`` and ``captions``, as ``run --captions`` reads them.

    Parameters
    ----------
    path : Path
    written_by : dict
        Of JSON values: what decides what is written.
    overwrite : bool
        Begin again where something else wrote the file.

    Raises
    ------
    DataError
        If another file is there, or one of another model or prompt.
    """

    def __init__(self, path: Path, written_by: dict, overwrite: bool = False):
        self.path, self._file = path, None
        self.done: set[str] = set()
        earlier = written_by_of(path)
        if earlier == written_by:
            _drop_cut_line(path)
            rows = read_json_lines(path, "a file of captions")
            self.done = {str(row["file_name"]) for row in rows if "file_name" in row}
            return
        if earlier is not None and not overwrite:
            other = ", ".join(k for k in written_by if earlier.get(k) != written_by[k])
            raise DataError(
                f"{path} was written with another {other or 'setting'}: use the same one, "
                "another file, or --overwrite"
            )
        check_output(path, overwrite=overwrite)
        with atomic_write(path) as file:
            file.write(_line({WRITTEN_BY: written_by}))

    def __enter__(self) -> Self:
        self._file = self.path.open("ab")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._file is not None, "it is left after it was entered"
        self._file.close()

    def add(self, file_name: str, captions: list[str], answer: str) -> None:
        """Write the captions of an image, and the answer that they come from."""
        assert self._file is not None, "lines are added inside a with statement"
        self._file.write(_line({"file_name": file_name, "captions": captions, "answer": answer}))
        self._file.flush()
        self.done.add(file_name)


def written_by_of(path: Path) -> dict | None:
    """Return what wrote a file of captions, None where it is not a file of this kind."""
    try:
        with path.open("rb") as file:
            first = json.loads(file.readline(1_000_000))
    except (OSError, ValueError, RecursionError):
        return None
    told = first.get(WRITTEN_BY) if isinstance(first, dict) else None
    return told if isinstance(told, dict) else None


def _line(row: dict) -> bytes:
    return json.dumps(row, ensure_ascii=True).encode() + b"\n"


def _drop_cut_line(path: Path) -> None:
    """Remove what follows the last line break: a process ended while it wrote."""
    data = path.read_bytes()
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        with path.open("r+b") as file:
            file.truncate(whole)
