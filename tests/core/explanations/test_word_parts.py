import numpy as np
import pytest

from fieldmarks.core.explanations.explanation import explain, usual_words
from fieldmarks.core.explanations.factors import sentence_weights
from fieldmarks.core.explanations.word_parts import WordParts, direct_share, word_parts
from fieldmarks.core.probability import p_f_given_xc, sigma
from fieldmarks.dashboard.image import evidence
from tests.support.pages import said, visit

NAME = "literal"


@pytest.mark.parametrize(("x", "c", "t"), [(0, 1, 2), (3, 0, 5)])
def test_the_parts_of_a_word_sum_to_its_score(run, x, c, t):
    p_f = p_f_given_xc(run.array("pooled")[x], run.array("class_weights")[c])
    usual, weight, mean = run.array("sentence_parts", NAME)[:, t]
    parts = word_parts(run, x, c, t, NAME)
    assert parts is not None
    score = p_f @ run.array("sentence_weights", NAME)[:, t]
    direct = sum(p_f[f] * run.array("p_t_given_f", NAME)[f, t] for f in range(len(p_f))) - mean
    assert parts.direct == pytest.approx(weight * direct / usual, rel=1e-4)
    assert parts.score == pytest.approx(score / usual, rel=1e-4)


def test_sums_of_eq_5_have_no_parts(run):
    assert word_parts(run, 0, 1, 2) is None
    assert sentence_weights(run) is run.array("p_t_given_f")


def test_a_sentence_is_made_of_signed_weights_clipped_after_the_sum(run):
    p_f = p_f_given_xc(run.array("pooled")[3], run.array("class_weights")[2])
    score = p_f @ run.array("sentence_weights", NAME)
    p = explain(run, 3, 2, NAME).p
    np.testing.assert_allclose(p, np.clip(score, 0, None) / np.clip(score, 0, None).sum())
    np.testing.assert_allclose(
        usual_words(run, NAME), sigma(run.array("sentence_parts", NAME)[0]), rtol=1e-6
    )


def test_the_own_share_is_all_where_nothing_else_varies_and_none_where_it_does_not():
    rng = np.random.default_rng(0)
    direct, rest = rng.normal(size=(2, 5000, 2))
    np.testing.assert_allclose(direct_share(direct, direct + 3), 1)
    np.testing.assert_allclose(direct_share(direct, direct + rest), 0.5, atol=0.05)
    np.testing.assert_allclose(direct_share(direct * 0, rest), 0)
    np.testing.assert_allclose(direct_share(direct, rest * 0), 0)


@pytest.mark.slow
def test_a_page_says_how_much_of_a_word_comes_from_its_own_filters(run, monkeypatch):
    monkeypatch.setenv("FIELDMARKS_RUNS", str(run.folder.parent))
    monkeypatch.setattr(evidence, "word_parts", lambda *_: WordParts(0.5, -0.25))
    x = int(run.failures[0])
    t = explain(run, x).attributes[0]
    phrase = run.attributes["phrase"].iloc[t].replace(" ", "+")
    app = visit(f"failures?x={x}&t={phrase}&tab=evidence+for+the+word")
    assert not app.exception
    assert "1.25 times its mean: +0.50 from these filters, -0.25 from other words" in said(app)
