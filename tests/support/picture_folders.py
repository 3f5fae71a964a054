"""Small folders of pictures, with and without tables, for tests of the readers."""

from pathlib import Path

import numpy as np
from PIL import Image

COLOURS = {"boot": (150, 60, 20), "cap": (20, 60, 160), "sock": (90, 90, 90)}


def write_picture(path: Path, colour=(120, 60, 20), seed: int = 0, size=(160, 128)) -> None:
    """Write noise around a colour; pictures of other seeds are not duplicates."""
    rng = np.random.default_rng(seed)
    blocks = np.kron(rng.integers(-60, 60, (4, 5, 3)), np.ones((size[1] // 4, size[0] // 5, 1)))
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.clip(blocks + colour, 0, 255).astype(np.uint8)).save(path, quality=95)


def write_classes(folder: Path, n: int = 6, below: str = "", suffix: str = ".jpg") -> list[str]:
    """Write n pictures a class and return their paths below the folder."""
    paths = []
    for c, (name, colour) in enumerate(COLOURS.items()):
        for i in range(n):
            path = f"{below}{name}/{i}{suffix}"
            write_picture(folder / path, colour, seed=100 * c + i + len(below) * 1000)
            paths.append(path)
    return paths


def write_shop(folder: Path, n: int = 6) -> Path:
    """Write ``images/<id>.jpg`` and ``products.csv`` as a shop exports them; return the table."""
    rows = ["id,kind,colour,usage"]
    for c, (name, colour) in enumerate(COLOURS.items()):
        for i in range(n):
            number = 1000 + 10 * i + c
            write_picture(folder / "images" / f"{number}.jpg", colour, seed=100 * c + i)
            rows.append(f"{number},{name},{('Navy Blue', 'Red')[i % 2]},{('Casual', '')[c % 2]}")
    table = folder / "products.csv"
    table.write_text("\n".join(rows) + "\n")
    return table
