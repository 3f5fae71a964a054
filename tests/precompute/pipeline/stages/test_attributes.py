import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from benchmarks import attribute_f1
from fieldmarks.core.attributes.attribute import Attribute
from fieldmarks.core.errors import DataError
from fieldmarks.core.run.tables import TABLES
from fieldmarks.precompute.attributes.extraction import Definition, extract
from fieldmarks.precompute.attributes.synonyms import Synonyms, singular
from fieldmarks.precompute.attributes.tagger import RuleTagger, read_tokens
from fieldmarks.precompute.data.language import BIRDS

LINES = [
    ["a tern with a red beak and grey wings", "it has a red bill", "a small, red bill"],
    [],
    ["this tern has gray wings and a black cap", "a black cap, a red bill"],
    ["a black cap"],
]


TABLE = Synonyms.load(BIRDS.synonyms)
BIRD_WORDS = Definition(BIRDS.nouns, TABLE)


def counts_of(lines, definition=BIRD_WORDS, **settings):
    return extract(lines, definition, tagger=RuleTagger(), **settings)


def test_counts_are_captions_that_name_the_attribute():
    extracted = counts_of(LINES, min_images=1)
    slow = [Counter() for _ in LINES]
    for x, captions in enumerate(LINES):
        for caption in captions:
            for attribute in BIRD_WORDS.read(read_tokens(caption.replace(",", " ,").split())):
                slow[x][attribute.phrase] += 1
    for x, expected in enumerate(slow):
        row = extracted.counts[[x]].toarray()[0]
        assert {extracted.table.phrase[t]: row[t] for t in np.flatnonzero(row)} == expected
    assert extracted.counts.dtype == np.uint16


def test_an_attribute_is_counted_once_a_caption():
    extracted = counts_of([["a red bill, truly a red bill"]], min_images=1)
    assert extracted.counts.toarray().tolist() == [[1]]


def test_attributes_are_sorted_by_descending_number_of_images_then_by_name():
    table = counts_of(LINES, min_images=1).table
    assert list(table.phrase) == ["black cap", "grey wing", "red bill", "small bill"]
    assert list(table.n_images) == [2, 2, 2, 1]
    assert list(table.n_captions) == [3, 2, 4, 1]


def test_what_is_said_of_test_images_alone_is_no_attribute():
    teach = np.zeros(len(LINES), bool)
    teach[-1] = True  # "a black cap"
    extracted = counts_of(LINES, min_images=1, teach=teach)
    assert list(extracted.table.phrase) == ["black cap"]
    assert extracted.table.n_images[0] == 2
    assert extracted.counts.shape[0] == len(LINES)


def test_the_table_has_the_columns_of_the_contract():
    (spec,) = (spec for spec in TABLES if spec.name == "attributes")
    table = counts_of(LINES, min_images=1).table
    assert {name: str(dtype) for name, dtype in table.dtypes.items()} == {
        name: dtype for name, (dtype, _) in spec.columns.items()
    }
    assert list(table.part) == ["", "wings", "beak", "beak"]


def test_raw_phrases_are_not_merged_but_singular():
    phrases = set(counts_of(LINES, definition=Definition(BIRDS.nouns), min_images=1).table.phrase)
    assert {"red beak", "red bill", "gray wing", "grey wing"} <= phrases


def test_rare_attributes_are_cut():
    assert set(counts_of(LINES, min_images=2).table.phrase) == {
        "black cap",
        "grey wing",
        "red bill",
    }


def test_progress_sees_every_caption():
    seen = []

    def progress(readings, total):
        seen.append(total)
        for reading in readings:
            seen.append(reading.tokens[0])
            yield reading

    counts_of(LINES, min_images=1, progress=progress)
    assert seen == [6, "a", "it", "a", "this", "a", "a"]


BAD = {
    "no captions at all": ([[], []], {}, "expected attributes named in at least 5 images"),
    "only rare ones": (LINES, {"min_images": 9}, "found none among 4 .*lower --min-images"),
    "a threshold of zero": (LINES, {"min_images": 0}, "expected min_images of at least 1, got 0"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_line(case):
    lines, settings, message = BAD[case]
    with pytest.raises(DataError, match=message):
        counts_of(lines, **settings)


MERGED = {
    ("red", "beak"): "red bill",
    ("gray", "chest"): "grey breast",
    ("white", "eye ring"): "white eyering",
    ("white", "wing bar"): "white wingbar",
    ("black", "tarsus"): "black leg",
    ("white", "tail feather"): "white tail",
    ("brown", "under tail feather"): "brown under tail",
    ("medium", "bird"): "medium-sized bird",
    ("average-sized", "bird"): "medium-sized bird",
    ("dark-colored", "back"): "dark back",
    ("multi-colored", "head"): "multicolored head",
    ("small", "bird"): "small bird",
    ("other", "bird"): None,
    ("bright", "color"): None,
}


@pytest.mark.parametrize("words", MERGED)
def test_synonyms_become_one(words):
    merged = TABLE.merge(Attribute(*words))
    assert (merged and merged.phrase) == MERGED[words]


SINGULAR = {
    "wings": "wing",
    "feet": "foot",
    "tarsi": "tarsus",
    "bellies": "belly",
    "eye rings": "eye ring",
    "abdomen": "abdomen",
    "albatross": "albatross",
    "iris": "iris",
    "species": "species",
    "plumage": "plumage",
}


@pytest.mark.parametrize("noun", SINGULAR)
def test_a_plural_becomes_singular(noun):
    assert singular(noun) == SINGULAR[noun]


BAD_TABLES = {
    "a circle": ("kind,word,becomes\nnoun,a,b\nnoun,b,a\n", "a cycle at"),
    "an unknown kind": ("kind,word,becomes\nverb,a,b\n", "expected kind noun or adjective"),
    "a missing field": ("kind,word,becomes\nnoun,a\n", "expected kind noun or adjective"),
    "other columns": ("word,becomes\na,b\n", "expected the columns"),
}


@pytest.mark.parametrize("case", BAD_TABLES)
def test_a_bad_table_of_synonyms_gets_one_line(case, tmp_path):
    text, message = BAD_TABLES[case]
    path = tmp_path / "synonyms.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        Synonyms.load(path)
    with pytest.raises(DataError, match=r"expected a table of synonyms at .*, found none"):
        Synonyms.load(tmp_path / "none.csv")


def test_every_part_noun_survives_merging_in_its_own_group():
    for noun, part in BIRDS.nouns.part.items():
        assert BIRDS.nouns.part_of(TABLE.rewrite("noun", noun)) == part


@pytest.mark.real
def test_the_rules_agree_with_the_trained_model_on_classes_never_looked_at():
    path = os.environ.get("FIELDMARKS_REFERENCE")
    if not path:
        pytest.skip("FIELDMARKS_REFERENCE names no file of reference tags")
    images, readings = attribute_f1.load(Path(path))
    held = [i for i, image in enumerate(images) if image[:3] in attribute_f1.HELD_OUT]
    for name in ("merged", "raw"):
        (*_, f1), _ = attribute_f1.compare(
            [images[i] for i in held], [readings[i] for i in held], attribute_f1.DEFINITIONS[name]
        )
        assert f1 >= 0.90
