"""Opening an uploaded picture: bounded, of known formats, never written to disk.

Everything is checked on the header, before a pixel is decoded. Formats are named, because Pillow
hands some of them to programs whatever the file is called: PostScript is run by Ghostscript. It is
decoded as the run's own images were, and nothing is kept.
"""

import io
import math
import warnings

from PIL import Image, UnidentifiedImageError

from fieldmarks.core.errors import DataError, one_line
from fieldmarks.core.pictures.crop import Box, Crop, Size, cut_out
from fieldmarks.core.pictures.decoding import IMAGE_FOLDER, Decoding, size_of, to_rgb
from fieldmarks.core.pictures.png_text import without_text

FORMATS = ("JPEG", "PNG", "WEBP")
MAX_BYTES = 10 << 20
MAX_PIXELS = 40_000_000
#: A smaller picture shows nothing to a network.
MIN_SIDE = 16
#: JPEGs of phones that hold a second picture, such as a depth map, behind the first.
_SEVERAL_IN_JPEG = "MPO"


class Upload:
    """A picture as its bytes, checked; it is decoded only for what is asked.

    Parameters
    ----------
    content : bytes
        Of the file.
    decoding : Decoding
        That of the run, so that the network sees what it would see in it.

    Attributes
    ----------
    size : tuple of 2 int
        Width and height in pixels as it is decoded.

    Raises
    ------
    DataError
        If it is too large, in none of `FORMATS`, an animation or damaged.
    """

    def __init__(self, content: bytes, decoding: Decoding = IMAGE_FOLDER):
        if len(content) > MAX_BYTES:
            raise DataError(
                f"expected a picture of at most {MAX_BYTES >> 20} MB, got "
                f"{len(content) / 2**20:.1f} MB: make it smaller"
            )
        self._content, self._decoding = content, decoding
        with self._open() as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise DataError(
                    f"expected at most {MAX_PIXELS // 10**6} megapixels, got "
                    f"{math.prod(image.size) / 1e6:.0f}: make the picture smaller"
                )
            if min(width, height) < MIN_SIDE:
                raise DataError(
                    f"expected at least {MIN_SIDE} pixels on each side, got {width} x {height}: "
                    "give a larger picture"
                )
            n_frames = getattr(image, "n_frames", 1)
            if n_frames > 1 and image.format != _SEVERAL_IN_JPEG:
                raise DataError(
                    f"expected one picture, got an animation of {n_frames}: save one of them"
                )
            self.size = self._told(size_of, image, decoding)

    def cut_out(self, crop: Crop, size: Size, interpolation: str | None = None) -> Image.Image:
        """Return what is fed of the picture; see `core.pictures.crop.cut_out`.

        Raises
        ------
        DataError
            If the pixels cannot be decoded.
        """
        with self._open() as image:
            return self._told(cut_out, image, crop, size, interpolation, self._decoding)

    def small(self, side: int) -> Image.Image:
        """Return the whole picture, its longer side at most ``side`` pixels, RGB."""
        with self._open() as image:
            return self._told(_small, image, side, self._decoding)

    @property
    def whole(self) -> Box:
        """The box of all of the picture: left, top, width, height."""
        return (0.0, 0.0, float(self.size[0]), float(self.size[1]))

    def _open(self) -> Image.Image:
        try:
            with warnings.catch_warnings():
                # the bound on pixels is ours, and lower than the one that Pillow warns of
                warnings.simplefilter("ignore", Image.DecompressionBombWarning)
                return Image.open(without_text(io.BytesIO(self._content)), formats=FORMATS)
        except UnidentifiedImageError:
            raise DataError(
                "expected a JPEG, PNG or WebP picture, got something else: save it as one of these"
            ) from None
        except Image.DecompressionBombError:
            raise DataError(
                f"expected at most {MAX_PIXELS // 10**6} megapixels, got far more: make the "
                "picture smaller"
            ) from None
        except Exception as error:
            raise _damaged(error) from None

    @staticmethod
    def _told(function, *args, **kwargs):
        """Return a function's result; whatever a decoder raises becomes one line."""
        try:
            return function(*args, **kwargs)
        except Exception as error:
            # Pillow's decoders raise OSError, SyntaxError, ValueError, struct.error and more
            raise _damaged(error) from None


def _small(image: Image.Image, side: int, decoding: Decoding) -> Image.Image:
    image.draft(None, (side, side))
    small = to_rgb(image, decoding)
    small.thumbnail((side, side))
    return small


def _damaged(error: Exception) -> DataError:
    return DataError(
        f"the picture is damaged ({one_line(error)}): save it again, or give another one"
    )
