"""What words usually do, for comparisons with captions."""

import numpy as np
import pytest

from fieldmarks.core.experimental.attacks.reference import (
    Reference,
    shares_of_images,
    taught_images,
)
from tests.support.attacked import write_attacked_run


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    return write_attacked_run(tmp_path_factory.mktemp("attacked"))


def test_the_reference_is_of_training_images_alone(attacked):
    xs = taught_images(attacked)
    assert not attacked.is_test[xs].any()
    assert (attacked.images["n_captions"].to_numpy()[xs] > 0).all()
    share = shares_of_images(attacked, xs)
    np.testing.assert_allclose(Reference.of(attacked).share, share.mean(axis=0), rtol=1e-5)


def test_captions_that_say_nothing_have_no_direction(attacked):
    words = Reference.of(attacked).caption_words(np.zeros((2, attacked.sizes["T"])))
    assert not words.any()
