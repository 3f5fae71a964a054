"""Thumbnails: the network's crop as JPEG bytes, ready for a page to send."""

import io

from PIL import Image

QUALITY = 85


def thumbnail(image: Image.Image, size: int) -> bytes:
    """Return an image as JPEG of at most ``size`` by ``size`` pixels; it is never enlarged."""
    if image.width > size:
        image = image.resize((size, size), Image.Resampling.BILINEAR, reducing_gap=2.0)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()
