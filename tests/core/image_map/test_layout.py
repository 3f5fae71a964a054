"""The layout of the map: what it keeps, what it does with very many images, the same each time."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from fieldmarks.core.image_map import layout
from fieldmarks.core.image_map.layout import image_layout, reduced
from fieldmarks.core.image_map.layout_quality import layout_quality

CLASSES = np.repeat(np.arange(6), 30)


def activations(seed: int = 0) -> np.ndarray:
    """Return activations of six classes, shape (180, 40)."""
    rng = np.random.default_rng(seed)
    return np.abs(rng.gamma(1, 1, (6, 40))[CLASSES] + rng.normal(0, 0.2, (180, 40)))


def unit(pooled: np.ndarray) -> np.ndarray:
    return pooled / np.linalg.norm(pooled, axis=1, keepdims=True)


def test_components_are_those_of_scikit_learn_up_to_their_sign():
    ours = reduced(activations())
    theirs = PCA(ours.shape[1]).fit_transform(unit(activations()))
    assert np.allclose(np.abs(ours[:, :10]), np.abs(theirs[:, :10]), atol=1e-4)


def test_images_of_a_class_lie_together_and_exchanged_points_do_not():
    pooled = activations()
    places = image_layout(pooled)
    quality = layout_quality(unit(pooled), places, CLASSES, k=10)
    control = layout_quality(
        unit(pooled), places[np.random.default_rng(0).permutation(180)], CLASSES, k=10
    )
    assert quality["purity"].mean() > 0.95 > 0.4 > control["purity"].mean()
    assert quality["recall"].mean() > 2 * control["recall"].mean()
    assert quality["trustworthiness"] > 0.9 > 0.6 > control["trustworthiness"]


def test_the_layout_lies_in_the_unit_square_and_is_the_same_each_time():
    places = image_layout(activations())
    assert places.dtype == np.float32
    assert places.min() >= 0
    assert places.max() <= 1
    assert (places == image_layout(activations())).all()


def test_of_very_many_images_the_others_lie_among_their_class(monkeypatch):
    monkeypatch.setattr(layout, "MAX_LAID_OUT", 90)
    pooled = activations()
    quality = layout_quality(unit(pooled), image_layout(pooled), CLASSES, k=5)
    assert quality["purity"].mean() > 0.95


@pytest.mark.parametrize("shape", [(1, 5), (2, 5), (3, 1), (5, 2), (6, 3)])
def test_few_images_and_few_filters_have_a_layout_too(shape):
    places = image_layout(np.random.default_rng(0).random(shape))
    assert places.shape == (shape[0], 2)
    assert np.isfinite(places).all()


def test_equal_images_have_a_layout_too():
    assert np.isfinite(image_layout(np.ones((12, 6)))).all()
    assert np.isfinite(image_layout(np.zeros((12, 6)))).all()
