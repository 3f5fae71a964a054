"""A sentence whose words are links."""

from collections.abc import Callable, Sequence

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
    mark: Callable[[int], dict | None] = lambda t: None,
    more: Sequence[tuple[str, str]] = (),
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
    mark : callable
        From t to its marks, see `components.marks`; their words are the tooltip.
    more : sequence of (text, address)
        Links after the sentence.
    """
    pieces = [
        {"text": span.text}
        if span.t is None
        else {
            "text": span.text,
            "href": link(span.t),
            "title": title(span.t),
            "active": span.t == active,
            "mark": mark(span.t),
        }
        for span in spans
    ]
    further = [{"text": text, "href": href} for text, href in more]
    sentence_component(data={"spans": pieces, "tone": tone, "more": further}, key=key)
