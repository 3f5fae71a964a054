"""Detection of attacked pictures: AUROC by pairs, detectors, controls."""

from dataclasses import replace

import numpy as np
import pytest

from fieldmarks.core.experimental.attacks.detection import (
    CAPTIONS,
    DETECTORS,
    LAYER_CLASS,
    LAYER_DETECTORS,
    LAYERS,
    NO_WORDS,
    SAME_CLASS,
    SOFTMAX,
    Detectors,
    auroc_of_groups,
    paired_auroc,
    score_detection,
)
from fieldmarks.core.experimental.attacks.earlier_layer import EarlierWords
from fieldmarks.core.experimental.attacks.record import read_attacks
from tests.support.attacked import XS, write_attacked_run


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    return write_attacked_run(tmp_path_factory.mktemp("attacked"))


def test_auroc_is_the_share_of_pairs_in_order():
    rng = np.random.default_rng(0)
    negative, positive = rng.integers(0, 6, 8), rng.integers(2, 8, 8)
    wins = [1.0 if p > n else 0.5 if p == n else 0.0 for p in positive for n in negative]
    group = np.arange(8) % 3
    score = paired_auroc(negative, positive, np.ones(8, bool), group)
    assert score.value == pytest.approx(np.mean(wins))
    assert score.low <= score.value <= score.high
    assert auroc_of_groups(negative, positive, group, group).value == pytest.approx(np.mean(wins))


def test_a_resample_weights_images_and_not_pictures():
    negative, positive = np.array([0.0, 1.0, 2.0]), np.array([1.5])
    score = paired_auroc(negative, positive, np.array([False, True, False]), np.zeros(3, int))
    assert set(np.round(score.again[np.isfinite(score.again)], 3)) <= {
        round(a / b, 3) for b in range(1, 10) for a in range(b + 1)
    }


def test_nothing_to_compare_is_not_a_number():
    assert np.isnan(auroc_of_groups(np.empty(0), np.ones(2), np.empty(0), np.zeros(2)).value)


def test_softmax_suspicion_is_one_minus_confidence(attacked):
    xs = np.array(XS)
    pooled, logits = attacked.array("pooled")[xs], attacked.array("logits")[xs]
    suspicion = Detectors(attacked).suspicion(pooled, logits, xs)
    assert set(suspicion) == set(DETECTORS)
    confidence = attacked.images["confidence"].to_numpy()[xs]
    np.testing.assert_allclose(suspicion[SOFTMAX], 1 - confidence, atol=1e-5)


def test_words_agree_with_captions_that_say_the_same(attacked):
    """A picture whose captions are its own words is the least suspicious of all."""
    xs = np.array(XS)
    detectors = Detectors(attacked)
    pooled, logits = attacked.array("pooled")[xs], attacked.array("logits")[xs]
    said = detectors.reference.image_words(np.full((1, attacked.sizes["T"]), 0.1))
    np.testing.assert_allclose(np.linalg.norm(said), 1)
    values = detectors.suspicion(pooled, logits, xs)
    assert all((abs(values[name]) <= 1 + 1e-9).all() for name in (CAPTIONS, SAME_CLASS, NO_WORDS))


def test_every_attack_is_scored_where_it_changes_enough(attacked):
    scored = score_detection(attacked, read_attacks(attacked))
    assert [(row["kind"], row["level"]) for row in scored] == [
        (kind, level)
        for kind in ("FGSM", "PGD", "adaptive PGD", "adaptive PGD, layers")
        for level in (1, 2)
    ]
    full = [row for row in scored if "detectors" in row]
    assert full, "at full strength predictions are those of other images"
    assert all(set(row["detectors"]) == {*DETECTORS, *LAYER_DETECTORS} for row in full)


def test_a_record_without_an_earlier_layer_is_scored_without_its_detectors(attacked):
    record = replace(read_attacks(attacked), earlier=None, earlier_of_run=None)
    full = [row for row in score_detection(attacked, record) if "detectors" in row]
    assert all(set(row["detectors"]) == set(DETECTORS) for row in full)


def test_the_class_is_judged_by_the_head_of_the_earlier_layer(attacked):
    record, xs = read_attacks(attacked), np.array(XS)
    earlier = EarlierWords.of(attacked, record.earlier_of_run)
    rows = record.rows("PGD", 2)
    suspicion = Detectors(attacked, earlier=earlier).suspicion(
        record.pooled[rows], record.logits[rows], xs, record.earlier[rows]
    )
    c = record.logits[rows].argmax(axis=1)
    log_p = earlier.log_p(record.earlier[rows])
    np.testing.assert_allclose(suspicion[LAYER_CLASS], [-log_p[i, k] for i, k in enumerate(c)])
    assert (abs(suspicion[LAYERS]) <= 1 + 1e-9).all()
