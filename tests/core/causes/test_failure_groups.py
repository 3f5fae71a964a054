import numpy as np
import pytest

from fieldmarks.core.causes import failure_groups as module
from fieldmarks.core.causes.failure_groups import (
    attribute_difference,
    cluster_failures,
    group_directions,
)
from fieldmarks.core.explanations.explanation import explain


def test_failures_are_the_misclassified_test_images(run):
    images = run.images
    expected = [
        x
        for x in range(len(images))
        if not images["is_train"][x] and images["true_c"][x] != images["predicted_c"][x]
    ]
    assert run.failures.tolist() == expected
    assert len(expected) >= 5


def test_the_difference_is_that_of_the_two_explanations(run):
    x = int(run.failures[0])
    p = [explain(run, x, int(run.images[column][x])).p for column in ("predicted_c", "true_c")]
    np.testing.assert_allclose(attribute_difference(run, np.array([x]))[0], p[0] - p[1], atol=1e-6)


def planted(n_each, T=30, seed=0):
    """AttributeDifferences around one direction a group, and the group of each."""
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(len(n_each)), n_each)
    rows = np.eye(T)[truth] - np.eye(T)[truth + 10] + rng.normal(0, 0.05, (len(truth), T))
    order = rng.permutation(len(truth))
    return rows[order], truth[order]


def same_groups(first, second):
    return np.array_equal(first[:, None] == first, second[:, None] == second)


def test_planted_groups_are_found_without_being_told_how_many():
    rows, truth = planted([12, 7, 4, 3])
    assert same_groups(group_directions(rows), truth)


def test_more_failures_than_can_be_linked_join_the_nearest_group(monkeypatch):
    monkeypatch.setattr(module, "MAX_LINKED", 25)
    rows, truth = planted([30, 20, 10])
    assert same_groups(group_directions(rows), truth)


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_few_failures_are_grouped_without_complaint(n):
    rows, _ = planted([3])
    assert len(group_directions(rows[:n])) == n


def test_a_failure_without_any_difference_is_grouped_too():
    rows, _ = planted([5, 5])
    rows[0] = 0
    assert len(group_directions(rows)) == 10


def test_clusters_of_a_run_hold_each_failure_once_largest_first_with_names_of_their_own(run):
    clusters = cluster_failures(run)
    assert sorted(np.concatenate([c.xs for c in clusters])) == run.failures.tolist()
    sizes = [len(c.xs) for c in clusters]
    assert sizes == sorted(sizes, reverse=True)
    for cluster in clusters:
        mean = attribute_difference(run, cluster.xs).mean(axis=0)
        assert cluster.t == mean.argmax()
        assert "called " in cluster.title
        assert cluster.title.startswith(f"{len(cluster.xs)} failure")


def test_clusters_are_the_same_each_time_and_in_any_order_of_the_failures(run):
    first, second = cluster_failures(run), cluster_failures(run)
    assert [c.title for c in first] == [c.title for c in second]
    turned = cluster_failures(run, run.failures[::-1])
    assert [sorted(c.xs) for c in turned] == [sorted(c.xs) for c in first]


def test_a_run_without_failures_has_no_clusters(run):
    assert cluster_failures(run, np.empty(0, int)) == []
