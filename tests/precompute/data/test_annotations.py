import numpy as np
import pytest

from fieldmarks.core.errors import DataError
from fieldmarks.precompute.attributes.extraction import Definition, extract
from fieldmarks.precompute.data.language import BIRDS
from fieldmarks.precompute.data.readers.cub_attributes import (
    read_class_attributes,
    read_image_attributes,
)

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


def counts_of(annotated):
    lines = [[] for _ in annotated.n_statements]
    return extract(lines, Definition(BIRDS.nouns), annotated=annotated, min_images=1)


def test_ten_statements_of_a_class_name_an_attribute_as_often_as_annotators_saw_it(cub):
    annotated = read_class_attributes(cub, [1, 3], np.array([0, 1, 0]))
    assert annotated.n_statements.tolist() == [10, 10, 10]
    assert annotated.level == "class"
    extracted = counts_of(annotated)
    phrases = extracted.table["phrase"].tolist()
    counts = extracted.counts.toarray()
    assert sorted(phrases) == ["grey tail", "hooked bill"]
    assert counts[:, phrases.index("hooked bill")].tolist() == [10, 1, 10]
    assert counts[:, phrases.index("grey tail")].tolist() == [6, 10, 6]
    assert set(extracted.table["part"]) == {"beak", "tail"}


def test_rows_go_by_the_class_number_of_the_data_set(cub):
    annotated = read_class_attributes(cub, [2], np.array([0]))
    count_of = {
        attribute.phrase: n
        for attribute, n in zip(annotated.attributes, annotated.counts.toarray()[0], strict=True)
        if n
    }
    assert count_of == {"large bird": 5}
    assert annotated.line(0) == "large bird"


LABELS = """7 1 1 3 2.5
7 2 1 2 9.9
7 4 0 4 1.0
9 3 1 4 1.0 5
9 4 1 4 2.0
8 1 1 4 2.0
5 2 1 1 2.0
"""


def test_an_image_has_what_its_annotator_saw_with_certainty(cub):
    (cub / "attributes" / "image_attribute_labels.txt").write_text(LABELS)
    (cub / "attributes" / "class_attribute_labels_continuous.txt").unlink()
    annotated = read_image_attributes(cub, {7: 0, 9: 1, 5: 2})
    assert [annotated.line(x) for x in range(3)] == ["hooked bill", "grey tail", ""]
    assert annotated.n_statements.tolist() == [1, 1, 0]
    assert annotated.counts.max() == 1


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
        read_class_attributes(cub, [1, 3], np.array([0, 1]))


def _table(cub):
    return cub / "attributes" / "class_attribute_labels_continuous.txt"
