"""Pictures of suspected label errors, with the label and the suggested class."""

from collections.abc import Callable, Sequence

import pandas as pd

from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import data, links
from fieldmarks.dashboard.components import gallery
from fieldmarks.dashboard.components.gallery import Action, Line, Picture


def show(
    run: Run,
    table: pd.DataFrame,
    key: str,
    actions: Sequence[Action] = (),
    on_action: Callable[[str, list[int], str], None] | None = None,
) -> None:
    """Draw suspects, rows of `core.causes.suspects.suspects`, with label and suggestion.

    Parameters
    ----------
    run : Run
    table : DataFrame
    key : str
        Of the gallery.
    actions, on_action
        See `dashboard.components.gallery.show`; they stand under each picture, too.
    """
    x_of = {path: x for x, path in enumerate(run.images["path"])}
    gallery.show(
        [_picture(run, x_of[row.path], row) for row in table.itertuples()],
        key=key,
        width=200 if actions else 138,
        to_top=True,
        actions=actions,
        on_action=on_action,
        is_each=bool(actions),
    )


def _picture(run: Run, x: int, row) -> Picture:
    return Picture(
        src=data.thumb(run, x),
        alt=f"Image {x}, label {row.label}, suggested {row.suggested}",
        href=links.image(run, x),
        lines=[
            Line(f"label: {row.label}", gallery.TRUE, title="Label"),
            Line(f"suggested: {row.suggested}", gallery.PREDICTED, title="Suggested class"),
            Line("training image" if row.split == "train" else "test image", title=row.reason),
        ],
        badge="> 0.99" if row.suspicion > 0.99 else f"{row.suspicion:.2f}",
        title=row.reason,
        id=x,
    )
