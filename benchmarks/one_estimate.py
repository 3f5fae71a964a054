"""One estimate for name, list, heatmap and sentence; with permuted distributions as control.

    python -m benchmarks.one_estimate RUN [--runs DIR]

`places` and `encoding` are estimated again from the run. CSV rows: sentences by eq. (5), by words
that explain words, and the latter from distributions permuted between filters, with the share of a
word's variation that its own filters have (median of the searched words); where the places of
attributes are known, how often what filters are said to see lies at most of their peaks, with
bootstrap 95 % intervals over filters.
"""

import argparse
from pathlib import Path

import numpy as np

from benchmarks.filter_page import interval
from benchmarks.scored_estimates import captioned_test_images
from fieldmarks.core.estimators import estimate
from fieldmarks.core.estimators.explaining_away import sentence_model
from fieldmarks.core.estimators.filter_statistics import seen_names
from fieldmarks.core.estimators.inputs import inputs_of
from fieldmarks.core.explanations.attribute_ranking import top_attributes
from fieldmarks.core.explanations.word_parts import direct_share
from fieldmarks.core.probability import p_f_given_xc, sigma
from fieldmarks.core.run.contract import N_EXPLAIN
from fieldmarks.core.run.reading import open_run
from fieldmarks.core.run.run import Run
from fieldmarks.core.scores import retrieval
from fieldmarks.core.scores.filters.filter_names import HALF, at_peak


def sentence_rows(run: Run, xs: np.ndarray, p_t_given_f: np.ndarray):
    """Yield label, scores and direct share of the sentences of one p(t given f)."""
    inputs, ts = inputs_of(run), retrieval.searched_attributes(run)
    true_c, predicted_c = (run.images[name].to_numpy()[xs] for name in ("true_c", "predicted_c"))
    truth = run.counts[xs][:, ts].toarray() > 0
    p_f = p_f_given_xc(np.asarray(run.array("pooled")[xs]), run.weights(xs, predicted_c))
    exchanged = np.random.default_rng(1).permutation(p_t_given_f)
    for label, pdf, is_plain in (
        ("eq. (5)", p_t_given_f, True),
        ("attributes by attributes", p_t_given_f, False),
        ("the same, exchanged", exchanged, False),
    ):
        score, share = p_f @ pdf, 1.0
        if not is_plain:
            model = sentence_model(inputs, pdf)
            of_word = model.parts[1] * (score - model.parts[2])
            score = p_f @ model.weights
            share = float(np.median(direct_share(of_word, score)[ts]))
        p = sigma(score)
        held = retrieval.retrieved(top_attributes(p, run.attributes, N_EXPLAIN), ts)
        yield label, retrieval.score_retrieval(p[:, ts], held, truth, true_c), share


def name_rows(run: Run, p_t_given_f: np.ndarray, confidence: np.ndarray):
    """Yield how often a pair, and an adjective, lies at most peaks of the filters that see it."""
    peaks = at_peak(run, np.flatnonzero(run.is_test), run.table("attribute_places"))
    assert peaks is not None
    rng, adjectives = np.random.default_rng(0), run.attributes["adjective"].to_numpy().astype(str)
    seen = seen_names(p_t_given_f, confidence, adjectives)
    ts, said = seen["t"].to_numpy(), seen["adjective"].to_numpy()
    right = peaks.share() > HALF
    fs = np.flatnonzero(ts >= 0)
    yield "pair, precision", interval(right[fs, ts[fs]], rng)
    yield "pair, exchanged", interval(right[:, ts[fs]].mean(axis=0), rng)
    could = right.any(axis=1)
    yield "pair, recall", interval(((ts >= 0) & right[np.arange(len(ts)), ts])[could], rng)
    alone = np.flatnonzero((ts < 0) & (said != ""))
    hits = np.stack(
        [
            peaks.hits[:, :, adjectives == word].any(axis=2).mean(axis=1) > HALF
            for word in said[alone]
        ]
    )
    yield "adjective alone, precision", interval(hits[np.arange(len(alone)), alone], rng)
    yield "adjective alone, exchanged", interval(hits.mean(axis=1), rng)


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run")
    parser.add_argument("--runs", type=Path)
    args = parser.parse_args()
    run = open_run(args.run, args.runs)
    xs = captioned_test_images(run)
    print("row,figure,value,low,high,n")
    for name in ("places", "encoding"):
        result = estimate(name, inputs_of(run))
        for label, scores, share in sentence_rows(run, xs, result.p_t_given_f):
            for figure, score in scores.items():
                numbers = f"{score.value:.4g},{score.low:.4g},{score.high:.4g},{score.n}"
                print(f'"{name}, {label}","{figure}",{numbers}')
            print(f'"{name}, {label}","direct share",{share:.3g},,,')
        if result.name_confidence is not None and "attribute_places" in run.table_names:
            for label, numbers in name_rows(run, result.p_t_given_f, result.name_confidence):
                print(f'"{name}","{label}",{numbers}')


if __name__ == "__main__":
    main()
