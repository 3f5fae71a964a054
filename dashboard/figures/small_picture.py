"""Pictures of a few kilobytes for the rows of a table that is drawn again with each key."""

from fieldmarks.core.run.per_run import per_run
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard.data import data_uri
from fieldmarks.dashboard.figures import overlay

#: Longer side in pixels: two for each point of a row's picture.
SIDE = 92


@per_run(most=4096)
def small_picture(run: Run, x: int) -> str:
    """Return the network's crop of image x, reduced, as an address."""
    return data_uri(overlay.crop(run.packed("thumb", x), (0.0, 0.0, 1.0), SIDE))
