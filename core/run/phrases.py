"""The attribute that a phrase names."""

from fieldmarks.core.errors import MissingRunError
from fieldmarks.core.run.per_run import per_run
from fieldmarks.core.run.run import Run


@per_run
def t_of_phrase(run: Run) -> dict[str, int]:
    """Return the attribute t of each phrase of a run."""
    return {str(phrase): t for t, phrase in enumerate(run.attributes["phrase"])}


def attribute_named(run: Run, phrase: str) -> int:
    """Return the attribute of a phrase.

    Raises
    ------
    MissingRunError
        If the run has no such attribute.
    """
    t = t_of_phrase(run).get(phrase)
    if t is None:
        raise MissingRunError(
            f"run {run.name!r} has no attribute {phrase!r}: its phrases are in run.attributes"
        )
    return t
