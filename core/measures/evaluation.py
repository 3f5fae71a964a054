"""The score board of a run: every measure, every estimator, its baselines, on the test split.

`evaluate` returns plain JSON, which is ``evaluation.json``. A score is ``{value, low, high, n}``:
the figure, its bootstrap 95 % interval over images and the number of cases; null where nothing
could be measured. The layout is

    scored           what was scored: images, captioned images, classes, accuracy in percent
    grounding        rows: estimator or baseline -> PCK in percent at radius 0.1, 0.2, 0.3
    retrieval        rows: estimator or baseline -> recall, true negative rate, precision in
                     percent, mAP, mAP within classes in [0, 1]
    bleu             rows: estimator -> variant -> correct, wrong, all, correct minus wrong
    variety          rows: estimator -> different top attributes, entropy in bits
    faithfulness     rows: estimator -> fall of the logit and the probability, and ratios
    trust            filters of each verdict, and how well names foretell which classes fall

``paper`` beside the rows has the paper's own figures, ``by_attribute`` those of each attribute.
"""

import numpy as np

from core.contract import N_EXPLAIN, UNREADABLE
from core.errors import DataError
from core.measures import bleu, faithfulness, naming, pck, retrieval_scores, variety
from core.measures.bootstrap import Score, ratio, resample
from core.probability import p_t_given_xc
from core.run import Run
from core.selection import telling_first, top_attributes

#: Images whose p.d.f.s are computed at a time.
_BLOCK = 512


def evaluate(run: Run, class_ids: list[int] | None = None, seed: int = 0) -> dict:
    """Score a run on its test split.

    Parameters
    ----------
    run : Run
    class_ids : list of int, optional
        Score only images of these classes, by the data set's own numbers; all by default.
    seed : int
        Of resamples and random baselines.

    Raises
    ------
    DataError
        If no test image is left to score.
    """
    images = run.images
    readable = ~images["problem"].str.startswith(UNREADABLE).to_numpy(bool)
    in_test = ~images["is_train"].to_numpy() & readable
    if class_ids is not None:
        chosen = run.classes.index[run.classes["class_id"].isin(class_ids)]
        in_test &= images["true_c"].isin(chosen).to_numpy()
    xs = np.flatnonzero(in_test)
    if not len(xs):
        raise DataError(
            "there is no test image to score: expected images of the test split"
            + (f" in the classes {class_ids}" if class_ids is not None else "")
        )
    captioned = xs[images["n_captions"].to_numpy()[xs] > 0]
    is_right = (images["true_c"] == images["predicted_c"]).to_numpy()
    p = {name: _attribute_pdfs(run, xs, name) for name in run.estimators}
    tops = {name: _told(run, p[name], name) for name in run.estimators}
    has_caption = np.isin(xs, captioned)
    said = {name: top[has_caption] for name, top in tops.items()}
    accuracy = ratio(100 * is_right[xs].astype(float), np.ones(len(xs)), resample(len(xs)))
    rows = {
        "variety": {n: variety.score_variety(top[:, 0], seed) for n, top in tops.items()},
        "faithfulness": {
            name: faithfulness.score_faithfulness(
                faithfulness.falls(run, xs, top, name, seed), seed
            )
            for name, top in tops.items()
        },
    }
    return plain(
        {
            "scored": {
                "images": len(xs),
                "captioned": len(captioned),
                "class_ids": class_ids,
                "accuracy": accuracy,
            },
            "default_estimator": run.default_estimator,
            "grounding": _grounding(run, captioned, seed),
            "retrieval": _retrieval(
                run, captioned, {name: values[has_caption] for name, values in p.items()}, seed
            ),
            "bleu": _bleu(run, captioned, said, is_right[captioned], seed),
            **{name: {"rows": scores} for name, scores in rows.items()},
            "trust": _trust(run, captioned, seed),
        }
    )


def plain(value):
    """Return nested dicts of scores as plain JSON."""
    if isinstance(value, Score):
        return value.as_dict()
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def _attribute_pdfs(run: Run, xs: np.ndarray, estimator: str) -> np.ndarray:
    """Return p(t given x, predicted c), shape (len(xs), T)."""
    predicted_c = run.images["predicted_c"].to_numpy()[xs]
    weights, p_t_given_f = run.array("class_weights"), run.array("p_t_given_f", estimator)
    blocks = range(0, len(xs), _BLOCK)
    return np.concatenate(
        [
            p_t_given_xc(
                run.array("pooled")[xs[start : start + _BLOCK]],
                weights[predicted_c[start : start + _BLOCK]],
                p_t_given_f,
            )
            for start in blocks
        ]
    )


def _told(run: Run, p: np.ndarray, estimator: str) -> np.ndarray:
    """Return the attributes of each image's sentence in their order, shape (len(p), 5)."""
    usual = run.array("p_t_given_f", estimator).mean(axis=0)
    return telling_first(top_attributes(p, run.attributes, N_EXPLAIN), p, usual)


def _grounding(run: Run, xs: np.ndarray, seed: int) -> dict:
    pairs = pck.grounded_pairs(run, xs)
    evidence = {name: run.array("evidence", name) for name in run.estimators}
    constant = np.ones((run.sizes["F"], 1), np.float32)
    points = {
        **pck.baseline_points(len(pairs.xs), seed),
        **pck.peaks(run, pairs, {"constant": constant, **evidence}),
    }
    phrases = run.attributes["phrase"]
    return {
        "n_pairs": len(pairs.xs),
        "paper": pck.PAPER,
        "rows": {name: pck.score_peaks(pairs, at, seed) for name, at in points.items()},
        "by_attribute": {
            name: {
                phrases.iloc[t]: scores
                for t, scores in pck.score_by_attribute(pairs, at, seed).items()
            }
            for name, at in points.items()
        },
    }


def _retrieval(run: Run, xs: np.ndarray, p: dict[str, np.ndarray], seed: int) -> dict:
    ts = retrieval_scores.searched_attributes(run)
    truth = run.counts[xs][:, ts].toarray() > 0
    true_c = run.images["true_c"].to_numpy()[xs]
    random = np.random.default_rng(seed).random((len(xs), run.sizes["T"]))
    rankings = {
        "chance": random,
        "class frequency": retrieval_scores.class_frequency(run, xs) if len(xs) else random,
        **p,
    }
    phrases = run.attributes["phrase"].iloc[ts].tolist()
    rows, by_attribute = {}, {}
    for name, values in rankings.items():
        held = retrieval_scores.retrieved(values, run, ts)
        arguments = values[:, ts], held, truth
        rows[name] = retrieval_scores.score_retrieval(*arguments, true_c, seed)
        scores = retrieval_scores.score_by_attribute(*arguments, seed)
        by_attribute[name] = dict(zip(phrases, scores, strict=True))
    return {"paper": retrieval_scores.PAPER, "rows": rows, "by_attribute": by_attribute}


def _bleu(
    run: Run, xs: np.ndarray, tops: dict[str, np.ndarray], is_right: np.ndarray, seed: int
) -> dict:
    captions = [run.captions(x) for x in xs]
    rows = {}
    for name, top in tops.items():
        texts = bleu.sentences(run, xs, top)
        rows[name] = {
            variant: bleu.score_bleu(
                bleu.sentence_bleu(texts[wording], captions, order), is_right, seed
            )
            for variant, (wording, order) in bleu.VARIANTS.items()
        }
    return {"paper": bleu.PAPER, "rows": rows}


def _trust(run: Run, xs: np.ndarray, seed: int) -> dict:
    verdict = run.filters["verdict"].to_numpy()
    correlation = naming.name_correlation(run, xs, seed)
    return {
        "filters": {name: int((verdict == name).sum()) for name in naming.VERDICTS},
        "names foretell falls": naming.score_naming(correlation, verdict, seed),
    }
