"""Simulation score: correlation of filter activations with predictions from captions.

If p(t given f) is right, filter f is active where captions name its attributes. The share of
captions that name t, weighted by p(t given f), is therefore a prediction of phi_f(x); the score is
Pearson's correlation of both over test images, averaged over filters. The class explains most of
the variance of both, so the score is also computed within classes (class means removed), and for
classes and families of classes that were held out of the estimate.

Each p.d.f. is compared with its baselines and an upper bound: distributions permuted between
filters, the one word that correlates best in training, and a ridge regression of activations on all
words, the best linear use of captions.
"""

from functools import reduce
from operator import add

import numpy as np
from scipy import sparse
from sklearn.model_selection import GroupKFold

from fieldmarks.core.bootstrap import Score
from fieldmarks.core.class_folds import N_FOLDS, families, folds
from fieldmarks.core.estimators import Inputs, words
from fieldmarks.core.estimators.base import caption_fraction
from fieldmarks.core.estimators.inputs import inputs_of
from fieldmarks.core.run.caption_shares import caption_shares_of
from fieldmarks.core.run.run import Run
from fieldmarks.core.scores.filters.correlation import Activations
from fieldmarks.core.scores.filters.regression import RegressionSums
from fieldmarks.core.scores.result import Measure
from fieldmarks.core.unit_length import centred_at_unit_length

#: Words of the largest p(t given f) that stand for a p.d.f. by themselves.
N_LARGEST = 10
#: Only words of so many training images can be the best word or take part in the regression.
MIN_IMAGES = 10
#: At most so many words, the most frequent, are regressed on and estimated without some classes.
N_WORDS = 1000
#: At most so many images, drawn at random, are predicted, and regressed on.
N_IMAGES = 6000
#: Penalties of the ridge regression; cross-validation on training images chooses.
PENALTIES = (30.0, 100.0, 500.0, 2000.0, 8000.0)
#: Filters that the penalty is chosen on.
N_CHOOSING = 256


class Simulation:
    """What captions predict of the activations of a run's test images.

    Parameters
    ----------
    run : Run
    xs : ndarray of shape (n,)
        Test images that have captions; of many some are drawn at random.
    seed : int
    """

    def __init__(self, run: Run, xs: np.ndarray, seed: int = 0):
        rng = np.random.default_rng(seed)
        xs = np.sort(rng.choice(xs, min(len(xs), N_IMAGES), replace=False))
        self.run, self.true_c = run, run.images["true_c"].to_numpy()[xs]
        self.activations = Activations(run.array("pooled")[xs], self.true_c, seed)
        self.share = caption_shares_of(run, xs)
        self._teach(inputs_of(run), rng)

    def _teach(self, inputs: Inputs, rng: np.random.Generator) -> None:
        X = inputs.shape[0]
        rows = np.sort(rng.choice(X, min(X, N_IMAGES), replace=False))
        self.inputs = inputs.of_images(np.isin(np.arange(X), rows))
        n_images = self.inputs.counts.astype(bool).sum(axis=0)
        common = np.argsort(-n_images, kind="stable")[:N_WORDS]
        self.common = np.sort(common)
        self.regressed = self.common[n_images[self.common] >= min(MIN_IMAGES, n_images.max())]

    def pdf(self, p_t_given_f: np.ndarray) -> np.ndarray:
        """Return the prediction of p(t given f) as weights on captions, shape (n, F).

        Parameters
        ----------
        p_t_given_f : ndarray of shape (F, T)
        """
        return self.share @ np.asarray(p_t_given_f, np.float32).T

    def largest(self, p_t_given_f: np.ndarray) -> np.ndarray:
        """Return the prediction of the `N_LARGEST` largest words of each filter alone."""
        k = min(N_LARGEST, p_t_given_f.shape[1])
        ts = np.argpartition(-p_t_given_f, k - 1, axis=1)[:, :k]
        rows = np.repeat(np.arange(len(ts)), k)
        p = np.take_along_axis(p_t_given_f, ts, axis=1).ravel()
        weights = sparse.csr_array((p, (rows, ts.ravel())), shape=p_t_given_f.shape)
        return (self.share @ weights.T).toarray()

    def word(self, names: np.ndarray) -> np.ndarray:
        """Return the prediction of one word a filter, shape (n, F): how many captions name it."""
        return self.share[:, names].toarray()

    def sums(self, rows: np.ndarray, fs: np.ndarray | slice = slice(None)) -> RegressionSums:
        """Return the sums over training images, by which activations are regressed on words.

        Parameters
        ----------
        rows : ndarray of int
            Of the training images.
        fs : ndarray of int, optional
            Filters; all by default.
        """
        share = caption_fraction(self.inputs)[rows][:, self.regressed].toarray()
        return RegressionSums.of(share, self.inputs.activations(rows)[:, fs])

    def best_word(self, teach: RegressionSums) -> tuple[np.ndarray, np.ndarray]:
        """Return the word that correlates best in training with each filter, and how well."""
        best, correlation = teach.best_words()
        return self.regressed[best], correlation

    def ridge(self, teach: RegressionSums, at: np.ndarray, penalty: float) -> np.ndarray:
        """Return activations of test images as ridge regression predicts them.

        Parameters
        ----------
        teach : RegressionSums
            Of the training images that are regressed on.
        at : ndarray of int
            Rows of the test images.
        penalty : float
        """
        [predicted] = teach.ridge(self.share[at][:, self.regressed].toarray(), (penalty,))
        return predicted

    def penalty(self, group: np.ndarray) -> float:
        """Return the penalty that predicts training images best whose group was left out.

        Parameters
        ----------
        group : ndarray of shape (X,)
            Of the training images.
        """
        n_folds = min(N_FOLDS, len(np.unique(group)))
        if n_folds < 2:
            return PENALTIES[-1]
        fs = np.random.default_rng(0).permutation(self.inputs.shape[1])[:N_CHOOSING]
        y = self.inputs.activations(slice(None))[:, fs]
        share = caption_fraction(self.inputs)[:, self.regressed]
        predicted = np.zeros((len(PENALTIES), *y.shape), np.float32)
        parts = [out for _, out in GroupKFold(n_folds).split(y, groups=group)]
        sums = [self.sums(out, fs) for out in parts]
        for i, out in enumerate(parts):
            predicted[:, out] = _without(sums, i).ridge(share[out].toarray(), PENALTIES)
        unit = centred_at_unit_length(y)
        scores = [
            (centred_at_unit_length(predicted[i]) * unit).sum(axis=0).mean()
            for i in range(len(PENALTIES))
        ]
        return PENALTIES[int(np.argmax(scores))]

    def left_out(self, estimator: str, group: np.ndarray) -> dict[str, np.ndarray]:
        """Return predictions (n, F) for classes that were held out when they were fitted.

        Parameters
        ----------
        estimator : str
            Its p(t given f) is estimated again without them.
        group : ndarray of shape (C,)
            Classes of one group are left out together.
        """
        classes = np.unique([*self.true_c, *self.inputs.true_c])
        few = self.inputs.of_attributes(self.common)
        share, combined = self.share[:, self.common], {}
        penalty = self.penalty(group[self.inputs.true_c])
        left_out = folds(classes, group[classes])
        parts = [np.flatnonzero(np.isin(self.inputs.true_c, out)) for out in left_out]
        sums = [self.sums(part) for part in parts]
        for i, out in enumerate(left_out):
            teach = ~np.isin(self.inputs.true_c, out)
            at = np.flatnonzero(np.isin(self.true_c, out))
            if not len(at) or not teach.any() or not self.inputs.counts[teach].nnz:
                continue
            others = _without(sums, i)
            best, weight = self.best_word(others)
            usual = caption_fraction(self.inputs)[teach][:, best].toarray()
            deviation = self.share[at][:, best].toarray() - usual.mean(axis=0)
            predictions = {
                estimator: share[at] @ words(estimator, few.of_images(teach)).T,
                "best word": deviation / (usual.std(axis=0) + 1e-6) * weight,
                "ridge encoding": self.ridge(others, at, penalty),
            }
            for name, values in predictions.items():
                whole = combined.setdefault(name, np.zeros(self.activations.shape, np.float32))
                whole[at] = values
        return combined


def _without(sums: list[RegressionSums], i: int) -> RegressionSums:
    """Return the sums of all parts but one, to which that one has added nothing."""
    return reduce(add, [part for j, part in enumerate(sums) if j != i])


def score_simulation(run: Run, xs: np.ndarray, seed: int = 0) -> Measure:
    """Return mean correlations over filters: a row for each way to predict them.

    Parameters
    ----------
    run : Run
    xs : ndarray of shape (n,)
        Test images that have captions.
    seed : int
        Of resamples and samples.

    Returns
    -------
    Measure
        Columns "all", "within classes", and for what was estimated again "classes left out" and
        "families left out"; rows of names count the filters that have a name in the run.
    """
    sim, default = Simulation(run, xs, seed), run.default_estimator
    p = {name: np.asarray(run.array("p_t_given_f", name)) for name in run.estimators}
    rows = {name: _row(sim, sim.pdf(each)) for name, each in p.items()}
    exchanged, pdf = f"{default}, permuted", sim.pdf(p[default])
    rows[exchanged] = _row(sim, pdf, exchanged=True)
    rows[f"{default}, {N_LARGEST} largest words"] = _row(sim, sim.largest(p[default]))
    names = run.filters["name_t"].to_numpy()
    named, word = np.flatnonzero(names >= 0), sim.word(np.maximum(names, 0))
    every = sim.sums(np.arange(sim.inputs.shape[0]))
    best = sim.word(sim.best_word(every)[0])
    rows["name"] = _row(sim, word, named)
    rows["name, permuted"] = _row(sim, word, named, exchanged=True)
    rows["best word of named filters"] = _row(sim, best, named)
    rows["best word"] = _row(sim, best)
    penalty = sim.penalty(np.arange(every.n))
    rows["ridge encoding"] = _row(sim, sim.ridge(every, np.arange(len(pdf)), penalty))
    families_of = families(list(run.classes["name"]))
    for kind, group in (("classes", np.arange(run.sizes["C"])), ("families", families_of)):
        for name, predicted in sim.left_out(default, group).items():
            rows[name][f"{kind} left out"] = sim.activations.mean(predicted)
            if name == default:
                rows[exchanged][f"{kind} left out"] = sim.activations.exchanged(predicted)
    pairs = [(default, exchanged), (default, "best word"), ("ridge encoding", default)]
    pairs += [("name", "name, permuted"), ("name", "best word of named filters")]
    controls = (exchanged, "name, permuted", "best word of named filters", "best word")
    return Measure.of(rows, (*controls, "ridge encoding"), pairs)


def _row(
    sim: Simulation, predicted: np.ndarray, fs: np.ndarray | None = None, exchanged: bool = False
) -> dict[str, Score]:
    score = sim.activations.exchanged if exchanged else sim.activations.mean
    return {"all": score(predicted, fs), "within classes": score(predicted, fs, within=True)}
