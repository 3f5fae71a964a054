"""Which two-dimensional layout keeps most of the activations' neighbourhoods.

``python -m benchmarks.image_map RUN [--without CLASS_ID ...]`` lays the pooled activations of
a run out by principal components, t-SNE and UMAP (both after the same reduction), and prints a row
for each: see `core.image_map.layout_quality`; recall and purity with 95 % bootstrap intervals over
images, and the seconds that it takes. The control are the points of the last layout exchanged among
the images. UMAP is measured where umap-learn is installed; nothing else needs it.
"""

import argparse
import time

import numpy as np

from fieldmarks.core.bootstrap import Resamples, ratio
from fieldmarks.core.image_map.layout import embed, reduced
from fieldmarks.core.image_map.layout_quality import layout_quality
from fieldmarks.core.run.reading import open_run


def umap(points: np.ndarray) -> np.ndarray:
    """Return the layout of UMAP with its default settings."""
    from umap import UMAP

    return UMAP(random_state=0, n_jobs=1).fit_transform(points)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run")
    parser.add_argument("--without", type=int, nargs="*", default=[], help="classes to leave out")
    parser.add_argument("--methods", nargs="*", default=["pca", "t-SNE", "UMAP"])
    arguments = parser.parse_args()
    run = open_run(arguments.run)
    classes = run.images["true_c"].to_numpy()
    kept = ~np.isin(run.classes["class_id"].to_numpy()[classes], arguments.without)
    pooled, classes = np.asarray(run.array("pooled"))[kept], classes[kept]
    start = time.perf_counter()
    points = reduced(pooled)
    seconds = time.perf_counter() - start
    print(f"{arguments.run}: {len(points):,} images, reduced in {seconds:.1f} s")
    whole = pooled / np.maximum(np.linalg.norm(pooled, axis=1, keepdims=True), 1e-12)
    methods = {"pca": lambda points: points[:, :2], "t-SNE": embed, "UMAP": umap}
    layouts = {}
    for name in arguments.methods:
        start = time.perf_counter()
        layouts[name] = methods[name](points)
        _print_row(name, whole, layouts[name], classes, time.perf_counter() - start)
    exchanged = np.random.default_rng(0).permutation(len(points))
    _print_row("exchanged", whole, next(reversed(layouts.values()))[exchanged], classes, 0)


def _print_row(
    name: str, whole: np.ndarray, layout: np.ndarray, classes: np.ndarray, seconds: float
) -> None:
    quality = layout_quality(whole, layout, classes)
    drawn = Resamples(len(whole))
    ones = np.ones(len(whole))
    scores = {key: ratio(quality[key], ones, drawn) for key in ("recall", "purity")}
    cells = [f"{key} {s.value:.3f} [{s.low:.3f}, {s.high:.3f}]" for key, s in scores.items()]
    print(name, f"trustworthiness {quality['trustworthiness']:.3f}", *cells, f"{seconds:.1f} s")


if __name__ == "__main__":
    main()
