"""What it costs to decode JPEGs at a smaller DCT scale: error of the pixels, and the time it saves.

    python -m benchmarks.dct_scale FOLDER [--files 120]

Each photograph of a folder is made smaller as torchvision's ``Resize`` makes it, once from all of
its pixels and once from a picture decoded at half the size (`PIL.Image.Image.draft`). A row tells,
for each size of the result, the mean absolute difference in levels of 255, that of the worst
picture, and milliseconds of processor time a picture.
"""

import argparse
import io
import time
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.row import print_row

#: How much smaller the picture becomes after it was decoded at half its size.
REST = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)


def resized(content: bytes, size: tuple[int, int], scale: int) -> tuple[np.ndarray, float]:
    """Return pixels of that size, and processor time, from a picture decoded at 1 / scale."""
    picture = Image.open(io.BytesIO(content))
    width, height = picture.size
    started = time.process_time()
    if scale > 1:
        picture.draft("RGB", (width // scale, height // scale))
    pixels = np.asarray(picture.convert("RGB").resize(size, Image.Resampling.BILINEAR), float)
    return pixels, time.process_time() - started


def main() -> None:
    """Measure and print the rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=120)
    args = parser.parse_args()
    files = sorted(args.folder.rglob("*.jpg"))
    rng = np.random.default_rng(0)
    chosen = [files[i] for i in rng.permutation(len(files))[: args.files]]
    contents = [path.read_bytes() for path in chosen]
    for rest in REST:
        errors, seconds = [], np.zeros(2)
        for content in contents:
            width, height = Image.open(io.BytesIO(content)).size
            size = max(1, round(width / (2 * rest))), max(1, round(height / (2 * rest)))
            (exact, slow), (other, fast) = (resized(content, size, each) for each in (1, 2))
            errors.append(np.abs(exact - other).mean())
            seconds += slow, fast
        print_row(
            "dct_scale",
            pictures=len(contents),
            times_smaller=2 * rest,
            mean_error=float(np.mean(errors)),
            worst_error=float(np.max(errors)),
            exact_ms=1e3 * seconds[0] / len(contents),
            half_ms=1e3 * seconds[1] / len(contents),
        )


if __name__ == "__main__":
    main()
