"""What a run answers about the head of its network, exact or of first order."""

from pathlib import Path

import numpy as np
import pytest

from fieldmarks.core.explanations.ablation import what_if
from fieldmarks.core.explanations.explanation import explain
from fieldmarks.core.probability import p_f_given_xc
from fieldmarks.core.run.run import Run
from tests.support.first_order_run import write_first_order_run


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Run:
    return write_first_order_run(tmp_path_factory.mktemp("first"))


def test_an_image_is_explained_by_its_own_weights(made):
    x, c = 3, int(made.images["true_c"][3])
    p_f = p_f_given_xc(made.array("pooled")[x], made.array("local_weights")[x, 0])
    np.testing.assert_allclose(explain(made, x, c).p, p_f @ made.array("p_t_given_f"), atol=1e-6)


def test_a_class_that_is_not_in_play_has_average_weights(made):
    x = 3
    other = next(c for c in range(made.sizes["C"]) if c not in made.array("local_c")[x])
    np.testing.assert_array_equal(made.weights(x, other), made.array("class_weights")[other])


def test_switching_a_filter_off_moves_the_classes_in_play_by_their_own_weights(made):
    scale = np.ones(made.sizes["F"])
    scale[2] = 0
    outcome = what_if(made, np.array([3]), scale)
    logits = np.array(made.array("logits")[3], float)
    pooled = made.array("pooled")[3, 2]
    logits -= pooled * made.array("class_weights")[:, 2]
    for j, c in enumerate(made.array("local_c")[3]):
        logits[c] = made.array("logits")[3, c] - pooled * made.array("local_weights")[3, j, 2]
    expected = np.exp(logits) / np.exp(logits).sum()
    np.testing.assert_allclose(outcome.after[0], expected, atol=1e-5)


def test_an_exact_head_has_the_same_weights_at_every_image(run):
    assert run.head.is_exact
    assert run.local_weights(3) is None
    np.testing.assert_array_equal(run.weights(3, 1), run.array("class_weights")[1])
    xs, cs = np.array([0, 7]), np.array([2, 0])
    np.testing.assert_array_equal(run.weights(xs, cs), run.array("class_weights")[cs])


def test_the_local_weights_of_an_image_are_those_of_its_classes_in_play(made):
    local = made.local_weights(5)
    assert not made.head.is_exact
    for j, c in enumerate(made.array("local_c")[5]):
        np.testing.assert_array_equal(made.weights(5, int(c)), local.weights[j])


def test_class_weights_are_asked_for_in_one_place():
    root = Path(__file__).resolve().parents[3]
    files = [
        path for each in ("core", "dashboard", "precompute") for path in (root / each).rglob("*.py")
    ]
    asking = [
        str(p.relative_to(root)) for p in files if 'array("class_weights")' in p.read_text("utf-8")
    ]
    assert asking == ["core/run/head_of_run.py"]
