"""Hierarchical clustering of failures by the difference of their two attribute p.d.f.s.

For a failure x the difference is p(t given x, predicted c) - p(t given x, true c): the attributes
that support the predicted class more than the label. Failures are clustered by the cosine distance
of these differences with average linkage, and the number of clusters is the one with the highest
silhouette score. There is no random initialisation, so the result is deterministic.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist, squareform
from sklearn.metrics import silhouette_score
from sklearn.preprocessing import normalize

from fieldmarks.core.attributes.english import counted
from fieldmarks.core.batching import blocks
from fieldmarks.core.causes.class_attributes import attribute_phrase
from fieldmarks.core.probability import p_t_given_xc
from fieldmarks.core.run.run import Run

MAX_LINKED = 2000  # failures in the linkage; memory grows with their square
MAX_GROUPS = 60


@dataclass(frozen=True)
class Cluster:
    """A cluster of failures with similar attribute differences.

    Parameters
    ----------
    name : str
        Description, e.g. 'called Chipping Sparrow for "long tail"'.
    xs : ndarray of shape (n,)
        Its failures, the most typical first.
    t : int
        The attribute with the largest mean difference.
    predicted_c, true_c : int
        The majority class of its failures, -1 where no class has at least half of them.
    """

    name: str
    xs: np.ndarray
    t: int
    predicted_c: int
    true_c: int

    @property
    def title(self) -> str:
        """The name with the number of failures: "23 failures: ..."."""
        return f"{counted(len(self.xs), 'failure')}: {self.name}"


def attribute_difference(run: Run, xs: np.ndarray) -> np.ndarray:
    """Return p(t given x, predicted c) - p(t given x, true c), shape (n, T); rows sum to 0."""
    pooled = run.array("pooled")[xs]
    p_t_given_f = run.array("p_t_given_f")
    predicted, true = (
        p_t_given_xc(pooled, run.weights(xs, run.images[column].to_numpy()[xs]), p_t_given_f)
        for column in ("predicted_c", "true_c")
    )
    return predicted - true


@dataclass(frozen=True)
class AttributeDifferences:
    """Rows of `attribute_difference`, computed when indexed as an ndarray of shape (n, T).

    Parameters
    ----------
    run : Run
    xs : ndarray of shape (n,)
    """

    run: Run
    xs: np.ndarray

    def __len__(self) -> int:
        return len(self.xs)

    def __getitem__(self, rows: np.ndarray | slice) -> np.ndarray:
        return attribute_difference(self.run, self.xs[rows])


def group_directions(differences: np.ndarray | AttributeDifferences) -> np.ndarray:
    """Return a cluster number for each row, shape (n,); rows of similar direction share one.

    Parameters
    ----------
    differences : ndarray of shape (n, T) or AttributeDifferences
    """
    n = len(differences)
    if n < 3:
        return np.arange(n)
    linked = np.unique(np.linspace(0, n - 1, min(n, MAX_LINKED)).astype(int))
    directions = normalize(differences[linked])
    distances = pdist(directions, "sqeuclidean") / 2  # 1 - cosine; 0.5 from a zero row
    tree = linkage(distances, "average")
    square = squareform(distances)
    best, best_score = np.zeros(len(linked), dtype=int), -np.inf
    for k in range(2, min(MAX_GROUPS, len(linked) - 1) + 1):
        groups = fcluster(tree, k, "maxclust")
        if not 1 < len(np.unique(groups)) < len(linked):
            continue
        score = silhouette_score(square, groups, metric="precomputed")
        if score > best_score + 1e-9:
            best, best_score = groups, score
    numbers = np.unique(best)
    centres = np.array([directions[best == number].mean(axis=0) for number in numbers])
    groups = np.empty(n, int)
    for block in blocks(n if n > len(linked) else 0):  # rows outside the linkage: nearest centre
        groups[block] = (normalize(differences[block]) @ centres.T).argmax(axis=1)
    groups[linked] = np.searchsorted(numbers, best)
    return groups


def cluster_failures(run: Run, xs: np.ndarray | None = None) -> list[Cluster]:
    """Return the clusters of failures of a run, the largest first.

    Parameters
    ----------
    run : Run
        The run.
    xs : ndarray of shape (n,), optional
        The failures; all misclassified test images otherwise.
    """
    xs = run.failures if xs is None else np.asarray(xs, dtype=int)
    if not len(xs):
        return []
    differences = (
        attribute_difference(run, xs) if len(xs) <= MAX_LINKED else AttributeDifferences(run, xs)
    )
    groups = group_directions(differences)
    clusters = [
        _cluster(run, xs, differences, np.flatnonzero(groups == k)) for k in np.unique(groups)
    ]
    clusters.sort(key=lambda cluster: (-len(cluster.xs), cluster.xs.min()))
    names = [cluster.name for cluster in clusters]
    return [
        replace(cluster, name=_with_true(run, cluster))
        if names.count(cluster.name) > 1
        else cluster
        for cluster in clusters
    ]


def _cluster(
    run: Run, xs: np.ndarray, differences: np.ndarray | AttributeDifferences, members: np.ndarray
) -> Cluster:
    """Return the cluster of the rows ``members`` of all failures ``xs``."""
    chunks = [members[block] for block in blocks(len(members))]
    mean = np.sum([differences[rows].sum(axis=0) for rows in chunks], axis=0) / len(members)
    similarity = np.concatenate([differences[rows] @ mean for rows in chunks])
    order, xs = np.argsort(-similarity, kind="stable"), xs[members]
    t = int(mean.argmax())
    predicted_c, true_c = (
        _most(run.images[column].to_numpy()[xs]) for column in ("predicted_c", "true_c")
    )
    called = run.classes["name"].iloc[predicted_c] if predicted_c >= 0 else "another class"
    name = f'called {called} for "{attribute_phrase(run, t)}"'
    return Cluster(name, xs[order], t, predicted_c, true_c)


def _with_true(run: Run, cluster: Cluster) -> str:
    if cluster.true_c < 0:
        return f"several classes {cluster.name}"
    return f"{run.classes['name'].iloc[cluster.true_c]} {cluster.name}"


def _most(classes: np.ndarray) -> int:
    values, counts = np.unique(classes, return_counts=True)
    return int(values[counts.argmax()]) if 2 * counts.max() >= len(classes) else -1
