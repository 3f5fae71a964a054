"""What the last maps no longer tell is seen in moments of earlier blocks."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from fieldmarks.core.corruptions.words import sentences_of
from fieldmarks.core.errors import MissingRunError, RunError
from fieldmarks.core.estimators.inputs import inputs_of
from fieldmarks.core.explanations.explanation import explain
from fieldmarks.core.presence.fit import fit_presence
from fieldmarks.core.presence.presence import (
    features_of,
    presence_of,
    presence_of_word,
    side_by_side,
)
from fieldmarks.core.presence.visible import held_out_scores
from fieldmarks.core.run.files import array_path
from fieldmarks.core.run.one_image import one_image_run
from fieldmarks.core.run.reading import read_run
from fieldmarks.core.search.image_selection import sentence_words
from tests.support.seen_run import B, F, T, write_seen_run


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return write_seen_run(tmp_path_factory.mktemp("moments"), moments=True)


def areas(run, q: np.ndarray) -> np.ndarray:
    named = run.counts.toarray()[run.is_test] > 0
    return np.array([roc_auc_score(named[:, t], q[run.is_test, t]) for t in range(T)])


def test_features_are_pooled_activations_and_moments_side_by_side(made, seen):
    features = features_of(made, np.array([3, 5]))
    assert features.shape == (2, F + B)
    np.testing.assert_array_equal(features[:, :F], made.array("pooled")[[3, 5]])
    np.testing.assert_array_equal(features[:, F:], made.array("block_moments")[[3, 5]])
    np.testing.assert_array_equal(features_of(made, 5), features[1])
    np.testing.assert_array_equal(features_of(seen, 5), seen.array("pooled")[5])


def test_attributes_are_seen_that_the_last_maps_do_not_tell(made):
    q = presence_of(made).q(features_of(made, slice(None)))
    assert areas(made, q).min() > 0.9
    alone = fit_presence(replace(inputs_of(made), moments=None))
    of_last = areas(made, alone.q(made.array("pooled")))
    assert of_last[:B].mean() < 0.6
    assert of_last[B:].min() > 0.9


def test_half_of_the_images_tell_the_other_half_by_moments_too(made):
    inputs = inputs_of(made)
    scores, rows = held_out_scores(inputs, np.arange(B))
    named = inputs.counts[rows].toarray()[:, :B] > 0
    assert min(roc_auc_score(named[:, t], scores[:, t]) for t in range(B)) > 0.9


def test_stored_sentences_are_those_of_explanations(made):
    for x in (0, 3, 11):
        said = sentence_words(made, "predicted")[x]
        assert explain(made, x).attributes == said[said >= 0].tolist()


def test_a_new_picture_is_seen_as_the_stored_image(made):
    arrays = (made.maps(3), made.array("pooled")[3], made.array("logits")[3])
    new = one_image_run(made, *arrays, moments=made.array("block_moments")[3])
    for t in (1, B):
        stored = presence_of_word(made, t)[[3]]
        np.testing.assert_allclose(presence_of_word(new, t), stored, rtol=1e-5)
    assert explain(new, 0).sentence == explain(made, 3).sentence
    with pytest.raises(MissingRunError, match="cannot be explained without moments of its own"):
        one_image_run(made, *arrays)


def test_changed_pictures_are_said_by_their_moments(made):
    xs, c = np.array([0, 3]), np.array([1, 1])
    moments = np.array(made.array("block_moments")[xs])
    said = sentences_of(made, made.array("pooled")[xs], c, moments)
    q = presence_of(made).q(side_by_side(made.array("pooled")[xs], np.zeros_like(moments)))
    without = sentences_of(made, made.array("pooled")[xs], c, np.zeros_like(moments))
    for x, words in zip(xs, said, strict=True):
        assert explain(made, int(x), 1).attributes == words[words >= 0].tolist()
    assert (q[:, :B] < 0.5).all()
    assert not np.isin(without, np.arange(B)).any()


def test_weights_of_moments_belong_to_a_run_with_moments(made):
    path = array_path(made.folder, "presence_moment_weights")
    content = path.read_bytes()
    path.unlink()
    try:
        with pytest.raises(RunError, match=r"presence_moment_weights.npy is missing"):
            read_run(made.folder)
    finally:
        path.write_bytes(content)
