"""What the page of filters claims, against the truth of a painted world.

    python -m benchmarks.filter_page RUN [--runs DIR]

CSV rows with bootstrap 95 % intervals over filters (over classes for the relation to accuracy):
whether a word that the page marks "here" lies at the filter's peak, and one that it marks
"elsewhere"; how much truer the best attribute of each meaning is than that of all images, beside
random divisions of the same sizes; names of one word alone, by the permutation test and by the mass
of p(t given f), beside permuted names between filters. A run without the places of attributes has
the parts of its keypoints instead, and nouns alone.
"""

import argparse
from pathlib import Path

import numpy as np
from scipy import stats

from fieldmarks.core.estimators.inputs import inputs_of
from fieldmarks.core.estimators.significance import null_of
from fieldmarks.core.explanations.contributions import top_filters
from fieldmarks.core.explanations.filter_meanings import N_TOP, cell_groups, peak_cells
from fieldmarks.core.explanations.word_at_peak import word_at_peak
from fieldmarks.core.name_status import MAX_Q
from fieldmarks.core.run.reading import open_run
from fieldmarks.core.run.run import Run
from fieldmarks.core.scores.filters.class_properties import class_properties, relation
from fieldmarks.core.scores.filters.filter_names import HALF, AtPeak, at_peak

N_IMAGES = 12
N_RESAMPLES = 1000
#: Names by mass are judged in the most confident of so many.
FIRST = (20, 40, 60)


def interval(values: np.ndarray, rng: np.random.Generator) -> str:
    """Return the mean of values of filters and its interval."""
    values = np.asarray(values, float)
    again = values[rng.integers(0, len(values), (N_RESAMPLES, len(values)))].mean(axis=1)
    low, high = np.percentile(again, (2.5, 97.5))
    return f"{values.mean():.4g},{low:.4g},{high:.4g},{len(values)}"


def truth(run: Run, top: np.ndarray) -> AtPeak:
    """Return what lies at the peaks of each filter in its top test images."""
    places = run.table("attribute_places") if "attribute_places" in run.table_names else None
    peaks = at_peak(run, top, places)
    assert peaks is not None, "a run without attribute places or keypoints has no truth"
    return peaks


def marks(run: Run, peaks: AtPeak, rng: np.random.Generator):
    """Yield how often the word marked "here", or "elsewhere", lies at the peak."""
    for estimator in ("places", "encoding"):
        ts = np.asarray(run.array("p_t_given_f", estimator)).argmax(axis=1)
        fs = np.flatnonzero(peaks.thing[ts] >= 0)
        here, is_true = [], []
        for f in fs:
            xs = peaks.xs[f, :N_IMAGES]
            here.append(word_at_peak(run, int(f), int(ts[f]), xs, estimator).is_here)
            is_true.append(peaks.hits[f, :N_IMAGES, peaks.thing[ts[f]]])
        here, is_true = np.array(here), np.array(is_true)
        for label, each in (("here", here), ("elsewhere", ~here)):
            drawn = rng.integers(0, len(fs), (N_RESAMPLES, len(fs)))
            n, n_true = each.sum(axis=1), (each & is_true).sum(axis=1)
            again = n_true[drawn].sum(axis=1) / np.maximum(n[drawn].sum(axis=1), 1)
            low, high = np.percentile(again, (2.5, 97.5))
            yield (
                f"{estimator}: true where marked {label}",
                (f"{n_true.sum() / max(n.sum(), 1):.4g},{low:.4g},{high:.4g},{n.sum()}"),
            )


def meanings(run: Run, rng: np.random.Generator):
    """Yield what the best attribute of each meaning gains at the peaks over that of all images."""
    places = run.table("attribute_places")
    gain, chance = [], []
    # the groups are of the top-activating images of both splits, as on the page
    peaks = at_peak(run, np.arange(run.sizes["X"]), places)
    assert peaks is not None
    for f, xs in enumerate(peaks.xs):
        rows = np.asarray(run.array("top_images")[f, :N_TOP])
        groups = [rows[each] for each, _ in cell_groups(peak_cells(run, f, rows))]
        if len(groups) < 2:
            continue
        member = np.array([next(i for i, g in enumerate(groups) if x in g) for x in xs])
        hits = peaks.hits[f]

        def best(of: np.ndarray, hits: np.ndarray = hits) -> float:
            parts = [hits[of == i] for i in np.unique(of)]
            return sum(len(part) * part.mean(axis=0).max() for part in parts) / len(of)

        one = hits.mean(axis=0).max()
        gain.append(best(member) - one)
        chance.append(np.mean([best(rng.permutation(member)) for _ in range(50)]) - one)
    if gain:
        yield "gain of the best attribute of each meaning", interval(np.array(gain), rng)
        yield "the same, random divisions", interval(np.array(chance), rng)


def one_word(run: Run, peaks: AtPeak, rng: np.random.Generator):
    """Yield how often a noun, or an adjective, alone lies at most peaks."""
    kinds = ("noun", "adjective") if "attribute_places" in run.table_names else ("noun",)
    for kind in kinds:
        words = run.attributes[kind].to_numpy().astype(str)
        names = np.unique(words[words != ""])
        member = words[:, None] == names
        hits = [
            peaks.hits[:, :, np.unique(peaks.thing[is_of & (peaks.thing >= 0)])].any(axis=2)
            for is_of in member.T
        ]
        right = np.stack(hits, axis=2).mean(axis=1) > HALF
        yield f"{kind} alone: filters that could be named", interval(right.any(axis=1), rng)
        chosen, test = by_test(run, member), {}
        test["permutation test"] = np.flatnonzero(chosen >= 0), chosen
        for estimator in (run.default_estimator, "encoding"):
            mass = np.asarray(run.array("p_t_given_f", estimator), float) @ member
            order = np.argsort(-mass.max(axis=1), kind="stable")
            for n in (*FIRST, len(order)):
                test[f"mass by {estimator}, first {n}"] = order[:n], mass.argmax(axis=1)
        for label, (fs, name) in test.items():
            if len(fs):
                yield f"{kind} alone: {label}", interval(right[fs, name[fs]], rng)
                exchanged = right[:, name[fs]].mean(axis=0)
                yield f"{kind} alone: {label}, permuted", interval(exchanged, rng)


def by_test(run: Run, member: np.ndarray) -> np.ndarray:
    """Return the word of each filter by permuted captions, -1 for none, shape (F,).

    The sum of p(t given f) over the attributes of a word is compared with the same sum under
    permuted captions as `core.estimators.significance` does with single attributes.
    """
    sums: list[np.ndarray] = []
    null_of(run.default_estimator, inputs_of(run), look=lambda i, p: sums.append(p @ member))
    mass, null = np.asarray(run.array("p_t_given_f"), float) @ member, np.stack(sums)
    half = len(null) // 2
    mean, spread = np.sqrt(null[:half]).mean(axis=0), np.sqrt(null[:half]).std(axis=0) + 1e-3
    z, noise = (np.sqrt(mass) - mean) / spread, (np.sqrt(null[half:]) - mean) / spread
    p_value = np.empty_like(z)
    for g in range(member.shape[1]):
        tail = np.sort(noise[:, :, g], axis=None)
        p_value[:, g] = 1 - np.searchsorted(tail, z[:, g]) / (len(tail) + 1)
    q = np.stack([stats.false_discovery_control(np.clip(row, 1e-9, 1)) for row in p_value])
    excess = np.where(q < MAX_Q, mass - mass.mean(axis=0), -1)
    return np.where((q < MAX_Q).any(axis=1), excess.argmax(axis=1), -1)


def behind_a_word(run: Run):
    """Yield how many of the 12 filters of the largest p(t given f) are those of the heatmap."""
    for estimator in run.estimators:
        p = np.asarray(run.array("p_t_given_f", estimator))
        shares = [
            len(set(np.argsort(-p[:, t])[:12]) & set(top_filters(run, t, 12, estimator))) / 12
            for t in range(run.sizes["T"])
        ]
        yield f"{estimator}: filters of p(t | f) in the heatmap", f"{np.mean(shares):.4g},,,12"


def accuracy(run: Run):
    """Yield Spearman's correlation of properties of classes with their accuracy."""
    table = class_properties(run)
    for name in ("sparseness", "selectivity"):
        result = relation(table[name].to_numpy(float), table["accuracy"].to_numpy(float))
        numbers = f"{result.rho:.4g},{result.low:.4g},{result.high:.4g},{result.n}"
        yield f"rank correlation of {name} with accuracy (p = {result.p_value:.3f})", numbers


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run")
    parser.add_argument("--runs", type=Path)
    args = parser.parse_args()
    run, rng = open_run(args.run, args.runs), np.random.default_rng(0)
    peaks = truth(run, np.flatnonzero(run.is_test))
    print("figure,value,low,high,n")
    rows = [*behind_a_word(run), *accuracy(run), *marks(run, peaks, rng)]
    if "attribute_places" in run.table_names:
        rows += meanings(run, rng)
    for label, numbers in [*rows, *one_word(run, peaks, rng)]:
        print(f'"{label}",{numbers}')


if __name__ == "__main__":
    main()
