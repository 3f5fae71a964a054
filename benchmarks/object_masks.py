"""How well the object is found where no box and no keypoint tells (`core.explanations.place`).

    python -m benchmarks.object_masks RUN --object {box,purple,coloured} [--n 200]

The object is what the box of the image has, judged on whole pictures; what is purple (stained
nuclei on a smear); or what is not white (products). By colour, beside where all filters together
are more active than on average, and a square of the object's size in the middle. Intersection over
union; precision and recall of what is found by colour; for how many pictures nothing is said.
"""

import argparse
import csv
import io
import sys
from collections import defaultdict

import numpy as np
from PIL import Image

from fieldmarks.core.explanations.grounding import upsample
from fieldmarks.core.explanations.place import GRID, object_by_colour
from fieldmarks.core.run.reading import open_run
from fieldmarks.core.run.run import Run
from fieldmarks.precompute.data.read import read_dataset
from fieldmarks.precompute.pipeline.settings import Settings

PURPLE, DARK, WHITE = 40, 130, 235  #: of blue over green, of green, of the darkest channel


def by_activation(run: Run, x: int) -> np.ndarray:
    """Return where all filters together are more active than on average."""
    maps = np.asarray(run.maps(x), np.float32).sum(axis=0)
    total = upsample(maps, run.array("cell_centres"), GRID)
    return total > total.mean()


def middle(share: float) -> np.ndarray:
    """Return a square of that share of the picture in its middle."""
    points = np.abs((np.arange(GRID) + 0.5) / GRID - 0.5)
    inside = points <= np.sqrt(share) / 2
    return np.outer(inside, inside)


def truth_of(run: Run, x: int, kind: str) -> tuple[bytes, np.ndarray]:
    """Return a picture and where its object is."""
    row = run.images.iloc[x]
    if kind != "box":
        picture = run.packed("thumb", x)
        small = Image.open(io.BytesIO(picture)).convert("RGB").resize((GRID, GRID))
        rgb = np.asarray(small, float)
        is_purple = (rgb[..., 1] < DARK) & (rgb[..., 2] - rgb[..., 1] > PURPLE)
        return picture, is_purple if kind == "purple" else rgb.min(axis=-1) < WHITE
    folder = read_dataset(Settings.of_run(run).source).image_folder
    picture = (folder / row["path"]).read_bytes()
    points = (np.arange(GRID) + 0.5) / GRID
    rows, cols = points * row["height"], points * row["width"]
    of_rows = (rows >= row["bbox_top"]) & (rows <= row["bbox_top"] + row["bbox_height"])
    of_cols = (cols >= row["bbox_left"]) & (cols <= row["bbox_left"] + row["bbox_width"])
    return picture, np.outer(of_rows, of_cols)


def main() -> None:
    """Print a row for each way to find the object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run")
    parser.add_argument("--object", choices=("box", "purple", "coloured"), required=True)
    parser.add_argument("--n", type=int, default=200)
    args = parser.parse_args()
    run, figures, n_silent = open_run(args.run), defaultdict(list), 0
    have = np.flatnonzero(run.array("map_row")[:] >= 0)
    xs = np.random.default_rng(0).permutation(have)[: args.n]
    for x in map(int, xs):
        picture, truth = truth_of(run, x, args.object)
        if not truth.any():
            continue
        masks = {"colour": object_by_colour(picture), "middle": middle(truth.mean())}
        if args.object != "box":  # maps are of the crop
            masks["activation"] = by_activation(run, x)
        for name, mask in masks.items():
            if mask is None:
                n_silent += 1
                continue
            both = (mask & truth).sum()
            figures[name].append(
                (both / (mask | truth).sum(), both / mask.sum(), both / truth.sum())
            )
    out = csv.writer(sys.stdout)
    print(f"# {run.name}, {len(xs)} pictures; by colour nothing is said of {n_silent}")
    out.writerow(["by", "n", "IoU", "precision", "recall"])
    for name, rows in figures.items():
        out.writerow([name, len(rows), *(f"{value:.3f}" for value in np.mean(rows, axis=0))])


if __name__ == "__main__":
    main()
