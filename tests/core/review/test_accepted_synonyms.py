"""The file of accepted synonyms: what is written, what is refused, and that it can be read."""

import pytest

from fieldmarks.core.errors import DataError
from fieldmarks.core.review.accepted_synonyms import (
    accept_synonym,
    accepted_synonyms,
    synonym_file,
    withdraw_synonym,
)
from fieldmarks.precompute.attributes.synonyms import Synonyms


@pytest.fixture
def path(tmp_path):
    return tmp_path / "birds.synonyms.csv"


def test_what_is_accepted_is_what_the_synonym_table_reads(path):
    accept_synonym(path, "adjective", "tawny", "brown")
    accept_synonym(path, "noun", "tummy", "belly")
    assert accepted_synonyms(path) == [("adjective", "tawny", "brown"), ("noun", "tummy", "belly")]
    table = Synonyms.load(path)
    assert table.rewrite("adjective", "tawny") == "brown"
    assert table.rewrite("noun", "tummy") == "belly"


def test_a_rule_can_be_withdrawn(path):
    accept_synonym(path, "noun", "tummy", "belly")
    withdraw_synonym(path, "noun", "chest")
    assert len(accepted_synonyms(path)) == 1
    withdraw_synonym(path, "noun", "tummy")
    assert accepted_synonyms(path) == []


def test_the_file_is_of_the_data_set_and_lies_beside_the_runs(run):
    assert synonym_file(run) == run.folder.parent / "synthetic.synonyms.csv"


def test_a_name_of_a_data_set_never_leads_out_of_the_folder(run, monkeypatch):
    monkeypatch.setitem(run.manifest, "dataset", "../../etc/passwd")
    assert synonym_file(run).parent == run.folder.parent


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (("verb", "run", "walk"), "an adjective or a noun"),
        (("noun", "*", "belly"), "two words"),
        (("noun", "=1+1", "belly"), "two words"),
        (("noun", "tum\nmy", "belly"), "two words"),
        (("noun", "", "belly"), "two words"),
        (("noun", "tummy", "chest"), "already"),
        (("noun", "belly", "tummy"), "a cycle"),
        (("noun", "crown", "crown"), "a cycle"),
    ],
)
def test_a_bad_rule_is_refused_in_one_line(path, rule, message):
    accept_synonym(path, "noun", "tummy", "belly")
    before = path.read_bytes()
    with pytest.raises(DataError, match=message):
        accept_synonym(path, *rule)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"kind,word,becomes\nnoun\n", b"\xff\xfe"])
def test_a_file_that_is_no_table_says_so(path, content):
    path.write_bytes(content)
    with pytest.raises(
        DataError, match=r"expected (the columns kind, word, becomes|a table of synonyms) in"
    ):
        accepted_synonyms(path)
