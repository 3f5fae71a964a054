"""Scores image quality on kinds of degradation that no threshold was chosen on.

    python -m benchmarks.other_degradations RUN --world DIR [--runs DIR]

Sound test images of a finished run of a made world are degraded, decoded and passed through the
network; the run is diagnosed again with these images in the place of the others. Average precision
of each kind against the test images that stay sound, beside two baselines, with bootstrap 95 %
intervals over images; and the share of the kind's failures that are diagnosed as image quality
(Wilson's intervals).
"""

import argparse
import platform
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from scipy.special import softmax

from benchmarks.triage import average_precision, share
from fieldmarks.core.causes.diagnosis import diagnose
from fieldmarks.core.causes.finding import Pattern
from fieldmarks.core.causes.image_quality_measures import quality
from fieldmarks.core.run.files import array_path
from fieldmarks.core.run.reading import open_run, read_run
from fieldmarks.core.run.run import Run
from fieldmarks.precompute.data.crop import load_crop
from fieldmarks.precompute.demo_world.cub_writer import QUALITY
from fieldmarks.precompute.demo_world.planting.degradations import (
    DEGRADATIONS,
    OTHER_DEGRADATIONS,
    degrade,
)
from fieldmarks.precompute.demo_world.planting.ground_truth import Truth
from fieldmarks.precompute.network.forward import Forward
from fieldmarks.precompute.network.loading import load_checkpoint

N_IMAGES = 30  # of each kind
KINDS = DEGRADATIONS + OTHER_DEGRADATIONS


def degraded_run(run: Run, truth: Truth, world: Path, checkpoint: Path, folder: Path):
    """Return the run with some images degraded, and the kind of each image, shape (X,).

    The kind is "" for sound test images and None for all others.
    """
    rng, X = np.random.default_rng(0), run.sizes["X"]
    of = truth.images.set_index("path").loc[run.images["path"]]
    is_sound = ~of["is_wrong_label"] & (of["degradation"] == "") & of["cue"].isin(["", "usual"])
    sound = np.flatnonzero(run.is_test & is_sound.to_numpy())
    kinds = np.full(X, None, object)
    kinds[sound] = ""
    chosen = rng.permutation(sound)[: N_IMAGES * len(KINDS)].reshape(len(KINDS), -1)
    for kind, xs in zip(KINDS, chosen, strict=True):
        kinds[xs] = kind
    model = load_checkpoint(checkpoint, run.manifest["input_size"])
    forward = Forward(model, torch.device("cpu"))
    images, boxes = run.images.copy(), ["bbox_left", "bbox_top", "bbox_width", "bbox_height"]
    arrays = {name: np.array(run.array(name)) for name in ("pooled", "logits", "maps")}
    for x in chosen.ravel():
        source = Image.open(world / "CUB_200_2011" / "images" / images["path"][x])
        spoilt = degrade(source.convert("RGB"), kinds[x], rng.uniform(0.2, 1), rng)
        file = folder / "bird.jpg"
        spoilt.save(file, quality=QUALITY)
        box = tuple(images.loc[x, boxes].to_numpy(float))
        image, crop, size = load_crop(file, box, model.input_size)
        pixels = np.asarray(image)
        seen = forward(torch.from_numpy(pixels[None].copy())).arrays()
        for name, row in (("pooled", x), ("logits", x), ("maps", run.array("map_row")[x])):
            arrays[name][row] = seen[name][0]
        for column, value in quality(pixels, crop, size).items():
            images.loc[x, column] = value
    p = softmax(arrays["logits"].astype(float), axis=1)
    images["predicted_c"] = p.argmax(axis=1).astype(np.int32)
    images["confidence"] = p.max(axis=1).astype(np.float32)
    images["p_true"] = p[np.arange(X), images["true_c"]].astype(np.float32)
    copy = folder / run.name
    shutil.copytree(run.folder, copy)
    for name, values in arrays.items():
        np.save(array_path(copy, name), values)
    images.to_parquet(copy / "tables" / "images.parquet", index=False)
    return read_run(copy), kinds


def rows(run: Run, kinds: np.ndarray) -> Iterator[tuple[str, str, str, tuple, int]]:
    """Yield measure, kind, method, value with bounds and number of images."""
    table, images = diagnose(run), run.images
    is_failure = np.isin(np.arange(len(images)), run.failures)
    methods = {
        "ours": table["image_quality"].to_numpy(),
        "label least probable": -images["p_true"].to_numpy(),
        "confidence lowest": -images["confidence"].to_numpy(),
    }
    is_found = (table["pattern"] == Pattern.IMAGE_QUALITY).to_numpy()
    for kind in KINDS:
        rows = np.isin(kinds.astype(str), ["", kind])
        for method, score in methods.items():
            values = average_precision((kinds == kind)[rows], score[rows])
            yield "average precision", kind, method, values, int((kinds == kind).sum())
        failed = (kinds == kind) & is_failure
        values = share(int((failed & is_found).sum()), int(failed.sum()))
        yield "recall of failures", kind, "ours", values, int(failed.sum())


def main() -> None:
    """Print one CSV row a measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run")
    parser.add_argument("--world", type=Path, required=True)
    parser.add_argument("--runs", type=Path)
    parser.add_argument("--checkpoint", type=Path)
    args = parser.parse_args()
    run, truth = open_run(args.run, args.runs), Truth.read(args.world)
    checkpoint = args.checkpoint or Path(run.manifest["settings"]["checkpoint"])
    print("measure,kind,seen while choosing,method,value,low,high,n,machine")
    with tempfile.TemporaryDirectory() as folder:
        altered, kinds = degraded_run(run, truth, args.world, checkpoint, Path(folder))
        for measure, kind, method, values, n in rows(altered, kinds):
            figures = ",".join(f"{value:.3f}" for value in values)
            known = "yes" if kind in DEGRADATIONS else "no"
            print(f"{measure},{kind},{known},{method},{figures},{n},{platform.machine()}")


if __name__ == "__main__":
    main()
