"""What a run in computation tells a dashboard that is open."""

import json

import pytest

from fieldmarks.core.run.so_far import MOST, SO_FAR, FailureSoFar, SoFar, read_so_far


def failure(probability: float) -> FailureSoFar:
    return FailureSoFar("a/1.jpg", "Hawk", "Owl", probability, "AAEC")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / ".mine.partial").mkdir()
    return tmp_path / ".mine.partial"


def test_what_was_written_is_read(folder):
    so_far = SoFar(10).plus(4, 3, 2, [failure(0.5), failure(0.9)])
    so_far.write(folder)
    read = read_so_far(folder.parent, "mine")
    assert read is not None
    assert (read.n_images, read.n_done, read.n_test, read.n_wrong) == (10, 4, 3, 2)
    assert read.failures == [failure(0.9), failure(0.5)]
    assert read.failures[0].jpeg() == b"\x00\x01\x02"
    assert read.written > 0


def test_the_most_confident_failures_are_kept():
    so_far = SoFar(1000)
    for i in range(2 * MOST):
        so_far = so_far.plus(1, 1, 1, [failure(i / (2 * MOST))])
    assert so_far.n_wrong == 2 * MOST
    assert [each.probability for each in so_far.failures] == [
        i / (2 * MOST) for i in range(2 * MOST - 1, MOST - 1, -1)
    ]


GOOD = {"n_images": 4, "n_done": 4, "n_test": 4, "n_wrong": 1, "failures": [], "written": 1.0}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{",
        json.dumps({**GOOD, "n_done": 5}),
        json.dumps({**GOOD, "n_test": -1}),
        json.dumps({**GOOD, "n_wrong": "1"}),
        json.dumps({**GOOD, "written": None}),
        json.dumps({**GOOD, "more": 1}),
        json.dumps({**GOOD, "failures": [{"path": "a"}]}),
        json.dumps({**GOOD, "failures": [{**failure(0.5).__dict__, "thumbnail": "a"}]}),
        json.dumps({**GOOD, "failures": [{**failure(0.5).__dict__, "true": "\ud800"}]}),
        json.dumps({**GOOD, "failures": [failure(2.0).__dict__]}),
        json.dumps({**GOOD, "failures": [failure(float("nan")).__dict__]}),
    ],
)
def test_a_damaged_file_is_no_answer(folder, text):
    (folder / SO_FAR).write_text(text)
    assert read_so_far(folder.parent, "mine") is None
    (folder / SO_FAR).write_text(json.dumps(GOOD))
    assert read_so_far(folder.parent, "mine") is not None
