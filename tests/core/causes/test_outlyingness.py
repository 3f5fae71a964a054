"""Outlyingness of an image within its class."""

import numpy as np
import pytest

from fieldmarks.core.causes.image_quality import find_image_quality
from fieldmarks.core.causes.outlyingness import outlyingness


def test_outlyingness_is_the_share_of_the_class_that_is_nearer_to_its_mean(faulty):
    shares = outlyingness(faulty)
    pooled, images = np.asarray(faulty.array("pooled"), float), faulty.images
    for x in (0, 7, int(np.flatnonzero(~images["is_train"])[-1])):
        usual = np.flatnonzero(images["is_train"] & (images["true_c"] == images["true_c"][x]))
        mean = sum(pooled[i] for i in usual) / len(usual)
        far = [sum((pooled[i] - mean) ** 2) for i in usual]
        distance = sum((pooled[x] - mean) ** 2)
        assert shares[x] == pytest.approx(np.mean([each < distance - 1e-9 for each in far]))
    reason = find_image_quality(faulty).reason(0)
    assert f"than those of {shares[0]:.0%} of the class's training images" in reason
