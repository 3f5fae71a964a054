"""The marks on a word: seen, how much it counts, named by captions, where its heatmap lies."""

from collections.abc import Iterable

import numpy as np

from fieldmarks.core.explanations.place import Place
from fieldmarks.core.explanations.seen import SeenWord
from fieldmarks.dashboard.components.register import marks_component


def mark(word: SeenWord, place: Place | None, speaks_for: str, most: float = 1.0) -> dict:
    """Return the marks of a word as components draw them.

    Parameters
    ----------
    word : SeenWord
    place : Place or None
        Where its heatmap lies; None where that is unknown.
    speaks_for : str
        What ``share`` is a share of, e.g. the name of a class.
    most : float
        The largest share of the words on show: its bar is full.

    Returns
    -------
    dict
        ``seen``: "sure", "unsure", "unseen" or "unknown"; ``q`` and ``counts`` in [0, 1]; ``named``
        and ``on``: bool, or None where unknown; ``text``: all of it in words.
    """
    is_known = np.isfinite(word.q)
    seen = "unknown" if not is_known else "unseen" if not word.is_seen else "unsure"
    seen = "sure" if word.is_sure else seen
    place = place if word.is_seen else None  # where it is not seen, its heatmap lies nowhere
    return {
        "seen": seen,
        "q": float(word.q) if is_known else None,
        "counts": min(1.0, max(0.0, word.share / max(most, 1e-9))),
        "named": word.is_named,
        "on": None if place is None else place.is_on,
        "text": in_words(word, place, speaks_for),
    }


def marks_of(
    said: Iterable[SeenWord], places: dict[int, Place], speaks_for: str
) -> dict[int, dict]:
    """Return the marks of words on show together, by attribute; the bar of the largest is full."""
    said = list(said)
    most = max((word.share for word in said), default=1.0)
    return {word.t: mark(word, places.get(word.t), speaks_for, most) for word in said}


def mark_of_class(word: SeenWord, name: str, most: float = 1.0) -> dict:
    """Return the marks of a word of the description of class ``name``, see `mark`."""
    parts = [f"{word.share:.1%} of what counts" if word.share > 0 else "does not count"]
    parts[0] += f" for {name}"
    if np.isfinite(word.q):
        parts.insert(0, f"seen in {word.q:.0%} of its images")
    if word.is_named is not None:
        often = "at least half" if word.is_named else "fewer than half"
        parts.append(f"in the captions of {often} of its training images")
    return mark(word, None, name, most) | {"text": "; ".join(parts)}


def in_words(word: SeenWord, place: Place | None, speaks_for: str) -> str:
    """Return what the marks of a word say: "seen, certain (0.93); in the captions; ..."."""
    parts = [seen_in_words(word)]
    share = f"{word.share:.1%} of what counts" if word.share > 0 else "does not count"
    parts.append(f"{share} for {speaks_for}")
    if word.is_named is not None:
        parts.append("in the captions" if word.is_named else "not in the captions")
    if place is not None:
        parts.append(place_in_words(place))
    return "; ".join(parts)


def seen_in_words(word: SeenWord) -> str:
    """Return whether a word is seen, with q."""
    if not np.isfinite(word.q):
        return "not modelled whether it is seen"
    if not word.is_seen:
        return f"not seen here ({word.q:.2f})"
    return f"{'seen, certain' if word.is_sure else 'seen, less certain'} ({word.q:.2f})"


def place_in_words(place: Place) -> str:
    """Return where a heatmap lies."""
    where = "on" if place.is_on else "beside"
    far = {
        "keypoint": f"{place.distance:.2f} from its keypoint",
        "box": "by its box",
        "colour": "what has other colours than the border of the picture",
    }
    return f"its heatmap peaks {where} the {place.what} ({far[place.by]})"


def legend(key: str, *, has_captions: bool = True, has_places: bool = True) -> None:
    """Draw what the marks mean, once on a page."""
    marks_component(data={"captions": has_captions, "places": has_places}, key=key)
