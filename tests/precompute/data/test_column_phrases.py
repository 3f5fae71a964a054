"""Columns and values of tables in plain English; what they restate, and what is complete."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fieldmarks.core.attributes.attribute import Attribute
from fieldmarks.core.attributes.nouns import Nouns
from fieldmarks.core.errors import DataError
from fieldmarks.core.explanations.explanation import predicate
from fieldmarks.precompute.attributes.extraction import Definition, extract
from fieldmarks.precompute.attributes.inflection import with_forms
from fieldmarks.precompute.attributes.noun_classes import learn_nouns
from fieldmarks.precompute.attributes.tables.column_values import flag_attribute, value_attribute
from fieldmarks.precompute.attributes.tables.columns import column_of, read_columns, with_columns
from fieldmarks.precompute.attributes.tables.restating import restated
from fieldmarks.precompute.data.annotated import Annotated
from fieldmarks.precompute.data.captions import Lines, Words
from fieldmarks.precompute.data.read import read_dataset
from fieldmarks.precompute.data.source import DataSource
from tests.support.real_data import folder

VALUES = {
    ("cell_size", "big"): "large",
    ("cell_shape", "round"): "round",
    ("nucleus_shape", "segmented-bilobed"): "segmented-bilobed nucleus",
    ("nucleus_shape", "unsegmented-band"): "unsegmented band-shaped nucleus",
    ("nuclear_cytoplasmic_ratio", "low"): "low nuclear-to-cytoplasmic ratio",
    ("nuclear_to_cytoplasmic_ratio", "high"): "high nuclear-to-cytoplasmic ratio",
    ("chromatin_density", "densely"): "dense chromatin",
    ("chromatin_density", "low"): "low chromatin density",
    ("cytoplasm_texture", "frosted"): "frosted cytoplasm",
    ("cytoplasm_colour", "light blue"): "light blue cytoplasm",
    ("cytoplasm_colour", "light blue colour"): "light blue cytoplasm",
    ("granule_type", "coarse"): "coarse granule",
    ("granule_colour", "nil"): None,
    ("hair_length", "medium"): "medium hair length",
    ("size", "medium"): "medium-sized",
    ("mitoticCount", "high"): "high mitotic count",
    ("heel_height", "high"): "high heel",
    ("leaf_shape", "Heart"): "heart-shaped leaf",
    ("shape", "oval"): "oval",
    ("toe_shape", "Almond Toe"): "almond toe",
    ("wing_pattern", "Spotted pattern"): "spotted wing",
    ("wing_pattern", "spots"): "wing spot",
    ("pattern", "No Pattern"): None,
    ("collar", "Without Collar"): None,
    ("finish", "non-glossy"): None,
    ("material", "Leather material"): "made of leather",
    ("sleeve_length", "Sleeveless"): "sleeveless",
    ("cells_distributed", "evenly"): "evenly distributed",
    ("fruitColor", "Dark_Red"): "dark red fruit",
    ("color", "Red/Blue"): "red and blue",
    ("baseColour", "Navy Blue"): "navy blue",
    ("season", "Fall"): "for fall",
}


@pytest.mark.parametrize("cell", VALUES)
def test_a_value_reads_as_english(cell):
    attribute = value_attribute(*cell)
    assert (attribute and attribute.phrase) == VALUES[cell]


FLAGS = {
    "cytoplasm_vacuole": ("cytoplasm vacuole", True),
    "granularity": ("granular", True),
    "redness": ("red", True),
    "wears_hat": ("hat", True),
    "No_Beard": ("beard", False),
    "without_collar": ("collar", False),
    "is_not_wet": ("wet", False),
    "wing_pattern::striped": ("striped wing", True),
    "has_upperparts_color::blue": ("blue upperpart", True),
    "has_size::small_(5_-_9_in)": ("small", True),
}


@pytest.mark.parametrize("column", FLAGS)
def test_a_flag_says_what_there_is_and_whether_yes_says_so(column):
    flag = flag_attribute(column)
    assert flag is not None
    assert (flag[0].phrase, flag[1]) == FLAGS[column]


def read(frame: pd.DataFrame, **settings):
    n = len(frame)
    true_c = np.arange(n) % 2
    return read_columns(frame, true_c, np.ones(n, bool), ["A", "B"], **settings)


def annotated(said) -> Annotated:
    assert said.annotated is not None
    return said.annotated


def phrases_of(said, x: int) -> set[str]:
    row = annotated(said).counts[[x]].toarray()[0]
    return {annotated(said).attributes[a].phrase for a in np.flatnonzero(row).tolist()}


def test_no_on_a_denied_flag_says_that_it_is_there():
    said = read(pd.DataFrame({"No_Beard": ["1", "0", "0", "1"] * 3, "hat": ["1", "0", "1"] * 4}))
    assert [phrases_of(said, x) for x in range(3)] == [{"hat"}, {"beard"}, {"beard", "hat"}]


def test_what_the_table_shows_is_the_whole():
    assert value_attribute("leaf_size", "big", subject="leaf") == Attribute("large", "size", "is")
    assert value_attribute("leaf_size", "big") == Attribute("large", "leaf")


def test_counts_are_things_in_number_and_other_numbers_are_left_out():
    assert column_of("n_doors", ["2", "4"] * 30).kind == "count"
    assert column_of("price", ["2", "4"] * 30).kind == "number"
    said = read(pd.DataFrame({"n_doors": ["2", "4", "4"] * 20}))
    assert [phrases_of(said, x) for x in (0, 1)] == [{"two door"}, {"four door"}]
    table = pd.DataFrame(
        [("", "four door", "noun", Nouns().number_of("four door"))],
        columns=["adjective", "noun", "kind", "number"],
    )
    assert "".join(span.text for span in predicate([0], with_forms(table))) == "has four doors"


COLOURS = ["navy blue", "sky blue", "dark red", "bright red", "green", "green"] * 20
GROUPS = [colour.split()[-1] for colour in COLOURS]
SIZES = ["small", "large", "small"] * 40

RESTATED = {
    "a coarser column of one property": (
        {"colour": COLOURS, "colorgroup": GROUPS}, {"colorgroup": "colour"}
    ),
    "the coarser one first": ({"colorgroup": GROUPS, "colour": COLOURS}, {"colorgroup": "colour"}),
    "by its values": ({"paint": COLOURS, "tone": GROUPS}, {"tone": "paint"}),
    "the same in another language": (
        {"colour": GROUPS, "Farbe": [{"blue": "blau", "red": "rot"}.get(g, "x") for g in GROUPS]},
        {"Farbe": "colour"},
    ),
    "another property": ({"colour": COLOURS, "size": SIZES}, {}),
    "colours of two parts": ({"wing_colour": COLOURS, "tail_colour": ["x", *COLOURS[:-1]]}, {}),
    "told by it but of another property": (
        {"colour": COLOURS, "fabric": [{"green": "wool"}.get(g, "silk") for g in GROUPS]}, {}
    ),
    "a name for each row": ({"code": [f"{i} red" for i in range(120)], "tone": ["red"] * 120}, {}),
}  # fmt: skip


@pytest.mark.parametrize("case", RESTATED)
def test_columns_that_restate_another_are_found(case):
    columns, expected = RESTATED[case]
    assert restated(list(columns), list(columns.values())) == expected


def test_a_restating_column_is_merged_and_told():
    said = read(pd.DataFrame({"colour": COLOURS, "colorgroup": GROUPS, "size": SIZES}))
    assert "column colorgroup restates column colour: merged" in said.problems
    assert not {"blue", "red"} & {each.phrase for each in annotated(said).attributes}


def test_a_part_that_determines_the_class_is_kept_and_a_department_is_not():
    c = ["A", "B"] * 30
    frame = pd.DataFrame({
        "wing_colour": [{"A": "red", "B": "blue"}[each] for each in c],
        "department": [{"A": "air", "B": "sea"}[each] for each in c],
        "wing_type": [{"A": "wing of A", "B": "wing of B"}[each] for each in c],
    })  # fmt: skip
    said = read(frame)
    assert {each.phrase for each in annotated(said).attributes} == {"red wing", "blue wing"}
    assert said.problems == [
        "column wing_colour nearly determines the class: kept, as it can be seen",
        "column department restates the class: left out",
        "column wing_type restates the class: left out",
    ]


def words(**columns) -> Words:
    frame = pd.DataFrame(columns)
    return Words(Lines([[]] * len(frame)), columns=frame)


def test_a_column_is_ignored_as_asked_and_told():
    given = words(season=["fall", "spring", "fall"] * 20, colour=COLOURS[:60])
    is_train, true_c = np.ones(60, bool), np.arange(60) % 2
    said = with_columns(given, true_c, is_train, ["A", "B"], ignore=["season"])
    assert said.annotated is not None
    assert not any("fall" in each.phrase for each in said.annotated.attributes)
    assert "ignored as asked: season" in said.problems
    with pytest.raises(DataError, match=r"--ignore price: there is no such column .* season, colo"):
        with_columns(given, true_c, is_train, ["A", "B"], ignore=["price"])


def test_ignored_columns_are_recorded_and_older_manifests_have_none():
    recorded = {**vars(DataSource(Path("x"))), "ignore": ["season"]}
    assert DataSource.from_plain(recorded).ignore == ("season",)
    del recorded["ignore"]
    assert DataSource.from_plain(recorded).ignore == ()


def test_the_table_of_attributes_says_what_is_complete_and_exclusive():
    given = words(
        wing_colour=["red", "blue"] * 30,
        tags=["old;wet", "old"] * 30,
        size=["small", "", "large"] * 20,
    )
    said = with_columns(given, np.arange(60) // 30, np.ones(60, bool), ["A", "B"])
    lines = [["a wet nest"]] * 60
    made = extract(lines, Definition(learn_nouns([])), annotated=said.annotated).table
    rows = made.set_index("phrase")[["property", "is_exclusive", "is_complete"]]
    assert rows.loc["red wing"].tolist() == ["wing_colour", True, True]
    assert rows.loc["small"].tolist() == ["size", True, False]
    assert rows.loc["old"].tolist() == ["tags", False, True]
    assert rows.loc["wet nest"].tolist() == ["nest", False, False]


def test_a_long_cell_takes_no_time():
    cells = [" " * 200_000 + "|", "1" * 200_000 + "x", "," * 200_000] * 2
    assert column_of("notes", cells).kind


@pytest.mark.real
def test_blood_cells_read_well_and_keep_all_their_columns():
    cells = folder("FIELDMARKS_CELLS")
    dataset = read_dataset(DataSource(cells / "cells.csv", images=cells / "images"))
    true_c = dataset.images["true_c"].to_numpy()
    is_train = dataset.images["is_train"].to_numpy(bool)
    assert (is_train.sum(), (~is_train).sum()) == (2200, 794)
    said = with_columns(dataset.words(), true_c, is_train, dataset.class_names, "cells")
    assert said.annotated is not None
    nouns = learn_nouns([])
    made = extract(said.lines, Definition(nouns), annotated=said.annotated, teach=is_train).table
    assert set(made["property"]) == {
        "cell_size", "cell_shape", "nucleus_shape", "nuclear_cytoplasmic_ratio",
        "chromatin_density", "cytoplasm_vacuole", "cytoplasm_texture", "cytoplasm_colour",
        "granule_type", "granule_colour", "granularity",
    }  # fmt: skip
    assert made["is_complete"].all()
    assert made["is_exclusive"].all()
    phrases = ["large", "round", "dense chromatin", "low nuclear-to-cytoplasmic ratio"]
    phrases += ["coarse granule", "purple granule"]
    ts = [int(np.flatnonzero(made["phrase"] == phrase)[0]) for phrase in phrases]
    assert "".join(span.text for span in predicate(ts, made)) == (
        "is large and round, and has dense chromatin, a low nuclear-to-cytoplasmic ratio, and "
        "coarse, purple granules"
    )
