"""The last layer fitted again: its loss, whom it is fitted to, how it is judged and written."""

import numpy as np
import pytest
import torch
from scipy.optimize import approx_fprime
from scipy.special import softmax

from core.diagnosis.background import Background
from core.diagnosis.diagnosis import diagnose
from core.errors import DataError
from core.repair.preview import halves, head_of, is_right, judged, preview, without_filters
from core.repair.recipe import N_BACKGROUNDS, Recipe, fit_set
from core.repair.refit import LinearHead, loss_and_gradient, refit
from core.runs.run import Run
from precompute.__main__ import main
from precompute.network.patching import patch_head
from tests.faulty_run import write_faulty_run
from tests.synthetic_run import write_synthetic_run


@pytest.fixture(scope="module")
def problem():
    rng = np.random.default_rng(0)
    start = LinearHead(rng.normal(size=(3, 4)), rng.normal(size=3))
    return rng.random((20, 4)), rng.integers(0, 3, 20), rng.random(20), start


def test_the_loss_is_the_penalised_cross_entropy(problem):
    pooled, labels, weight, start = problem
    unit, penalty = np.array([1.0, 2.0, 0.5, 1.0]), 0.3
    head = LinearHead(start.weights + 0.1, start.bias - 0.2)
    parameters = np.concatenate([head.weights.ravel(), head.bias])
    loss, _ = loss_and_gradient(parameters, pooled, labels, weight, start, unit, penalty)
    expected = 0.0
    for x in range(20):
        p = softmax(pooled[x] @ head.weights.T + head.bias)
        expected -= weight[x] * np.log(p[labels[x]])
    for f in range(4):
        expected += 3 * penalty * (0.1 * unit[f]) ** 2
    assert loss == pytest.approx(expected)


def test_the_gradient_is_that_of_the_loss(problem):
    args = (*problem[:3], problem[3], np.ones(4), 0.1)
    at = np.random.default_rng(1).normal(size=15)
    numeric = approx_fprime(at, lambda v: loss_and_gradient(v, *args)[0], 1e-6)
    np.testing.assert_allclose(loss_and_gradient(at, *args)[1], numeric, atol=1e-4)


def test_a_strong_penalty_leaves_the_weights_and_a_weak_one_fits(problem):
    pooled, labels, weight, start = problem
    careful = refit(pooled, labels, weight, start, np.ones(4), 1e6)
    np.testing.assert_allclose(careful.weights, start.weights, atol=1e-3)
    bold = refit(pooled, labels, weight, start, np.ones(4), 1e-9)
    right = [(head.logits(pooled).argmax(axis=1) == labels).mean() for head in (careful, bold)]
    assert right[1] > right[0]


@pytest.fixture(scope="module")
def faulty(tmp_path_factory) -> Run:
    run = write_faulty_run(tmp_path_factory.mktemp("runs"))
    for name, table in diagnose(run).items():
        table.to_parquet(run.folder / "tables" / f"{name}.parquet", index=False)
    return Run(run.folder)


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


def test_images_to_choose_by_and_to_judge_by_share_nothing(faulty):
    choose, judge = halves(faulty)
    assert not set(choose) & set(judge)
    assert set(choose) | set(judge) == set(np.flatnonzero(~faulty.images["is_train"]))
    assert abs(len(choose) - len(judge)) <= 1


def test_no_change_fixes_and_breaks_nothing(faulty):
    same = judged(faulty, head_of(faulty), halves(faulty)[1], np.nan)
    assert (same.n_fixed, same.n_broken, same.p_value, same.difference.value) == (0, 0, 1, 0)


def test_a_preview_counts_what_it_fixes_and_breaks_on_images_kept_aside(faulty):
    result = preview(faulty, Recipe(drop_suspects=True))
    _, judge = halves(faulty)
    before, after = (is_right(faulty, head, judge) for head in (head_of(faulty), result.head))
    assert result.n_fixed == (after & ~before).sum()
    assert result.n_broken == (before & ~after).sum()
    assert set(result.fixed) <= set(judge)
    assert result.accuracy.value == pytest.approx(100 * after.mean())


def test_removed_filters_add_nothing(faulty):
    scale = np.ones(faulty.sizes["F"])
    scale[0] = 0
    head = without_filters(faulty, scale).head
    assert (head.weights[:, 0] == 0).all()
    np.testing.assert_array_equal(head.weights[:, 1:], head_of(faulty).weights[:, 1:])


def test_without_diagnoses_no_label_is_suspected(tmp_path):
    run = write_synthetic_run(tmp_path)
    with pytest.raises(DataError, match="has no diagnoses"):
        fit_set(run, Recipe(drop_suspects=True))


@pytest.mark.parametrize("wrap", [lambda state: state, lambda state: {"state_dict": state}])
def test_a_patched_checkpoint_differs_in_the_last_layer_only(tmp_path, wrap):
    head = LinearHead(np.arange(6.0).reshape(2, 3), np.zeros(2))
    state = {"conv.weight": torch.ones(4, 3), "fc.weight": torch.tensor(head.weights).float()}
    state["fc.bias"] = torch.zeros(2)
    torch.save(wrap(state), tmp_path / "old.pth")
    new = LinearHead(head.weights + 1, np.ones(2))
    assert patch_head(tmp_path / "old.pth", tmp_path / "new.pth", head, new) == "fc.weight"
    patched = torch.load(tmp_path / "new.pth", weights_only=True)
    patched = patched.get("state_dict", patched)
    assert torch.equal(patched["conv.weight"], state["conv.weight"])
    np.testing.assert_array_equal(patched["fc.weight"], new.weights)
    np.testing.assert_array_equal(patched["fc.bias"], new.bias)


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    torch.save({"fc.weight": torch.zeros(2, 3)}, tmp_path / "old.pth")
    head = LinearHead(np.ones((2, 3)), np.zeros(2))
    with pytest.raises(DataError, match=r"expected one tensor .* found 0"):
        patch_head(tmp_path / "old.pth", tmp_path / "new.pth", head, head)


def test_the_command_prints_the_repair_beside_its_baselines(faulty, capsys):
    args = ["repair", faulty.name, "--runs", str(faulty.folder.parent), "--drop-suspects"]
    assert main(args) == 0
    printed = capsys.readouterr().out
    for row in ("no change", "plain refit", "class-balanced refit", "this repair"):
        assert row in printed


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--balance", "purple zebra"], "has no attribute 'purple zebra'"),
        (["--hard", "0"], "--hard is a number above 0"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(faulty, capsys, args, message):
    assert main(["repair", faulty.name, "--runs", str(faulty.folder.parent), *args]) == 1
    assert message in capsys.readouterr().err
