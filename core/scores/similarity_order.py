"""The order of a confusion matrix, with similar classes next to each other."""

import numpy as np
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform

from fieldmarks.core.unit_length import at_unit_length


def similarity_order(confusions: np.ndarray, class_weights: np.ndarray) -> np.ndarray:
    """Return an order of the classes with confused ones next to each other.

    The leaves of an average-linkage tree (`scipy.cluster.hierarchy`), ordered so that neighbours
    are as near as the tree allows. Two classes are near where each is often taken for the other;
    ties, which most pairs of classes are, go by the cosine of their class weights.

    Parameters
    ----------
    confusions : ndarray of shape (C, C)
        As `core.scores.confusion.confusion_matrix` returns it.
    class_weights : ndarray of shape (C, F)
        W of the linear head.

    Returns
    -------
    ndarray of shape (C,), int
        Class at each place.
    """
    C = len(confusions)
    if C < 3:
        return np.arange(C)
    share = confusions / np.maximum(confusions.sum(axis=1, keepdims=True), 1)
    unit = at_unit_length(class_weights)
    nearness = (share + share.T) / 2 + 0.1 * (1 + unit @ unit.T) / 2
    distance = 1.1 - nearness
    np.fill_diagonal(distance, 0)
    tree = hierarchy.linkage(squareform(distance, checks=False), "average", optimal_ordering=True)
    return hierarchy.leaves_list(tree)
