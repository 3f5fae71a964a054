"""How much a layout keeps: compared with loops over images, and on a layout that keeps all."""

import numpy as np

from fieldmarks.core.image_map.layout_quality import layout_quality


def nearest(points: np.ndarray, i: int, k: int) -> list[int]:
    distance = [np.linalg.norm(points[i] - other) for other in points]
    return [j for j in np.argsort(distance) if j != i][:k]


def test_recall_and_purity_are_those_of_the_loop():
    rng = np.random.default_rng(0)
    features, drawn, classes = rng.random((30, 6)), rng.random((30, 2)), rng.integers(0, 3, 30)
    quality = layout_quality(features, drawn, classes, k=4)
    for i in range(30):
        near = nearest(drawn, i, 4)
        kept = set(near) & set(nearest(features, i, 4))
        assert quality["recall"][i] == len(kept) / 4
        assert quality["purity"][i] == np.mean([classes[j] == classes[i] for j in near])


def test_a_layout_of_two_features_keeps_all():
    points = np.random.default_rng(1).random((40, 2))
    quality = layout_quality(points, 3 * points, np.zeros(40, int), k=5)
    assert quality["trustworthiness"] == 1
    assert quality["recall"].min() == quality["purity"].min() == 1
