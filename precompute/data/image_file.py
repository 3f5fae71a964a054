"""Opening image files from elsewhere: only known formats, and none of too many pixels."""

import math
from pathlib import Path

from PIL import Image

#: What is decoded. Pillow knows many more formats and hands some of them to programs: PostScript,
#: whatever the file is called, is run by Ghostscript, which can write files.
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "PPM")
#: Larger images are not decoded: 4 bytes a pixel, several times, in each of the worker threads.
MAX_PIXELS = 64_000_000


def open_image(path: str | Path) -> Image.Image:
    """Open an image file, to be closed by ``with``; nothing is decoded yet.

    Raises
    ------
    OSError
        If it is missing or in none of `FORMATS`.
    Image.DecompressionBombError
        If it has more than `MAX_PIXELS`.
    """
    image = Image.open(path, formats=FORMATS)
    if math.prod(image.size) > MAX_PIXELS:
        image.close()
        raise Image.DecompressionBombError
    return image
