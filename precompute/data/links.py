"""Links that lead out of a data folder are refused.

A data set from elsewhere could otherwise show any file of this machine on the pages: as an image,
as a caption, or as a line of an annotation file in a message.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from fieldmarks.core.errors import DataError


class Inside:
    """A data folder, which may itself be reached by a link, and what may be read of it.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder: Path):
        self._folder = folder
        self._root = os.path.realpath(folder)
        self._is_inside: dict[str, bool] = {}

    def require(self, path: Path) -> None:
        """Raise `DataError` if a path in the folder leads out of it by a link."""
        self.require_all([path])

    def require_all(self, paths: Iterable[Path | str]) -> None:
        """Raise `DataError` for the first path that leads out; a missing file does not."""
        for each in paths:
            path = os.fspath(each)
            parent = os.path.dirname(path)  # noqa: PTH120  # a pathlib path each would take long
            if parent not in self._is_inside:
                self._is_inside[parent] = self._holds(parent)
            if not self._is_inside[parent] or (
                os.path.islink(path) and not self._holds(path)  # noqa: PTH114
            ):
                raise DataError(
                    f"{path} is a link to {os.path.realpath(path)}, outside the data folder "
                    f"{self._folder}: put the file itself there"
                )

    def _holds(self, path: str) -> bool:
        real = os.path.realpath(path)
        return real == self._root or real.startswith(self._root.rstrip(os.sep) + os.sep)
