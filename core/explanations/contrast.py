"""Why one class and not another: the attributes that separate two explanations of one image.

In three parts: attributes seen in the image that count for class A, seen ones that count for class
B, and attributes that are usual for B and that the network does not see here. An attribute counts
for A against B where its exact part of the difference of the two logits, the sum over f of
phi(f_k(x)) (W[A, f] - W[B, f]) p(t given f), is positive. It tells the two apart if training images
of its class have it more often than those of the other. Of B one such attribute that the network is
likely to see is said, and further ones that it sees with certainty. Of A only certain ones are: at
a failure A is wrong, and its uncertain words more often than others. Without any, the best
attribute that is likely to be seen is said, and that it is just as usual for B, or more. What
images of a class hardly ever have is no reason for it.

Where presence is not claimed, an attribute separates where that part and the difference of p(t
given x, A) and p(t given x, B), eq. (5), agree in sign.
"""

from dataclasses import dataclass, field

import numpy as np

from fieldmarks.core.explanations.attribute_phrase import attribute_phrase
from fieldmarks.core.explanations.attribute_ranking import top_attributes
from fieldmarks.core.explanations.explanation import Explanation, Span, predicate
from fieldmarks.core.explanations.never_together import never_together
from fieldmarks.core.explanations.seen import SeenWord, lead_parts, words_of
from fieldmarks.core.presence.presence import SAID, Presence, features_of, presence_of
from fieldmarks.core.presence.usual import (
    USUAL,
    class_image_frequency,
    rare_in_class,
    usual_of_class,
)
from fieldmarks.core.run.contract import K
from fieldmarks.core.run.run import Run

#: Attributes named at most in favour of each class, in common, and as usual but not seen.
N_SEPARATING, N_SHARED, N_MISSING = 3, 2, 2
#: q of the first attribute that is said of a side, and of further ones, is above these.
FIRST, FURTHER = SAID, 0.9
#: An attribute tells two classes apart if so much larger a share of the images of one has it.
TELLS_APART = 0.1
#: What is said of one that does not, and of one that the other class has more often.
JUST_AS_USUAL, MORE_USUAL_FOR = "just as usual for {}", "more usual for {}"
#: A usual attribute is said where so much larger a share of the class's images has it.
MORE_USUAL = 0.2
#: It is not seen where q is below this: captions leave out some of what is there.
NOT_SEEN = 0.2


@dataclass(frozen=True)
class Contrast:
    """Comparison of two explanations.

    Attributes
    ----------
    for_first, for_second : list of int
        Attributes t that separate the classes in favour of either, by what they count; by
        descending difference of p where presence is not claimed.
    both : list of int
        Attributes of both sentences that are in neither list.
    not_seen : list of int
        Attributes that are usual for the second class, not for the first, and not seen here.
    words : dict of int to SeenWord
        The evidence for each attribute of the three parts; ``share`` is of its own side's class.
    difference : ndarray of shape (T,)
        p of the first minus p of the second; sums to 0.
    logit_part : ndarray of shape (T,)
        Part of each attribute in the difference of the two logits; with an exact head they sum to
        it, without the biases. The difference of p where there is no image.
    spans : list of Span
        The comparison in words.
    caveat : str
        That the attribute in favour of the first class is just as usual for the second, or more: it
        counts, and does not tell the two apart. Empty where it does.
    """

    for_first: list[int]
    for_second: list[int]
    both: list[int]
    difference: np.ndarray
    logit_part: np.ndarray
    spans: list[Span]
    not_seen: list[int] = field(default_factory=list)
    words: dict[int, SeenWord] = field(default_factory=dict)
    caveat: str = ""

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
    run.require_words("a contrast in words")
    difference = first.p - second.p
    logit_part = difference if first.x is None else logit_difference(run, first, second)
    presence = presence_of(run.source)
    if presence is not None and first.x is not None:
        return _of_seen(run, first, second, difference, logit_part, presence)
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
    assert first.x is not None
    # as the run has them: in float64 all of p(t given f) would be converted for each image
    pooled = np.asarray(run.array("pooled")[first.x], np.float32)
    of_first = np.asarray(run.weights(first.x, first.c), np.float32)
    of_second = np.asarray(run.weights(first.x, second.c), np.float32)
    return lead_parts(pooled, of_first, of_second, run.array("p_t_given_f")).astype(float)


def _of_seen(
    run: Run,
    first: Explanation,
    second: Explanation,
    difference: np.ndarray,
    part: np.ndarray,
    presence: Presence,
) -> Contrast:
    """Return the contrast in three parts."""
    assert first.x is not None
    q = presence.q(features_of(run, first.x))
    is_known, properties, q = np.isfinite(q), presence.properties, np.nan_to_num(q)
    taken: set[int] = set()
    lead, behind = (_more_usual(run, *cs) for cs in ((first.c, second.c), (second.c, first.c)))
    is_rare = rare_in_class(run.source)
    of_first, of_second = (np.where(is_rare[each.c], 0, q) for each in (first, second))
    certain = np.where((q > FURTHER) & (lead >= TELLS_APART), of_first, 0)
    for_first = _seen_for(certain, part, properties, taken)
    for_first = for_first or _seen_for(of_first, part, properties, taken, most=1)
    caveat = "" if not for_first else _caveat(run, second.c, min(lead[t] for t in for_first))
    for_second = _seen_for(np.where(behind >= TELLS_APART, of_second, 0), -part, properties, taken)
    unseen = is_known & (q < NOT_SEEN)
    not_seen = _usual_not_seen(run, first.c, second.c, unseen, properties, taken)
    separating = {*for_first, *for_second, *not_seen}
    both = [t for t in first.attributes if t in second.attributes and t not in separating]
    both = both[:N_SHARED] if not (for_first or for_second) else []
    spans = _spans(run, first, second, (for_first, for_second), both, not_seen, caveat)
    words = [
        *words_of(run, first.x, for_first, part),
        *words_of(run, first.x, [*for_second, *not_seen], -part),
    ]
    described = {word.t: word for word in words}
    return Contrast(
        for_first, for_second, both, difference, part, spans, not_seen, described, caveat
    )


def _caveat(run: Run, second: int, lead: float) -> str:
    """Return what is said of an attribute that the second class has as often or more."""
    if lead >= TELLS_APART:
        return ""
    text = JUST_AS_USUAL if lead > -TELLS_APART else MORE_USUAL_FOR
    return text.format(run.classes["name"].iloc[second])


def _seen_for(
    q: np.ndarray,
    part: np.ndarray,
    properties: np.ndarray,
    taken: set[int],
    most: int = N_SEPARATING,
) -> list[int]:
    """Return seen attributes that count for a class, by their contribution.

    They are chosen by log part + twice the log-odds of q: what is hardly seen is not a reason. No
    two are values of one property; properties that are used are added to ``taken``.
    """
    ts = np.flatnonzero((q > FIRST) & (part > 0))
    odds = np.clip(q[ts], 1e-6, 1 - 1e-6)
    rank = np.log(part[ts]) + 2 * np.log(odds / (1 - odds))
    chosen: list[int] = []
    for t in ts[np.argsort(-rank, kind="stable")]:
        is_new = properties[t] < 0 or int(properties[t]) not in taken
        if is_new and (not chosen or q[t] > FURTHER):
            chosen.append(int(t))
            taken.add(int(properties[t]))
        if len(chosen) == most:
            break
    return sorted(chosen, key=lambda t: -part[t])


def _more_usual(run: Run, first: int, second: int) -> np.ndarray:
    """Return how much larger a share of the first class's images has each attribute, (T,)."""
    return usual_of_class(run.source, first) - usual_of_class(run.source, second)


def _usual_not_seen(
    run: Run, first: int, second: int, unseen: np.ndarray, properties: np.ndarray, taken: set[int]
) -> list[int]:
    """Return attributes usual for the second class, less so for the first, and not seen here."""
    usual = class_image_frequency(run.source)
    lead = usual[second] - usual[first]
    ts = np.flatnonzero((usual[second] >= USUAL) & (lead >= MORE_USUAL) & unseen)
    chosen: list[int] = []
    for t in ts[np.argsort(-lead[ts], kind="stable")]:
        if properties[t] < 0 or int(properties[t]) not in taken:
            chosen.append(int(t))
            taken.add(int(properties[t]))
    return chosen[:N_MISSING]


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
    not_seen: list[int] | None = None,
    caveat: str = "",
) -> list[Span]:
    """Return "A rather than B because it has ..., although it has .... Both have ....".

    "Usual for B, not seen by the network: ..." follows.
    """
    a, b = (str(run.classes["name"].iloc[each.c]) for each in (first, second))
    for_first, for_second = (predicate(ts, run.attributes) if ts else [] for ts in separating)
    if caveat:
        for_first.append(Span(f" ({caveat})"))
    because = f"{a} rather than {b} because it ", f"{b} rather than {a} because it "
    more = f"{a}, more than {b}, ", f"{b}, more than {a}, "
    heads = more if first.x is None else because
    joint = f"; {more[1]}" if first.x is None else ", although it "
    if for_first and for_second:
        spans = [Span(heads[0]), *for_first, Span(joint), *for_second]
    elif for_first:
        spans = [Span(heads[0]), *for_first]
    elif for_second and not_seen is not None:
        none = f"Nothing seen here counts for {a} rather than {b}; that it "
        spans = [Span(none), *for_second, Span(f" counts for {b}")]
    elif for_second:
        spans = [Span(heads[1]), *for_second]
    else:
        spans = []
    if spans:
        spans.append(Span("."))
    nothing = f"No attribute that the network sees here separates {a} and {b}"
    if both and not_seen is not None:
        said = predicate(both, run.attributes)
        spans = [Span(f"{nothing}; that it "), *said, Span(" counts for both.")]
    elif both:
        start = " Both " if spans else "Both "
        spans += [Span(start), *predicate(both, run.attributes, of_several=True), Span(".")]
    if not spans and not_seen is not None:
        spans = [Span(f"{nothing}.")]
    if not_seen:
        spans.append(Span(f" Usual for {b}, not seen by the network: "))
        for i, t in enumerate(not_seen):
            spans += [Span(", " if i else ""), Span(attribute_phrase(run, t), t)]
        spans.append(Span("."))
    kept = [span for span in spans if span.text] or [Span("No attribute separates the two.")]
    return [Span(kept[0].text[:1].upper() + kept[0].text[1:], kept[0].t), *kept[1:]]
