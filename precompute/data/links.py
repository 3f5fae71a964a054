"""Links that lead out of a data folder are refused, but for links to pictures.

A data set from elsewhere could otherwise show any file of this machine on the pages: as a caption,
or as a line of an annotation file in a message. Data sets are often made of links to pictures: such
a link is followed where the file decodes as a picture, and reported. ``--follow-links`` follows
all.
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from fieldmarks.core.errors import DataError


class Inside:
    """A data folder, which may itself be reached by a link, and what may be read of it.

    Parameters
    ----------
    folder : Path
    follows_all : bool
        Refuse nothing: for data that the user trusts.
    """

    def __init__(self, folder: Path, follows_all: bool = False):
        self._folder, self._follows_all = folder, follows_all
        self._root = os.path.realpath(folder)
        self._is_inside: dict[str, bool] = {}

    def require(self, path: Path) -> None:
        """Raise `DataError` if a path in the folder leads out of it by a link."""
        self.require_all([path])

    def require_all(
        self, paths: Iterable[Path | str], follows: Callable[[str], bool] = lambda path: False
    ) -> int:
        """Raise `DataError` for the first path that leads out; a missing file does not.

        Parameters
        ----------
        paths : iterable of str or Path
        follows : callable
            Whether a file that is itself a link is allowed to lead out.

        Returns
        -------
        int
            Links that lead out and are followed.
        """
        n_followed = 0
        for each in paths:
            path = os.fspath(each)
            parent = os.path.dirname(path)  # noqa: PTH120  # a pathlib path each would take long
            if parent not in self._is_inside:
                self._is_inside[parent] = self._holds(parent)
            is_out = not self._is_inside[parent]
            if not is_out and os.path.islink(path) and not self._holds(path):  # noqa: PTH114
                n_followed += (is_followed := follows(path))
                is_out = not is_followed
            if is_out and not self._follows_all:
                raise DataError(
                    f"{path} is a link to {os.path.realpath(path)}, outside the data folder "
                    f"{self._folder}: put the file itself there, or add --follow-links if you "
                    "trust the data"
                )
        return n_followed

    def _holds(self, path: str) -> bool:
        real = os.path.realpath(path)
        return real == self._root or real.startswith(self._root.rstrip(os.sep) + os.sep)
