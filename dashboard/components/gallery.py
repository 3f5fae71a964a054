"""Pictures on a page: thumbnails with heatmaps over them, captions and links."""

from dataclasses import asdict, dataclass, field

from fieldmarks.dashboard.components.register import gallery_component

#: Tones of a frame or a line: the hue of a role, the same on all pages.
TRUE, PREDICTED = "true", "predicted"


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
    """
    items = [asdict(picture) for picture in pictures]
    options = {"width": width, "fixed": fixed, "columns": columns, "hover": hover}
    options |= {"slider": slider, "to_top": to_top, "sticky": sticky}
    gallery_component(data={"items": items, **options}, key=key)
