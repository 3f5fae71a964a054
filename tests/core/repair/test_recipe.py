"""Whom the last layer is fitted to."""

import argparse
import shlex

import numpy as np
import pytest

from fieldmarks.core.causes.background import Background
from fieldmarks.core.errors import DataError
from fieldmarks.core.repair.doubted_labels import corrected_labels, doubted_labels
from fieldmarks.core.repair.recipe import N_BACKGROUNDS, Labels, Recipe, fit_set
from fieldmarks.precompute.commands.repair import add_parser, recipe_of
from tests.support.synthetic_run import write_synthetic_run


def train(run) -> np.ndarray:
    return np.flatnonzero(run.images["is_train"])


def test_a_fit_set_holds_training_images_only(faulty):
    xs = train(faulty)
    fitted = fit_set(faulty, Recipe())
    np.testing.assert_array_equal(fitted.pooled, faulty.array("pooled")[xs])
    np.testing.assert_array_equal(fitted.labels, faulty.images["true_c"].to_numpy()[xs])
    assert (fitted.sample_weight == 1).all()


def test_suspected_labels_are_left_out(faulty):
    n_suspects = int(doubted_labels(faulty)[train(faulty)].sum())
    assert n_suspects > 0
    n = len(fit_set(faulty, Recipe()).labels)
    assert len(fit_set(faulty, Recipe(labels=Labels.DROP)).labels) == n - n_suspects


def test_a_corrected_label_counts_in_place_of_the_given_one(faulty):
    fitted = fit_set(faulty, Recipe(labels=Labels.CORRECT))
    expected = corrected_labels(faulty, doubted_labels(faulty))[train(faulty)]
    np.testing.assert_array_equal(fitted.labels, expected)
    assert (fitted.labels != faulty.images["true_c"].to_numpy()[train(faulty)]).any()


def test_groups_of_class_and_attribute_count_alike(faulty):
    t = int(np.argmax(faulty.attributes["n_images"]))
    fitted = fit_set(faulty, Recipe(balanced_attributes=(t,)))
    named = faulty.counts.toarray()[train(faulty), t] > 0
    totals = {
        (c, has): fitted.sample_weight[(fitted.labels == c) & (named == has)].sum()
        for c in np.unique(fitted.labels)
        for has in (False, True)
        if ((fitted.labels == c) & (named == has)).any()
    }
    np.testing.assert_allclose(list(totals.values()), next(iter(totals.values())))


def test_what_is_switched_off_adds_as_much_less(faulty):
    fitted = fit_set(faulty, Recipe(off_attributes=(2,), off_filters=(0,)))
    pooled, p = faulty.array("pooled")[train(faulty)], faulty.array("p_t_given_f")
    for f in range(faulty.sizes["F"]):
        expected = 0 * pooled[:, f] if f == 0 else pooled[:, f] * (1 - p[f, 2])
        np.testing.assert_allclose(fitted.pooled[:, f], expected, rtol=1e-5)


def test_wrong_images_count_more(faulty):
    fitted = fit_set(faulty, Recipe(hard_weight=3))
    is_wrong = ~faulty.is_right[train(faulty)]
    np.testing.assert_array_equal(fitted.sample_weight, np.where(is_wrong, 3, 1))


def test_backgrounds_are_exchanged_and_the_rest_kept(faulty):
    xs = train(faulty)
    background = Background(faulty).pooled(xs)
    fitted = fit_set(faulty, Recipe(ignore_background=True))
    copies = fitted.activations().reshape(1 + N_BACKGROUNDS, len(xs), -1)
    total = (faulty.array("pooled")[xs] - background).sum(axis=0) + background.sum(axis=0)
    for copy in copies:
        np.testing.assert_allclose(copy.sum(axis=0), total, rtol=1e-4)
    assert not np.allclose(copies[1], copies[0])
    assert len(fitted.pooled) == 2 * len(xs)


def test_without_diagnoses_no_label_is_suspected(tmp_path):
    run = write_synthetic_run(tmp_path)
    with pytest.raises(DataError, match="has no diagnoses"):
        fit_set(run, Recipe(labels=Labels.DROP))


def test_the_command_of_a_recipe_is_read_as_the_same_recipe(run):
    recipe = Recipe(Labels.CORRECT, True, (0, 3), (1,), (4, 7), True, 2.5)
    words = shlex.split(shlex.join(recipe.command(run)))
    parser = argparse.ArgumentParser()
    add_parser(parser.add_subparsers())
    assert recipe_of(parser.parse_args(words[1:]), run) == recipe
    assert recipe.as_note(run)["filters_off"] == [4, 7]
