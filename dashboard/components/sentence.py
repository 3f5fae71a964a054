"""A sentence whose words are links."""

from collections.abc import Callable

from fieldmarks.core.explanations.explanation import Span
from fieldmarks.dashboard.components.register import sentence_component


def show(
    spans: list[Span],
    link: Callable[[int], str],
    key: str,
    *,
    tone: str = "",
    active: int | None = None,
    title: Callable[[int], str] = lambda t: "",
) -> None:
    """Draw a sentence; each attribute t in it leads to ``link(t)``.

    Parameters
    ----------
    spans : list of Span
        Pieces of the sentence.
    link, title : callable
        From t to an address, and to a tooltip.
    tone : str
        "predicted" or "true" for the hue of a role.
    active : int, optional
        The selected attribute.
    """
    pieces = [
        {"text": span.text}
        if span.t is None
        else {
            "text": span.text,
            "href": link(span.t),
            "title": title(span.t),
            "active": span.t == active,
        }
        for span in spans
    ]
    sentence_component(data={"spans": pieces, "tone": tone}, key=key)
