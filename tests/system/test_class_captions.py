"""One description per class, the weaker supervision, on a world whose truth is planted."""

from dataclasses import replace

import numpy as np
from scipy import sparse

from benchmarks.class_captions import described, descriptions
from fieldmarks.core.estimators import estimate
from fieldmarks.core.probability import prior
from tests.support.planted import N_CLASSES, NAMED_BY, planted_world


def test_a_description_holds_what_half_of_the_images_are_said_to_have():
    inputs = planted_world()[0]
    says, counts = descriptions(inputs, N_CLASSES + 1), inputs.counts.toarray()
    for c in range(N_CLASSES):
        named = (counts[inputs.true_c == c] > 0).mean(axis=0)
        np.testing.assert_array_equal(says[c], named >= 0.5)
    assert not says[N_CLASSES].any(), "a class without captions has no description"


def test_every_image_has_the_description_of_its_class_as_its_only_caption():
    inputs = planted_world()[0]
    says = descriptions(inputs, N_CLASSES)
    weaker = described(inputs, says)
    np.testing.assert_array_equal(weaker.counts.toarray() > 0, says[inputs.true_c])
    assert (weaker.n_captions == 1).all()


def test_planted_filters_are_named_by_descriptions_of_classes_too():
    inputs = planted_world()[0]
    result = estimate("places", described(inputs, descriptions(inputs, N_CLASSES)))
    for f, t in NAMED_BY.items():
        assert result.p_t_given_f[f].argmax() == t


def test_descriptions_know_nothing_of_single_images():
    inputs = planted_world()[0]
    rng = np.random.default_rng(0)
    counts = inputs.counts.toarray()
    for c in range(N_CLASSES):  # captions exchanged within each class
        members = np.flatnonzero(inputs.true_c == c)
        counts[members] = counts[rng.permutation(members)]
    exchanged = replace(inputs, counts=sparse.csr_array(counts), prior=prior(inputs.counts))
    np.testing.assert_array_equal(
        descriptions(exchanged, N_CLASSES), descriptions(inputs, N_CLASSES)
    )
