"""What a list was chosen by, each a link that takes it away."""

from fieldmarks.dashboard.components.register import chips_component


def show(chosen: list[tuple[str, str]]) -> None:
    """Draw the chips: what was chosen, and the link to the list without it."""
    if chosen:
        chips = [{"text": text, "href": href} for text, href in chosen]
        chips_component(data={"chips": chips}, key="images.chips")
