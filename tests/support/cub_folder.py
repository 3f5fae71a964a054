"""A folder in the layout of CUB with a few generated images, for tests that then damage it."""

from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = {3: "003.Red_Finch", 11: "011.Blue_footed_Jay"}
PATHS = {
    2: "003.Red_Finch/a.jpg",
    5: "011.Blue_footed_Jay/b.jpg",
    7: "003.Red_Finch/c.jpg",
    9: "011.Blue_footed_Jay/d.jpg",
}
SIZE = (60, 40)


def write_cub(folder: Path, n_images: int = 4, newline: str = "\n") -> Path:
    """Write images (red or blue, 60 x 40), every second in the training split, and annotations."""
    paths = dict(PATHS)
    for i in range(4, n_images):
        name = list(CLASSES.values())[(i // 2) % 2]
        paths[10 + i] = f"{name}/more_{i}.jpg"
    ids = list(paths)[:n_images]
    rng = np.random.default_rng(0)
    for image_id in ids:
        path = folder / "images" / paths[image_id]
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 100, (SIZE[1], SIZE[0], 3), np.uint8)
        pixels[..., 0 if "Red" in path.parent.name else 2] += 120
        Image.fromarray(pixels).save(path)
    label = {name: class_id for class_id, name in CLASSES.items()}
    files = {
        "images.txt": [f"{i} {paths[i]}" for i in ids],
        "classes.txt": [f"{class_id} {name}" for class_id, name in CLASSES.items()],
        "image_class_labels.txt": [f"{i} {label[paths[i].split('/')[0]]}" for i in ids],
        "train_test_split.txt": [f"{i} {int(n % 4 < 2)}" for n, i in enumerate(ids)],
        "bounding_boxes.txt": [f"{i} 10.0 5.0 30.0 20.0" for i in ids],
        "parts/parts.txt": ["1 back", "2 left eye"],
        "parts/part_locs.txt": [f"{i} {p} 20.0 {9 + p}.0 {2 - p}" for i in ids for p in (1, 2)],
    }
    (folder / "parts").mkdir(exist_ok=True)
    for name, lines in files.items():
        (folder / name).write_text("\n".join(lines) + "\n", newline=newline)
    return folder
