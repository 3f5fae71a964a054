"""Whether the colour in the name of a filter is really there: pixels at its peaks.

    python -m benchmarks.peak_colours RUN [--runs DIR]

For filters whose seen name has a colour, the share of the 20 most activating test images in which
at least a fifth of the pixels around the peak have that colour, beside colours exchanged between
filters, and the best colour by the same pixels. Brackets: bootstrap 95 % over filters. Pixels are
sorted into eleven basic colours by fixed limits of hue, saturation and value, which no run was used
to choose; where the places of attributes are known, how often pixels and truth agree is a row, too.
"""

import argparse
import io
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.filter_page import interval
from fieldmarks.core.run.reading import open_run
from fieldmarks.core.run.run import Run
from fieldmarks.core.scores.filters.filter_names import N_TOP, at_peak

COLOURS = (
    *("black", "white", "grey", "red", "orange", "yellow", "green", "blue", "purple", "pink"),
    "brown",
)
#: Words of captions that mean one of them.
SAME = {"gray": "grey", "golden": "yellow", "violet": "purple", "crimson": "red", "scarlet": "red"}
#: Radius of the patch around a peak, in units of the crop's side, and its share of the colour.
RADIUS, SHARE = 0.06, 0.2


def colour_of_pixels(rgb: np.ndarray) -> np.ndarray:
    """Return the index into `COLOURS` of each pixel.

    Parameters
    ----------
    rgb : ndarray of shape (n, 3), uint8
    """
    hsv = np.asarray(Image.fromarray(rgb[None]).convert("HSV"))[0].astype(float) / 255
    hue, saturation, value = 360 * hsv[:, 0], hsv[:, 1], hsv[:, 2]
    ends = (15, 40, 70, 165, 260, 320, 345, 361)
    names = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "red")
    of_hue = np.array([COLOURS.index(name) for name in names])[np.searchsorted(ends, hue, "right")]
    is_warm = (hue >= 10) & (hue < 50)
    conditions = (
        (value < 0.22, "black"),
        ((saturation < 0.16) & (value > 0.75), "white"),
        (saturation < 0.16, "grey"),
        (is_warm & (value < 0.65), "brown"),
        (((hue < 15) | (hue >= 320)) & (saturation < 0.5) & (value > 0.6), "pink"),
    )
    return np.select(
        [condition for condition, _ in conditions],
        [COLOURS.index(name) for _, name in conditions],
        of_hue,
    )


def shares(run: Run, x: int, centre: np.ndarray) -> np.ndarray:
    """Return the share of each colour around a point of the crop of image x."""
    picture = np.asarray(Image.open(io.BytesIO(run.packed("thumb", x))).convert("RGB"))
    size = np.array(picture.shape[:2])
    low = np.clip(((centre - RADIUS) * size).astype(int), 0, size - 1)
    high = np.maximum(((centre + RADIUS) * size).astype(int), low + 1)
    patch = picture[low[0] : high[0], low[1] : high[1]].reshape(-1, 3)
    return np.bincount(colour_of_pixels(patch), minlength=len(COLOURS)) / len(patch)


def at_peaks(run: Run, fs: np.ndarray) -> np.ndarray:
    """Return whether each colour is at the peaks of filters, shape (n, N_TOP, colours)."""
    xs = np.flatnonzero(run.is_test & run.is_readable & (run.array("map_row") >= 0))
    pooled, centres = run.array("pooled")[xs], run.array("cell_centres").reshape(-1, 2)
    there = np.zeros((len(fs), N_TOP, len(COLOURS)), bool)
    for i, f in enumerate(fs):
        for j, x in enumerate(xs[np.argsort(-pooled[:, f], kind="stable")[:N_TOP]]):
            peak = centres[np.asarray(run.maps(x)[f]).argmax()]
            there[i, j] = shares(run, int(x), peak) >= SHARE
    return there


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run")
    parser.add_argument("--runs", type=Path)
    args = parser.parse_args()
    run, rng = open_run(args.run, args.runs), np.random.default_rng(0)
    seen = run.table("seen_names")
    words = seen["adjective"].replace(SAME).to_numpy()
    is_pair = seen["t"].to_numpy() >= 0
    print("figure,value,low,high,n")
    for label, use in (("pair", is_pair), ("adjective alone", ~is_pair)):
        fs = np.flatnonzero(use & np.isin(words, COLOURS))
        if not len(fs):
            continue
        there = at_peaks(run, fs)
        named = np.array([COLOURS.index(word) for word in words[fs]])
        share = there.mean(axis=1)
        hits = share[np.arange(len(fs)), named]
        print(f'"{label}: its colour is there",{interval(hits, rng)}')
        print(f'"{label}: colours exchanged",{interval(share[:, named].mean(axis=1), rng)}')
        print(f'"{label}: the best colour",{interval(share.max(axis=1), rng)}')
        if "attribute_places" in run.table_names:
            agree = agreement(run, fs, words[fs], there[np.arange(len(fs)), :, named])
            print(f'"{label}: pixels agree with the truth",{interval(agree, rng)}')


def agreement(run: Run, fs: np.ndarray, words: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Return at how many of its peaks pixels and truth say the same of a filter's colour."""
    peaks = at_peak(run, np.flatnonzero(run.is_test), run.table("attribute_places"))
    assert peaks is not None
    adjectives = run.attributes["adjective"].replace(SAME).to_numpy()
    is_true = [
        peaks.hits[f][:, adjectives == word].any(axis=1) for f, word in zip(fs, words, strict=True)
    ]
    return (np.array(is_true) == there).mean(axis=1)


if __name__ == "__main__":
    main()
