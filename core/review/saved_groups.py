"""Named groups of images that reviewers keep, beside the verdicts.

A group is the images themselves, by their paths, and not the region of a map that they were chosen
by: it stays what it is when a run, and with it the map, is computed again. A name is taken once for
each data set.
"""

from dataclasses import dataclass

from sqlalchemy import (
    Column,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    insert,
    select,
)
from sqlalchemy import delete as sql_delete
from sqlalchemy.exc import IntegrityError

from fieldmarks.core.errors import DataError
from fieldmarks.core.review.database import Database, LenientJSON

MAX_NAME = 100  # characters

_groups = Table(
    "saved_groups",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("dataset", String(200), nullable=False),
    Column("name", String(MAX_NAME), nullable=False),
    Column("paths", LenientJSON, nullable=False),
    Column("run", String(100), nullable=False),
    UniqueConstraint("dataset", "name", name="one_group_of_a_name"),
)


@dataclass(frozen=True)
class SavedGroup:
    """A named group of images.

    Parameters
    ----------
    dataset, name : str
        The name is taken once for each data set.
    paths : tuple of str
        The images, by their path below the data set's image folder.
    run : str
        The run that they were chosen in.
    """

    dataset: str
    name: str
    paths: tuple[str, ...]
    run: str = ""


class SavedGroups(Database):
    """The groups in a database."""

    table = _groups

    def names(self, dataset: str) -> list[str]:
        """Return the names of a data set's groups, in alphabetical order."""
        query = select(_groups.c.name).where(_groups.c.dataset == dataset).order_by(_groups.c.name)
        names = self._run(lambda connection: list(connection.execute(query).scalars()))
        return [name for name in names if isinstance(name, str)]

    def get(self, dataset: str, name: str) -> SavedGroup | None:
        """Return a group, None where there is none of that name.

        Raises
        ------
        DataError
            If what is stored of it is damaged.
        """
        query = select(_groups).where(_is(dataset, name))
        row = self._run(lambda connection: connection.execute(query).mappings().first())
        if row is None:
            return None
        paths = row["paths"]
        if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
            raise DataError(f"the group {name!r} cannot be read: delete it")
        return SavedGroup(dataset, name, tuple(paths), str(row["run"]))

    def save(self, group: SavedGroup) -> None:
        """Keep a group.

        Raises
        ------
        DataError
            If it has no images, its name cannot be one, or the data set has a group of that name.
        """
        name = group.name
        is_text = name == name.strip() and name.isprintable()
        if not (0 < len(name) <= MAX_NAME and is_text):
            raise DataError(
                f"the name of a group is 1 to {MAX_NAME} characters, got {name[:40]!r}: choose "
                "another one"
            )
        if not group.paths:
            raise DataError(f"the group {name!r} would hold no image: choose some first")
        values = {**vars(group), "paths": list(group.paths)}
        try:
            self._run(lambda connection: connection.execute(insert(_groups), values))
        except IntegrityError:
            raise DataError(
                f"there is a group {name!r} already: choose another name, or delete that one"
            ) from None

    def delete(self, dataset: str, name: str) -> None:
        """Delete a group; its images and their verdicts stay."""
        statement = sql_delete(_groups).where(_is(dataset, name))
        self._run(lambda connection: connection.execute(statement))


def _is(dataset: str, name: str):
    return (_groups.c.dataset == dataset) & (_groups.c.name == name)
