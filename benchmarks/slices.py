"""Scores the slices of a run of a made world against what was planted in it, beside baselines.

    python -m benchmarks.slices RUN [RUN ...] --runs DIR [--domino PYTHON]
    python -m benchmarks.slices --full-size

With the Python of an environment that has Domino's own package (see `benchmarks.domino_slices`) it
is a control, too. The second times a made-up run of CUB's size: 11,788 images, 700 attributes, 200
classes. The worlds of the first are ``DIR/.worlds/RUN``. Settings were chosen on the demo (seed 0):
judge on others. What follows was written before any number of another world was seen.

*Planted causes* of a failure: a misleading background (a relative of the cue's species on the cue),
a missing one (the cue's species elsewhere), a kind of degradation, a wrong label (by the species
shown and the label), a look-alike (a clean image of one of two species that differ in one mark,
taken for the other). A *planted slice* is all test images with one planted cause; for a background
also with one label. It counts for recall where the network fails on at least three of them.

A reported slice is *planted* where more than half of its failures have one planted cause; of
backgrounds, the same background. A planted slice is *found* among the first k where more than half
of the failures of one of them are its own, and more than half of its own are in it.

A found slice is *named right* where its first match names what was planted: by an attribute with
the background's noun, or by a group of backgrounds in which that background is the most frequent
one among images of the slice (for a missing one, by the absence of such a group or attribute); by a
measure of quality that the kind of degradation moves; for others by an attribute that one of the
two species has and the other has not.

Baselines: failures by predicted class, those with most failures first; images with an attribute
drawn at random (mean of 20 draws). Domino gets activations, labels and probabilities of the test
images; its slices stand by failures times their share, as ours do.
"""

import argparse
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import softmax

from benchmarks.row import print_row
from fieldmarks.core.causes.slices import Condition, Kind, Slice, quality_words, sentence, slices
from fieldmarks.core.presence.presence import Presence
from fieldmarks.core.run.files import runs_folder
from fieldmarks.core.run.reading import open_run
from fieldmarks.core.run.run import Run
from fieldmarks.precompute.demo_world.captions.words import NOUNS, PLACES, meanings
from fieldmarks.precompute.demo_world.planting.ground_truth import Truth
from tests.support.synthetic_run import write_synthetic_run

MIN_FAILURES, N_DRAWS = 3, 20
#: Measures that a kind of degradation moves, by their words.
MOVED = {
    "blur": {"less sharp"},
    "motion blur": {"less sharp"},
    "low resolution": {"less sharp", "smaller in pixels"},
    "noise": {"noisier"},
    "colour cast": {"more tinted"},
    "JPEG blocks": {"more marked by JPEG's blocks"},
    "occlusion": {"more covered by one area without texture"},
    "exposure": {"darker", "brighter", "lower in contrast"},
}


class World:
    """A run with the truth of its images."""

    def __init__(self, run: Run, truth: Truth):
        self.run = run
        self.images = truth.images.set_index("path").loc[run.images["path"]]
        self.pairs = {
            frozenset(pair)
            for pair in zip(truth.pairs.species_a, truth.pairs.species_b, strict=True)
        }
        names = truth.images.drop_duplicates("label").set_index("label")["path"]
        folders = {path.split("/")[0]: label for label, path in names.items()}
        true_c = run.images.groupby("true_c")["path"].first()
        self.species = {c: folders[path.split("/")[0]] for c, path in true_c.items()}
        self.marks = {
            s: set(zip(rows.adjective, rows.noun, strict=True))
            for s, rows in truth.attributes.merge(
                truth.images[~truth.images.is_wrong_label][["species"]], on="image_id"
            ).groupby("species")
        }
        self.cause = [self._cause(x) for x in range(len(run.images))]

    def _cause(self, x: int) -> tuple:
        row = self.images.iloc[x]
        if row.is_wrong_label:
            return "wrong label", row.species, row.label
        if row.degradation:
            return "degraded", row.degradation
        if row.cue in ("misleading", "missing"):
            return f"{row.cue} background", self._cue(row)
        predicted = self.species[int(self.run.images["predicted_c"].iloc[x])]
        if predicted != row.species and frozenset((predicted, row.species)) in self.pairs:
            return "look-alike", *sorted((predicted, row.species))
        return ("nothing",)

    def _cue(self, row) -> str:
        """Return the background of a cue: of a missing one, where its species usually is."""
        if row.cue == "misleading":
            return row.background
        own = self.images[(self.images.species == row.species) & (self.images.cue == "usual")]
        return own.background.mode()[0]

    def planted(self) -> dict[tuple, set[int]]:
        """Return the failures of each planted slice that counts."""
        of: dict[tuple, set[int]] = {}
        for x in self.run.failures.tolist():
            cause = self.cause[x]
            if cause[0] == "nothing":
                continue
            at = (*cause, self.images.label.iloc[x]) if "background" in cause[0] else cause
            of.setdefault(at, set()).add(x)
        return {at: xs for at, xs in of.items() if len(xs) >= MIN_FAILURES}

    def main_cause(self, failures: np.ndarray) -> tuple | None:
        """Return the planted cause of more than half of the failures."""
        n = pd.Series([self.cause[x] for x in failures]).value_counts()
        is_most = len(n) and n.iloc[0] > len(failures) / 2 and n.index[0][0] != "nothing"
        return n.index[0] if is_most else None

    def names(self, found: Slice, at: tuple) -> bool:
        """Return whether a slice names what was planted."""
        return any(self._names(found, condition, at) for condition in found.conditions)

    def _names(self, found: Slice, condition: Condition, at: tuple) -> bool:
        run = self.run
        if condition.kind is Kind.QUALITY:
            return at[0] == "degraded" and quality_words(run)[condition.number] in MOVED[at[1]]
        if condition.kind is Kind.BACKGROUND:
            if "background" not in at[0]:
                return False
            xs = found.rest if condition.is_absent else found.xs
            return self.images.background.iloc[xs].mode()[0] == at[1]
        noun, adjective = run.attributes[["noun", "adjective"]].iloc[condition.number]
        if "background" in at[0]:
            noun_of_place = PLACES[at[1]].split()[-1].rstrip("s")
            return noun == noun_of_place or noun.rstrip("s") == noun_of_place
        if at[0] == "degraded":
            return False
        a, b = (self.marks[s] for s in at[1:3])
        return any((adjective, n) in a ^ b for n in meanings(noun, NOUNS) | {noun})


def matches(failures: np.ndarray, planted: set[int]) -> bool:
    """Return whether a slice is a planted one."""
    shared = len(planted & set(failures.tolist()))
    return shared > len(failures) / 2 and shared > len(planted) / 2


def row(
    world: World, method: str, listed: list[np.ndarray], found: list[Slice] | None = None
) -> dict:
    """Return precision and recall of slices, given by their failures."""
    planted, values = world.planted(), {"method": method, "listed": len(listed)}
    for k in (5, 10):
        first = listed[:k]
        hits = [world.main_cause(f) is not None for f in first]
        met = {at for at, xs in planted.items() if any(matches(f, xs) for f in first)}
        values |= {f"precision_{k}": np.mean(hits) if hits else np.nan}
        values |= {f"n_{k}": len(hits), f"found_{k}": len(met)}
    values["planted"] = len(planted)
    if found is not None:
        for at, xs in planted.items():
            first = next((i for i, f in enumerate(listed[:10]) if matches(f, xs)), None)
            if first is not None:
                what = "background" if "background" in at[0] else at[0]
                values[f"{what} named"] = values.get(f"{what} named", 0) + world.names(
                    found[first], at
                )
                values[f"{what} found"] = values.get(f"{what} found", 0) + 1
    return values


def domino_slices(run: Run, python: Path) -> list[np.ndarray]:
    """Return the failures of each slice that Domino's package finds, by rank.

    Parameters
    ----------
    run : Run
    python : Path
        Of the environment that has it.
    """
    xs = np.flatnonzero(run.is_test & run.is_readable)
    with tempfile.TemporaryDirectory() as folder:
        given, found = Path(folder) / "given.npz", Path(folder) / "found.npz"
        np.savez(
            given,
            embeddings=run.array("pooled")[xs].astype(float),
            targets=run.images["true_c"].to_numpy()[xs].astype(int),
            pred_probs=softmax(np.asarray(run.array("logits")[xs], float), axis=1),
        )
        script = Path(__file__).with_name("domino_slices.py")
        subprocess.run([python, script, given, found], check=True)
        with np.load(found) as arrays:
            of = arrays["p"].argmax(axis=1)
    is_wrong = ~run.is_right[xs]
    failures = [xs[is_wrong & (of == s)] for s in range(of.max() + 1)]
    score = [len(each) ** 2 / max((of == s).sum(), 1) for s, each in enumerate(failures)]
    return [failures[s] for s in np.argsort(-np.array(score), kind="stable") if len(failures[s])]


def full_size() -> None:
    """Print how long the slices of a run of CUB's size take."""
    (X, T, C, F), rng = (11_788, 700, 200, 512), np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        made = write_synthetic_run(Path(folder), X=X, T=T, C=C, F=F, H=1, W=1)
        true = rng.integers(0, C, X).astype(np.int32)
        called = (true + rng.integers(1, 4, X)) % C
        images = made.images.assign(
            true_c=true,
            predicted_c=np.where(rng.random(X) < 0.8, true, called).astype(np.int32),
            n_captions=np.int32(10),
        )
        group = np.where(images["is_train"], -1, rng.integers(0, 12, X)).astype(np.int32)
        presence = Presence(
            standard=np.stack([np.full(F, 0.5), np.full(F, 0.3)]).astype(np.float32),
            weights=rng.normal(0, 0.1, (F, T)).astype(np.float32),
            bias=np.full(T, -3, np.float32),
            choice=np.full(T, -1, np.int32),
            curve=np.array([0, 1, -1], np.float32),
            line=np.full(T, 0.5, np.float32),
        )
        run = made.changed(
            arrays={f"presence_{name}": array for name, array in vars(presence).items()},
            tables={"images": images, "diagnoses": pd.DataFrame({"background": group})},
        )
        start = time.perf_counter()
        result = slices(run)
        seconds = time.perf_counter() - start
    print_row("slices", images=X, attributes=T, classes=C, tested=result.n_tested, s=seconds)


def main() -> None:
    """Print what is found in each run, and a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="RUN")
    parser.add_argument("--runs", type=Path, default=runs_folder())
    parser.add_argument("--full-size", action="store_true")
    parser.add_argument("--domino", type=Path, metavar="PYTHON", help="that has Domino's package")
    args = parser.parse_args()
    if args.full_size:
        full_size()
        return
    rows = []
    for name in args.names:
        run = open_run(name, args.runs)
        world = World(run, Truth.read(args.runs / ".worlds" / name))
        result = slices(run)
        found = result.found
        print(f"{name}: {len(run.failures)} failures, {result.n_tested:,} tested")
        for at, xs in world.planted().items():
            print("  planted", *at, len(xs))
        for each in found[:10]:
            print(f"  {world.main_cause(each.failures)} {sentence(run, each)}")
        rows.append({"run": name, **row(world, "slices", [each.failures for each in found], found)})
        predicted = run.images["predicted_c"].to_numpy()[run.failures]
        order = pd.Series(predicted).value_counts().index
        by_class = [run.failures[predicted == c] for c in order]
        rows.append({"run": name, **row(world, "predicted class", by_class)})
        if args.domino:
            listed = domino_slices(run, args.domino)
            rows.append({"run": name, **row(world, "Domino", listed)})
        rng, draws = np.random.default_rng(0), []
        for _ in range(N_DRAWS):
            named = run.counts[run.failures].tocsc()
            ts = rng.permutation(np.flatnonzero(np.diff(named.indptr) > 0))[:10]
            listed = [run.failures[named[:, [t]].toarray()[:, 0] > 0] for t in ts]
            draws.append(row(world, "random attribute", listed))
        mean = pd.DataFrame(draws).mean(numeric_only=True).to_dict()
        rows.append({"run": name, "method": "random attribute", **mean})
    print(pd.DataFrame(rows).round(2).to_csv(index=False))


if __name__ == "__main__":
    main()
