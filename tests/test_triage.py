"""Each detector finds what is planted for it in a small made-up run, and leaves the rest alone."""

import numpy as np
import pytest

from core.diagnosis.diagnosis import COLUMNS, DECIDED, diagnose, members, suspects, write_diagnoses
from core.diagnosis.finding import Pattern, squash
from core.diagnosis.image_quality import excess, find_image_quality
from core.diagnosis.label_evidence import inverse_temperature, nearest_neighbours
from core.diagnosis.missing_feature import ClassSeparation, DiscriminativeAttribute
from core.diagnosis.outlyingness import outlyingness
from core.diagnosis.spurious_cue import find_spurious_cue
from core.diagnosis.wrong_label import find_wrong_label
from core.runs.contract import TABLES
from core.runs.run import Run
from tests.faulty_run import BAD_PICTURES, MISLED, WRONG_LABELS, write_faulty_run


@pytest.fixture(scope="module")
def faulty(tmp_path_factory) -> Run:
    return write_diagnoses(write_faulty_run(tmp_path_factory.mktemp("runs")))


@pytest.fixture(scope="module")
def diagnoses(faulty):
    return faulty.table("diagnoses")


def test_the_planted_wrong_labels_lead_the_suspects_with_the_right_class_suggested(faulty):
    table = suspects(faulty, limit=len(WRONG_LABELS))
    paths = faulty.images["path"].to_numpy()
    assert set(table["path"]) == set(paths[list(WRONG_LABELS)])
    suggested = dict(zip(table["path"], table["suggested"], strict=True))
    names = faulty.classes["name"].to_numpy()
    assert all(suggested[paths[x]] == names[c] for x, c in WRONG_LABELS.items())
    assert (table["suspicion"] >= DECIDED).all()


def test_suspects_are_found_in_both_splits(faulty):
    assert set(suspects(faulty)["split"]) == {"train", "test"}


def test_without_captions_neighbours_alone_still_rank_the_wrong_labels_first(tmp_path):
    silent = write_faulty_run(tmp_path, with_captions=False)
    finding, _ = find_wrong_label(silent)
    assert set(np.argsort(-finding.score)[: len(WRONG_LABELS)]) == set(WRONG_LABELS)


def test_one_witness_alone_never_calls_a_label_wrong(tmp_path):
    silent = write_faulty_run(tmp_path, with_captions=False)
    finding, _ = find_wrong_label(silent)
    assert finding.score.max() < DECIDED


def test_an_image_is_never_its_own_neighbour(faulty):
    nearest = nearest_neighbours(faulty)
    is_train = faulty.images["is_train"].to_numpy()
    assert not (nearest == np.arange(len(nearest))[:, None]).any()
    assert is_train[nearest].all()


def test_overconfident_log_probabilities_are_scaled_to_the_best_likelihood():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 200)
    said = rng.normal(size=(200, 3)) * 20
    said[np.arange(200), labels] += 10
    rows = np.arange(200)
    best = inverse_temperature(lambda xs: said[xs], labels, rows)

    def loss(factor):
        scaled = factor * said
        return (np.log(np.exp(scaled).sum(axis=1)) - scaled[rows, labels]).mean()

    assert loss(best) < loss(1.0) / 2
    assert loss(best) <= min(loss(0.9 * best), loss(1.1 * best))


def test_the_planted_bad_pictures_have_the_highest_quality_scores(diagnoses):
    worst = np.argsort(-diagnoses["image_quality"].to_numpy())[: len(BAD_PICTURES)]
    assert set(worst) == set(BAD_PICTURES)
    assert (diagnoses["image_quality"].iloc[worst] >= DECIDED).all()


def test_the_evidence_of_a_bad_picture_names_what_is_bad(faulty):
    finding = find_image_quality(faulty)
    for x, words in BAD_PICTURES.items():
        assert words in finding.reason(x)
    fine = next(x for x in range(10) if x not in BAD_PICTURES and finding.score[x] < 0.1)
    assert "as usual" in finding.reason(fine)


def test_excess_is_one_at_the_95th_percentile_and_zero_at_the_median():
    values = np.arange(101.0)
    one_class, is_train = np.zeros(101, int), np.ones(101, bool)
    units = excess(values, one_class, is_train, +1)
    assert units[50] == pytest.approx(0)
    assert units[95] == pytest.approx(1)
    np.testing.assert_allclose(excess(values, one_class, is_train, -1), -units)


def test_a_class_that_is_always_dark_is_not_a_bad_picture():
    values = np.concatenate([np.linspace(0.4, 0.6, 90), np.linspace(0.1, 0.12, 10)])
    classes = np.repeat([0, 1], [90, 10])
    units = excess(values, classes, np.ones(100, bool), -1)
    assert units[90:].max() < 0.5


def test_a_constant_measure_accuses_nobody():
    same = np.full(20, 0.3)
    assert (excess(same, np.zeros(20, int), np.ones(20, bool), 1) == 0).all()


def test_images_misled_by_their_surroundings_are_found_and_no_other_failure(faulty, diagnoses):
    found = np.flatnonzero(diagnoses["pattern"] == Pattern.SPURIOUS_CUE)
    assert set(found) == set(MISLED)
    finding = find_spurious_cue(faulty, faulty.failures)
    assert "would win" in finding.reason(MISLED[0])


def test_only_failures_with_maps_are_searched_for_a_spurious_cue(faulty):
    right = np.flatnonzero(faulty.images["true_c"] == faulty.images["predicted_c"])
    finding = find_spurious_cue(faulty, right)
    assert (finding.score == 0).all()
    assert "Not tested" in finding.reason(int(right[0]))


def test_no_keypoint_is_read_unless_it_is_asked_for_and_told(faulty, monkeypatch):
    told = diagnose(faulty, with_keypoints=True)["diagnoses"]
    read = faulty.array

    def array(name: str, *rest):
        assert name != "parts", "keypoints were read"
        return read(name, *rest)

    monkeypatch.setattr(faulty, "array", array)
    plain = diagnose(faulty)["diagnoses"]
    reasons = {name: table["spurious_cue_reason"] for name, table in (("t", told), ("p", plain))}
    assert "Keypoints say where the object is." in reasons["t"].iloc[MISLED[0]]
    assert not plain.filter(like="reason").apply(lambda c: c.str.contains("eypoint")).any(axis=None)
    assert (plain["pattern"] == told["pattern"]).all()


def test_hidden_objects_lower_the_quality_only_where_keypoints_are_used(faulty, monkeypatch):
    parts = np.array(faulty.array("parts"))
    parts[1] = np.nan
    read = faulty.array
    monkeypatch.setattr(faulty, "array", lambda n, *r: parts if n == "parts" else read(n, *r))
    plain, told = (find_image_quality(faulty, with_keypoints=k) for k in (False, True))
    assert plain.score[1] < DECIDED < told.score[1]
    assert "by its keypoints" in told.reason(1)


def test_discriminative_attributes_are_what_captions_name_for_one_class_and_not_the_other(faulty):
    marks = ClassSeparation(faulty).attributes(0, 0, 1)
    counts, labels = faulty.counts.toarray() > 0, faulty.images["true_c"].to_numpy()
    is_train = faulty.images["is_train"].to_numpy()
    for mark in marks:
        for usual, c in ((mark.frequency_true, 0), (mark.frequency_predicted, 1)):
            assert usual == pytest.approx(counts[is_train & (labels == c), mark.t].mean())
    gaps = [abs(m.frequency_true - m.frequency_predicted) for m in marks]
    assert gaps == sorted(gaps, reverse=True)


@pytest.mark.parametrize(
    ("mark", "state"),
    [
        (DiscriminativeAttribute(0, 0.9, 0.1, 0.9, 1.0), "seen"),
        (DiscriminativeAttribute(0, 0.9, 0.1, 0.1, 1.0), "not seen"),
        (
            DiscriminativeAttribute(0, 0.1, 0.9, 0.1, 1.0),
            "seen, although it belongs to the other class",
        ),
        (DiscriminativeAttribute(0, 0.1, 0.9, 0.9, 1.0), "correctly not seen"),
        (
            DiscriminativeAttribute(0, 0.9, 0.1, 0.9, -1.0),
            "detected correctly, but weighted for the wrong class",
        ),
    ],
)
def test_the_use_of_a_discriminative_attribute_is_put_into_words(mark, state):
    assert mark.state == state


def test_every_failure_has_a_pattern_and_its_reasons(faulty, diagnoses):
    xs = faulty.failures
    assert set(diagnoses["pattern"].iloc[xs]) <= {str(pattern) for pattern in Pattern}
    for column in COLUMNS.values():
        assert diagnoses[f"{column}_reason"].iloc[xs].str.len().gt(10).all()
        assert diagnoses[column].between(0, 1).all()
    assert (diagnoses["cluster"].iloc[xs] >= 0).all()


def test_an_image_that_is_right_and_not_suspicious_has_no_pattern(faulty, diagnoses):
    is_right = (faulty.images["true_c"] == faulty.images["predicted_c"]).to_numpy()
    is_plain = is_right & (diagnoses["wrong_label"] < DECIDED).to_numpy()
    assert is_plain.sum() > 20
    assert (diagnoses["pattern"][is_plain] == "").all()
    assert (diagnoses["cluster"][is_plain] == -1).all()


def test_the_tables_hold_the_columns_of_the_contract_and_no_others(faulty):
    for spec in TABLES:
        if spec.name in ("diagnoses", "clusters"):
            assert set(faulty.table(spec.name).columns) == set(spec.columns)


def test_diagnosing_twice_gives_the_same_tables(faulty, diagnoses):
    again = write_diagnoses(faulty).table("diagnoses")
    assert again.equals(diagnoses)


def test_a_run_of_noise_is_diagnosed_without_complaint(tmp_path, run):
    tables = diagnose(run)
    assert len(tables["diagnoses"]) == run.sizes["X"]


def test_a_score_is_one_half_in_the_middle_and_stays_within_zero_and_one():
    assert squash(np.array([2.0]), 2, 0.5) == pytest.approx(0.5)
    assert squash(np.array([-1e9, 1e9]), 0, 1).tolist() == pytest.approx([0, 1])


def test_the_members_of_a_pattern_and_of_a_group_are_listed(faulty, diagnoses, run):
    assert members(faulty) is None
    assert members(faulty, Pattern.SPURIOUS_CUE).tolist() == list(MISLED)
    group = int(diagnoses["cluster"][MISLED[0]])
    assert MISLED[0] in members(faulty, group=group)
    assert len(members(faulty, group=group)) == faulty.table("clusters")["n_images"][group]
    assert members(run, Pattern.SPURIOUS_CUE).tolist() == []


def test_outlyingness_is_the_share_of_the_class_that_is_nearer_to_its_mean(faulty):
    found = outlyingness(faulty)
    pooled, images = np.asarray(faulty.array("pooled"), float), faulty.images
    for x in (0, 7, int(np.flatnonzero(~images["is_train"])[-1])):
        usual = np.flatnonzero(images["is_train"] & (images["true_c"] == images["true_c"][x]))
        mean = sum(pooled[i] for i in usual) / len(usual)
        far = [sum((pooled[i] - mean) ** 2) for i in usual]
        own = sum((pooled[x] - mean) ** 2)
        assert found[x] == pytest.approx(np.mean([each < own - 1e-9 for each in far]))
    reason = find_image_quality(faulty).reason(0)
    assert f"than those of {found[0]:.0%} of the class's training images" in reason
