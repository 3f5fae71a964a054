"""Each detector finds what is planted for it in a small made-up run, and leaves the rest alone."""

import numpy as np
import pytest

from fieldmarks.core.causes import diagnosis as module
from fieldmarks.core.causes.background_failures import BackgroundFailures
from fieldmarks.core.causes.background_groups import USUAL
from fieldmarks.core.causes.diagnosis import diagnose, members, write_diagnoses
from fieldmarks.core.causes.finding import COLUMNS, DECIDED, Finding, Pattern
from fieldmarks.core.run.tables import TABLES
from tests.support.faulty_run import MISLED


@pytest.fixture(scope="module")
def diagnoses(faulty):
    return faulty.table("diagnoses")


def test_every_failure_has_a_pattern_and_its_reasons(faulty, diagnoses):
    xs = faulty.failures
    assert set(diagnoses["pattern"].iloc[xs]) <= {str(pattern) for pattern in Pattern}
    for column in COLUMNS.values():
        assert diagnoses[f"{column}_reason"].iloc[xs].str.len().gt(10).all()
        assert diagnoses[column].between(0, 1).all()


def test_an_image_that_is_right_and_not_suspicious_has_no_pattern(faulty, diagnoses):
    is_right = (faulty.images["true_c"] == faulty.images["predicted_c"]).to_numpy()
    is_plain = is_right & (diagnoses["wrong_label"] < DECIDED).to_numpy()
    assert is_plain.sum() > 20
    assert (diagnoses["pattern"][is_plain] == "").all()


def test_the_table_holds_the_columns_of_the_contract_and_no_others(faulty, diagnoses):
    [spec] = (spec for spec in TABLES if spec.name == "diagnoses")
    assert set(diagnoses.columns) == set(spec.columns)


def test_diagnosing_twice_gives_the_same_tables(faulty, diagnoses):
    again = write_diagnoses(faulty).table("diagnoses")
    assert again.equals(diagnoses)


def test_a_run_of_noise_is_diagnosed_without_complaint(tmp_path, run):
    assert len(diagnose(run)) == run.sizes["X"]


def test_the_members_of_a_pattern_are_listed(faulty, run):
    assert members(faulty) is None
    assert members(faulty, Pattern.SPURIOUS_CUE).tolist() == list(MISLED)
    assert members(run, Pattern.SPURIOUS_CUE).tolist() == []


def test_a_background_that_looks_like_others_decides_no_failure(faulty, monkeypatch):
    usual = np.full(faulty.sizes["X"], USUAL, np.int32)
    monkeypatch.setattr(module, "background_groups", lambda background: usual)
    table = module.diagnose(faulty)
    assert (table["spurious_cue"] < DECIDED).all()
    assert (table["spurious_cue"].iloc[list(MISLED)] > 0.3).all()


def test_quality_explains_nothing_where_sound_images_fail_on_the_same_background(
    faulty, monkeypatch
):
    bad, X = int(faulty.failures[-1]), faulty.sizes["X"]
    of_bad = np.where(np.arange(X) == bad, 0.9, 0.0)
    quality = Finding(of_bad, lambda x: "The image is blurred.")
    monkeypatch.setattr(module, "find_image_quality", lambda *_: quality)
    found = BackgroundFailures(of_bad, *[np.full(X, 9)] * 4)
    before = module.diagnose(faulty)
    assert before["pattern"].iloc[bad] == Pattern.IMAGE_QUALITY
    monkeypatch.setattr(module, "background_failures", lambda *_: found)
    after = module.diagnose(faulty)
    assert after["image_quality"].iloc[bad] == pytest.approx(
        0.1 * before["image_quality"].iloc[bad]
    )
    assert after["pattern"].iloc[bad] != Pattern.IMAGE_QUALITY
    assert "on such a background 9 are right" in after["spurious_cue_reason"].iloc[bad]
