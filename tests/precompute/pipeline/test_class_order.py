import json

import numpy as np
import pytest
from torchvision.datasets import ImageFolder

from fieldmarks.core.errors import DataError
from fieldmarks.precompute.pipeline.class_order import (
    check_order,
    class_file,
    order_of_scores,
    read_class_list,
)
from tests.support.picture_folders import write_classes

NAMES = [str(i) for i in sorted(map(str, range(1, 13)))]
C = len(NAMES)


def scores(score_of, share=0.9, n=40, seed=0):
    """Return logits whose highest score is that of the label in a share of images."""
    rng = np.random.default_rng(seed)
    true_c = np.repeat(np.arange(C), n)
    answer = np.where(rng.random(len(true_c)) < share, true_c, rng.integers(0, C, len(true_c)))
    return np.eye(C)[np.asarray(score_of)[answer]], true_c


def check(logits, true_c, names=NAMES):
    check_order(logits, true_c, np.ones(len(true_c), bool), names)


def test_natural_order_is_found_and_named():
    natural = sorted(NAMES, key=int)
    logits, true_c = scores([natural.index(name) for name in NAMES])
    with pytest.raises(DataError, match=r"looks naturally sorted \(2 before 10\)") as caught:
        check(logits, true_c)
    assert "9" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_two_exchanged_classes_are_found():
    order = np.arange(C)
    order[[3, 7]] = 7, 3
    logits, true_c = scores(order)
    with pytest.raises(DataError, match=rf"{NAMES[3]!r} is that of {NAMES[7]!r}.* 2 classes"):
        check(logits, true_c)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_a_right_order_passes_however_good_the_network_is(share):
    check(*scores(np.arange(C), share))


def test_a_network_that_knows_one_answer_passes():
    _, true_c = scores(np.arange(C))
    check(np.tile(np.eye(C)[4], (len(true_c), 1)), true_c)


def test_the_test_split_is_not_looked_at():
    logits, true_c = scores(np.roll(np.arange(C), 1))
    check_order(logits, true_c, np.zeros(len(true_c), bool), NAMES)


def test_names_are_matched_without_case_and_punctuation():
    given = ["red_shoe", "Blue Shirt"]
    assert order_of_scores(2, given, ["001.Blue shirt", "Red shoe"], "x") == [1, 0]
    assert order_of_scores(2, None, ["b", "a"], "x") == [0, 1]
    assert order_of_scores(4, ["d", "a", "c", "b"], ["a", "b"], "x") == [1, 3]


@pytest.mark.parametrize(
    ("n_scores", "given", "message"),
    [
        (1000, None, "gives 1000 class scores, the data set has 2 classes"),
        (2, ["a"], "list names 1 classes, the data set has 2"),
        (2, ["a", "A"], "list names a class twice"),
        (2, ["a", "c"], "list lacks 1 of the data set's 2 classes, such as 'b'"),
    ],
)
def test_names_that_do_not_fit_are_told(n_scores, given, message):
    with pytest.raises(DataError, match=message):
        order_of_scores(n_scores, given, ["a", "b"], "list")


def test_a_list_of_classes_is_read_line_by_line(tmp_path):
    (tmp_path / "c.txt").write_bytes("\ufeffboot\r\n\nsock \n".encode())
    assert read_class_list(tmp_path / "c.txt") == ["boot", "sock"]
    with pytest.raises(DataError, match="expected a list of classes, one per line"):
        read_class_list(tmp_path / "none.txt")
    (tmp_path / "c.bin").write_bytes(b"a\x00\x01")
    with pytest.raises(DataError, match=r"c\.bin is no text"):
        read_class_list(tmp_path / "c.bin")


@pytest.mark.parametrize(
    "stored", [{"b": 0, "c": 1, "a": 2}, {"0": "b", "1": "c", "2": "a"}, ["b", "c", "a"]]
)
def test_numbers_of_classes_are_read_as_trainings_keep_them(tmp_path, stored):
    path = tmp_path / "class_to_idx.json"
    path.write_text(json.dumps(stored))
    assert read_class_list(path) == ["b", "c", "a"]
    assert class_file(tmp_path / "best.pth", tmp_path / "none") == path
    assert class_file(None, tmp_path) == path
    assert class_file(None, tmp_path / "below" / "table.csv") is None


@pytest.mark.parametrize("stored", [{"a": 0, "b": 2}, {"a": 0, "b": 0}, {}, 7, {"a": "b"}, [1]])
def test_other_numbers_are_told(tmp_path, stored):
    (tmp_path / "c.json").write_text(json.dumps(stored))
    with pytest.raises(DataError, match="names of classes with the numbers 0, 1, 2"):
        read_class_list(tmp_path / "c.json")


def test_the_file_of_imagefolder_gives_the_order_that_torch_has(tmp_path):
    write_classes(tmp_path / "data", n=2)
    samples = ImageFolder(tmp_path / "data")
    (tmp_path / "c.json").write_text(json.dumps(samples.class_to_idx))
    assert read_class_list(tmp_path / "c.json") == samples.classes
