"""Where each image lies on the map of images."""

from fieldmarks.core.image_map.layout import image_layout
from fieldmarks.precompute.pipeline.registry import LAYOUT_SEED
from fieldmarks.precompute.pipeline.work import Work


def compute(work: Work) -> None:
    """Compute the stage ``layout``."""
    work.writer.put("layout", image_layout(work.read().array("pooled"), LAYOUT_SEED))
