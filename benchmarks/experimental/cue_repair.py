"""What repairs mend of a cue whose truth is planted, beside baselines and controls.

    python -m benchmarks.experimental.cue_repair RUN --world DIR [--runs DIR]

Fits each recipe twice: chosen on one half of the test images and judged on the other, and the other
way round, so that each test image is judged once, by a head that it took no part in. Prints a row
for each: failures among the images that the cue misleads, their fall in percent with a bootstrap 95
% interval over these images, the accuracy of all other test images (wrong labels left out) and its
paired difference with an interval, the accuracy of all test images with its difference and the
exact McNemar test. Controls: failures that are not diagnosed as a cue in place of those that are,
as many; and random directions in place of those of the cue.
"""

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np
import pandas as pd

from fieldmarks.core.bootstrap import Resamples, ratio
from fieldmarks.core.comparison.comparison import mcnemar
from fieldmarks.core.experimental import cue_repair as cue_module
from fieldmarks.core.repair.preview import (
    BALANCED,
    NO_CHANGE,
    PLAIN,
    REMOVAL,
    Judged,
    baselines,
    halves,
    head_of,
    is_right,
    preview,
)
from fieldmarks.core.repair.recipe import Labels, Recipe
from fieldmarks.core.run.reading import open_run
from fieldmarks.core.run.run import Run
from fieldmarks.precompute.demo_world.planting.ground_truth import Truth

DROP = Recipe(labels=Labels.DROP)
Split = tuple[np.ndarray, np.ndarray]


def other_failures(run: Run, xs: np.ndarray, verdicts: pd.DataFrame | None = None) -> np.ndarray:
    """Return as many failures as there are cued ones, of those that are not."""
    cued = _cued_failures(run, xs, verdicts)
    is_wrong = (run.images["predicted_c"] != run.images["true_c"]).to_numpy()
    others = np.setdiff1d(xs[is_wrong[xs]], cued)
    return np.random.default_rng(0).choice(others, min(len(cued), len(others)), replace=False)


def random_directions(run: Run, failures: np.ndarray, unit: np.ndarray) -> cue_module.Cues:
    """Return as many random directions; the failures join the fit as ever."""
    known = _directions(run, failures, unit)
    drawn = np.random.default_rng(0).normal(size=known.directions.shape[::-1])
    return replace(known, directions=np.linalg.qr(drawn)[0].T)


_cued_failures, _directions = cue_module.cued_failures, cue_module.Cues.of


def rows(run: Run) -> dict[str, Callable[[Split], Judged | None]]:
    """Return how each row is judged on a split."""

    def controlled(name: str, stand_in) -> Callable[[Split], Judged | None]:
        def judge(split: Split):
            with patch.object(cue_module, name, stand_in):
                return cue_module.preview_without_cues(run, DROP, split=split)

        return judge

    return {
        NO_CHANGE: lambda split: baselines_of(run, split)[NO_CHANGE],
        PLAIN: lambda split: baselines_of(run, split)[PLAIN],
        BALANCED: lambda split: baselines_of(run, split)[BALANCED],
        REMOVAL: lambda split: cue_module.removal_of_cues(run, split=split),
        "labels": lambda split: preview(run, DROP, split=split),
        "labels, backgrounds exchanged": lambda split: preview(
            run, replace(DROP, ignore_background=True), split=split
        ),
        "labels, cues ignored": lambda split: cue_module.preview_without_cues(
            run, DROP, split=split
        ),
        "control: other failures": controlled("cued_failures", other_failures),
        "control: random directions": controlled("Cues", SimpleNamespace(of=random_directions)),
    }


_BASELINES: dict[int, dict] = {}


def baselines_of(run: Run, split: Split) -> dict:
    """Return the baselines of a split, fitted once."""
    key = int(split[0].sum())
    if key not in _BASELINES:
        _BASELINES[key] = baselines(run, split=split)
    return _BASELINES[key]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run")
    parser.add_argument("--world", type=Path, required=True)
    parser.add_argument("--runs", type=Path)
    arguments = parser.parse_args()
    run = open_run(arguments.run, arguments.runs)
    truth = Truth.read(arguments.world).images.set_index("path").loc[run.images["path"]]
    is_misled = truth["cue"].isin(["missing", "misleading"]).to_numpy()
    is_clean = ~is_misled & ~truth["is_wrong_label"].to_numpy()
    first = halves(run)
    tests = np.sort(np.concatenate(first))
    before = is_right(run, head_of(run), tests)
    misled, clean = is_misled[tests], is_clean[tests]
    print(
        "repair,misled_failures,fall_%,clean_%,clean_difference,all_%,difference,mcnemar_p,penalty"
    )
    for name, judge in rows(run).items():
        after, penalties = np.zeros(len(tests), bool), []
        for split in (first, (first[1], first[0])):
            result = judge(split)
            assert result is not None
            after[np.isin(tests, split[1])] = is_right(run, result.head, np.sort(split[1]))
            penalties.append(f"{result.penalty:g}")
        was, now = ~before[misled], ~after[misled]
        fall = ratio(was.astype(float) - now, was.astype(float), Resamples(len(was)), unit=100)
        step = after.astype(float) - before
        of_clean, of_all = (
            ratio(step[among], np.ones(int(among.sum())), Resamples(int(among.sum())), unit=100)
            for among in (clean, np.ones(len(tests), bool))
        )
        cells = [f"{s.value:.1f} [{s.low:.1f} {s.high:.1f}]" for s in (fall, of_clean, of_all)]
        p_value = mcnemar(int((step > 0).sum()), int((step < 0).sum()))
        print(
            name.replace(",", " and"),
            f"{now.sum()} of {len(now)}",
            cells[0],
            f"{100 * after[clean].mean():.1f}",
            cells[1],
            f"{100 * after.mean():.1f}",
            cells[2],
            f"{p_value:.2g}",
            " ".join(penalties),
            sep=",",
            flush=True,
        )


if __name__ == "__main__":
    main()
