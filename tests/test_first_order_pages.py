"""A run whose head is of first order says so on every page, and its numbers use its own weights."""

import json

import numpy as np
import pytest

from core.explanations.explanation import explain
from core.probability import p_f_given_xc
from core.runs.files import array_path
from core.runs.run import Run
from core.what_if.ablation import what_if
from tests.pages import said, visit
from tests.synthetic_run import write_synthetic_run

J = 3


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Run:
    run = write_synthetic_run(tmp_path_factory.mktemp("first"))
    X, F, C = (run.sizes[letter] for letter in "XFC")
    rng = np.random.default_rng(0)
    true_c = run.images["true_c"].to_numpy()
    rest = np.stack([rng.permutation(np.delete(np.arange(C), c))[: J - 1] for c in true_c])
    local_c = np.concatenate([true_c[:, None], rest], axis=1).astype(np.int32)
    weights = rng.normal(size=(X, J, F)).astype(np.float32)
    np.save(array_path(run.folder, "local_c"), local_c)
    np.save(array_path(run.folder, "local_weights"), weights)
    head = {"kind": "first order", "eps": 0.0, "is_split": False}
    manifest = run.manifest | {"sizes": run.sizes | {"J": J}, "head": head}
    (run.folder / "manifest.json").write_text(json.dumps(manifest))
    return Run(run.folder)


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


@pytest.mark.parametrize(
    "page",
    ["", "failures", "failures?x=1", "filters?f=1", "search", "grounding?x=1", "classes?c=1"],
)
def test_every_page_says_first_order(made, monkeypatch, page):
    monkeypatch.setenv("FIELDMARKS_RUNS", str(made.folder.parent))
    app = visit(page)
    assert not app.exception
    assert "First order" in said(app)
