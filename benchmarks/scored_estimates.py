"""Estimates of a finished run, scored as the score board scores it, without writing anything."""

import argparse
import csv
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fieldmarks.core.bootstrap import Resamples, Score
from fieldmarks.core.estimators import Estimate
from fieldmarks.core.explanations.attribute_ranking import top_attributes
from fieldmarks.core.explanations.factors import sentence_weights
from fieldmarks.core.probability import SentenceModel, words_given_xc
from fieldmarks.core.run.contract import N_EXPLAIN
from fieldmarks.core.run.run import Run
from fieldmarks.core.scores import pck, retrieval
from fieldmarks.core.scores.filters import filter_names

RETRIEVAL = ("recall", "precision", "mAP", "mAP within classes")
NAMES = ("at the peak", "permuted names", "upper bound", "share of the possible gain")
FREQUENCY, CONSTANT = "class frequency", "constant"


def arguments(description: str) -> argparse.Namespace:
    """Return the arguments of a benchmark that scores estimates of a run."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("run")
    parser.add_argument("--runs", type=Path)
    parser.add_argument("--classes", type=int, nargs="+", metavar="ID", action="append")
    parser.add_argument("--estimators", nargs="+", metavar="NAME", help="default: all of the run")
    return parser.parse_args()


def captioned_test_images(run: Run, class_ids: list[int] | None = None) -> np.ndarray:
    """Return the readable captioned test images, of these classes if any are given."""
    images = run.images
    use = run.is_test & run.is_readable & (images["n_captions"] > 0).to_numpy()
    if class_ids is not None:
        ids = run.classes["class_id"].to_numpy()[images["true_c"]]
        use &= np.isin(ids, class_ids)
    return np.flatnonzero(use)


def scores(
    run: Run,
    estimates: dict[str, Estimate],
    xs: np.ndarray,
    frequencies: dict[str, np.ndarray] | None = None,
) -> dict[str, dict[str, Score]]:
    """Return the figures of each estimate and of the controls.

    Parameters
    ----------
    run : Run
    estimates : dict of Estimate
    xs : ndarray of shape (n,)
        Test images.
    frequencies : dict of ndarray of shape (C, T), optional
        Further controls that rank by the predicted class alone.
    """
    true_c, predicted_c = (run.images[c].to_numpy() for c in ("true_c", "predicted_c"))
    ts = retrieval.searched_attributes(run)
    truth = run.counts[xs][:, ts].toarray() > 0
    rng, pooled = np.random.default_rng(0), run.array("pooled")[xs]
    p = {
        name: words_given_xc(pooled, run.weights(xs, predicted_c[xs]), weights_of_words(each))
        for name, each in estimates.items()
    }
    by_class = {FREQUENCY: retrieval.class_caption_frequency(run), **(frequencies or {})}
    for name, frequency in by_class.items():
        # ties within a class are broken at random
        p[name] = frequency[predicted_c[xs]] + 1e-9 * rng.random((len(xs), run.sizes["T"]))
    rows: dict[str, dict[str, Score]] = {}
    for name, values in p.items():
        top = top_attributes(values, run.attributes, min(N_EXPLAIN, run.sizes["T"]))
        held = retrieval.retrieved(top, ts)
        figures = retrieval.score_retrieval(values[:, ts], held, truth, true_c[xs])
        rows[name] = {figure: figures[figure] for figure in RETRIEVAL}
    pairs = pck.grounded_pairs(run, xs)
    if len(pairs.xs):
        evidence = {name: each.evidence for name, each in estimates.items()}
        evidence[CONSTANT] = np.ones((run.sizes["F"], 1), np.float32)
        for name, points in pck.peaks(run, pairs, evidence).items():
            hits = pck.score_peaks(pairs, points, true_c)
            rows.setdefault(name, {}).update(hits)
    for name, figures in _names(run, estimates, xs).items():
        rows[name].update(figures)
    return rows


def weights_of_words(estimate: Estimate) -> np.ndarray:
    """Return the weights that the sentences of an estimate are made of, shape (F, T)."""
    return estimate.p_t_given_f if estimate.sentence is None else estimate.sentence.weights


def _names(run: Run, estimates: dict[str, Estimate], xs: np.ndarray) -> dict[str, dict]:
    """Return how often the most probable word of a filter lies at its peaks."""
    has_places = "attribute_places" in run.table_names
    places = run.table("attribute_places") if has_places else None
    peaks = filter_names.at_peak(run, xs, places)
    if peaks is None:
        return {}
    group = run.images["true_c"].to_numpy()[xs]
    drawn = Resamples(len(xs), filter_names.N_RESAMPLES, 0, group)
    again = []
    for row in drawn:
        weights = np.zeros(run.sizes["X"], np.float32)
        weights[xs] = row
        again.append(peaks.share(weights))
    again = np.stack(again)
    result = {}
    for name, each in estimates.items():
        placed = filter_names.score_place(peaks, each.p_t_given_f.argmax(axis=1), again)
        result[name] = {figure: placed[figure] for figure in NAMES}
    return result


def write(rows: dict[str, dict[str, Score]], differences: list[tuple[str, str]]) -> None:
    """Print every figure, and the paired differences of two rows."""
    writer = csv.writer(sys.stdout)
    writer.writerow(["row", "figure", "value", "low", "high", "n"])
    for name, figure, score in _lines(rows, differences):
        numbers = (score.value, score.low, score.high)
        writer.writerow([name, figure, *(f"{number:.4g}" for number in numbers), score.n])
    sys.stdout.flush()


def _lines(
    rows: dict[str, dict[str, Score]], differences: list[tuple[str, str]]
) -> Iterator[tuple[str, str, Score]]:
    for name, figures in rows.items():
        yield from ((name, figure, score) for figure, score in figures.items())
    for a, b in differences:
        for figure, score in rows[a].items():
            if figure in rows[b] and figure not in NAMES[1:3]:
                yield f"{a} minus {b}", figure, score.minus(rows[b][figure])


def of_run(run: Run, names: list[str] | None = None) -> dict[str, Estimate]:
    """Return the estimates that the run holds."""
    return {name: _stored(run, name) for name in names or run.estimators}


def _stored(run: Run, name: str) -> Estimate:
    arrays = ("p_t_given_f", "evidence", "evidence_bias")
    sentence = None
    if f"sentence_weights/{name}" in run.array_names:
        parts = np.asarray(run.array("sentence_parts", name))
        sentence = SentenceModel(np.asarray(sentence_weights(run, name)), parts)
    return Estimate(*(np.asarray(run.array(array, name)) for array in arrays), sentence)
