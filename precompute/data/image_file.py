"""Image files from elsewhere: finding them by their content, and opening known formats only."""

import math
import os
import re
import stat
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from fieldmarks.core.pictures.png_text import without_text

#: What is decoded. Pillow knows many more formats and hands some of them to programs: PostScript,
#: whatever the file is called, is run by Ghostscript, which can write files.
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "PPM", "AVIF")
#: Larger images are not decoded: 4 bytes a pixel, several times, in each of the worker threads.
MAX_PIXELS = 64_000_000
#: Nor are larger files opened: so many pixels of four floats.
MAX_BYTES = 1 << 30


def open_image(path: str | Path) -> Image.Image:
    """Open an image file, to be closed by ``with``; nothing is decoded yet.

    Raises
    ------
    OSError
        If it is missing, no regular file (a pipe would be waited for), of more than `MAX_BYTES`, or
        in none of `FORMATS`.
    Image.DecompressionBombError
        If it has more than `MAX_PIXELS`.
    """
    status = os.stat(path)  # noqa: PTH116  # called for each picture
    if not stat.S_ISREG(status.st_mode):
        raise OSError("it is not a regular file")
    if status.st_size > MAX_BYTES:
        raise OSError(f"it has {status.st_size / 2**30:.1f} GB: expected at most 1 GB")
    with Path(path).open("rb") as file:
        readable = without_text(file)
        is_changed = readable is not file
    # Pillow closes what it opened itself
    image = Image.open(readable if is_changed else path, formats=FORMATS)
    if math.prod(image.size) > MAX_PIXELS:
        image.close()
        raise Image.DecompressionBombError
    return image


#: Names under which a file counts as a picture unseen: an unreadable one is reported as damaged.
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".ppm"})
_MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"BM", b"II*\0", b"MM\0*", b"GIF8")
_MAGIC += tuple(b"P%d" % i for i in range(1, 7))
_HEIC = (b"heic", b"heix", b"hevc", b"mif1", b"msf1")
#: What systems leave in folders, and tables that readers look for by themselves.
_EXPECTED = frozenset({"thumbs.db", "desktop.ini"})
#: Of names of which tables, pages and reports could not say what they name.
_NO_TEXT = "have names that are not UTF-8 (rename them)"
_HALVES = re.compile("[\ud800-\udfff]")
_METADATA = "metadata."
#: Names shown of files that are skipped.
_SHOWN = 3


class Skipped:
    """What was found in a data folder and is not read, by the reason."""

    def __init__(self):
        self._paths: dict[str, list[str]] = defaultdict(list)

    def add(self, reason: str, path: str) -> None:
        """Note a path below the folder; the reason follows "3 files"."""
        self._paths[reason].append(os.fsencode(path).decode("utf-8", "backslashreplace"))

    def forget(self, path: str) -> None:
        """Leave out a file that is read as something else."""
        for reason, paths in list(self._paths.items()):
            self._paths[reason] = [each for each in paths if each != path]

    def told(self) -> list[str]:
        """Return a sentence for each reason, with the number and the first names."""
        return [
            f"{len(paths)} {reason}: {', '.join(paths[:_SHOWN])}{', ...' * (len(paths) > _SHOWN)}"
            for reason, paths in self._paths.items()
            if paths
        ]


def image_files(folder: Path, skipped: Skipped | None = None) -> Iterator[str]:
    """Yield the path of each image below a folder, relative and with slashes, in sorted order.

    A file is an image by its usual suffix or by its content, whatever it is called.

    Parameters
    ----------
    folder : Path
    skipped : Skipped, optional
        Is called with what is not an image. Text files beside an image of their name are captions,
        and ``metadata`` files are tables: neither is reported.
    """
    skipped = Skipped() if skipped is None else skipped
    for parent, folders, names in os.walk(folder):
        path = Path(parent)
        below = path.relative_to(folder).as_posix()
        prefix = "" if below == "." else f"{below}/"
        for name in sorted(folders):
            if name.startswith("."):
                skipped.add("hidden folders", prefix + name)
            elif not is_text(name):
                skipped.add(f"folders {_NO_TEXT}", prefix + name)
            elif (path / name).is_symlink():
                skipped.add("folders are links, which are not followed", prefix + name)
        folders[:] = sorted(name for name in folders if not name.startswith(".") and is_text(name))
        others, stems = [], set()
        for name in sorted(names):
            reason = _why_no_image(path / name)
            if reason == "":
                stems.add(name.rpartition(".")[0] or name)
                yield prefix + name
            else:
                others.append((name, reason))
        for name, reason in others:
            is_caption = name.endswith(".txt") and name[:-4] in stems
            if not is_caption and not name.startswith(_METADATA) and reason is not None:
                skipped.add(reason, prefix + name)


def _why_no_image(path: Path) -> str | None:
    """Return why a file is not an image, empty for an image, None for what is not reported."""
    name = path.name.lower()
    if not is_text(name):
        return f"files {_NO_TEXT}"
    has_suffix = path.suffix.lower() in SUFFIXES
    if name.startswith("."):
        return "hidden files" if has_suffix else None
    if name in _EXPECTED:
        return None
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return "files are not regular files"
        if has_suffix:
            return ""
        with path.open("rb") as file:
            head = file.read(16)
    except OSError:
        # of a picture it is reported, too, when it is to be decoded
        return "" if has_suffix else "files cannot be opened"
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC:
        return "files are HEIC pictures, which are not read (convert them to JPEG)"
    is_likely = head.startswith(_MAGIC) or head[8:12] == b"WEBP" or head[4:8] == b"ftyp"
    return "" if is_likely and _opens(path) else "files are not readable pictures"


def is_text(name: str) -> bool:
    """Whether a name is text; with an encoding that is not UTF-8, that is reported elsewhere."""
    return name.isascii() or sys.getfilesystemencoding() != "utf-8" or _HALVES.search(name) is None


def _opens(path: Path) -> bool:
    try:
        open_image(path).close()
    except Image.DecompressionBombError:
        return True  # that it is too large is reported when it is to be decoded
    except Exception:
        # Pillow's decoders raise OSError, SyntaxError, ValueError, struct.error and more
        return False
    return True


def decodes(path: str | Path) -> bool:
    """Whether a file decodes as a picture; a JPEG at its least size."""
    try:
        with open_image(path) as image:
            image.draft("RGB", (1, 1))
            image.load()
    except Exception:
        # Pillow's decoders raise OSError, SyntaxError, ValueError, struct.error and more
        return False
    return True
