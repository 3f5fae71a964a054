import pytest

from fieldmarks.core.errors import DataError
from fieldmarks.precompute.data.captions import MAX_LENGTH, Lines, read_captions

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
    assert "001.Tern/a.txt: cannot be read" in captions.problems[0]


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
