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
    predicted = np.empty_like(share)
    for fit, left_out in folds:
        mean, scale = features[fit].mean(axis=0), features[fit].std(axis=0)
        scale[scale == 0] = 1
        z = (features[fit] - mean) / scale
        gram = z.T @ z + np.float32(PENALTY * len(fit)) * np.eye(z.shape[1], dtype=np.float32)
        target = share[fit] - share[fit].mean(axis=0)
        weights = linalg.solve(gram, z.T @ target, assume_a="pos")
        predicted[left_out] = (features[left_out] - mean) / scale @ weights
    predicted -= predicted.mean(axis=0)
    centred = share - share.mean(axis=0)
    norm = np.linalg.norm(predicted, axis=0) * np.linalg.norm(centred, axis=0)
    product = (predicted * centred).sum(axis=0)
    return np.clip(np.divide(product, norm, out=np.zeros_like(norm), where=norm > 0), 0, 1)
