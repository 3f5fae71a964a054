"""Whom the last layer is fitted to."""

import numpy as np
import pytest

from core.diagnosis.background import Background
from core.errors import DataError
from core.repair.recipe import N_BACKGROUNDS, Recipe, fit_set
from tests.synthetic_run import write_synthetic_run


def test_a_fit_set_holds_training_images_only(faulty):
    xs = np.flatnonzero(faulty.images["is_train"])
    fitted = fit_set(faulty, Recipe())
    np.testing.assert_array_equal(fitted.pooled, faulty.array("pooled")[xs])
    np.testing.assert_array_equal(fitted.labels, faulty.images["true_c"].to_numpy()[xs])
    assert (fitted.sample_weight == 1).all()


def test_suspected_labels_are_left_out(faulty):
    n_suspects = int(
        ((faulty.table("diagnoses")["wrong_label"] >= 0.5) & faulty.images["is_train"]).sum()
    )
    assert n_suspects > 0
    n = len(fit_set(faulty, Recipe()).labels)
    assert len(fit_set(faulty, Recipe(drop_suspects=True)).labels) == n - n_suspects


def test_a_corrected_label_counts_in_place_of_the_given_one(faulty):
    x = int(np.flatnonzero(faulty.images["is_train"])[0])
    c = (int(faulty.images["true_c"][x]) + 1) % faulty.sizes["C"]
    fitted = fit_set(faulty, Recipe(corrections={faulty.images["path"][x]: c}))
    assert fitted.labels[0] == c


def test_groups_of_class_and_attribute_count_alike(faulty):
    t = int(np.argmax(faulty.attributes["n_images"]))
    fitted = fit_set(faulty, Recipe(balanced_attributes=(t,)))
    xs = np.flatnonzero(faulty.images["is_train"])
    named = faulty.counts.toarray()[xs, t] > 0
    totals = {
        (c, has): fitted.sample_weight[(fitted.labels == c) & (named == has)].sum()
        for c in np.unique(fitted.labels)
        for has in (False, True)
        if ((fitted.labels == c) & (named == has)).any()
    }
    np.testing.assert_allclose(list(totals.values()), next(iter(totals.values())))


def test_backgrounds_are_exchanged_and_the_rest_kept(faulty):
    xs = np.flatnonzero(faulty.images["is_train"])
    background = Background(faulty).pooled(xs)
    fitted = fit_set(faulty, Recipe(ignore_background=True))
    copies = fitted.pooled.reshape(1 + N_BACKGROUNDS, len(xs), -1)
    total = (faulty.array("pooled")[xs] - background).sum(axis=0) + background.sum(axis=0)
    for copy in copies:
        np.testing.assert_allclose(copy.sum(axis=0), total, rtol=1e-4)
    assert not np.allclose(copies[1], copies[0])


def test_without_diagnoses_no_label_is_suspected(tmp_path):
    run = write_synthetic_run(tmp_path)
    with pytest.raises(DataError, match="has no diagnoses"):
        fit_set(run, Recipe(drop_suspects=True))
