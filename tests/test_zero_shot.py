"""Classes that the network never saw: descriptions, both classifiers, validation, scores, flags."""

import json

import numpy as np
import pytest
from scipy import sparse

from core.errors import DataError
from core.estimators.base import caption_fraction
from core.estimators.inputs import described_inputs, inputs_of
from core.metrics.text_tables import tables
from core.metrics.zero_shot import EXCHANGED, WORDS, score_zero_shot
from core.runs.run import Run
from core.zero_shot.classifiers import ByWords, Eszsl, eszsl
from core.zero_shot.descriptions import class_descriptions
from core.zero_shot.validation import Scored, choose_classifier, folds_of, harmonic, judge
from dashboard.score_panels import panels
from precompute.pipeline.inputs import check_left_out
from precompute.training.finetune import LEFT_OUT_BIAS, finetune, trained_classes
from precompute.training.loop import TrainingSettings
from tests.planted import N_CLASSES, planted_world
from tests.synthetic_run import write_synthetic_run
from tests.tiny_birds import INPUT_SIZE, run_tiny, write_tiny_birds

#: Classes of two combinations of colours that no other class has: both halves of the world.
UNSEEN = np.isin(np.arange(N_CLASSES), [1, 10, 5, 14])


@pytest.fixture(scope="module")
def world():
    return planted_world()[0]


@pytest.fixture(scope="module")
def descriptions(world):
    return class_descriptions(caption_fraction(world), world.true_c, N_CLASSES)


def test_a_description_is_the_mean_share_of_captions(world, descriptions):
    share = caption_fraction(world).toarray()
    for c in range(N_CLASSES):
        np.testing.assert_allclose(descriptions[c], share[world.true_c == c].mean(axis=0), 1e-6)
    assert np.isnan(class_descriptions(sparse.csr_array((1, 2)), np.array([0]), 2)[1]).all()


def test_eszsl_minimises_the_objective_of_its_paper():
    rng = np.random.default_rng(0)
    images, classes = rng.normal(size=(9, 4)), rng.normal(size=(3, 5))
    target = np.where(rng.integers(0, 3, 9)[:, None] == np.arange(3), 1.0, -1.0)
    gamma = 0.5 * np.mean(np.diag(images.T @ images))
    penalty = 2.0 * np.mean(np.diag(classes @ classes.T))
    # |X V S' - Y|^2 + gamma |V S'|^2 + lambda |X V|^2 + gamma lambda |V|^2, one row per term
    one_f, one_t = np.eye(4), np.eye(5)
    rows = [
        np.kron(images, classes),
        np.sqrt(gamma) * np.kron(one_f, classes),
        np.sqrt(penalty) * np.kron(images, one_t),
        np.sqrt(gamma * penalty) * np.kron(one_f, one_t),
    ]
    aim = np.concatenate([target.ravel(), np.zeros(sum(len(row) for row in rows[1:]))])
    slow = np.linalg.lstsq(np.concatenate(rows), aim, rcond=None)[0].reshape(4, 5)
    np.testing.assert_allclose(eszsl(images, classes, target, 0.5, 2.0), slow, atol=1e-9)


@pytest.mark.parametrize("classifier", [ByWords("ridge"), Eszsl(1.0, 1.0)])
def test_unseen_combinations_of_known_words_are_told(world, descriptions, classifier):
    taught = world.of_images(~UNSEEN[world.true_c])
    scorer = classifier.fit(taught, descriptions, ~UNSEEN)
    xs = np.flatnonzero(UNSEEN[world.true_c])
    scores = scorer(world.activations(xs))[:, [1, 5]]
    combination = np.where(np.isin(world.true_c[xs], [1, 10]), 0, 1)
    assert (scores.argmax(axis=1) == combination).mean() > 0.9
    assert (scores[:, ::-1].argmax(axis=1) == combination).mean() < 0.1


def test_an_unseen_image_never_takes_part_in_the_fit(world, descriptions):
    taught = world.of_images(~UNSEEN[world.true_c])
    other = world.pooled.copy()
    other[UNSEEN[world.true_c]] += 7
    spoilt = type(world)(**{**vars(world), "pooled": other}).of_images(~UNSEEN[world.true_c])
    pooled = world.activations(slice(None))
    for classifier in (ByWords("ridge"), Eszsl(1.0, 1.0)):
        first, second = (c.fit(i, descriptions, ~UNSEEN)(pooled) for c, i in (
            (classifier, taught), (classifier, spoilt)))  # fmt: skip
        np.testing.assert_array_equal(first, second)


def test_the_harmonic_mean_is_of_means_over_classes():
    is_unseen = np.array([False, False, True])
    true_c = np.array([0, 0, 0, 1, 2, 2])
    scores = np.eye(3)[[0, 0, 1, 1, 2, 0]]
    seen, unseen = ((2 / 3) + 1) / 2, 1 / 2
    expected = 2 * seen * unseen / (seen + unseen)
    assert harmonic(Scored(scores, true_c, is_unseen), 0.0) == pytest.approx(expected)


def test_an_offset_moves_answers_to_unseen_classes():
    judged = Scored(np.array([[0.9, 0.1, 0.5]]), np.array([2]), np.array([False, False, True]))
    assert judged.predicted(0.0).tolist() == [0]
    assert judged.predicted(0.5).tolist() == [2]


def test_validation_raises_handicapped_scores_of_unseen_classes(world):
    class Handicapped:
        def fit(self, inputs, descriptions, is_seen):
            scorer = ByWords("ridge").fit(inputs, descriptions, is_seen)
            return lambda pooled: scorer(pooled) - 3.0 * ~is_seen

    family = np.arange(N_CLASSES) % 9
    plain = choose_classifier([ByWords("ridge")], world, family, 4)
    handicapped = choose_classifier([Handicapped()], world, family, 4)
    assert handicapped.offset == pytest.approx(plain.offset + 3.0, abs=0.2)


def test_validation_takes_the_better_candidate(world):
    class Blind:
        def fit(self, inputs, descriptions, is_seen):
            return lambda pooled: np.zeros((len(pooled), len(is_seen)))

    better = ByWords("ridge")
    assert (
        choose_classifier([Blind(), better], world, np.arange(N_CLASSES) % 9, 4).classifier
        is better
    )


def test_families_are_left_out_together_and_once():
    group = np.repeat(np.arange(6), 3)
    drawn = list(folds_of(np.arange(18), group, 5, seed=0))
    assert [len(classes) for classes in drawn] == [6, 6, 6]
    assert sorted(np.concatenate(drawn)) == list(range(18))
    assert all(len(np.unique(group[classes])) == 2 for classes in drawn)


def test_a_class_without_a_description_is_never_an_answer():
    judged = judge(lambda p: np.ones((len(p), 2)), np.zeros((1, 3)), np.array([1]),
                   np.array([False, False]), np.array([False, True]))  # fmt: skip
    assert judged.predicted(0.0).tolist() == [1]


@pytest.fixture(scope="module")
def left_out(tmp_path_factory):
    """A run over described classes, two of which the network is said to be trained without."""
    folder = tmp_path_factory.mktemp("left_out")
    run = write_synthetic_run(folder, X=120, C=9)
    path = run.folder / "manifest.json"
    path.write_text(json.dumps({**run.manifest, "left_out": [1, 3]}), "utf-8")
    return Run(run.folder)


def test_scores_stand_beside_controls_and_are_written_out(left_out):
    section = score_zero_shot(left_out)
    assert (section["n_unseen"], section["n_seen"]) == (2, 3)
    assert {WORDS, "ESZSL", EXCHANGED, "class frequency", "chance"} <= section["rows"].keys()
    assert section["rows"]["chance"]["unseen alone"].value == pytest.approx(50)
    assert section["rows"]["chance"]["seen"].value == pytest.approx(20)
    for row in section["rows"].values():
        assert list(row) == ["unseen alone", "unseen", "seen", "harmonic mean"]
        assert all(-1e-3 < s.low <= s.high < 100 + 1e-3 for s in row.values())


def test_the_board_and_the_tables_show_the_scores(left_out):
    from core.metrics.evaluation import evaluate

    evaluation = evaluate(left_out)
    assert "Unseen classes told by captions" in tables(evaluation)
    [panel] = [p for p in panels(evaluation) if p.title == "Unseen classes"]
    assert {row.name: row.role for row in panel.rows}[EXCHANGED] == "baseline"
    n_left_out = (left_out.is_test & left_out.is_left_out).sum()
    assert n_left_out > 0
    assert evaluation["scored"]["of"] == left_out.is_test.sum() - n_left_out


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


def test_training_and_run_without_a_class(tmp_path):
    birds = write_tiny_birds(tmp_path)
    from precompute.datasets.readers.cub import read_cub

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
    run = Run(tmp_path / "runs" / "tiny")
    assert run.classes["class_id"][run.is_class_left_out].tolist() == [7]
    assert not (run.images["predicted_c"] == 1).any()
    assert "blue head" not in set(run.attributes["phrase"])
