"""PNG without its text: a picture whose comments unpack to much is a picture all the same.

Pillow bounds the text that it unpacks and refuses the whole file beyond that. No text is shown
here, so it is left out before Pillow sees the file.
"""

import io
import os
import struct
from typing import BinaryIO

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
#: Chunks of text: plain, compressed, and in any language.
_TEXT = (b"tEXt", b"zTXt", b"iTXt")
#: Text of fewer bytes cannot unpack to what Pillow refuses: deflate gives at most 1,032 for one.
_SMALL = 900


def without_text(file: BinaryIO) -> BinaryIO:
    """Return a PNG without larger chunks of text; anything else as it is, at its start.

    Parameters
    ----------
    file : binary file
        Seekable. Only the heads of its chunks are read where nothing is left out.
    """
    if file.read(len(_SIGNATURE)) != _SIGNATURE:
        file.seek(0)
        return file
    size = file.seek(0, os.SEEK_END)
    at, kept, n_text = len(_SIGNATURE), [(0, len(_SIGNATURE))], 0
    while at + 8 <= size:
        file.seek(at)
        length, kind = struct.unpack(">I4s", file.read(8))
        end = min(at + 12 + length, size)
        if kind in _TEXT and length > _SMALL:
            n_text += 1
        else:
            kept.append((at, end))
        at = end
    file.seek(0)
    if not n_text:
        return file
    parts = []
    for start, end in kept:
        file.seek(start)
        parts.append(file.read(end - start))
    return io.BytesIO(b"".join(parts))
