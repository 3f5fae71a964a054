"""Answers to the blind test, in the database of verdicts; one answer a person and question.

Classes are stored by the data set's own number, images by path, so that answers outlive a run that
is computed again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pandas as pd
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
from sqlalchemy.exc import IntegrityError

from fieldmarks.core.errors import DataError
from fieldmarks.core.review.database import Database, LenientJSON, LenientTime

_answers = Table(
    "blind_answers",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("dataset", String(200), nullable=False),
    Column("run", String(100), nullable=False),
    Column("path", String(1000), nullable=False),
    Column("seed", Integer, nullable=False),
    Column("author", String(200), nullable=False),
    Column("explained", Integer, nullable=False),
    Column("chosen", Integer, nullable=False),
    Column("options", LenientJSON, nullable=False),
    Column("saved_at", LenientTime, nullable=False),
    UniqueConstraint("dataset", "run", "path", "seed", "author", name="one_answer"),
)


@dataclass(frozen=True)
class Answer:
    """One answer.

    Parameters
    ----------
    dataset, run, path : str
        The image, and the run whose sentence was shown.
    seed : int
        Of the question.
    author : str
    explained, chosen : int
        The class that the sentence explains and the one that was chosen, by the data set's number.
    options : sequence of int
        The classes that were offered.
    """

    dataset: str
    run: str
    path: str
    seed: int
    author: str
    explained: int
    chosen: int
    options: Sequence[int]


class Answers(Database):
    """The answers in a database."""

    table = _answers

    def save(self, answer: Answer) -> bool:
        """Append an answer; return False where this person answered the question before.

        Raises
        ------
        DataError
            If nobody's name is given, or it is too long.
        """
        if not answer.author.strip() or len(answer.author) > 200 or "\0" in answer.author:
            raise DataError("an answer needs a name of at most 200 characters")
        values = {**vars(answer), "options": list(answer.options), "saved_at": datetime.now(UTC)}
        try:
            self._run(lambda c: c.execute(insert(_answers).values(values)))
        except IntegrityError:
            return False
        return True

    def of(self, dataset: str, run: str, author: str | None = None) -> pd.DataFrame:
        """Return the answers on a run, of one person or of all, in their order.

        Rows that cannot be read are left out.

        Returns
        -------
        DataFrame
            Columns path, seed, author, explained, chosen, options.
        """
        query = select(_answers).where(_answers.c.dataset == dataset, _answers.c.run == run)
        if author is not None:
            query = query.where(_answers.c.author == author)
        query = query.order_by(_answers.c.id)
        rows = self._run(lambda c: c.execute(query).mappings().all())
        columns = ["path", "seed", "author", "explained", "chosen", "options"]
        return pd.DataFrame([dict(row) for row in rows if _is_whole(row)], columns=columns)


def _is_whole(row) -> bool:
    """Whether a row holds an answer: SQLite keeps whatever it is given in any column."""
    numbers = [row[name] for name in ("seed", "explained", "chosen")]
    if not isinstance(row["options"], list) or not isinstance(row["author"], str):
        return False
    return all(type(number) is int for number in [*numbers, *row["options"]])
