"""Which words fall when a part of a photographed bird is covered by its surroundings.

    python -m benchmarks.experimental.covered_parts RUN --images DIR --checkpoint FILE [--runs DIR]
        [--classes ID ...] [--n 120]

Of each test image two parts that its captions name, with visible keypoints, are covered one at a
time: a disc around the keypoint is filled with a blend of what lies around it, and the network
sees the picture again. Scored like changes of the painted world
(`core.experimental.interventions`):
the place of the part's word among all words by how much p(t given x, c) falls, 0.5 by chance and 1
for the first; the correlation of the claimed part of the logit with what the class really loses;
and whether heat at the part falls more than when the other part is covered. Controls: the word of
the other part, and distributions permuted between filters. Keypoints place the discs and nothing
else. Prints CSV with bootstrap 95 % intervals over classes and images.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from scipy.ndimage import gaussian_filter

from fieldmarks.core.bootstrap import differences
from fieldmarks.core.experimental.interventions import CONTROLS, read_changes, score_changes
from fieldmarks.core.run.reading import open_run
from fieldmarks.core.run.run import Run
from fieldmarks.core.scores.pck import grounded_pairs
from fieldmarks.precompute.data.crop import load_crop
from fieldmarks.precompute.network.forward import Forward
from fieldmarks.precompute.network.loading import load_checkpoint

#: Radius of the disc and least distance of two parts, in units of the crop's side.
RADIUS, APART = 0.12, 0.3
BOX = ["bbox_left", "bbox_top", "bbox_width", "bbox_height"]


def cover(pixels: np.ndarray, place: np.ndarray, radius: float = RADIUS) -> np.ndarray:
    """Return an image with a disc filled by the blurred pixels around it.

    Parameters
    ----------
    pixels : ndarray of shape (S, S, 3), uint8
    place : ndarray of shape (2,)
        Row and column of the centre in the unit square.
    radius : float
        In units of the side.
    """
    size = len(pixels)
    away = np.hypot(*(np.indices((size, size)) + 0.5 - place[:, None, None] * size))
    outside = (away > radius * size).astype(np.float32)
    sigma = radius * size / 2
    around = gaussian_filter(pixels * outside[..., None], (sigma, sigma, 0))
    weight = gaussian_filter(outside, sigma)[..., None]
    fill = around / np.maximum(weight, 1e-6)
    edge = gaussian_filter(1 - outside, size / 112)[..., None]
    return np.rint(pixels * (1 - edge) + fill * edge).astype(np.uint8)


def choose(run: Run, xs: np.ndarray, n: int, seed: int = 0) -> pd.DataFrame:
    """Draw two parts of each of at most n images, one image of each class in turn."""
    pairs, rng = grounded_pairs(run, xs), np.random.default_rng(seed)
    parts = run.attributes["part"].to_numpy()
    rows = []
    for x in np.unique(pairs.xs):
        at = rng.permutation(np.flatnonzero(pairs.xs == x))
        first, second = at[0], None
        for other in at[1:]:
            places = [pairs.keypoints[i][np.isfinite(pairs.keypoints[i]).all(axis=1)][0]
                      for i in (first, other)]  # fmt: skip
            if parts[pairs.ts[first]] != parts[pairs.ts[other]] and (
                np.linalg.norm(places[0] - places[1]) > APART
            ):
                second = other
                break
        if second is None:
            continue
        for i, place in zip((first, second), places, strict=True):
            row, col = place.astype(float)
            rows.append((x, pairs.ts[i], -1, row, col, row, col))
    table = pd.DataFrame(rows, columns=["x", "t", "t_new", "row", "col", "row_new", "col_new"])
    images = pd.Series(rng.permutation(table["x"].unique()))
    turn = images.groupby(run.images["true_c"].to_numpy()[images]).cumcount()
    kept = images.to_numpy()[np.argsort(turn.to_numpy(), kind="stable")][:n]
    return table[table["x"].isin(kept)]


def covered(run: Run, table: pd.DataFrame, images: Path, checkpoint: Path) -> pd.DataFrame:
    """Return the table with what the network sees of the covered images."""
    model = load_checkpoint(checkpoint, run.manifest["input_size"])
    forward, seen = Forward(model, torch.device("cpu")), []
    for row in table.itertuples():
        box = None
        if BOX[0] in run.images:
            left, top, width, height = run.images.loc[row.x, BOX].to_numpy(float)
            box = (left, top, width, height)
        picture = load_crop(images / run.images["path"][row.x], box, model.input_size)[0]
        pixels = cover(np.asarray(picture), np.array([row.row, row.col]))
        arrays = forward(torch.from_numpy(pixels[None])).arrays()
        seen.append({k: arrays[k][0] for k in ("pooled", "logits")})
        seen[-1]["maps"] = arrays["maps"][0].tobytes()
    return table.reset_index(drop=True).join(pd.DataFrame(seen))


def lines(run: Run, table: pd.DataFrame) -> Iterator[str]:
    """Yield one CSV line for each method and measure."""
    changed = read_changes(run, table)
    assert changed is not None, "two parts of each image are covered"
    rows = score_changes(run, changed)
    pairs = [(run.default_estimator, name) for name in CONTROLS]
    for name, scores in (rows | differences(rows, pairs)).items():
        for measure, score in scores.items():
            if not np.isfinite(score.value):
                continue  # nothing came to the image
            yield f"{name},{measure},{score.value:.3f},{score.low:.3f},{score.high:.3f},{score.n}"


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run")
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--runs", type=Path)
    parser.add_argument("--classes", type=int, nargs="+", help="judge these classes only")
    parser.add_argument("--n", type=int, default=120, help="images")
    args = parser.parse_args()
    run = open_run(args.run, args.runs)
    is_kept = run.is_test.copy()
    if args.classes:
        ids = run.classes["class_id"].to_numpy()[run.images["true_c"]]
        is_kept &= np.isin(ids, args.classes)
    table = choose(run, np.flatnonzero(is_kept), args.n)
    print("method,measure,value,low,high,changes")
    for line in lines(run, covered(run, table, args.images, args.checkpoint)):
        print(line)


if __name__ == "__main__":
    main()
