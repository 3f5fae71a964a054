"""An attribute as a sentence has it."""

from fieldmarks.core.attributes.english import noun_form
from fieldmarks.core.run.run import Run


def attribute_phrase(run: Run, t: int) -> str:
    """Return an attribute as it is written in a sentence, without its article: "black wings"."""
    row = run.attributes.iloc[t]
    if row["kind"] in ("is", "tag"):
        return row["adjective"]
    return f"{row['adjective']} {noun_form(row['noun'], row['plural'], row['number'])}".strip()
