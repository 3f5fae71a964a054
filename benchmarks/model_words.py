"""Words of people, of an imperfect model, of classes alone: what a run over a painted world gets.

    python -m benchmarks.model_words RUN [--runs DIR] [--words FILE]

A writer names 70 % of the attributes that are visible by the world's truth, as JSON of parts. 5, 15
or 30 % of its adjectives are replaced by others of the part; every fifth answer names the class.
Its answers take the way of `fieldmarks caption`: reading, cleaning, extraction.
The default estimator is made again with these words, with the attributes of classes
(`benchmarks.class_captions`) and with a table of `fieldmarks words`, and scored on the same test
images by the captions of people. "words true" is the share of the five likeliest attributes that
are visible by the truth. Bootstrap 95 % intervals; the run is not changed.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy import sparse

from benchmarks import class_captions, scored_estimates
from fieldmarks.core.bootstrap import Resamples, ratio
from fieldmarks.core.estimators import Inputs, estimate
from fieldmarks.core.estimators.inputs import inputs_of
from fieldmarks.core.probability import prior, words_given_xc
from fieldmarks.core.run.phrases import t_of_phrase
from fieldmarks.core.run.reading import open_run
from fieldmarks.core.run.run import Run
from fieldmarks.precompute.attributes.extraction import Definition, extract
from fieldmarks.precompute.attributes.soft_table import merged, read_soft_words
from fieldmarks.precompute.attributes.synonyms import Synonyms
from fieldmarks.precompute.captioning.caption import caption_in
from fieldmarks.precompute.captioning.cleaning import Cleaner
from fieldmarks.precompute.data.language import BIRDS

WRONG, NAMED, LEAKS, VISIBLE = (0.05, 0.15, 0.3), 0.7, 0.2, 0.3
N_WORDS, N_RESAMPLES = 5, 1000


def visible(run: Run) -> np.ndarray:
    """Return which attributes are visible in each image by the truth, shape (X, T), bool."""
    places = run.table("attribute_places")
    seen = places[places["visible"] >= VISIBLE]
    is_visible = np.zeros((run.sizes["X"], run.sizes["T"]), bool)
    is_visible[seen["x"], seen["t"]] = True
    return is_visible


def answers(run: Run, truth: np.ndarray, wrong: float) -> Iterator[str]:
    """Yield what the writer answers to each image."""
    rng = np.random.default_rng(0)
    adjectives = run.attributes["adjective"].to_numpy()
    nouns = run.attributes["noun"].to_numpy()
    known = truth.any(axis=0)
    others = {noun: adjectives[known & (nouns == noun)] for noun in np.unique(nouns[known])}
    names = run.classes["name"].to_numpy()[run.images["true_c"]]
    for x, is_seen in enumerate(truth):
        looks: dict[str, list[str]] = {}
        for t in np.flatnonzero(is_seen & (rng.random(len(is_seen)) < NAMED)):
            is_wrong = rng.random() < wrong
            adjective = rng.choice(others[nouns[t]]) if is_wrong else adjectives[t]
            looks.setdefault(nouns[t], []).append(str(adjective))
        if looks and rng.random() < LEAKS:
            looks[next(iter(looks))].append(f"typical {names[x]}")
        yield json.dumps({part: ", ".join(words) for part, words in looks.items()})


def written_words(run: Run, truth: np.ndarray, wrong: float) -> tuple[sparse.csr_array, Cleaner]:
    """Return which attributes the writer names, shape (X, T), by the way of the product."""
    parts = sorted(set(run.attributes["noun"]))
    cleaner = Cleaner(list(run.classes["name"]), parts)
    captions = [caption_in(text, parts, cleaner) for text in answers(run, truth, wrong)]
    synonyms = Synonyms.load(BIRDS.synonyms) if BIRDS.synonyms else Synonyms.load()
    definition = Definition(BIRDS.nouns, synonyms, BIRDS.kinds)
    made = extract([[each] if each else [] for each in captions], definition, min_images=1)
    t = made.table["phrase"].map(t_of_phrase(run))
    kept = np.flatnonzero(t.notna())
    entries = made.counts[:, kept].tocoo()
    columns = t.to_numpy()[kept].astype(int)[entries.col]
    shape = (run.sizes["X"], run.sizes["T"])
    counts = sparse.coo_array((entries.data.astype(int), (entries.row, columns)), shape=shape)
    return counts.tocsr(), cleaner


def with_counts(inputs: Inputs, counts: sparse.csr_array, **more) -> Inputs:
    """Return the inputs as if these had been the words, one caption an image."""
    ones = np.ones(len(inputs.true_c), int)
    counts = sparse.csr_array(counts.astype(bool).astype(np.int64))
    return replace(inputs, counts=counts, n_captions=ones, prior=prior(counts), **more)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run")
    parser.add_argument("--runs", type=Path)
    parser.add_argument("--words", type=Path, help="a table of 'fieldmarks words'")
    args = parser.parse_args()
    run = open_run(args.run, args.runs)
    inputs, truth, name = inputs_of(run), visible(run), run.default_estimator
    images = run.images
    teaches = images["is_train"] & run.is_readable & (images["n_captions"] > 0)
    rows = np.flatnonzero(teaches & ~run.is_left_out)
    estimates = {"people": scored_estimates.of_run(run, [name])[name]}
    for wrong in WRONG:
        counts, cleaner = written_words(run, truth, wrong)
        said = counts[rows].astype(bool)
        n_true = said.multiply(truth[rows]).sum()
        known = said[:, truth.any(axis=0)].sum()
        print(f"# writer, {wrong:.0%} wrong: {n_true / known:.3f} of {known:,} words are true")
        print("#", *cleaner.told())
        estimates[f"writer, {wrong:.0%} wrong"] = estimate(name, with_counts(inputs, counts[rows]))
    says = class_captions.descriptions(inputs, run.sizes["C"])
    estimates["classes"] = estimate(name, class_captions.described(inputs, says))
    if args.words is not None:
        soft = merged(read_soft_words(args.words, list(images["path"])), Synonyms.load())
        phrases = run.attributes["phrase"].tolist()
        none = sparse.csr_array((run.sizes["X"], run.sizes["T"]), dtype=int)
        p = soft.mentions(phrases, soft_counts(soft, phrases, none), np.ones(run.sizes["X"]))
        hard = sparse.csr_array(p.toarray()[rows] >= 0.5)
        print(f"# words: {report(p.toarray(), truth, run.is_test)}")
        estimates["words, soft"] = estimate(name, with_counts(inputs, hard, mentions=p[rows]))
        estimates["words, hard"] = estimate(name, with_counts(inputs, hard))
    xs = scored_estimates.captioned_test_images(run)
    scored = scored_estimates.scores(run, estimates, xs)
    judged = np.flatnonzero(truth.any(axis=0))
    predicted_c = images["predicted_c"].to_numpy()[xs]
    drawn = Resamples(len(xs), N_RESAMPLES, 0, images["true_c"].to_numpy()[xs])
    for key, each in estimates.items():
        weights = scored_estimates.weights_of_words(each)
        q = words_given_xc(run.array("pooled")[xs], run.weights(xs, predicted_c), weights)
        top = judged[np.argsort(-q[:, judged], axis=1, kind="stable")[:, :N_WORDS]]
        is_true = np.take_along_axis(truth[xs], top, axis=1).mean(axis=1)
        scored[key]["words true"] = ratio(is_true, np.ones(len(xs)), drawn)
    scored_estimates.write(scored, [(key, "people") for key in estimates if key != "people"])


def soft_counts(soft, phrases: list[str], none: sparse.csr_array) -> sparse.csr_array:
    """Return the likely attributes of a table as statements of the run's attributes."""
    at = {phrase: t for t, phrase in enumerate(phrases)}
    counts = none.tolil()
    for a, each in enumerate(soft.attributes):
        if each.phrase in at:
            counts[:, [at[each.phrase]]] = (soft.p[:, [a]] >= 0.5).astype(int)
    return counts.tocsr()


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


if __name__ == "__main__":
    main()
