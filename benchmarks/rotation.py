"""Settings chosen on some classes and judged on others, fold by fold.

    python -m benchmarks.rotation RUN [--runs DIR] [--judge ID ...]

The classes that have captions are held out family by family (classes whose names end alike), in
at most six folds. Classes that ``--judge`` names never take part in a choice. On the test images of
the other classes the number of clusters and the weight of the attribute's own evidence are chosen
(the largest sum of PCK), and the tilt of the words (the largest that costs at most half a point of
recall); the classes held out judge the choice. Prints CSV, one row for each split, method and
measure, with 95 % intervals. The network was trained on all classes, and p(t given f) is estimated
on the training images of all of them.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import numpy as np

from benchmarks.read_outs import TILTS
from fieldmarks.core.bootstrap import Score
from fieldmarks.core.class_folds import families, folds
from fieldmarks.core.estimators import Inputs, part_detectors
from fieldmarks.core.estimators.inputs import inputs_of
from fieldmarks.core.estimators.mixture import most_likely, tilted
from fieldmarks.core.estimators.places import RIDGE_WEIGHT, SEED, combined_evidence, noun_detectors
from fieldmarks.core.explanations.attribute_ranking import top_attributes
from fieldmarks.core.probability import p_t_given_xc
from fieldmarks.core.run.contract import N_EXPLAIN
from fieldmarks.core.run.reading import open_run
from fieldmarks.core.run.run import Run
from fieldmarks.core.scores import pck, retrieval

CLUSTERS = (4, 8, 16)
WEIGHTS = (0.0, 0.2, RIDGE_WEIGHT, 0.8)
#: Recall in percent that a tilt may cost.
COST = 0.5

Rows = Iterator[tuple[int, str, str, str, Score]]


def candidates(run: Run, inputs: Inputs) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the evidence of every setting, shape (F, T), by name."""
    sample = part_detectors.sample_cells(inputs, np.random.default_rng(SEED))
    ridge_evidence = run.array("evidence", "ridge")
    for n_clusters in CLUSTERS:
        with patch.object(part_detectors, "N_CLUSTERS", n_clusters):
            templates = part_detectors.part_templates(sample, SEED)
        detectors = noun_detectors(inputs, templates)
        place = np.stack([detectors[noun] for noun in inputs.nouns], axis=1)
        for weight in WEIGHTS:
            evidence = combined_evidence(place, ridge_evidence, weight)
            yield f"{n_clusters} clusters, own {weight:g}", evidence


def grounding(
    run: Run, inputs: Inputs, xs: np.ndarray, split: np.ndarray, may_choose: np.ndarray
) -> Rows:
    """Yield the PCK of each split: what was chosen, the default, the baselines.

    Parameters
    ----------
    run : Run
    inputs : Inputs
    xs : ndarray of shape (n,)
        Test images that have captions.
    split : ndarray of shape (X,)
        By which split the class of each image is judged.
    may_choose : ndarray of shape (X,), bool
        Whether its class may take part in a choice.
    """
    pairs = pck.grounded_pairs(run, xs)
    evidence, true_c = dict(candidates(run, inputs)), run.images["true_c"].to_numpy()
    fixed = {
        "constant": np.ones((run.sizes["F"], 1), np.float32),
        "literal": run.array("evidence", "literal"),
        "the default": run.array("evidence", "places"),
    }
    points = pck.peaks(run, pairs, {**evidence, **fixed})
    far = {name: pck.distance(at, pairs.keypoints) for name, at in points.items()}
    for g in range(split.max() + 1):
        judged = split[pairs.xs] == g
        choose = ~judged & may_choose[pairs.xs]
        near = {n: (far[n][choose, None] <= pck.RADII).mean(axis=0).sum() for n in evidence}
        chosen = max(near, key=near.get)
        judged_pairs = pck.Pairs(pairs.xs[judged], pairs.ts[judged], pairs.keypoints[judged])
        for name in (*fixed, chosen):
            kind = name if name in fixed else "chosen"
            for radius, score in pck.score_peaks(
                judged_pairs, points[name][judged], true_c
            ).items():
                yield g, kind, name, f"PCK@{radius}", score


def words(
    run: Run, inputs: Inputs, xs: np.ndarray, split: np.ndarray, may_choose: np.ndarray
) -> Rows:
    """Yield retrieval of each split: with the tilt chosen, without one, and class frequency."""
    images, ts = run.images, retrieval.searched_attributes(run)
    true_c = images["true_c"].to_numpy()[xs]
    weights = run.weights(xs, images["predicted_c"].to_numpy()[xs])
    truth = run.counts[xs][:, ts].toarray() > 0
    plain, share = most_likely(inputs)
    p = {
        f"tilt {tilt:g}": p_t_given_xc(run.array("pooled")[xs], weights, tilted(plain, share, tilt))
        for tilt in TILTS
    }
    p["class frequency"] = retrieval.class_caption_frequency(run)[
        images["predicted_c"].to_numpy()[xs]
    ]
    held = {
        name: retrieval.retrieved(top_attributes(values, run.attributes, N_EXPLAIN), ts)
        for name, values in p.items()
    }
    for g in range(split.max() + 1):
        is_judged = split[xs] == g
        choose = ~is_judged & may_choose[xs]
        recall = {n: 100 * (h & truth)[choose].sum() / truth[choose].sum() for n, h in held.items()}
        tilts = [f"tilt {tilt:g}" for tilt in TILTS]
        chosen = [name for name in tilts if recall[name] >= recall[tilts[0]] - COST][-1]
        for kind, name in {"class frequency": "class frequency", "chosen": chosen}.items():
            scores = retrieval.score_retrieval(
                p[name][is_judged][:, ts],
                held[name][is_judged],
                truth[is_judged],
                true_c[is_judged],
            )
            yield from ((g, kind, name, measure, score) for measure, score in scores.items())


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run")
    parser.add_argument("--runs", type=Path)
    parser.add_argument("--judge", type=int, nargs="+", metavar="ID", default=[])
    args = parser.parse_args()
    run = open_run(args.run, args.runs)
    images = run.images
    true_c, has_captions = images["true_c"].to_numpy(), (images["n_captions"] > 0).to_numpy()
    xs = np.flatnonzero(~images["is_train"].to_numpy() & has_captions)
    captioned, class_id = np.unique(true_c[xs]), run.classes["class_id"].to_numpy()
    kept_aside = folds(captioned, families(list(run.classes["name"]))[captioned])
    split, may_choose = np.full(len(images), -1), ~np.isin(class_id[true_c], args.judge)
    for g, classes in enumerate(kept_aside):
        split[np.isin(true_c, classes)] = g
    inputs = inputs_of(run)
    print("split,classes held out,method,setting,measure,value,low,high,n")
    for part in (words, grounding):
        for g, kind, name, measure, score in part(run, inputs, xs, split, may_choose):
            ids = " ".join(map(str, class_id[kept_aside[g]]))
            figures = f"{score.value:.4g},{score.low:.4g},{score.high:.4g},{score.n}"
            print(f'{g},{ids},{kind},"{name}",{measure},{figures}', flush=True)


if __name__ == "__main__":
    main()
