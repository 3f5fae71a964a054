"""Whether images have the attributes that explain them: failures, right images, within classes.

The truth is what the captions of a test image name: exactly what it has if a table is complete, a
lower bound for captions. The sentence is compared with five words by class frequency, by eq. (5),
by presence alone and by an oracle (the upper bound; some images have fewer than five named words).
Controls score the sentence by permuted captions: those of another image of its class, and of any
image. In a painted world what is said is also judged by the known truth, which captions leave out
in part, with the same for another image of the class as its control.
"""

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from fieldmarks.core.batching import blocks
from fieldmarks.core.bootstrap import Resamples, Score, ratio
from fieldmarks.core.explanations.ablation import filter_scale
from fieldmarks.core.explanations.contrast import contrast
from fieldmarks.core.explanations.explanation import explain
from fieldmarks.core.explanations.factors import sentence_weights
from fieldmarks.core.head import changed_logits
from fieldmarks.core.presence.columns import not_visible
from fieldmarks.core.presence.presence import SEEN, Presence, features_of, presence_of
from fieldmarks.core.probability import words_given_xc
from fieldmarks.core.run.contract import N_EXPLAIN
from fieldmarks.core.run.run import Run
from fieldmarks.core.scores.colours import score_pairs
from fieldmarks.core.scores.painted_truth import painted
from fieldmarks.core.scores.result import Bin, Measure, SeenWords
from fieldmarks.core.scores.retrieval import class_caption_frequency, training_images
from fieldmarks.core.search.image_selection import sentence_words

#: Scored images, sampled at random: each is explained twice.
MAX_IMAGES = 3000
#: Words that are searched for, and images with and without a word, at least.
N_SEARCHED, MIN_EACH = 60, 5
#: Bins of the reliability curve.
N_BINS = 15
#: Judged by the truth of a painted world; by captions where that says nothing of a word.
KNOWN = "judged by the known truth"
#: Said words whose removal is computed.
N_REMOVED = 400


def score_seen_words(run: Run, xs: np.ndarray, seed: int = 0) -> SeenWords | None:
    """Return the scores of seen words; None for a run without presence.

    Parameters
    ----------
    run : Run
        With the words of its sentences stored.
    xs : ndarray of shape (n,)
        Test images that have captions.
    seed : int
        Of sample, permuted captions and resamples.
    """
    presence = presence_of(run.source)
    if presence is None or "said_t_predicted" not in run.array_names or not len(xs):
        return None
    rng = np.random.default_rng(seed)
    xs = np.sort(rng.choice(xs, min(len(xs), MAX_IMAGES), replace=False))
    truth = run.counts[xs].toarray() > 0
    claimed = np.flatnonzero(~not_visible(run.source))  # of other words nothing is claimed
    q = np.concatenate([presence.q(features_of(run, xs[block])) for block in blocks(len(xs))])
    known = np.nan_to_num(q)
    true_c, predicted_c = (run.images[f"{side}_c"].to_numpy()[xs] for side in ("true", "predicted"))
    usual = class_caption_frequency(run)[predicted_c]
    p = _pdf(run, xs, predicted_c)
    exchanged = {
        "judged by captions of its class": truth[_exchanged(true_c, rng)],
        "judged by captions of any image": truth[rng.permutation(len(xs))],
    }
    shown = painted(run)
    if shown is not None:
        here = np.where(shown.any(axis=0), shown[xs], truth)
        exchanged |= {KNOWN: here, f"{KNOWN} of another": here[_exchanged(true_c, rng)]}
    scores = {SeenWords.METHOD: known, "class frequency": usual, "eq. (5)": p}
    search = {
        name: _search(run, score, hit, truth, claimed)
        for name, score, hit in (
            (SeenWords.METHOD, known, known > presence.line),
            ("more likely seen than not", known, known > SEEN),
            ("in the sentence of eq. (5)", p, _among(run.array("top_t_predicted")[xs], p)),
        )
    }
    if shown is not None:
        found = _search(run, known, known > presence.line, exchanged[KNOWN], claimed)
        search[f"{SeenWords.METHOD}, {KNOWN}"] = found
    certainty = {
        name: {"AUC within classes": _auc_within(score[:, claimed], truth[:, claimed], true_c)}
        for name, score in scores.items()
    }
    error, curve = calibration(q, truth)
    certainty[SeenWords.METHOD]["calibration error"] = error
    for name, lowers in _removed(run, xs, predicted_c, rng).items():
        certainty.setdefault(name, {})["removal lowers the class, %"] = lowers
    return SeenWords(
        sentence=_measure(_sentences(run, xs, truth, exchanged, known, p, usual, seed)),
        contrast=_measure(_contrasts(run, xs, truth, exchanged, seed)),
        values=_measure(_values(presence, scores, truth, usual, true_c, seed)),
        search=_measure(search),
        certainty=_measure(certainty),
        curve=curve,
    )


def _measure(scores: dict[str, dict[str, Score]]) -> Measure:
    methods = {SeenWords.METHOD, KNOWN, f"{SeenWords.METHOD}, {KNOWN}"}
    return Measure.of(scores, controls=set(scores) - methods)


def _pdf(run: Run, xs: np.ndarray, c: np.ndarray) -> np.ndarray:
    weights = sentence_weights(run)
    parts = [
        words_given_xc(run.array("pooled")[xs[block]], run.weights(xs[block], c[block]), weights)
        for block in blocks(len(xs))
    ]
    return np.concatenate(parts)


def _exchanged(true_c: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return another image of the same class for each image; itself if there is no other."""
    other = np.arange(len(true_c))
    for c in np.unique(true_c):
        members = rng.permutation(np.flatnonzero(true_c == c))
        other[members] = np.roll(members, 1)
    return other


def _among(top: np.ndarray, p: np.ndarray) -> np.ndarray:
    found = np.zeros(p.shape, bool)
    rows, columns = np.nonzero(top[:, :N_EXPLAIN] >= 0)
    found[rows, top[rows, columns]] = True
    return found


def _sentences(run, xs, truth, exchanged, q, p, usual, seed) -> dict[str, dict[str, Score]]:
    said = sentence_words(run, "predicted")[xs]
    is_right, true_c = run.is_right[xs], run.images["true_c"].to_numpy()[xs]

    def five(score: np.ndarray) -> np.ndarray:
        return np.argsort(-score, axis=1, kind="stable")[:, :N_EXPLAIN]

    by_presence = five(q)
    by_presence[np.take_along_axis(q, by_presence, axis=1) == 0] = -1  # nothing is known of these
    rows = {
        SeenWords.METHOD: (said, truth),
        **{f"{SeenWords.METHOD}, {name}": (said, other) for name, other in exchanged.items()},
        "presence alone": (by_presence, truth),
        "eq. (5)": (run.array("top_t_predicted")[xs, :N_EXPLAIN], truth),
        "class frequency": (five(usual), truth),
        "upper bound": (five(truth + 1e-3 * q), truth),
    }
    if "literal" in run.estimators:
        weights = np.asarray(run.array("p_t_given_f", "literal"))
        c = run.images["predicted_c"].to_numpy()[xs]
        literal = np.concatenate(
            [
                words_given_xc(run.array("pooled")[xs[b]], run.weights(xs[b], c[b]), weights)
                for b in blocks(len(xs))
            ]
        )
        rows["literal"] = (five(literal), truth)
    groups = {"failures": ~is_right, "right": is_right, "all": np.ones(len(xs), bool)}
    return {
        name: {
            **{
                group: _share_true(ts[of], against[of], true_c[of], seed)
                for group, of in groups.items()
            },
            "words": Score(float((ts >= 0).sum(axis=1).mean()), n=len(ts)),
            "none at failures": _percent(np.all(ts[~is_right] < 0, axis=1)),
        }
        for name, (ts, against) in rows.items()
    }


def _share_true(ts: np.ndarray, truth: np.ndarray, group: np.ndarray, seed: int) -> Score:
    """Return the percent of words (n, k) that are true of their images; -1 is not a word."""
    is_true = np.take_along_axis(truth, np.maximum(ts, 0), axis=1) & (ts >= 0)
    drawn = Resamples(len(ts), seed=seed, group=group)
    return ratio(is_true.sum(axis=1), (ts >= 0).sum(axis=1), drawn, unit=100)


def _percent(flags: np.ndarray) -> Score:
    return Score(float(100 * np.mean(flags)) if len(flags) else np.nan, n=len(flags))


def _contrasts(run, xs, truth, exchanged, seed) -> dict[str, dict[str, Score]]:
    is_wrong = ~run.is_right[xs]
    shared: list[bool] = []
    wrong, sides = xs[is_wrong], (("for predicted", []), ("for true", []), ("not seen", []))
    for x in map(int, wrong):
        a, b = (int(run.images[f"{side}_c"].iloc[x]) for side in ("predicted", "true"))
        said = contrast(run, explain(run, x, a), explain(run, x, b))
        shared.append(bool(said.caveat))
        for (_, ts), of in zip(
            sides, (said.for_first, said.for_second, said.not_seen), strict=True
        ):
            ts.append(np.pad(np.array(of, int), (0, 3 - len(of)), constant_values=-1))
    group = run.images["true_c"].to_numpy()[wrong]
    rows = {}
    for name, against in {SeenWords.METHOD: truth, **exchanged}.items():
        rows[name] = {}
        for side, ts in sides:
            words = np.reshape(ts, (-1, 3)).astype(int)
            rows[name][side] = _share_true(words, against[is_wrong], group, seed)
            rows[name][f"a word {side}"] = _percent(np.any(words >= 0, axis=1))
    rows[SeenWords.METHOD]["just as usual for true"] = _percent(np.array(shared, bool))
    return rows


def _values(presence: Presence, scores, truth, usual, group, seed) -> dict[str, dict[str, Score]]:
    ts = np.flatnonzero(presence.properties >= 0)
    if not len(ts):
        return {}
    of = {name: score[:, ts] for name, score in scores.items()}
    properties = presence.properties[ts]
    return score_pairs(of, truth[:, ts], usual[:, ts], properties, group, seed)


def _search(
    run: Run, score: np.ndarray, hit: np.ndarray, truth: np.ndarray, claimed: np.ndarray
) -> dict[str, Score]:
    n = truth.sum(axis=0)
    ts = claimed[np.argsort(-training_images(run)[claimed], kind="stable")]
    ts = ts[(n[ts] >= MIN_EACH) & (n[ts] <= len(truth) - MIN_EACH)][:N_SEARCHED]
    if not len(ts):
        return {}
    right = (hit & truth)[:, ts].sum(axis=0)
    precision = right / np.maximum(hit[:, ts].sum(axis=0), 1)
    mean_precision = np.mean([average_precision_score(truth[:, t], score[:, t]) for t in ts])
    return {
        "recall": Score(float(100 * (right / n[ts]).mean()), n=len(ts)),
        "precision": Score(float(100 * precision.mean()), n=len(ts)),
        "mAP": Score(float(mean_precision), n=len(ts)),
        "words": Score(float(len(ts)), n=len(ts)),
    }


def _auc_within(score: np.ndarray, truth: np.ndarray, true_c: np.ndarray) -> Score:
    found: list[float] = []
    for c in np.unique(true_c):
        of = true_c == c
        n = truth[of].sum(axis=0)
        ts = np.flatnonzero((n >= MIN_EACH) & (n <= of.sum() - MIN_EACH))
        found += [float(roc_auc_score(truth[of, t], score[of, t])) for t in ts]
    return Score(float(np.mean(found)) if found else np.nan, n=len(found))


def calibration(q: np.ndarray, truth: np.ndarray) -> tuple[Score, list[Bin]]:
    """Return the expected calibration error of probabilities and their reliability curve.

    Parameters
    ----------
    q : ndarray
        In [0, 1]; NaN is left out.
    truth : ndarray of the same shape, bool

    Returns
    -------
    error : Score
        The mean over all pairs of how far a bin's mean q is from its share of true ones.
    curve : list of Bin
        Those that are not empty.
    """
    is_known = np.isfinite(q)
    q, truth = q[is_known], truth[is_known]
    member = np.minimum((q * N_BINS).astype(int), N_BINS - 1)
    n = np.bincount(member, minlength=N_BINS)
    mean = np.bincount(member, q, N_BINS) / np.maximum(n, 1)
    share = np.bincount(member, truth, N_BINS) / np.maximum(n, 1)
    error = float((n * np.abs(mean - share)).sum() / max(n.sum(), 1))
    curve = [Bin(int(n[i]), float(mean[i]), float(share[i])) for i in np.flatnonzero(n)]
    return Score(error, n=len(q)), curve


def _removed(run: Run, xs: np.ndarray, c: np.ndarray, rng: np.random.Generator) -> dict[str, Score]:
    """Return the percent of words whose removal lowers the log-odds: explaining and random ones."""
    said, p_t_given_f = sentence_words(run, "predicted")[xs], np.asarray(run.array("p_t_given_f"))
    rows, columns = np.nonzero(said >= 0)
    some = rng.permutation(len(rows))[:N_REMOVED]
    rows, ts = rows[some], said[rows[some], columns[some]]

    def lowers(ts: np.ndarray) -> Score:
        falls = [
            _fall(run, int(xs[i]), int(c[i]), int(t), p_t_given_f)
            for i, t in zip(rows, ts, strict=True)
        ]
        return _percent(np.greater(falls, 0))

    random = rng.integers(0, run.sizes["T"], len(rows))
    return {SeenWords.METHOD: lowers(ts), "random words": lowers(random)}


def _fall(run: Run, x: int, c: int, t: int, p_t_given_f: np.ndarray) -> float:
    logits = np.asarray(run.array("logits")[x], float)
    pooled = np.asarray(run.array("pooled")[x], float)
    scale = filter_scale(p_t_given_f, attributes={t: 0})
    after = changed_logits(run.head, logits, pooled, scale, run.local_weights(x))
    rest = np.delete(np.arange(len(logits)), c)

    def lead(values: np.ndarray) -> float:
        return float(values[c] - np.logaddexp.reduce(values[rest]))

    return lead(logits) - lead(after)
