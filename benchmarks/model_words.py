"""Words of people, of an imperfect writer, of a contrastive model, of classes: what a run gets.

    python -m benchmarks.model_words RUN [--runs DIR] [--towers FILE.pth] [--seed 101]

RUN is over a painted world, whose truth tells which attributes are visible in each picture. Its
words are replaced in memory, the default estimator and presence are made again from the same
activations, and the test images are explained and searched as in the product.

- **people**: the captions of the run; one caption of each image in place of ten.
- **writer**: names 70 % of what is visible, as JSON of parts; or as many marks as people name in a
  sentence. 5, 15 or 30 % of its adjectives are replaced by others of the part; every fifth answer
  names the class. The answers take the way of ``fieldmarks caption``: reading, cleaning,
  extraction.
- **two towers**: ``fieldmarks words`` with `benchmarks.painted_towers`, which have seen another
  world alone (it is painted, and they are trained, where ``--towers`` is not there). As they come;
  reviewed by a person who strikes out a phrase where it is in fewer than six of its nine likeliest
  pictures; and these as yes or no, from one half on.
- **classes**: attributes of classes (`benchmarks.class_captions`).

The run is not changed. Bootstrap 95 % intervals stand in the CSV, the table is Markdown.
"""

import argparse
import json
import tempfile
from collections import ChainMap
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy import sparse
from sklearn.metrics import average_precision_score

from benchmarks import class_captions, painted_towers, scored_estimates
from fieldmarks.core.bootstrap import Resamples, Score, ratio
from fieldmarks.core.errors import DataError
from fieldmarks.core.estimators import Estimate, estimate
from fieldmarks.core.estimators.inputs import inputs_of
from fieldmarks.core.explanations.factors import Factors
from fieldmarks.core.presence.fit import presence_arrays
from fieldmarks.core.presence.presence import features_of, presence_of
from fieldmarks.core.run.phrases import t_of_phrase
from fieldmarks.core.run.reading import open_run
from fieldmarks.core.run.run import Run
from fieldmarks.core.scores.painted_truth import painted
from fieldmarks.core.scores.seen_words import MIN_EACH
from fieldmarks.precompute.attributes.extraction import Definition, extract
from fieldmarks.precompute.attributes.soft_table import merged, read_soft_words
from fieldmarks.precompute.attributes.synonyms import Synonyms
from fieldmarks.precompute.captioning import words as model_words
from fieldmarks.precompute.captioning.caption import caption_in
from fieldmarks.precompute.captioning.cleaning import Cleaner
from fieldmarks.precompute.data.language import BIRDS
from fieldmarks.precompute.data.read import read_dataset
from fieldmarks.precompute.data.source import DataSource
from fieldmarks.precompute.demo_world.make import make_world
from fieldmarks.precompute.pipeline.stages.painted_truth import world_of

WRONG, NAMED, LEAKS = (0.05, 0.15, 0.3), 0.7, 0.2
#: Marks that people of the painted world name in a sentence.
FEW = (2, 3, 4)
#: Of the nine likeliest pictures of a phrase, those that show it at least where a person keeps it.
SHOWN_TRUE = 6
PEOPLE, N_RESAMPLES = "people, ten captions", 1000


@dataclass(frozen=True)
class Words:
    """Words of all images of a run: ``counts`` (X, T) and, by a model, ``mentions`` in [0, 1]."""

    counts: sparse.csr_array
    n_captions: np.ndarray
    mentions: sparse.csr_array | None = None


def answers(run: Run, truth: np.ndarray, wrong: float, few: bool) -> Iterator[str]:
    """Yield what the writer answers to each image: most of what is visible, or a few marks."""
    rng = np.random.default_rng(0)
    adjectives = run.attributes["adjective"].to_numpy()
    nouns = run.attributes["noun"].to_numpy()
    known = truth.any(axis=0)
    others = {noun: adjectives[known & (nouns == noun)] for noun in np.unique(nouns[known])}
    names = run.classes["name"].to_numpy()[run.images["true_c"]]
    for x, is_seen in enumerate(truth):
        looks: dict[str, list[str]] = {}
        ts = np.flatnonzero(is_seen)
        said = rng.permutation(ts)[: rng.choice(FEW)] if few else ts[rng.random(len(ts)) < NAMED]
        for t in said:
            is_wrong = rng.random() < wrong
            adjective = rng.choice(others[nouns[t]]) if is_wrong else adjectives[t]
            looks.setdefault(nouns[t], []).append(str(adjective))
        if looks and rng.random() < LEAKS:
            looks[next(iter(looks))].append(f"typical {names[x]}")
        yield json.dumps({part: ", ".join(words) for part, words in looks.items()})


def written(run: Run, truth: np.ndarray, wrong: float, few: bool = False) -> Words:
    """Return what the writer names, by the way of the product, and print how true it is."""
    parts = sorted(set(run.attributes["noun"]))
    cleaner = Cleaner(list(run.classes["name"]), parts)
    captions = [caption_in(text, parts, cleaner) for text in answers(run, truth, wrong, few)]
    synonyms = Synonyms.load(BIRDS.synonyms) if BIRDS.synonyms else Synonyms.load()
    definition = Definition(BIRDS.nouns, synonyms, BIRDS.kinds)
    made = extract([[each] if each else [] for each in captions], definition, min_images=1)
    t = made.table["phrase"].map(t_of_phrase(run))
    kept = np.flatnonzero(t.notna())
    entries = made.counts[:, kept].tocoo()
    columns = t.to_numpy()[kept].astype(int)[entries.col]
    shape = (run.sizes["X"], run.sizes["T"])
    counts = sparse.coo_array((np.ones(entries.nnz, int), (entries.row, columns)), shape=shape)
    counts = sparse.csr_array(counts.tocsr() > 0, dtype=np.int64)
    known = counts[:, truth.any(axis=0)].sum()
    print(f"# writer, {wrong:.0%} wrong{', a few marks' if few else ''}: "
          f"{counts.multiply(truth).sum() / known:.3f} of {known:,} words are true;",
          *cleaner.told())  # fmt: skip
    return Words(counts, np.array([int(bool(each)) for each in captions]))


def one_caption(run: Run) -> Words:
    """Return the words of a caption of each image: what people named, as often as in one of ten."""
    rng = np.random.default_rng(0)
    counts, n = run.counts.tocoo(), run.images["n_captions"].to_numpy()
    is_said = rng.random(counts.nnz) < counts.data / np.maximum(n, 1)[counts.row]
    entries = (np.ones(is_said.sum(), int), (counts.row[is_said], counts.col[is_said]))
    return Words(sparse.coo_array(entries, shape=counts.shape).tocsr(), np.minimum(n, 1))


def by_classes(run: Run) -> Words:
    """Return the attributes of each image's class."""
    inputs = inputs_of(run)
    says = class_captions.descriptions(inputs, run.sizes["C"])
    counts = sparse.csr_array(says[run.images["true_c"]].astype(np.int64))
    return Words(counts, np.ones(run.sizes["X"], int))


def by_towers(run: Run, truth: np.ndarray, path: Path | None, seed: int) -> dict[str, Words]:
    """Return the words of the two towers, by the way of ``fieldmarks words``."""
    world = world_of(run)
    if world is None:
        raise DataError(f"the pictures of {run.name!r} are not where they were")
    dataset = read_dataset(DataSource(world / "CUB_200_2011", format="cub"))
    order = dataset.images.reset_index().set_index("path")["index"].reindex(run.images["path"])
    with tempfile.TemporaryDirectory() as folder:
        if path is None or not path.exists():
            other = make_world(Path(folder) / "world", seed=seed, n_images=60)
            of_other = read_dataset(DataSource(other / "CUB_200_2011", format="cub"))
            towers = painted_towers.train(of_other, say=lambda line: print("#", line))
            if path is not None:
                painted_towers.save(towers, path)
        else:
            towers = painted_towers.towers_of(path)
        frequent = (run.counts > 0).sum(axis=0) >= 0.01 * run.sizes["X"]
        ts = np.flatnonzero(truth.any(axis=0) & np.asarray(frequent).ravel())
        phrases = run.attributes["phrase"].iloc[ts].tolist()
        table = model_words.phrase_table(dataset, towers, phrases, "a bird")
        table, told = model_words.split_told(table)
        print("#", *told)
        file = Path(folder) / "words.parquet"
        model_words.write_table(file, dataset, table, {})
        soft = merged(read_soft_words(file, dataset.images["path"].tolist()), Synonyms.load())
    of = {phrase: t for t, phrase in enumerate(run.attributes["phrase"])}
    kept = [a for a, each in enumerate(soft.attributes) if each.phrase in of]
    p = np.zeros((run.sizes["X"], run.sizes["T"]), np.float32)
    p[:, [of[soft.attributes[a].phrase] for a in kept]] = soft.p[order.to_numpy(int)][:, kept]
    shown = np.argsort(-p, axis=0, kind="stable")[: model_words.N_SHOWN]
    is_nonsense = np.take_along_axis(truth, shown, axis=0).sum(axis=0) < SHOWN_TRUE
    reviewed = np.where(is_nonsense, 0, p)
    print(f"# two towers: {report(p, truth, run.is_test)}")
    print(f"# struck out: {', '.join(run.attributes['phrase'][is_nonsense & (p > 0).any(axis=0)])}")
    print(f"# reviewed: {report(reviewed, truth, run.is_test)}")
    yes_or_no = Words(sparse.csr_array((reviewed >= 0.5).astype(np.int64)), np.ones(len(p), int))
    return {
        "two towers": _soft(p),
        "two towers, reviewed": _soft(reviewed),
        "two towers, reviewed, yes or no": yes_or_no,
    }


def _soft(p: np.ndarray) -> Words:
    hard = sparse.csr_array((p >= 0.5).astype(np.int64))
    return Words(hard, np.ones(len(p), int), sparse.csr_array(np.where(p >= 0.01, p, 0)))


def report(p: np.ndarray, truth: np.ndarray, is_test: np.ndarray) -> str:
    """Return how true the probabilities of a table are of the test images."""
    ts = np.flatnonzero((p > 0).any(axis=0) & truth.any(axis=0))
    q, y = p[is_test][:, ts], truth[is_test][:, ts]
    said = q >= 0.5
    bins = np.digitize(q, np.linspace(0, 1, 11)[1:-1])
    gap = sum(abs(q[bins == b].mean() - y[bins == b].mean()) * (bins == b).mean()
              for b in np.unique(bins))  # fmt: skip
    return (
        f"{len(ts)} phrases with a truth; {y[said].mean():.3f} of the likely ones are true (chance "
        f"{y.mean():.3f}), {said[y].mean():.3f} of the true ones are likely, calibration error "
        f"{gap:.3f}"
    )


def told_by(run: Run, words: Words) -> tuple[Run, Estimate]:
    """Return the run as if these had been its words, with estimates and presence of them."""
    name, counts = run.default_estimator, sparse.csr_array(words.counts)
    arrays = {f"counts_{part}": getattr(counts, of) for part, of in
              (("values", "data"), ("indices", "indices"), ("indptr", "indptr"))}  # fmt: skip
    if words.mentions is not None:
        soft = words.mentions.tocoo()
        arrays |= {"mention_x": soft.row, "mention_t": soft.col, "mention_p": soft.data}
    kept = {each: run.arrays[each] for each in run.arrays
            if not each.startswith(("presence_", "mention_", "said_t", "sentence_"))}  # fmt: skip
    images = run.images.assign(n_captions=words.n_captions)
    told = replace(run, arrays=ChainMap(arrays, kept), tables={**run.tables, "images": images})
    made = estimate(name, inputs_of(told))
    arrays[f"p_t_given_f/{name}"] = made.p_t_given_f
    if made.sentence is not None:
        arrays[f"sentence_weights/{name}"] = made.sentence.weights
    try:
        arrays |= presence_arrays(told)
    except DataError as error:
        print(f"# no presence: {error}")
    return replace(told, arrays=ChainMap(arrays, kept)), made


def of_truth(run: Run, truth: np.ndarray, xs: np.ndarray) -> dict[str, Score]:
    """Return how true sentences are of their pictures, and what searches find, by the truth."""
    predicted_c, is_right = run.images["predicted_c"].to_numpy()[xs], run.is_right[xs]
    drawn = Resamples(len(xs), N_RESAMPLES, 0, run.images["true_c"].to_numpy()[xs])
    factors, is_judged = Factors.of(run), truth.any(axis=0)
    said = factors.said(xs, predicted_c)
    if said is None:
        said = factors.top(xs, predicted_c, 5)[0]
    ts = np.maximum(said, 0)
    is_word = (said >= 0) & is_judged[ts]
    is_true = np.take_along_axis(truth[xs], ts, axis=1) & is_word
    result = {
        "words true, %": ratio(is_true.sum(axis=1), is_word.sum(axis=1), drawn, unit=100),
        "at failures, %": Score(100 * is_true[~is_right].sum() / max(is_word[~is_right].sum(), 1)),
        "words": Score(float((said >= 0).sum(axis=1).mean())),
    }
    presence = presence_of(run)
    if presence is None:
        return result
    q, seen = np.nan_to_num(presence.q(features_of(run, xs))), truth[xs]
    n = seen.sum(axis=0)
    of = np.flatnonzero((n >= MIN_EACH) & (n <= len(xs) - MIN_EACH))
    hit, seen, q = (q > presence.line)[:, of], seen[:, of], q[:, of]
    right = (hit & seen).sum(axis=0)
    found = [average_precision_score(seen[:, i], q[:, i]) for i in range(len(of))]
    return result | {
        "search: recall, %": Score(100 * float((right / n[of]).mean())),
        "precision, %": Score(100 * float((right / np.maximum(hit.sum(axis=0), 1)).mean())),
        "mAP": Score(float(np.mean(found)), n=len(of)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run")
    parser.add_argument("--runs", type=Path)
    parser.add_argument("--towers", type=Path, help="kept there, and taken from there")
    parser.add_argument("--seed", type=int, default=101, help="of the world of the towers")
    args = parser.parse_args()
    run = open_run(args.run, args.runs)
    truth = painted(run)
    assert truth is not None, "the run is not over a painted world"
    sources = {
        PEOPLE: Words(run.counts, run.images["n_captions"].to_numpy()),
        "people, one caption": one_caption(run),
        **{f"writer, {wrong:.0%} wrong": written(run, truth, wrong) for wrong in WRONG},
        "writer, a few marks, 15% wrong": written(run, truth, WRONG[1], few=True),
        **by_towers(run, truth, args.towers, args.seed),
        "classes alone": by_classes(run),
    }
    xs = scored_estimates.captioned_test_images(run)
    rows, estimates = {}, {}
    for name, words in sources.items():
        told, estimates[name] = told_by(run, words)
        rows[name] = of_truth(told, truth, xs)
    by_captions = scored_estimates.scores(run, estimates, xs)
    scored_estimates.write(by_captions, [(name, PEOPLE) for name in estimates if name != PEOPLE])
    kept = {"recall": "recall by captions, %", "mAP": "mAP by captions", "PCK@0.1": "PCK@0.1, %",
            "at the peak": "names at the peak, %"}  # fmt: skip
    for name, figures in by_captions.items():
        of = {label: figures[figure] for figure, label in kept.items() if figure in figures}
        rows.setdefault(name, {}).update(of)
    columns = list(dict.fromkeys(column for figures in rows.values() for column in figures))
    print("\n| words of |", " | ".join(columns), "|\n|", "---|" * (len(columns) + 1))
    for name, figures in rows.items():
        cells = [_cell(column, figures.get(column)) for column in columns]
        print(f"| {name} |", " | ".join(cells), "|")


def _cell(column: str, score: Score | None) -> str:
    if score is None:
        return ""
    digits = 3 if "mAP" in column else 1
    low, high = score.low, score.high
    if not np.isfinite([low, high]).all():
        return f"{score.value:.{digits}f}"
    return f"{score.value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


if __name__ == "__main__":
    main()
