import numpy as np
import pytest
from scipy import sparse

from fieldmarks.core.run.caption_shares import caption_shares, caption_shares_of


def test_a_share_is_captions_that_name_an_attribute_over_all_captions_of_the_image(run):
    xs = np.array([7, 3, 3, 20])
    shares = caption_shares_of(run, xs).toarray()
    counts, n_captions = run.counts.toarray(), run.images["n_captions"]
    for i, x in enumerate(xs):
        for t in range(run.sizes["T"]):
            assert shares[i, t] == pytest.approx(counts[x, t] / n_captions[x])


def test_an_image_without_captions_has_no_share():
    shares = caption_shares(sparse.csr_array(np.array([[0, 0], [1, 2]])), np.array([0, 2]))
    np.testing.assert_array_equal(shares.toarray(), [[0, 0], [0.5, 1]])
