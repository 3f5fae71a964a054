"""Attributes of classes in words."""

from fieldmarks.core.attributes import english
from fieldmarks.core.run.run import Run


def attribute_phrase(run: Run, t: int) -> str:
    """Return an attribute as it is written in a sentence: "black wings"."""
    row = run.attributes.iloc[t]
    return english.phrase_of(row["adjective"], row["noun"], row["kind"], row["number"])
