"""Evaluation of a run: all measures of all estimators and controls on the test split.

What `evaluate` returns, and the file of it, is described in `core.scores.result`.
"""

from collections.abc import Callable

import numpy as np

from fieldmarks.core.batching import blocks, in_threads
from fieldmarks.core.bootstrap import Resamples, Score, ratio
from fieldmarks.core.errors import DataError
from fieldmarks.core.explanations.attribute_ranking import by_lift, top_attributes
from fieldmarks.core.explanations.explanation import usual_words
from fieldmarks.core.explanations.factors import sentence_weights
from fieldmarks.core.explanations.never_together import never_together
from fieldmarks.core.name_status import NameStatus
from fieldmarks.core.probability import words_given_xc
from fieldmarks.core.run.contract import N_EXPLAIN
from fieldmarks.core.run.run import Run
from fieldmarks.core.scores import (
    bleu,
    colours,
    diversity,
    faithfulness,
    pck,
    retrieval,
    seen_words,
)
from fieldmarks.core.scores.filters.filter_names import score_names
from fieldmarks.core.scores.filters.simulation import score_simulation
from fieldmarks.core.scores.result import Evaluation, Measure, Row, Scored, paper_rows

#: Maximum number of scored test images, sampled at random; enough for narrow intervals.
N_SCORED = 20_000
#: What the default estimator's figures are compared with, image by image.
_COMPARED = ("constant", "class frequency", "literal")


def evaluate(
    run: Run,
    class_ids: list[int] | None = None,
    seed: int = 0,
) -> Evaluation:
    """Score a run on its test split.

    Parameters
    ----------
    run : Run
    class_ids : list of int, optional
        Score only images of these classes, by the class numbers of the data set; all by default.
    seed : int
        Of resamples and random baselines.

    Raises
    ------
    DataError
        If no test image is left to score.
    """
    images, tested = run.images, scorable_images(run, class_ids)
    xs = drawn_images(tested, seed)
    captioned = xs[images["n_captions"].to_numpy()[xs] > 0]
    is_right, true_c = run.is_right, images["true_c"].to_numpy()
    drawn = Resamples(len(tested), seed=seed, group=true_c[tested])
    accuracy = ratio(is_right[tested], np.ones(len(tested)), drawn, unit=100)
    scored = Scored(len(xs), len(tested), len(captioned), accuracy, class_ids)
    if not run.has_words:
        return Evaluation.without_words(scored, {str(NameStatus.NONE): run.sizes["F"]})
    ts = retrieval.searched_attributes(run)
    explained = {
        n: _explained(run, xs, ts, _pdf(run, n), usual_words(run, n)) for n in run.estimators
    }
    tops = {name: top for name, (top, _) in explained.items()}
    has_caption = np.isin(xs, captioned)
    comparable = {name: (top[has_caption], p[has_caption]) for name, (top, p) in explained.items()}
    names, verdict = score_names(run, xs, seed) or (None, None)
    return Evaluation(
        scored=scored,
        default_estimator=run.default_estimator,
        grounding=_grounding(run, captioned, seed),
        retrieval=_retrieval(run, captioned, ts, comparable, seed),
        bleu=_bleu(run, captioned, comparable, is_right[captioned], seed),
        diversity=Measure.of(
            {n: diversity.score_diversity(top[:, 0], true_c[xs], seed) for n, top in tops.items()}
        ),
        faithfulness=_faithfulness(run, xs, tops, seed),
        colours=colours.score_colours(run, captioned, seed),
        simulation=score_simulation(run, captioned, seed),
        names=names,
        verdict=verdict,
        verdicts={str(v): int((run.filters["verdict"] == v).sum()) for v in NameStatus},
        seen_words=seen_words.score_seen_words(run, captioned, seed),
    )


def scorable_images(run: Run, class_ids: list[int] | None = None) -> np.ndarray:
    """Return the images that can be scored: of the test split, readable, of classes trained on.

    Parameters
    ----------
    run : Run
    class_ids : list of int, optional
        See `evaluate`.

    Raises
    ------
    DataError
        If there is none.
    """
    in_test = run.is_test & run.is_readable & ~run.is_left_out
    if class_ids is not None:
        chosen = run.classes.index[run.classes["class_id"].isin(class_ids)]
        in_test &= run.images["true_c"].isin(chosen).to_numpy()
    if not in_test.any():
        raise DataError(
            "there is no test image to score: expected images of the test split"
            + (f" in the classes {class_ids}" if class_ids is not None else "")
        )
    return np.flatnonzero(in_test)


def drawn_images(tested: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return at most `N_SCORED` of the images, ascending."""
    n = min(len(tested), N_SCORED)
    return np.sort(np.random.default_rng(seed).choice(tested, n, replace=False))


def _pdf(run: Run, estimator: str) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function from images to p(t given x, predicted c), shape (n, T)."""
    predicted_c = run.images["predicted_c"].to_numpy()
    of_words = sentence_weights(run, estimator)
    return lambda xs: words_given_xc(
        run.array("pooled")[xs], run.weights(xs, predicted_c[xs]), of_words
    )


def _explained(
    run: Run,
    xs: np.ndarray,
    ts: np.ndarray,
    pdf: Callable[[np.ndarray], np.ndarray],
    mean_p: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the attributes of each sentence, shape (n, 5), and p of ``ts``, (n, len(ts)).

    They are sorted by descending p, or by descending lift where ``mean_p`` is given.
    """
    parts = [(np.empty((0, N_EXPLAIN), np.int32), np.empty((0, len(ts)), np.float32))]
    for block in blocks(len(xs)):
        p = pdf(xs[block])
        top = top_attributes(p, run.attributes, min(N_EXPLAIN, run.sizes["T"]), never_together(run))
        if mean_p is not None:
            top = by_lift(top, p, mean_p)
        spare = ((0, 0), (0, N_EXPLAIN - top.shape[1]))
        parts.append((np.pad(top, spare, constant_values=-1), p[:, ts]))
    top, p = (np.concatenate(column) for column in zip(*parts, strict=True))
    return top, p


def _grounding(run: Run, xs: np.ndarray, seed: int) -> Measure:
    pairs = pck.grounded_pairs(run, xs)
    evidence = {name: run.array("evidence", name) for name in run.estimators}
    constant = np.ones((run.sizes["F"], 1), np.float32)
    controls = pck.baseline_points(len(pairs.xs), seed)
    points = {**controls, **pck.peaks(run, pairs, {"constant": constant, **evidence})}
    part, true_c = run.attributes["part"].to_numpy(), run.images["true_c"].to_numpy()
    by_part: dict[str, list[Row]] = {}
    for name, at in points.items():
        for p, scores in pck.score_by_part(pairs, at, part, true_c, seed).items():
            by_part.setdefault(p, []).append(Row(name, scores))
    return Measure.of(
        {name: pck.score_peaks(pairs, at, true_c, seed) for name, at in points.items()},
        (*controls, "constant"),
        [(run.default_estimator, name) for name in _COMPARED],
        pck.PAPER,
        counts={"image-attribute pairs": len(pairs.xs)},
        by_part=by_part,
    )


def _faithfulness(run: Run, xs: np.ndarray, tops: dict[str, np.ndarray], seed: int) -> Measure:
    n = min(len(xs), faithfulness.N_IMAGES)
    some = np.sort(np.random.default_rng(seed).choice(len(xs), n, replace=False))
    group = run.images["true_c"].to_numpy()[xs[some]]
    rows = []
    for name, top in tops.items():
        falls = faithfulness.falls(run, xs[some], top[some], name, seed)
        by_unit = faithfulness.score_faithfulness(falls, group, seed)
        rows += [Row(name, scores, variant=unit) for unit, scores in by_unit.items()]
    return Measure(rows)


def _retrieval(
    run: Run,
    xs: np.ndarray,
    ts: np.ndarray,
    explained: dict[str, tuple[np.ndarray, np.ndarray]],
    seed: int,
) -> Measure:
    truth = np.zeros((len(xs), len(ts)), bool)
    for block in blocks(len(xs)):
        truth[block] = run.counts[xs[block]][:, ts].toarray() > 0
    true_c, predicted_c = (run.images[c].to_numpy() for c in ("true_c", "predicted_c"))
    rng, frequency = np.random.default_rng(seed), retrieval.class_caption_frequency(run)
    baselines = {
        "chance": lambda rows: rng.random((len(rows), run.sizes["T"])),
        "class frequency": lambda rows: frequency[predicted_c[rows]],
    }
    ranked = {n: _explained(run, xs, ts, baseline) for n, baseline in baselines.items()}
    ranked |= explained
    # all images of a class stand alike; a shared threshold would count against it
    top, p = ranked["class frequency"]
    ranked["class frequency"] = top, p + 1e-9 * rng.random(p.shape)

    def scored(of: tuple[np.ndarray, np.ndarray]) -> dict[str, Score]:
        top, p = of
        return retrieval.score_retrieval(p, retrieval.retrieved(top, ts), truth, true_c[xs], seed)

    return Measure.of(
        dict(zip(ranked, in_threads(scored, ranked.values()), strict=True)),
        baselines,
        [(run.default_estimator, name) for name in _COMPARED],
        retrieval.PAPER,
    )


def _bleu(
    run: Run,
    xs: np.ndarray,
    explained: dict[str, tuple[np.ndarray, np.ndarray]],
    is_right: np.ndarray,
    seed: int,
) -> Measure:
    true_c = run.images["true_c"].to_numpy()[xs]
    values = np.empty((len(explained), len(bleu.VARIANTS), len(xs)))
    for block in blocks(len(xs)):
        texts = [
            bleu.explanation_texts(run, xs[block], top[block]) for top, _ in explained.values()
        ]
        for i, x in enumerate(xs[block]):
            said = [each[wording][i] for each in texts for wording in bleu.WORDINGS]
            scores = bleu.sentence_bleu(run.captions(x), said)
            values[:, :, block.start + i] = scores.reshape(len(texts), -1)
    rows = [
        Row(name, bleu.score_bleu(of_images, is_right, true_c, seed), variant=variant)
        for name, each in zip(explained, values, strict=True)
        for variant, of_images in zip(bleu.VARIANTS, each, strict=True)
    ]
    return Measure([*rows, *paper_rows(bleu.PAPER)])
