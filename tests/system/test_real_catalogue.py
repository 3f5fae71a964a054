"""Photographs of a shop and its table as it is, skipped where the folder is not named."""

import numpy as np
import pytest

from fieldmarks.precompute.attributes.tables.columns import with_columns
from fieldmarks.precompute.data.read import read_dataset
from fieldmarks.precompute.data.source import DataSource
from fieldmarks.precompute.network.loading import load_network
from fieldmarks.precompute.network.settings import NetworkSettings
from tests.support.real_data import folder

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def dataset():
    shop = folder("FIELDMARKS_CATALOGUE")
    source = DataSource(shop / "products.csv", images=shop / "images", label="articleType")
    return read_dataset(source)


@pytest.fixture(scope="module")
def words(dataset):
    true_c = dataset.images["true_c"].to_numpy()
    is_train = dataset.images["is_train"].to_numpy(bool)
    return with_columns(dataset.words(), true_c, is_train, dataset.class_names)


def test_the_table_of_a_shop_is_read_without_a_split(dataset):
    assert len(dataset.class_names) == 16
    assert (dataset.images["problem"] == "").all()
    share = dataset.images.groupby("true_c")["is_train"].mean()
    np.testing.assert_allclose(share, 0.7, atol=0.03)
    assert any("there is no split" in each for each in dataset.problems)
    assert any("occur more than once" in each for each in dataset.problems)


def test_its_columns_are_words_and_no_word_names_the_class(dataset, words):
    phrases = {attribute.phrase for attribute in words.annotated.attributes}
    assert {"navy blue", "casual", "for women"} <= phrases
    kinds = {word for name in dataset.class_names for word in name.lower().split()}
    # what a shirt or a shoe is used for is a column of its own, said of other classes too
    assert phrases & kinds == {"casual", "formal"}
    told = " ".join(words.problems)
    assert "look like brands" in told
    assert "words that name the kind are left out" in told


def test_a_network_that_nobody_here_wrote_is_understood():
    pytest.importorskip("efficientnet_lite_pytorch")
    source = "efficientnet_lite_pytorch:EfficientNet.from_name"
    weights = folder("FIELDMARKS_WEIGHTS") / "efficientnet_lite0_imagenet.pth"
    settings = NetworkSettings(source, args=("efficientnet-lite0",))
    model = load_network(settings, weights, 64, num_classes=1000)
    assert model.head.kind == "linear"
    assert model.head.weights.shape == (1000, 1280)
    assert model.difference < 1e-5
