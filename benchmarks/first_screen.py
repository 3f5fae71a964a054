"""Counts how often the top of an image's page names the cause that was planted in a made world.

    python -m benchmarks.first_screen RUN [RUN ...] --runs DIR

All failures with a planted cause are counted, as `benchmarks.slices` defines them; the worlds are
``DIR/.worlds/RUN``. The top of the page is the sentence of `core.causes.cause.cause_of` and the
pictures below it. It *names* the cause where it says its kind and what it is:

- wrong label: the species that the picture shows;
- degraded: a measure of quality that the kind of degradation moves;
- misleading background: a word of the background, or pictures of which most have it;
- missing background: the same of the background that the class usually has;
- look-alike: the noun of the mark in which the two species differ.

Otherwise it says the *kind alone*, or the kind *as possible* beside another cause. What it says is
listed.
"""

import argparse
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.slices import MOVED, World
from fieldmarks.core.causes.cause import Cause, cause_of
from fieldmarks.core.causes.finding import Pattern
from fieldmarks.core.run.files import runs_folder
from fieldmarks.core.run.reading import open_run
from fieldmarks.precompute.demo_world.captions.words import NOUNS, PLACES, meanings
from fieldmarks.precompute.demo_world.planting.ground_truth import Truth

#: The cause that a page should say of each kind.
KIND = {
    "wrong label": Pattern.WRONG_LABEL,
    "degraded": Pattern.IMAGE_QUALITY,
    "misleading background": Pattern.SPURIOUS_CUE,
    "missing background": Pattern.SPURIOUS_CUE,
    "look-alike": Pattern.MISSING_FEATURE,
}


def names(world: World, truth: Truth, cause: Cause, at: tuple) -> bool:
    """Return whether a cause that is of the right kind names what was planted."""
    text = f"{cause.title} {cause.reason}".lower()
    if at[0] == "wrong label":
        return at[1].replace("_", " ").lower() in text
    if at[0] == "degraded":
        return any(words.lower() in text for words in MOVED[at[1]])
    if "background" in at[0]:
        noun = PLACES[at[1]].split()[-1].rstrip("s")
        of_shown = world.images.background.iloc[cause.shown]
        return noun in text or (len(of_shown) > 0 and (of_shown == at[1]).mean() > 0.5)
    pair = truth.pairs
    is_pair = [set(row) == set(at[1:3]) for row in pair[["species_a", "species_b"]].to_numpy()]
    nouns = pair.noun[is_pair].tolist()
    return any(meaning in text for noun in nouns for meaning in meanings(noun, NOUNS) | {noun})


def main() -> None:
    """Print a line for each failure that is not named, and a table by cause."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="+", metavar="RUN")
    parser.add_argument("--runs", type=Path, default=runs_folder())
    args = parser.parse_args()
    rows = []
    for name in args.names:
        run, truth = open_run(name, args.runs), Truth.read(args.runs / ".worlds" / name)
        world = World(run, truth)
        said: dict[str, Counter] = {kind: Counter() for kind in KIND}
        for x in run.failures.tolist():
            at = world.cause[x]
            if at[0] not in KIND:
                continue
            cause = cause_of(run, x)
            assert cause is not None, "the run has no diagnoses"
            if cause.pattern != KIND[at[0]]:
                second = any(title.startswith(KIND[at[0]]) for _, title in cause.others)
                outcome = "as possible" if second else str(cause.pattern)
            else:
                outcome = "named" if names(world, truth, cause, at) else "kind alone"
            said[at[0]][outcome] += 1
            if outcome != "named":
                print(f"{name} {x} {at}: {outcome}: {cause.title}: {cause.reason}")
        for kind, counts in said.items():
            rows.append({"run": name, "planted": kind, "n": counts.total(), **counts})
    table = pd.DataFrame(rows).fillna(0)
    first = ["run", "planted", "n", "named", "kind alone", "as possible"]
    columns = [*(c for c in first if c in table), *sorted(set(table) - set(first))]
    totals = table[columns].groupby("run", sort=False).sum(numeric_only=True).reset_index()
    table = pd.concat([table[columns], totals.assign(planted="all")])
    numbers = table.select_dtypes(np.number).columns
    print(table.astype(dict.fromkeys(numbers, int)).to_csv(index=False))


if __name__ == "__main__":
    main()
