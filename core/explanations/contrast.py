"""Why one class and not another: the attributes that separate two explanations of one image.

An attribute separates class A from class B in image x where two figures agree in sign: its part of
the difference of the two logits, the sum over f of phi(f_k(x)) (w[A, f] - w[B, f]) p(t given f)
with the weights w of the image, and the difference of p(t given x, A) and p(t given x, B), eq. (5).
Two lists of five attributes do not tell what separates: one that is missing from a list may still
count for its class.
"""

from dataclasses import dataclass

import numpy as np

from fieldmarks.core.explanations.attribute_ranking import top_attributes
from fieldmarks.core.explanations.explanation import Explanation, Span, predicate
from fieldmarks.core.explanations.never_together import never_together
from fieldmarks.core.run.contract import K
from fieldmarks.core.run.run import Run

#: Attributes named at most in favour of each class, and in common.
N_SEPARATING, N_SHARED = 3, 2


@dataclass(frozen=True)
class Contrast:
    """Comparison of two explanations.

    Attributes
    ----------
    for_first, for_second : list of int
        Attributes t that separate the classes in favour of either, by descending difference of p.
    both : list of int
        Attributes of both sentences that are in neither list.
    difference : ndarray of shape (T,)
        p of the first minus p of the second; sums to 0.
    logit_part : ndarray of shape (T,)
        Part of each attribute in the difference of the two logits; with an exact head they sum to
        it, without the biases. The difference of p where there is no image.
    spans : list of Span
        The comparison in words.
    """

    for_first: list[int]
    for_second: list[int]
    both: list[int]
    difference: np.ndarray
    logit_part: np.ndarray
    spans: list[Span]

    @property
    def sentence(self) -> str:
        """The comparison as plain text."""
        return "".join(span.text for span in self.spans)


def contrast(run: Run, first: Explanation, second: Explanation) -> Contrast:
    """Compare two explanations of a run, e.g. as the predicted and as the true class.

    Parameters
    ----------
    run : Run
    first, second : Explanation
        Of the same image, or two class descriptions.
    """
    difference = first.p - second.p
    logit_part = difference if first.x is None else logit_difference(run, first, second)
    k = min(K, len(difference))
    excludes = never_together(run.source)
    tops = [
        top_attributes(each.p[None], run.attributes, k, excludes)[0] for each in (first, second)
    ]
    candidates = np.unique(np.concatenate(tops))
    candidates = candidates[candidates >= 0]
    for_first, for_second = (
        _separating(candidates, sign * difference, sign * logit_part) for sign in (1, -1)
    )
    separating = {*for_first, *for_second}
    both = [t for t in first.attributes if t in second.attributes and t not in separating]
    spans = _spans(run, first, second, (for_first, for_second), both[:N_SHARED])
    return Contrast(for_first, for_second, both, difference, logit_part, spans)


def logit_difference(run: Run, first: Explanation, second: Explanation) -> np.ndarray:
    """Return each attribute's part of the difference of two logits, shape (T,).

    They sum to the difference without the biases; of a head of first order, to its estimate.

    Parameters
    ----------
    run : Run
    first, second : Explanation
        Of the same image.
    """
    assert first.x is not None, "two class descriptions have no logits"
    pooled = np.asarray(run.array("pooled")[first.x], float)
    ours, theirs = (np.asarray(run.weights(first.x, each.c), float) for each in (first, second))
    return (pooled * (ours - theirs)) @ run.array("p_t_given_f")


def _separating(candidates: np.ndarray, difference: np.ndarray, part: np.ndarray) -> list[int]:
    """Return the candidates for which both figures are positive, by descending difference."""
    ts = candidates[(difference[candidates] > 0) & (part[candidates] > 0)]
    return ts[np.argsort(-difference[ts], kind="stable")][:N_SEPARATING].tolist()


def _spans(
    run: Run,
    first: Explanation,
    second: Explanation,
    separating: tuple[list[int], list[int]],
    both: list[int],
) -> list[Span]:
    """Return "A rather than B because it has ..., although it has .... Both have ...."."""
    a, b = (str(run.classes["name"].iloc[each.c]) for each in (first, second))
    for_first, for_second = (predicate(ts, run.attributes) if ts else [] for ts in separating)
    because = f"{a} rather than {b} because it ", f"{b} rather than {a} because it "
    more = f"{a}, more than {b}, ", f"{b}, more than {a}, "
    heads = more if first.x is None else because
    joint = f"; {more[1]}" if first.x is None else ", although it "
    if for_first and for_second:
        spans = [Span(heads[0]), *for_first, Span(joint), *for_second]
    elif for_first:
        spans = [Span(heads[0]), *for_first]
    elif for_second:
        spans = [Span(heads[1]), *for_second]
    else:
        spans = []
    if spans:
        spans.append(Span("."))
    if both:
        start = " Both " if spans else "Both "
        spans += [Span(start), *predicate(both, run.attributes, of_several=True), Span(".")]
    return spans or [Span("No attribute separates the two.")]
