"""Zero-shot classification: the strictest test of words, on classes that the network never saw.

Images of the left-out classes are classified by the captions of *other* images of these classes,
through p(t given x). Accuracy is the mean over classes (Xian et al., Zero-shot learning: a
comprehensive evaluation, TPAMI 2018): among unseen classes alone, and among all described classes,
where the harmonic mean of unseen and seen is what counts. Everything that is chosen is chosen on
seen classes, see `core.experimental.zero_shot.validation`.

It is compared with ESZSL on the same activations and descriptions, the same scores with permuted
descriptions between the unseen classes, the class of the most described images, and chance.
"""

import numpy as np

from fieldmarks.core.bootstrap import Resamples, Score, interval, ratio
from fieldmarks.core.class_folds import families
from fieldmarks.core.estimators.base import caption_fraction
from fieldmarks.core.estimators.inputs import described_inputs, inputs_of
from fieldmarks.core.experimental.zero_shot.classifiers import ByWords, Eszsl
from fieldmarks.core.experimental.zero_shot.descriptions import class_descriptions
from fieldmarks.core.experimental.zero_shot.validation import (
    Chosen,
    Classifier,
    Scored,
    choose_classifier,
    judge,
)
from fieldmarks.core.run.run import Run
from fieldmarks.core.scores.result import Measure

#: Penalties of ESZSL that validation chooses from.
PENALTIES = (0.1, 1.0, 10.0, 100.0, 1000.0, 10_000.0)
#: Permutations of the descriptions of unseen classes.
N_EXCHANGES = 20
WORDS, ESZSL, EXCHANGED = "words", "ESZSL", "permuted descriptions"


def score_zero_shot(run: Run, seed: int = 0) -> Measure | None:
    """Return how well left-out classes are recognised by their captions.

    Parameters
    ----------
    run : Run
        Of a network that was trained without some classes.
    seed : int
        Of folds, permutations and resamples.

    Returns
    -------
    Measure or None
        None where no class was left out, or fewer than two of these, or of the others, are
        described.
    """
    if not run.is_class_left_out.any():
        return None
    described, taught, C = described_inputs(run), inputs_of(run), run.sizes["C"]
    descriptions = class_descriptions(caption_fraction(described), described.true_c, C)
    is_described = np.asarray(np.isfinite(descriptions).all(axis=1))
    is_unseen = run.is_class_left_out & is_described
    is_seen = ~run.is_class_left_out & is_described
    true_c = run.images["true_c"].to_numpy()
    xs = np.flatnonzero(run.is_test & run.is_readable & is_described[true_c])
    of_unseen = is_unseen[true_c[xs]]
    if min(is_unseen.sum(), is_seen.sum()) < 2 or of_unseen.all() or not of_unseen.any():
        return None
    family = families(run.classes["name"].tolist())
    candidates: dict[str, list[Classifier]] = {
        name: [ByWords(estimator)] for name, estimator in word_rows(run).items()
    }
    candidates[ESZSL] = [Eszsl(a, b) for a in PENALTIES for b in PENALTIES]
    pooled = np.asarray(run.array("pooled")[xs])
    judged: dict[str, Scored] = {}
    chosen: dict[str, Chosen] = {}
    for name, options in candidates.items():
        chosen[name] = choose_classifier(options, taught, family, int(is_unseen.sum()), seed)
        scorer = chosen[name].classifier.fit(taught, descriptions, is_seen)
        judged[name] = judge(scorer, pooled, true_c[xs], is_unseen, is_described)
    of_class = class_counts(described.true_c, C)
    rows = {n: hit_rates(*_hits(j, chosen[n].offset), j, seed) for n, j in judged.items()}
    rows[EXCHANGED] = _exchanged(judged[WORDS], chosen[WORDS].offset, seed)
    common = Scored(
        np.where(is_described, of_class, -np.inf)[None].repeat(len(xs), 0), true_c[xs], is_unseen
    )
    rows["class frequency"] = hit_rates(*_hits(common, 0.0), common, seed)
    alone, among = (np.full(len(xs), 1 / n) for n in (is_unseen.sum(), is_described.sum()))
    rows["chance"] = hit_rates(alone, among, common, seed)
    return Measure.of(
        rows,
        (ESZSL, EXCHANGED, "class frequency", "chance"),
        [(WORDS, ESZSL), (WORDS, EXCHANGED)],
        counts={"unseen classes": int(is_unseen.sum()), "seen classes": int(is_seen.sum())},
    )


def word_rows(run: Run) -> dict[str, str]:
    """Return the rows by words and the estimator of each: the default, and the paper's."""
    rows = {WORDS: run.default_estimator}
    if "literal" in run.estimators and run.default_estimator != "literal":
        rows["words of literal"] = "literal"
    return rows


def class_counts(true_c: np.ndarray, C: int) -> np.ndarray:
    """Return how many images of each class are described, shape (C,), float."""
    return np.bincount(true_c, minlength=C).astype(float)


def _hits(judged: Scored, offset: float) -> tuple[np.ndarray, np.ndarray]:
    """Return whether images are right among unseen classes alone, and among all, (n,) each."""
    alone = judged.best(judged.is_unseen)[0] == judged.true_c
    return alone.astype(float), (judged.predicted(offset) == judged.true_c).astype(float)


def _exchanged(judged: Scored, offset: float, seed: int) -> dict[str, Score]:
    """Return the scores where each unseen class has the description of a random one of them."""
    rng, unseen = np.random.default_rng(seed), np.flatnonzero(judged.is_unseen)
    alone, among = np.zeros(len(judged.true_c)), np.zeros(len(judged.true_c))
    for _ in range(N_EXCHANGES):
        scores = judged.scores.copy()
        scores[:, unseen] = judged.scores[:, rng.permutation(unseen)]
        hits = _hits(Scored(scores, judged.true_c, judged.is_unseen), offset)
        alone += hits[0] / N_EXCHANGES
        among += hits[1] / N_EXCHANGES
    return hit_rates(alone, among, judged, seed)


def hit_rates(
    alone: np.ndarray, among: np.ndarray, judged: Scored, seed: int = 0
) -> dict[str, Score]:
    """Return per-class accuracy in percent, with intervals over classes and images.

    Parameters
    ----------
    alone, among : ndarray of shape (n,)
        Share of right answers of each image among unseen classes, and among all.
    judged : Scored
        Of the same images.
    seed : int
    """
    rows = judged.is_unseen[judged.true_c]
    weight = 1 / class_counts(judged.true_c, len(judged.is_unseen))[judged.true_c]
    unseen, seen = (
        Resamples(int(of.sum()), seed=seed, group=judged.true_c[of]) for of in (rows, ~rows)
    )
    u = ratio(among[rows] * weight[rows], weight[rows], unseen, unit=100)
    s = ratio(among[~rows] * weight[~rows], weight[~rows], seen, unit=100)
    scores = {
        "unseen alone": ratio(alone[rows] * weight[rows], weight[rows], unseen, unit=100),
        "unseen": u,
        "seen": s,
        "harmonic mean": harmonic_mean(u, s),
    }
    counts = {name: rows.sum() for name in ("unseen alone", "unseen")} | {"seen": (~rows).sum()}
    return {
        name: interval(score.value, score.again, counts.get(name, len(rows)))
        for name, score in scores.items()
        if score.again is not None
    }


def harmonic_mean(first: Score, second: Score) -> Score:
    """Return the harmonic mean of two scores, in each pair of resamples too; 0 where one is 0."""
    if first.again is None or second.again is None:
        raise ValueError("a harmonic mean needs the figures of the resamples")
    value = _harmonic(np.array([first.value]), np.array([second.value]))
    return interval(float(value[0]), _harmonic(first.again, second.again), first.n + second.n)


def _harmonic(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.divide(2 * a * b, a + b, out=np.zeros(np.shape(a)), where=a + b > 0)
