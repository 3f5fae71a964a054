"""Pictures on a page: thumbnails with heatmaps over them, captions and links."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import streamlit as st

from fieldmarks.dashboard.components.register import gallery_component

#: Tones of a frame or a line: the hue of a role, the same on all pages.
TRUE, PREDICTED = "true", "predicted"
#: Seconds in which Streamlit sends what is there (5 ms), the browser reads the pictures of a list
#: (40 ms for 700 kB), and its page waits for more (10 ms).
SENT = 0.05


@dataclass(frozen=True)
class Line:
    """One line under a picture; ``tone`` is its hue, ``href`` where it leads."""

    text: str
    tone: str = "muted"
    href: str | None = None
    title: str = ""


@dataclass(frozen=True)
class Mark:
    """A place in the picture, row and column in the unit square.

    ``kind`` is "peak" (maximum of the heatmap), "part" (keypoint) or "reach" (a circle of
    ``radius`` around it).
    """

    row: float
    col: float
    kind: str
    title: str = ""
    radius: float = 0.0


@dataclass(frozen=True)
class Picture:
    """One card of a gallery.

    Attributes
    ----------
    src, layer : str
        Addresses of the image and of the transparent heatmap over it, empty for none.
    alt : str
        What the picture shows, for those who cannot see it.
    label : str
        Text on the picture itself; ``is_faint`` draws it as a remark and not as a statement.
    """

    src: str
    alt: str
    href: str | None = None
    layer: str = ""
    caption: str = ""
    lines: list[Line] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    tone: str = ""
    badge: str = ""
    label: str = ""
    is_faint: bool = False
    title: str = ""
    active: bool = False
    id: int = -1


@dataclass(frozen=True)
class Action:
    """Something that can be done with several images at once; ``needs_text`` asks for a name."""

    name: str
    label: str
    needs_text: bool = False


def show(
    pictures: list[Picture],
    key: str,
    *,
    width: int = 150,
    fixed: bool = False,
    columns: int = 0,
    hover: bool = False,
    slider: bool = False,
    to_top: bool = False,
    sticky: bool = False,
    actions: Sequence[Action] = (),
    on_action: Callable[[str, list[int], str], None] | None = None,
    is_each: bool = False,
    text_label: str = "",
) -> None:
    """Draw pictures in a grid that follows the window's width.

    Parameters
    ----------
    pictures : list of Picture
        What to draw.
    key : str
        Of the component on this page.
    width : int
        Smallest width of a picture, pixels; with ``fixed`` the largest.
    columns : int
        As many pictures a row, whatever the width; 0 for as many as fit.
    hover : bool
        Heatmaps appear under the pointer or the keyboard focus only.
    slider : bool
        Offer the opacity of the heatmaps.
    to_top : bool
        A click leads to another view: start it at its top.
    sticky : bool
        Where the window is wide, the column that they are in stays while the page is read.
    actions : sequence of Action
        With any, pictures can be selected; each has its ``id``.
    on_action : callable
        Called with the name of an action, the ids of the pictures and the text.
    is_each : bool
        Offer the actions under each picture, too.
    text_label : str
        What is typed for the actions that need a text.
    """
    items = [asdict(picture) for picture in pictures]
    options = {"width": width, "fixed": fixed, "columns": columns, "hover": hover}
    options |= {
        "slider": slider,
        "to_top": to_top,
        "sticky": sticky,
        "is_each": is_each,
        "text_label": text_label,
    }
    options |= {"actions": [asdict(action) for action in actions]}
    known = {picture.id for picture in pictures}

    def acted() -> None:
        sent = (st.session_state.get(key) or {}).get("acted")
        wanted = _wanted(sent, {action.name for action in actions}, known)
        if wanted is not None and on_action is not None:
            on_action(*wanted)

    more: dict[str, Any] = {"on_acted_change": acted} if actions else {}
    gallery_component(data={"items": items, **options}, key=key, **more)


def drawn_first() -> None:
    """Let the browser draw the pictures that were sent before the widgets around them come.

    Otherwise both come together, and the pictures wait until all widgets are drawn.
    """
    time.sleep(SENT)


def _wanted(sent: object, names: set[str], known: set[int]) -> tuple[str, list[int], str] | None:
    """Return what the browser asks for: action, pictures, text; None for what is none."""
    if not isinstance(sent, Mapping) or sent.get("action") not in names:
        return None
    ids = sent.get("ids")
    chosen = [each for each in ids if each in known] if isinstance(ids, Sequence) else []
    return (sent["action"], chosen, str(sent.get("text", ""))[:100].strip()) if chosen else None
