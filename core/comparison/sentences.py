"""One image in two runs: which words its sentence gained and lost."""

from dataclasses import dataclass

from fieldmarks.core.comparison.comparison import Comparison
from fieldmarks.core.explanations.explanation import Explanation, explain


@dataclass(frozen=True)
class SentenceChange:
    """The sentences of one image for the class that each network predicts.

    Attributes
    ----------
    first, second : Explanation
        Each with the attributes of its own run.
    gained, lost, kept : list of str
        Phrases of the second sentence only, of the first only, of both.
    """

    first: Explanation
    second: Explanation
    gained: list[str]
    lost: list[str]
    kept: list[str]


def sentence_change(comparison: Comparison, i: int) -> SentenceChange:
    """Return how the explanation of the i-th image of a comparison changed."""
    explained, phrases = [], []
    for run, xs in (
        (comparison.first, comparison.xs_first),
        (comparison.second, comparison.xs_second),
    ):
        x = int(xs[i])
        explanation = explain(run, x, int(run.images["predicted_c"].iloc[x]))
        explained.append(explanation)
        phrases.append([str(run.attributes["phrase"].iloc[t]) for t in explanation.attributes])
    before, after = phrases
    return SentenceChange(
        *explained,
        gained=[phrase for phrase in after if phrase not in before],
        lost=[phrase for phrase in before if phrase not in after],
        kept=[phrase for phrase in before if phrase in after],
    )
