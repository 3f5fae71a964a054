"""The region of an image that activates a filter."""

from dataclasses import dataclass

from fieldmarks.core.explanations import grounding
from fieldmarks.core.run.per_run import per_run
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import data
from fieldmarks.dashboard.figures import overlay

#: The box of an image that is not cropped.
WHOLE = (0.0, 0.0, 1.0)


@dataclass(frozen=True)
class Region:
    """A crop of an image around the activated region, and the layer that darkens the rest.

    ``box`` is top, left and side of the crop in the unit square of the image.
    """

    src: str
    layer: str
    box: tuple[float, float, float] = WHOLE

    def inside(self, row: float, col: float) -> tuple[float, float] | None:
        """Return a place of the image in the unit square of the crop, None where it is outside."""
        top, left, side = self.box
        place = (row - top) / side, (col - left) / side
        return place if all(0 <= each <= 1 for each in place) else None


def region(run: Run, f: int, x: int, is_whole: bool = False) -> Region:
    """Return the activated region of image x, or the whole image with the rest darkened.

    Where the maps of x are not kept it is the whole image as it is.
    """
    if not data.has_maps(run, x):
        return Region(data.thumb(run, x), "")
    return _region(run, f, x, is_whole)


@per_run(most=4096)
def _region(run: Run, f: int, x: int, is_whole: bool) -> Region:
    heatmap = grounding.filter_map(run, x, f, size=overlay.LAYER_SIZE)
    if is_whole:
        shade = overlay.spotlight(heatmap)
        return Region(data.thumb(run, x), data.data_uri(shade, "image/png"))
    box = overlay.active_box(heatmap)
    photo = overlay.crop(run.packed("thumb", x), box)
    shade = overlay.spotlight(overlay.crop_heatmap(heatmap, box))
    return Region(data.data_uri(photo), data.data_uri(shade, "image/png"), box)
