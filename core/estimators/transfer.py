"""Where an attribute can be read off: cells that tell it for classes never seen.

Within the classes that it was trained on, every cell of a network tells the class and with it all
attributes; that says nothing about place. Predicting an attribute for a class that was left out
takes sight of the attribute itself, and works best from the cell where it is.
"""

import numpy as np
from scipy import linalg
from sklearn.model_selection import GroupKFold

#: Classes are left out in so many groups.
N_FOLDS = 8
#: Ridge penalty as a share of the number of images; the features are standardised.
PENALTY = 3.0


def transfer(peaks: np.ndarray, share: np.ndarray, true_c: np.ndarray) -> np.ndarray:
    """Return how well the peak of each cluster predicts each attribute for classes left out.

    Parameters
    ----------
    peaks : ndarray of shape (X, K, D)
        What the cell says at which cluster k is most active.
    share : ndarray of shape (X, T)
        Share of captions that name t.
    true_c : ndarray of shape (X,)
        Classes; at least 2.

    Returns
    -------
    ndarray of shape (K, T)
        Correlation of prediction and share over all images, in [0, 1]: below 0 counts as 0.
    """
    n_folds = min(N_FOLDS, len(np.unique(true_c)))
    folds = list(GroupKFold(n_folds).split(share, groups=true_c))
    return np.stack([_correlation(peaks[:, k], share, folds) for k in range(peaks.shape[1])])


def _correlation(features: np.ndarray, share: np.ndarray, folds: list) -> np.ndarray:
    """Return the correlation for one cluster; the sums of each fold are taken once."""
    features = features - features.mean(axis=0)
    sums = [_sums(features[left_out], share[left_out]) for _, left_out in folds]
    total = [sum(parts) for parts in zip(*sums, strict=True)]
    predicted = np.empty_like(share)
    for (_, left_out), own in zip(folds, sums, strict=True):
        n, x, y, xx, xy = (every - out for every, out in zip(total, own, strict=True))
        mean = x / n
        covariance = xx / n - np.outer(mean, mean)
        variance = covariance.diagonal()
        scale = np.sqrt(np.where(variance > 1e-6 * variance.max(), variance, np.inf))
        shrunk = covariance / np.outer(scale, scale) + np.float32(PENALTY) * np.eye(len(mean))
        target = (xy / n - np.outer(mean, y / n)) / scale[:, None]
        weights = linalg.solve(shrunk, target, assume_a="pos") / scale[:, None]
        predicted[left_out] = (features[left_out] - mean) @ weights.astype(share.dtype)
    predicted -= predicted.mean(axis=0)
    centred = share - share.mean(axis=0)
    norm = np.linalg.norm(predicted, axis=0) * np.linalg.norm(centred, axis=0)
    product = (predicted * centred).sum(axis=0)
    return np.clip(np.divide(product, norm, out=np.zeros_like(norm), where=norm > 0), 0, 1)


def _sums(features: np.ndarray, share: np.ndarray) -> tuple:
    """Return the number of images and the sums over them that a regression is made of."""
    squares, products = features.T @ features, features.T @ share
    return len(features), features.sum(axis=0), share.sum(axis=0), squares, products
