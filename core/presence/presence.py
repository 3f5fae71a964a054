"""Whether the network saw an attribute anywhere in an image: a score of presence by itself.

The evidence of an estimator is made for finding *where* an attribute lies and says little about
*whether* it is there: that of the default finds the place of a noun, whatever its adjective. So
presence is read off all filters at once: a ridge regression of the share of captions that name the
attribute on the square roots of the pooled activations (a filter that is twice as strongly
activated is not twice as sure). The penalty is the one that predicts left-out training images best.
"""

import numpy as np
from scipy import linalg

from fieldmarks.core.batching import blocks
from fieldmarks.core.class_statistics import class_sums
from fieldmarks.core.errors import DataError
from fieldmarks.core.run.caption_shares import caption_shares_of
from fieldmarks.core.run.run import Run

#: Ridge penalties that are tried, in units of the number of training images.
PENALTIES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
#: Every so many training images are left out to choose the penalty.
HELD_OUT = 5


class Presence:
    """A score of every attribute in every image, fitted to the training images with captions.

    Parameters
    ----------
    run : Run

    Raises
    ------
    DataError
        If no training image has captions.

    Attributes
    ----------
    penalty : float
        The chosen one of `PENALTIES`.
    """

    def __init__(self, run: Run):
        self.run = run
        images = run.images
        has_captions = (images["n_captions"] > 0).to_numpy()
        known = images["is_train"].to_numpy(bool) & has_captions & run.is_readable
        xs = np.flatnonzero(known)
        if not len(xs):
            raise DataError(
                "no training image has captions, so nothing says which attributes are present: "
                "give captions to 'fieldmarks run'"
            )
        self._mean, self._scale = self._moments(xs)
        is_left_out = np.arange(len(xs)) % HELD_OUT == HELD_OUT - 1
        if is_left_out.any() and (~is_left_out).any():
            self.penalty = self._best_penalty(xs[~is_left_out], xs[is_left_out])
        else:
            self.penalty = PENALTIES[len(PENALTIES) // 2]
        self._fit(xs, self.penalty)

    def score(self, xs: np.ndarray, ts: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Return the expected share of captions of each image that name each attribute.

        Returns
        -------
        ndarray of shape (len(xs), len(ts))
            About 0 to 1; not clipped, so that a ranking has no ties.
        """
        return self._features(xs) @ self._weights[:, ts] + self._bias[ts]

    def class_means(self) -> np.ndarray:
        """Return the mean score over the training images of each class, shape (C, T)."""
        run, C = self.run, self.run.sizes["C"]
        train = np.flatnonzero(run.images["is_train"].to_numpy(bool) & run.is_readable)
        true_c = run.images["true_c"].to_numpy()[train]
        means = np.zeros((C, run.sizes["F"]))
        for block in blocks(len(train)):
            means += class_sums(self._features(train[block]), true_c[block], C)
        means /= np.maximum(np.bincount(true_c, minlength=C), 1)[:, None]
        return means @ self._weights + self._bias

    def _roots(self, xs: np.ndarray) -> np.ndarray:
        pooled = np.asarray(self.run.array("pooled")[xs], np.float32)
        return np.sign(pooled) * np.sqrt(np.abs(pooled))

    def _features(self, xs: np.ndarray) -> np.ndarray:
        return (self._roots(xs) - self._mean) / self._scale

    def _moments(self, xs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        F = self.run.sizes["F"]
        total, square = np.zeros(F), np.zeros(F)
        for block in blocks(len(xs)):
            roots = self._roots(xs[block])
            total += roots.sum(axis=0, dtype=float)
            square += np.square(roots, dtype=float).sum(axis=0)
        mean = total / len(xs)
        scale = np.sqrt(np.maximum(square / len(xs) - mean**2, 0))
        return mean.astype(np.float32), np.where(scale > 1e-6, scale, 1.0).astype(np.float32)

    def _shares(self, xs: np.ndarray):
        """Return the share of captions that name each attribute, sparse, shape (n, T)."""
        return caption_shares_of(self.run, xs)

    def _sums(self, xs: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return features x features, features x shares and the mean shares."""
        F, T = self.run.sizes["F"], self.run.sizes["T"]
        gram, products = np.zeros((F, F), np.float32), np.zeros((T, F), np.float32)
        total = np.zeros(T)
        for block in blocks(len(xs)):
            features, shares = self._features(xs[block]), self._shares(xs[block])
            gram += features.T @ features
            products += shares.T @ features
            total += np.asarray(shares.sum(axis=0)).ravel()
        return gram, products.T, (total / len(xs)).astype(np.float32)

    def _solved(self, sums: tuple, penalty: float, n: int) -> tuple[np.ndarray, np.ndarray]:
        gram, products, mean_share = sums
        weights = linalg.cho_solve(self._factor(gram, penalty, n), products)
        return weights.astype(np.float32), mean_share

    @staticmethod
    def _factor(gram: np.ndarray, penalty: float, n: int) -> tuple[np.ndarray, bool]:
        """Return the Cholesky factor of the penalised products of n images."""
        gram = gram.copy()
        gram[np.diag_indices(len(gram))] += np.float32(penalty * n)
        return linalg.cho_factor(gram, overwrite_a=True)

    def _best_penalty(self, fitted: np.ndarray, left_out: np.ndarray) -> float:
        gram, products, bias = self._sums(fitted)
        loss = dict.fromkeys(PENALTIES, 0.0)
        for penalty in PENALTIES:
            factor = self._factor(gram, penalty, len(fitted))
            for block in blocks(len(left_out)):
                # images are fewer than attributes: the system is solved for them
                solved = linalg.cho_solve(factor, self._features(left_out[block]).T).T
                predicted = solved.astype(np.float32) @ products + bias
                shares = self._shares(left_out[block]).toarray()
                loss[penalty] += float(np.square(predicted - shares).sum())
        return min(PENALTIES, key=loss.__getitem__)

    def _fit(self, xs: np.ndarray, penalty: float) -> None:
        self._weights, self._bias = self._solved(self._sums(xs), penalty, len(xs))
