"""Classes in folds, similar ones together, so that whole folds can be left out."""

import numpy as np
from sklearn.model_selection import GroupKFold

#: How often classes, or families of them, are left out: each once.
N_FOLDS = 6


def families(names: list[str]) -> np.ndarray:
    """Return a number for each class, the same for classes whose names end with the same word.

    >>> families(["Crested Auklet", "Laysan Albatross", "Least Auklet"])
    array([1, 0, 1])
    """
    return np.unique([name.split()[-1].lower() for name in names], return_inverse=True)[1]


def folds(classes: np.ndarray, group: np.ndarray) -> list[np.ndarray]:
    """Return classes in at most `N_FOLDS` folds, those of one group together; none of one group.

    Parameters
    ----------
    classes : ndarray of shape (n,)
    group : ndarray of shape (n,)
        Of each class.
    """
    n_folds = min(N_FOLDS, len(np.unique(group)))
    if n_folds < 2:
        return []
    return [classes[out] for _, out in GroupKFold(n_folds).split(classes, groups=group)]
