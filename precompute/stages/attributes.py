"""Captions to attributes: the counts, the table and the captions themselves."""

from collections.abc import Sequence

from tqdm import tqdm

from core.runs.writer import RunWriter
from precompute.attributes.class_annotations import extract_annotated
from precompute.attributes.extraction import MIN_IMAGES, extract


def write_attributes(
    writer: RunWriter,
    lines: Sequence[Sequence[str]],
    merge: bool,
    min_images: int | None,
    source: str = "captions",
) -> None:
    """Extract the attributes of all captions and write them.

    Parameters
    ----------
    writer : RunWriter
    lines : sequence of sequences of str
        The captions of each image.
    merge, min_images
        See `precompute.attributes.extraction.extract`; None for its default.
    source : str
        ``classes`` where `precompute.attributes.class_annotations` wrote the lines.
    """
    least = MIN_IMAGES if min_images is None else min_images
    if source == "classes":
        extracted = extract_annotated(lines, least)
    else:
        extracted = extract(lines, merge=merge, min_images=least, progress=_progress)
    writer.put_counts(extracted.counts)
    writer.put_table("attributes", extracted.table)
    writer.put_pack("caption", ("\n".join([*captions, ""]).encode() for captions in lines))


def _progress(readings, total: int) -> tqdm:
    return tqdm(readings, "attributes", total, unit=" captions", mininterval=0.5)
