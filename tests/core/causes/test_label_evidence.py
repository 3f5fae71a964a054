"""Evidence for and against a label."""

import numpy as np

from fieldmarks.core.causes.label_evidence import inverse_temperature, nearest_neighbours


def test_an_image_is_never_its_own_neighbour(faulty):
    nearest = nearest_neighbours(faulty)
    is_train = faulty.images["is_train"].to_numpy()
    assert not (nearest == np.arange(len(nearest))[:, None]).any()
    assert is_train[nearest].all()


def test_overconfident_log_probabilities_are_scaled_to_the_best_likelihood():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 200)
    said = rng.normal(size=(200, 3)) * 20
    said[np.arange(200), labels] += 10
    rows = np.arange(200)
    best = inverse_temperature(lambda xs: said[xs], labels, rows)

    def loss(factor):
        scaled = factor * said
        return (np.log(np.exp(scaled).sum(axis=1)) - scaled[rows, labels]).mean()

    assert loss(best) < loss(1.0) / 2
    assert loss(best) <= min(loss(0.9 * best), loss(1.1 * best))
