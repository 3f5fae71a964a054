"""Wrong labels: the planted ones lead the suspects."""

import re

import numpy as np

from fieldmarks.core.causes.finding import DECIDED
from fieldmarks.core.causes.label_evidence import ClassEvidence
from fieldmarks.core.causes.suspects import suspects
from fieldmarks.core.causes.wrong_label import _usual, find_wrong_label
from tests.support.faulty_run import WRONG_LABELS, write_faulty_run


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


def test_evidence_of_one_kind_alone_never_calls_a_label_wrong(tmp_path):
    silent = write_faulty_run(tmp_path, with_captions=False)
    finding, _ = find_wrong_label(silent)
    assert finding.score.max() < DECIDED


def test_captions_are_said_to_indicate_what_they_do_and_a_wrong_label_has_them_on_its_side(faulty):
    finding, _ = find_wrong_label(faulty)
    said = r"captions indicate (the label )?.+ \((\d+)%\) rather than (the label )?.+ \((\d+)%\)"
    for x in range(faulty.sizes["X"]):
        found = re.search(said, finding.reason(x))
        assert found is not None
        is_label, first, is_other, second = found.groups()
        assert int(first) >= int(second)
        assert bool(is_label) != bool(is_other)
        if finding.score[x] >= DECIDED:
            assert not is_label
            assert int(first) >= 1.2 * int(second)


def test_captions_that_are_usual_for_the_label_do_not_call_it_wrong():
    captions = ClassEvidence(
        lambda xs: np.log(np.where(xs[:, None] % 2 == [0, 1], 0.9, 0.1)), np.ones(40, bool)
    )  # images with an even number are described as class 0
    labels, other = np.repeat([0, 1], 20), np.repeat([1, 0], 20)
    xs = np.array([1, 22])
    assert _usual(captions, labels, other, xs).tolist() == [1, 22]  # half of the label's are so
    rare = ClassEvidence(
        lambda xs: np.log(np.where((xs[:, None] == 1) == [0, 1], 0.9, 0.1)), np.ones(40, bool)
    )
    assert _usual(rare, labels, other, np.array([1])).tolist() == []
    assert _usual(rare, labels, other, np.array([], int)).tolist() == []
