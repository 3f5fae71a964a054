import json
import time

import numpy as np
import pandas as pd
import pytest

from fieldmarks.core.errors import DataError
from fieldmarks.precompute.attributes.tables.columns import read_columns
from fieldmarks.precompute.attributes.tagger import RuleTagger
from fieldmarks.precompute.data.caption_file import captions_of
from fieldmarks.precompute.data.captions import MAX_LENGTH, Lines, read_captions
from fieldmarks.precompute.data.read import read_dataset
from fieldmarks.precompute.data.source import DataSource
from tests.support.picture_folders import write_classes

PATHS = ["001.Tern/a.jpg", "001.Tern/b.jpg"]

FILES = {
    "two lines": (b"a red bill\na long tail\n", ["a red bill", "a long tail"], ""),
    "Windows line ends": (b"a red bill\r\na long tail\r\n", ["a red bill", "a long tail"], ""),
    "a byte order mark": (b"\xef\xbb\xbfa red bill\n", ["a red bill"], ""),
    "UTF-16": ("a red bill\n".encode("utf-16"), ["a red bill"], ""),
    "blank lines and stray spaces": (b"\n  a  red\tbill \n\n", ["a red bill"], ""),
    "letters beyond ASCII": ("a déjà vu bill".encode(), ["a déjà vu bill"], ""),
    "another encoding": (b"a d\xe9j\xe0 vu bill", ["a déjà vu bill"], "is not UTF-8"),
    "lost characters": ("a � red bill".encode(), ["a red bill"], "1 characters were lost"),
    "an empty file": (b"", [], "holds no caption"),
    "nothing but blanks": (b" \n\r\n", [], "holds no caption"),
    "a line without end": (b"a " * MAX_LENGTH + b"\nok", ["ok"], "1 lines of more than"),
}


@pytest.mark.parametrize("case", FILES)
def test_a_caption_file_is_read_or_its_problem_reported(case, tmp_path):
    data, expected, problem = FILES[case]
    (tmp_path / "001.Tern").mkdir()
    (tmp_path / "001.Tern" / "a.txt").write_bytes(data)
    (tmp_path / "001.Tern" / "b.txt").write_bytes(b"a black cap\n")
    captions = read_captions(tmp_path, PATHS)
    assert list(captions.lines) == [expected, ["a black cap"]]
    assert len(captions.problems) == bool(problem)
    assert all(f"001.Tern/a.txt: {problem}" in line for line in captions.problems)


def test_an_image_without_a_caption_file_is_unknown_and_no_problem(tmp_path):
    (tmp_path / "001.Tern").mkdir()
    (tmp_path / "001.Tern" / "b.txt").write_text("a black cap")
    captions = read_captions(tmp_path, PATHS)
    assert list(captions.lines) == [[], ["a black cap"]]
    assert captions.n_missing == 1
    assert captions.problems == []


def test_a_folder_in_place_of_a_caption_file_is_reported(tmp_path):
    (tmp_path / "001.Tern" / "a.txt").mkdir(parents=True)
    (tmp_path / "001.Tern" / "b.txt").write_text("a black cap")
    captions = read_captions(tmp_path, PATHS)
    assert captions.lines[0] == []
    assert "001.Tern/a.txt: is not a regular file" in captions.problems[0]


def test_a_name_with_dots_keeps_them(tmp_path):
    (tmp_path / "St._Tern.1.txt").write_text("a black cap")
    assert list(read_captions(tmp_path, ["St._Tern.1.jpg"]).lines) == [["a black cap"]]


def test_a_wrong_folder_says_what_was_expected(tmp_path):
    with pytest.raises(DataError, match=r"expected captions such as 001\.Tern/a\.txt in .*found"):
        read_captions(tmp_path, PATHS)
    with pytest.raises(DataError, match="expected a folder of caption files, found none at"):
        read_captions(tmp_path / "nowhere", PATHS)


def test_packed_lines_are_the_lists_that_they_were_made_from():
    lists = [["a bird", ""], [], [""], ["\u00e9, \u9ce5", "x"]]
    packed = Lines(lists)
    assert list(packed) == lists
    assert packed.counts.tolist() == [2, 0, 1, 2]
    with pytest.raises(IndexError):
        packed[4]


def test_lines_that_are_divided_otherwise_have_other_parts():
    assert Lines([["a"], ["b"]]).parts[0].tolist() == Lines([["ab"], []]).parts[0].tolist()
    assert Lines([["a"], ["b"]]).parts[1].tolist() != Lines([["ab"], []]).parts[1].tolist()
    assert Lines([[""]]).parts[2].tolist() != Lines([[]]).parts[2].tolist()


LONG = "a " * 5_000_000
TOLD = f"1 captions of more than {MAX_LENGTH} characters left out"


def test_a_caption_of_ten_million_letters_in_a_file_is_left_out_and_told(tmp_path):
    path = tmp_path / "captions.jsonl"
    path.write_text(json.dumps({"file_name": PATHS[0], "captions": [LONG, "a red bill"]}) + "\n")
    said = captions_of(path, PATHS, ["Tern", "Tern"])
    assert said.lines[0] == ["a red bill"]
    assert said.problems[0] == TOLD


def test_a_caption_of_ten_million_letters_in_a_table_is_left_out_and_told(tmp_path):
    paths = write_classes(tmp_path)
    captions = [LONG, *["a red bill"] * (len(paths) - 1)]
    frame = pd.DataFrame({"file_name": paths, "caption": captions})
    frame["label"] = [path.split("/")[0] for path in paths]
    frame.to_csv(tmp_path / "metadata.csv", index=False)
    said = read_dataset(DataSource(tmp_path)).words()
    assert TOLD in said.problems
    assert sorted(said.lines.counts.tolist())[:2] == [0, 1]


def test_a_sentence_of_ten_million_letters_in_another_column_is_left_out_and_told():
    sentences = [LONG, *(f"a red bill and a tail {i}" for i in range(30))]
    frame = pd.DataFrame({"notes": sentences})
    classes = np.arange(31) % 2
    read = read_columns(frame, classes, np.ones(31, bool), ["A", "B"])
    assert read.sentences[:2] == [[], ["a red bill and a tail 0"]]
    assert TOLD in read.problems


MARKS = ["'", "'\"", "(", "!?", ":)", "-", "'-", "a'", "a-", ".'"]


@pytest.mark.parametrize("mark", MARKS)
def test_a_line_full_of_marks_is_read_in_no_time(mark):
    line = (mark * MAX_LENGTH)[: MAX_LENGTH - 10] + " a red cap"
    tagger = RuleTagger()
    list(tagger.read(["a red cap"]))
    start = time.process_time()
    (reading,) = tagger.read([line])
    assert time.process_time() - start < 0.3
    assert list(reading.tokens[-3:]) == ["a", "red", "cap"]


@pytest.mark.parametrize("suffix", ["csv", "tsv", "parquet"])
def test_a_table_of_captions_has_a_line_for_each_image(tmp_path, suffix):
    path = tmp_path / f"said.{suffix}"
    table = pd.DataFrame(
        {"Filename": ["a.jpg", "b"], "caption": ["a red cap\na cap", "a blue cap"]}
    )
    if suffix == "parquet":
        table.assign(caption=[["a red cap", "a cap"], ["a blue cap"]]).to_parquet(path)
    else:
        table.to_csv(path, index=False, sep="\t" if suffix == "tsv" else ",")
    paths = ["001.Tern/a.jpg", "001.Tern/b.jpg", "001.Tern/c.jpg"]
    said = captions_of(path, paths, ["Tern"] * 3)
    assert list(said.lines) == [["a red cap", "a cap"], ["a blue cap"], []]
    assert said.n_missing == 1


def test_a_table_without_captions_says_which_columns_it_needs(tmp_path):
    path = tmp_path / "said.csv"
    path.write_text("file_name,colour\na.jpg,red\n")
    with pytest.raises(DataError, match=r"one of captions \(captions.*found file_name, colour"):
        captions_of(path, ["a.jpg"], ["Tern"])
