"""Classifiers of classes without a training image: by p(t given x), and ESZSL."""

import numpy as np
import pytest

from fieldmarks.core.estimators.base import caption_fraction
from fieldmarks.core.experimental.zero_shot.classifiers import ByWords, Eszsl, eszsl
from fieldmarks.core.experimental.zero_shot.descriptions import class_descriptions
from tests.support.planted import N_CLASSES, planted_world

#: Classes of two combinations of colours that no other class has: both halves of the world.
UNSEEN = np.isin(np.arange(N_CLASSES), [1, 10, 5, 14])


@pytest.fixture(scope="module")
def world():
    return planted_world()[0]


@pytest.fixture(scope="module")
def descriptions(world):
    return class_descriptions(caption_fraction(world), world.true_c, N_CLASSES)


def test_eszsl_minimises_the_objective_of_its_paper():
    rng = np.random.default_rng(0)
    images, classes = rng.normal(size=(9, 4)), rng.normal(size=(3, 5))
    target = np.where(rng.integers(0, 3, 9)[:, None] == np.arange(3), 1.0, -1.0)
    gamma = 0.5 * np.mean(np.diag(images.T @ images))
    penalty = 2.0 * np.mean(np.diag(classes @ classes.T))
    # |X V S' - Y|^2 + gamma |V S'|^2 + lambda |X V|^2 + gamma lambda |V|^2, one row per term
    one_f, one_t = np.eye(4), np.eye(5)
    rows = [
        np.kron(images, classes),
        np.sqrt(gamma) * np.kron(one_f, classes),
        np.sqrt(penalty) * np.kron(images, one_t),
        np.sqrt(gamma * penalty) * np.kron(one_f, one_t),
    ]
    aim = np.concatenate([target.ravel(), np.zeros(sum(len(row) for row in rows[1:]))])
    slow = np.linalg.lstsq(np.concatenate(rows), aim, rcond=None)[0].reshape(4, 5)
    np.testing.assert_allclose(eszsl(images, classes, target, 0.5, 2.0), slow, atol=1e-9)


@pytest.mark.parametrize("classifier", [ByWords("ridge"), Eszsl(1.0, 1.0)])
def test_unseen_combinations_of_known_words_are_told(world, descriptions, classifier):
    taught = world.of_images(~UNSEEN[world.true_c])
    scorer = classifier.fit(taught, descriptions, ~UNSEEN)
    xs = np.flatnonzero(UNSEEN[world.true_c])
    scores = scorer(world.activations(xs))[:, [1, 5]]
    combination = np.where(np.isin(world.true_c[xs], [1, 10]), 0, 1)
    assert (scores.argmax(axis=1) == combination).mean() > 0.9
    assert (scores[:, ::-1].argmax(axis=1) == combination).mean() < 0.1


def test_an_unseen_image_never_takes_part_in_the_fit(world, descriptions):
    taught = world.of_images(~UNSEEN[world.true_c])
    other = world.pooled.copy()
    other[UNSEEN[world.true_c]] += 7
    spoilt = type(world)(**{**vars(world), "pooled": other}).of_images(~UNSEEN[world.true_c])
    pooled = world.activations(slice(None))
    for classifier in (ByWords("ridge"), Eszsl(1.0, 1.0)):
        first, second = (c.fit(i, descriptions, ~UNSEEN)(pooled) for c, i in (
            (classifier, taught), (classifier, spoilt)))  # fmt: skip
        np.testing.assert_array_equal(first, second)
