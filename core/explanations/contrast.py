"""What sets two explanations apart: what both have and what only one of them has."""

from dataclasses import dataclass

import numpy as np

from core.explanations.explanation import Explanation, Span, predicate
from core.runs.run import Run


@dataclass(frozen=True)
class Contrast:
    """Two explanations side by side.

    Attributes
    ----------
    both, only_first, only_second : list of int
        Attributes t of the two sentences.
    difference : ndarray of shape (T,)
        p of the first minus p of the second; sums to 0.
    spans : list of Span
        "Both have ..., but only ... has ...".
    """

    both: list[int]
    only_first: list[int]
    only_second: list[int]
    difference: np.ndarray
    spans: list[Span]

    @property
    def sentence(self) -> str:
        """The sentence as plain text."""
        return "".join(span.text for span in self.spans)


def contrast(run: Run, first: Explanation, second: Explanation) -> Contrast:
    """Compare two explanations of a run, e.g. as the predicted and as the true class."""
    both = [t for t in first.attributes if t in second.attributes]
    only_first = [t for t in first.attributes if t not in second.attributes]
    only_second = [t for t in second.attributes if t not in first.attributes]
    names = run.classes["name"]
    clauses = [
        [Span(f"only {names.iloc[side.c]} "), *predicate(ts, run.attributes)]
        for side, ts in ((first, only_first), (second, only_second))
        if ts
    ]
    shared = [Span("Both "), *predicate(both, run.attributes, of_several=True)] if both else []
    return Contrast(both, only_first, only_second, first.p - second.p, _sentence(shared, clauses))


def _sentence(shared: list[Span], clauses: list[list[Span]]) -> list[Span]:
    spans = list(shared)
    for i, clause in enumerate(clauses):
        joint = ", but " if i == 0 and shared else ", and " if spans else ""
        text = joint + clause[0].text
        spans += [Span(text if spans else text[0].upper() + text[1:]), *clause[1:]]
    return [*spans, Span(".")]
