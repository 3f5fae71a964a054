"""Attributes and classes that people type in tests of queries."""

PHRASES = [
    "yellow belly",
    "long bill",
    "black wing",
    "white wing",
    "short bill",
    "black bill",
    "red head",
    "grey wingbar",
    "white belly",
]
CLASSES = {35: "Purple Finch", 37: "Acadian Flycatcher", 4: "Groove billed Ani"}


def signed(query) -> list[str]:
    """Return the attributes of a query, those that are excluded with a minus."""
    return [("-" if term.is_negated else "") + PHRASES[term.t] for term in query.terms]
