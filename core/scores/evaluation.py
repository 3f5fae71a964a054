"""Evaluation of a run: all metrics of all estimators and baselines on the test split.

`evaluate` returns plain JSON, which is ``evaluation.json``. A score is ``{value, low, high, n}``:
the figure, its bootstrap 95 % interval over classes and images, and the number of cases; null where
nothing could be measured. The layout is

    scored           what was scored: images, of how many, captioned images, classes, accuracy in
                     percent of all of them
    grounding        rows: estimator or baseline -> PCK in percent at radius 0.1, 0.2, 0.3
    retrieval        rows: estimator or baseline -> recall, true negative rate, precision in
                     percent, mAP, mAP within classes in [0, 1]
    bleu             rows: estimator -> variant -> correct, wrong, all, correct minus wrong
    diversity        rows: estimator -> different top attributes, entropy in bits
    faithfulness     rows: estimator -> logit, probability -> mean fall by what was removed, ratios
    colours          rows: who ranks the words -> percent of pairs with the right colour first
    interventions    rows: estimator or control -> what painted changes do to logit, word, heatmap;
                     null for data that cannot be painted again
    simulation       rows: prediction -> mean correlation with activations, over filters
    names            rows: source of the names -> share in percent at their peaks; the verdict's
                     precision and recall; null where neither places nor keypoints are known
    seen words       whether what is said of an image is true of it, see `core.scores.seen_words`;
                     null where presence is not claimed
    zero shot        rows: classifier -> percent right of unseen and seen classes; null for a
                     network that was trained on all classes
    verdicts         filters of each verdict

``paper`` beside the rows has the paper's own figures, ``by_attribute`` and ``by_part`` those of
each attribute and part, ``differences`` those of the default less a control's, from the same
resamples.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from fieldmarks.core.batching import blocks, in_threads
from fieldmarks.core.bootstrap import Resamples, Score, differences, ratio
from fieldmarks.core.errors import DataError
from fieldmarks.core.experimental import interventions
from fieldmarks.core.experimental.sentence_test.scores import score_sentence_test
from fieldmarks.core.experimental.zero_shot.scores import score_zero_shot
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

#: Maximum number of scored test images, sampled at random; enough for narrow intervals.
N_SCORED = 20_000
#: What the default estimator's figures are compared with, image by image.
_CONTROLS = ("constant", "class frequency", "literal")


def evaluate(
    run: Run,
    class_ids: list[int] | None = None,
    seed: int = 0,
    changes: pd.DataFrame | None = None,
) -> dict:
    """Score a run on its test split.

    Parameters
    ----------
    run : Run
    class_ids : list of int, optional
        Score only images of these classes, by the class numbers of the data set; all by default.
    seed : int
        Of resamples and random baselines.
    changes : DataFrame, optional
        Images of a painted world after a change, see `core.experimental.interventions`.

    Raises
    ------
    DataError
        If no test image is left to score.
    """
    images = run.images
    # what the network was trained without is scored by itself, under "zero shot"
    in_test = run.is_test & run.is_readable & ~run.is_left_out
    if class_ids is not None:
        chosen = run.classes.index[run.classes["class_id"].isin(class_ids)]
        in_test &= images["true_c"].isin(chosen).to_numpy()
    tested = np.flatnonzero(in_test)
    if not len(tested):
        raise DataError(
            "there is no test image to score: expected images of the test split"
            + (f" in the classes {class_ids}" if class_ids is not None else "")
        )
    n_scored = min(len(tested), N_SCORED)
    xs = np.sort(np.random.default_rng(seed).choice(tested, n_scored, replace=False))
    captioned = xs[images["n_captions"].to_numpy()[xs] > 0]
    is_right = run.is_right
    ts = retrieval.searched_attributes(run)
    explained = {
        n: _explained(run, xs, ts, _pdf(run, n), usual_words(run, n)) for n in run.estimators
    }
    tops = {name: top for name, (top, _) in explained.items()}
    has_caption = np.isin(xs, captioned)
    comparable = {name: (top[has_caption], p[has_caption]) for name, (top, p) in explained.items()}
    true_c = images["true_c"].to_numpy()
    drawn = Resamples(len(tested), seed=seed, group=true_c[tested])
    accuracy = ratio(is_right[tested], np.ones(len(tested)), drawn, unit=100)
    rows = {
        "diversity": {
            n: diversity.score_diversity(top[:, 0], true_c[xs], seed) for n, top in tops.items()
        },
        "faithfulness": _faithfulness(run, xs, tops, seed),
    }
    return as_json(
        {
            "scored": {
                "images": len(xs),
                "of": len(tested),
                "captioned": len(captioned),
                "class_ids": class_ids,
                "accuracy": accuracy,
            },
            "default_estimator": run.default_estimator,
            "grounding": _grounding(run, captioned, seed),
            "retrieval": _retrieval(run, captioned, ts, comparable, seed),
            "bleu": _bleu(run, captioned, comparable, is_right[captioned], seed),
            **{name: {"rows": scores} for name, scores in rows.items()},
            "colours": colours.score_colours(run, captioned, seed),
            "interventions": interventions.score_interventions(run, xs, changes, seed),
            "simulation": score_simulation(run, captioned, seed),
            "names": score_names(run, xs, seed),
            "sentence test": score_sentence_test(run, xs, seed),
            "zero shot": score_zero_shot(run, seed),
            "seen words": seen_words.score_seen_words(run, captioned, seed),
            "verdicts": {str(v): int((run.filters["verdict"] == v).sum()) for v in NameStatus},
        }
    )


def as_json(value) -> Any:
    """Return nested dicts of scores as JSON values."""
    if isinstance(value, Score):
        return value.as_dict()
    if isinstance(value, dict):
        return {str(key): as_json(item) for key, item in value.items()}
    return [as_json(item) for item in value] if isinstance(value, (list, tuple)) else value


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


def _grounding(run: Run, xs: np.ndarray, seed: int) -> dict:
    pairs = pck.grounded_pairs(run, xs)
    evidence = {name: run.array("evidence", name) for name in run.estimators}
    constant = np.ones((run.sizes["F"], 1), np.float32)
    points = {
        **pck.baseline_points(len(pairs.xs), seed),
        **pck.peaks(run, pairs, {"constant": constant, **evidence}),
    }
    phrases, part = run.attributes["phrase"], run.attributes["part"].to_numpy()
    true_c = run.images["true_c"].to_numpy()
    rows = {name: pck.score_peaks(pairs, at, true_c, seed) for name, at in points.items()}
    return {
        "n_pairs": len(pairs.xs),
        "paper": pck.PAPER,
        "rows": rows,
        "differences": differences(rows, [(run.default_estimator, n) for n in _CONTROLS]),
        "by_part": {
            name: pck.score_by_part(pairs, at, part, true_c, seed) for name, at in points.items()
        },
        "by_attribute": {
            name: {
                phrases.iloc[t]: scores
                for t, scores in pck.score_pck_by_attribute(pairs, at, true_c, seed).items()
            }
            for name, at in points.items()
        },
    }


def _faithfulness(run: Run, xs: np.ndarray, tops: dict[str, np.ndarray], seed: int) -> dict:
    n = min(len(xs), faithfulness.N_IMAGES)
    some = np.sort(np.random.default_rng(seed).choice(len(xs), n, replace=False))
    group = run.images["true_c"].to_numpy()[xs[some]]
    return {
        name: faithfulness.score_faithfulness(
            faithfulness.falls(run, xs[some], top[some], name, seed), group, seed
        )
        for name, top in tops.items()
    }


def _retrieval(
    run: Run,
    xs: np.ndarray,
    ts: np.ndarray,
    explained: dict[str, tuple[np.ndarray, np.ndarray]],
    seed: int,
) -> dict:
    truth = np.zeros((len(xs), len(ts)), bool)
    for block in blocks(len(xs)):
        truth[block] = run.counts[xs[block]][:, ts].toarray() > 0
    true_c, predicted_c = (run.images[c].to_numpy() for c in ("true_c", "predicted_c"))
    rng, frequency = np.random.default_rng(seed), retrieval.class_caption_frequency(run)
    baselines = {
        "chance": lambda rows: rng.random((len(rows), run.sizes["T"])),
        "class frequency": lambda rows: frequency[predicted_c[rows]],
    }
    phrases = run.attributes["phrase"].iloc[ts].tolist()
    ranked = {n: _explained(run, xs, ts, baseline) for n, baseline in baselines.items()}
    ranked |= explained
    # all images of a class stand alike; a shared threshold would count against it
    top, p = ranked["class frequency"]
    ranked["class frequency"] = top, p + 1e-9 * rng.random(p.shape)

    def scored(of: tuple[np.ndarray, np.ndarray]) -> tuple[dict, list[dict]]:
        top, p = of
        overall = retrieval.precisions(p, truth, true_c[xs], seed)
        arguments = p, retrieval.retrieved(top, ts), truth, true_c[xs], seed, overall
        by_attribute = retrieval.score_retrieval_by_attribute(*arguments)
        return retrieval.score_retrieval(*arguments), by_attribute

    both = dict(zip(ranked, in_threads(scored, ranked.values()), strict=True))
    rows = {name: row for name, (row, _) in both.items()}
    return {
        "paper": retrieval.PAPER,
        "rows": rows,
        "differences": differences(rows, [(run.default_estimator, n) for n in _CONTROLS]),
        "by_attribute": {
            name: dict(zip(phrases, columns, strict=True)) for name, (_, columns) in both.items()
        },
    }


def _bleu(
    run: Run,
    xs: np.ndarray,
    explained: dict[str, tuple[np.ndarray, np.ndarray]],
    is_right: np.ndarray,
    seed: int,
) -> dict:
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
    return {
        "paper": bleu.PAPER,
        "rows": {
            name: {
                variant: bleu.score_bleu(of_images, is_right, true_c, seed)
                for variant, of_images in zip(bleu.VARIANTS, each, strict=True)
            }
            for name, each in zip(explained, values, strict=True)
        },
    }
