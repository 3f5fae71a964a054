"""A ranked list: a linked label, a bar and a number per row."""

from dataclasses import dataclass

from fieldmarks.dashboard.components.register import ranking_component


@dataclass(frozen=True)
class Row:
    """One row of a ranked list.

    Attributes
    ----------
    label : str or list of (text, tone)
        Tone is "predicted", "true", "muted" or "".
    value : str
        The number, formatted.
    bar : float, optional
        Length of the bar, in [0, 1].
    title : str
        Tooltip: what the number is.
    src : str
        Address of a small image before the label.
    """

    label: str | list[tuple[str, str]]
    value: str
    href: str | None = None
    bar: float | None = None
    title: str = ""
    src: str = ""
    active: bool = False
    tone: str = ""


def show(
    rows: list[Row], key: str, *, tone: str = "", columns: int = 1, to_top: bool = True
) -> None:
    """Draw the rows in their order, in one or more columns."""
    items = [
        vars(row)
        | {
            "label": [
                {"text": text, "tone": hue}
                for text, hue in ([(row.label, "")] if isinstance(row.label, str) else row.label)
            ]
        }
        for row in rows
    ]
    ranking_component(
        data={"rows": items, "tone": tone, "columns": columns, "to_top": to_top}, key=key
    )
