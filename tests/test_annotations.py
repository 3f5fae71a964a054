import numpy as np
import pytest

from core.errors import DataError
from precompute.attributes.class_annotations import extract_annotated, read_annotations

NAMES = "1 has_bill_shape::hooked\n2 has_size::large_(16_-_32_in)\n3 has_upper_tail_color::grey\n"
NAMES += "4 has_under_tail_color::grey\n"


@pytest.fixture
def cub(tmp_path):
    folder = tmp_path / "CUB_200_2011"
    (folder / "attributes").mkdir(parents=True)
    (tmp_path / "attributes.txt").write_text(NAMES)
    table = "100.0 4.9 30.0 60.0\n0.0 54.0 0.0 0.0\n5.1 0.0 0.0 100.0\n"
    (folder / "attributes" / "class_attribute_labels_continuous.txt").write_text(table)
    return folder


def test_ten_descriptions_name_an_attribute_as_often_as_annotators_saw_it(cub):
    lines = read_annotations(cub, [1, 3], np.array([0, 1, 0])).lines
    assert [len(descriptions) for descriptions in lines] == [10, 10, 10]
    found = extract_annotated(lines, 1)
    phrases = found.table["phrase"].tolist()
    counts = found.counts.toarray()
    assert sorted(phrases) == ["grey tail", "hooked bill"]
    assert counts[:, phrases.index("hooked bill")].tolist() == [10, 1, 10]
    assert counts[:, phrases.index("grey tail")].tolist() == [6, 10, 6]
    assert set(found.table["part"]) == {"beak", "tail"}


def test_rows_go_by_the_class_number_of_the_data_set(cub):
    lines = read_annotations(cub, [2], np.array([0])).lines
    assert lines[0] == ["large bird"] * 5 + [""] * 5


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda cub: (cub.parent / "attributes.txt").unlink(), "no attributes.txt"),
        (lambda cub: _table(cub).unlink(), "no table"),
        (lambda cub: _table(cub).write_text("1 2 3 4\n"), "found 1 of 4"),
        (lambda cub: _table(cub).write_text("1 2\n" * 5), "found 5 of 2"),
        (lambda cub: _table(cub).write_text("a b c d\n"), "rows of numbers"),
        (lambda cub: (cub.parent / "attributes.txt").write_text("1 bill\n"), "has_bill_shape"),
    ],
)
def test_bad_annotations_get_one_line(cub, spoil, message):
    spoil(cub)
    with pytest.raises(DataError, match=message):
        read_annotations(cub, [1, 3], np.array([0, 1]))


def _table(cub):
    return cub / "attributes" / "class_attribute_labels_continuous.txt"
