"""Classes that the network never saw: their scores, and that nothing else sees them."""

import json

import numpy as np
import pytest

from fieldmarks.core.errors import DataError
from fieldmarks.core.estimators.inputs import described_inputs, inputs_of
from fieldmarks.core.experimental.zero_shot.scores import EXCHANGED, WORDS, score_zero_shot
from fieldmarks.core.run.reading import read_run
from fieldmarks.core.scores.evaluation import scorable_images
from fieldmarks.core.scores.result import Role
from fieldmarks.precompute.pipeline.inputs import check_left_out
from fieldmarks.precompute.training.finetune import LEFT_OUT_BIAS, finetune, trained_classes
from fieldmarks.precompute.training.loop import TrainingSettings
from tests.support.synthetic_run import write_synthetic_run
from tests.support.tiny_birds import INPUT_SIZE, run_tiny, write_tiny_birds


@pytest.fixture(scope="module")
def left_out(tmp_path_factory):
    """A run over described classes, two of which the network is said to be trained without."""
    folder = tmp_path_factory.mktemp("left_out")
    run = write_synthetic_run(folder, X=120, C=9)
    path = run.folder / "manifest.json"
    path.write_text(json.dumps({**run.manifest, "left_out": [1, 3]}), "utf-8")
    return read_run(run.folder)


def test_scores_stand_beside_controls(left_out):
    measure = score_zero_shot(left_out)
    assert measure.counts == {"unseen classes": 2, "seen classes": 3}
    controls = {row.name for row in measure.rows if row.role is Role.CONTROL}
    assert controls == {"ESZSL", EXCHANGED, "class frequency", "chance"}
    assert measure.row("chance").scores["unseen alone"].value == pytest.approx(50)
    assert measure.row("chance").scores["seen"].value == pytest.approx(20)
    assert measure.row(f"{WORDS} minus {EXCHANGED}").role is Role.DIFFERENCE
    for row in measure.rows:
        assert list(row.scores) == ["unseen alone", "unseen", "seen", "harmonic mean"]
        if row.role is not Role.DIFFERENCE:
            assert all(-1e-3 < s.low <= s.high < 100 + 1e-3 for s in row.scores.values())


def test_left_out_classes_are_scored_by_themselves(left_out):
    n_left_out = (left_out.is_test & left_out.is_left_out).sum()
    assert n_left_out > 0
    assert len(scorable_images(left_out)) == left_out.is_test.sum() - n_left_out


def test_a_network_that_saw_all_classes_has_no_such_score(run):
    assert score_zero_shot(run) is None


def test_estimates_see_no_image_of_a_left_out_class(left_out):
    seen = np.unique(inputs_of(left_out).true_c)
    assert not left_out.is_class_left_out[seen].any()
    assert left_out.is_class_left_out[np.unique(described_inputs(left_out).true_c)].any()


@pytest.mark.parametrize(
    ("leave_out", "message"),
    [
        ([5], "names class 5, which the data set does not have"),
        ([1, 2], "at least two classes to train on, --leave-out leaves 1"),
    ],
)
def test_classes_that_cannot_be_left_out_are_refused(leave_out, message):
    with pytest.raises(DataError, match=message):
        trained_classes([1, 2, 3], leave_out)


@pytest.mark.parametrize(
    ("leave_out", "made", "message"),
    [
        ((3,), {"left_out": []}, "trained without no class, --leave-out says 3"),
        ((), {"left_out": [3]}, "trained without 3, --leave-out says none"),
        ((9,), {}, "names class 9"),
    ],
)
def test_a_run_leaves_out_what_the_training_did(leave_out, made, message):
    with pytest.raises(DataError, match=message):
        check_left_out(leave_out, [1, 2, 3], made)


@pytest.mark.slow
def test_training_and_run_without_a_class(tmp_path):
    birds = write_tiny_birds(tmp_path)
    from fieldmarks.precompute.data.readers.cub import read_cub

    settings = TrainingSettings(epochs=2, batch_size=8, input_size=INPUT_SIZE)
    checkpoint = finetune(
        read_cub(birds / "CUB_200_2011"),
        arch="tiny",
        out=birds / "tiny.pth",
        settings=settings,
        normalise="half",
        device="cpu",
        leave_out=[7],
    )
    assert checkpoint.made["left_out"] == [7]
    assert not checkpoint.state_dict["classifier.weight"][1].any()
    assert checkpoint.state_dict["classifier.bias"][1] == LEFT_OUT_BIAS
    with pytest.raises(DataError, match="trained without 7"):
        run_tiny(birds, tmp_path / "runs")
    run_tiny(birds, tmp_path / "runs", leave_out=(7,))
    run = read_run(tmp_path / "runs" / "tiny")
    assert run.classes["class_id"][run.is_class_left_out].tolist() == [7]
    assert not (run.images["predicted_c"] == 1).any()
    assert "blue head" not in set(run.attributes["phrase"])
