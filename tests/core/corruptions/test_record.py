"""Records of changed pictures: written and read again, absent, stale, damaged."""

import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest

from fieldmarks.core.corruptions.record import (
    STAGES,
    UNCHANGED,
    files_to_keep,
    is_record_of,
    read_record,
)
from fieldmarks.core.errors import RunError
from fieldmarks.core.experimental.attacks.record import read_attacks
from fieldmarks.core.run.manifest import RECORDS
from fieldmarks.core.run.reading import read_run
from tests.support.attacked import ATTACKED, CORRUPTED, XS, E, write_attacked_run


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    return write_attacked_run(tmp_path_factory.mktemp("attacked"))


@pytest.fixture
def copied(attacked, tmp_path):
    shutil.copytree(attacked.folder, tmp_path / "copied")
    return read_run(tmp_path / "copied")


def test_a_record_is_read_as_it_was_written(attacked):
    record = read_record(attacked)
    assert record.xs.tolist() == list(XS)
    assert record.kinds == list(CORRUPTED)
    assert record.levels("blur") == {1: 1.0, 2: 2.0}
    row = record.row(XS[1], "blur", 2)
    assert record.table.iloc[row][["x", "kind", "level"]].tolist() == [XS[1], "blur", 2]
    assert record.row(XS[1], UNCHANGED, 0) in record.rows(UNCHANGED)
    assert record.row(10**6, "blur", 2) is None
    assert record.packed("pictures", row).startswith(b"\xff\xd8")
    np.testing.assert_array_equal(
        record.logits.argmax(axis=1), record.table["predicted_c"].to_numpy()
    )


def test_the_record_of_attacks_also_has_an_earlier_layer(attacked):
    record = read_attacks(attacked)
    assert record.kinds == list(ATTACKED)
    assert record.earlier.shape == (len(record.table), E)
    of_run = record.earlier_of_run
    np.testing.assert_array_equal(of_run.of(of_run.xs[[3, 0]]), of_run.pooled[[3, 0]])


def test_a_run_without_a_record_has_none(run):
    assert read_record(run) is None
    assert read_attacks(run) is None


def test_the_files_of_both_records_are_kept(attacked):
    folders = {path.parent.name for path in files_to_keep(attacked.folder, attacked.manifest)}
    assert folders == {"corruptions", "attacks"}
    other = {"stages": {"activations": {"fingerprint": "other"}}}
    assert files_to_keep(attacked.folder, other) == []


def _another_version(statement):
    statement["version"] = 99


def _other_stages(statement):
    statement["stages"] = {STAGES[0]: "other"}


@pytest.mark.parametrize(
    ("name", "read", "command"),
    [("corruptions", read_record, "robustness"), ("attacks", read_attacks, "attack")],
)
@pytest.mark.parametrize("change", [_another_version, _other_stages])
def test_a_record_of_another_version_is_refused_with_the_remedy(
    copied, change, name, read, command
):
    path = copied.folder / RECORDS / name / "record.json"
    statement = json.loads(path.read_text("utf-8"))
    change(statement)
    path.write_text(json.dumps(statement), "utf-8")
    with pytest.raises(RunError, match=rf"another version.*fieldmarks {command} copied"):
        read(copied)
    assert not is_record_of(path.parent, copied.manifest)


def _table(**columns):
    def change(folder):
        table = pd.read_parquet(folder / "table.parquet")
        for name, value in columns.items():
            table[name] = value(table[name]) if callable(value) else value
        table.to_parquet(folder / "table.parquet", index=False)

    return change


def _statement(**parts):
    def change(folder):
        path = folder / "record.json"
        path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | parts), "utf-8")

    return change


def _bytes(name, content):
    return lambda folder: (folder / name).write_bytes(content)


def _without(column):
    def change(folder):
        table = pd.read_parquet(folder / "table.parquet")
        table.drop(columns=column).to_parquet(folder / "table.parquet", index=False)

    return change


def _half(name):
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:50])


SCORE = {"value": 0.5, "low": 0.4, "high": 0.6}
WORD = {"kind": "blur", "t": 0, "n": 3, "by_level": [1.0], "mean": SCORE, "difference": SCORE}
ATTACK = {"kind": "PGD", "strength": 1, "changed": 2, "n": 3}
DAMAGE = {
    "a statement of junk": _bytes("record.json", b"{"),
    "a statement that is a list": _bytes("record.json", b"[]"),
    "a table of junk": _bytes("table.parquet", b"no table"),
    "an array of junk": _bytes("pooled.npy", b"no array"),
    "an array cut short": _half("heat.npy"),
    "pictures cut short": _half("pictures.bin"),
    "pictures gone": lambda folder: (folder / "pictures.bin").unlink(),
    "offsets gone": lambda folder: (folder / "differences_offsets.npy").unlink(),
    "a column gone": _without("strength"),
    "images of text": _table(x="bird"),
    "images of NaN": _table(x=np.nan),
    "images out of range": _table(x=lambda x: x + 10**6),
    "images below 0": _table(x=lambda x: x - 100),
    "one image for all": _table(x=1),
    "classes out of range": _table(predicted_c=99),
    "an unknown kind": _table(kind=lambda kind: kind.replace("blur", "fog")),
    "nothing unchanged": _table(kind="blur"),
    "strengths of NaN": _table(strength=np.nan),
    "words that are a number": _statement(words=3),
    "words that are a list of numbers": _statement(words=[3]),
    "a word out of range": _statement(words=[WORD | {"t": 10**6}]),
    "a word of an unknown kind": _statement(words=[WORD | {"kind": "fog"}]),
    "a word without its mean": _statement(words=[{**WORD, "mean": {}}]),
    "a word whose counts are text": _statement(words=[WORD | {"by_level": ["many"]}]),
}
OF_ATTACKS = {
    "an earlier layer of junk": _bytes("earlier.npy", b"no array"),
    "an earlier layer that is a number": _statement(earlier_layer=3),
    "an earlier layer without its size": _statement(earlier_layer={"name": "a"}),
    "scores of detection that are text": _statement(detection="good"),
    "an attack of an unknown kind": _statement(detection=[ATTACK | {"kind": "rain"}]),
    "an attack that changed text": _statement(detection=[ATTACK | {"changed": "all"}]),
    "a detector of 3": _statement(detection=[ATTACK | {"detectors": {"words": 3}}]),
}


@pytest.mark.parametrize(
    ("damage", "name", "read"),
    [
        *((damage, "corruptions", read_record) for damage in DAMAGE),
        *((damage, "attacks", read_attacks) for damage in OF_ATTACKS),
    ],
)
def test_a_damaged_record_is_one_line(copied, damage, name, read):
    (DAMAGE | OF_ATTACKS)[damage](copied.folder / RECORDS / name)
    with pytest.raises(RunError) as caught:
        read(copied)
    assert "\n" not in str(caught.value)
    remedy = "fieldmarks (robustness|attack) copied|precompute the run again"
    assert re.search(remedy, str(caught.value))


def test_scores_that_are_sound_are_read(copied):
    _statement(words=[WORD])(copied.folder / RECORDS / "corruptions")
    assert read_record(copied).statement["words"] == [WORD]
    _statement(detection=[ATTACK])(copied.folder / RECORDS / "attacks")
    assert read_attacks(copied).statement["detection"] == [ATTACK]
