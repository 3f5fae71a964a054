"""Words of captions that give the label away are not attributes, and that is told."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from fieldmarks.core.attributes.attribute import Attribute
from fieldmarks.core.attributes.nouns import Nouns
from fieldmarks.core.errors import DataError
from fieldmarks.precompute.attributes.extraction import Definition, extract
from fieldmarks.precompute.attributes.giveaways import Giveaways, giveaways_in
from fieldmarks.precompute.attributes.noun_classes import learn_nouns
from fieldmarks.precompute.attributes.tagger import RuleTagger
from fieldmarks.precompute.data.language import BIRDS, Language
from fieldmarks.precompute.data.source import DataSource
from fieldmarks.precompute.network.settings import NetworkSettings
from fieldmarks.precompute.parallel.ranks import Ranks
from fieldmarks.precompute.pipeline.inputs import RunInputs
from fieldmarks.precompute.pipeline.settings import Settings
from tests.support.picture_folders import write_classes

NAMES = ["Boots", "Trail shoes", "Caps"]
CAPTIONS = [
    ["a brown boot with black laces", "this leather boot has a thick sole by Acme"],
    ["a grey trail shoe with a mesh upper", "a pair of shoes by Acme with white soles"],
    ["a blue cap with an American flag", "this Zibbly cap has a curved visor"],
] * 5
TRUE_C = np.array([0, 1, 2] * 5)
ALL = np.ones(15, bool)


def phrases(giveaways: Giveaways | None) -> set[str]:
    definition = Definition(learn_nouns([]), None, Language().kinds, giveaways)
    return set(extract(CAPTIONS, definition, tagger=RuleTagger(), min_images=1).table["phrase"])


def test_names_of_classes_and_brands_are_found_in_captions():
    giveaways = giveaways_in(CAPTIONS, TRUE_C, ALL, NAMES)
    assert giveaways.of_class == {
        "boot": ["Boots"], "cap": ["Caps"], "shoe": ["Trail shoes"], "trail": ["Trail shoes"]
    }  # fmt: skip
    assert giveaways.brands == ("acme", "zibbly")


def test_they_are_no_attributes_and_what_else_is_said_stays():
    before, after = phrases(None), phrases(giveaways_in(CAPTIONS, TRUE_C, ALL, NAMES))
    assert {"brown boot", "grey trail shoe", "blue cap"} <= before
    words = {word for phrase in after for word in phrase.split()}
    assert not words & {"boot", "shoe", "cap", "trail", "acme", "zibbly"}
    assert {"brown", "grey", "blue", "black lace", "white sole", "curved visor"} <= after


def test_it_is_told():
    told = giveaways_in(CAPTIONS, TRUE_C, ALL, NAMES).told()
    assert told == [
        "captions: 2 words look like brands or makers and are left out, such as acme, zibbly",
        "captions: words that name the class are left out: boot, cap, shoe, trail",
    ]


def test_a_word_of_a_name_that_other_classes_have_too_stays():
    captions = [["a cap with black trim"], ["a black shoe"], ["a black boot"]] * 5
    giveaways = giveaways_in(captions, TRUE_C, ALL, ["Black caps", "Shoes", "Boots"])
    assert "black" not in giveaways.of_class
    assert giveaways.of_class.keys() == {"cap", "shoe", "boot"}


@pytest.mark.parametrize(
    ("captions", "reason"),
    [
        ([["A Boot With Black Laces"], ["A Shoe With Red Soles"], ["A Cap With A Visor"]], "title"),
        ([["Laces are black"], ["Soles are red"], ["Visor is blue"]], "first word"),
        ([["an American boot"], ["an Italian shoe"], ["a French cap"]], "adjectives"),
    ],
)
def test_capitals_that_english_has_anyway_make_no_brand(captions, reason):
    assert giveaways_in(captions * 5, TRUE_C, ALL, NAMES).brands == (), reason


def test_a_brand_in_a_heading_is_a_word_that_english_lacks():
    captions = [["A Benetton Man In A Striped Sweater"], ["Striped Zoggle Laces"]] * 5
    giveaways = giveaways_in(captions, np.array([0, 1] * 5), np.ones(10, bool), ["A", "B"])
    assert giveaways.brands == ("benetton", "zoggle")
    definition = Definition(learn_nouns([]), None, Language().kinds, giveaways)
    said = set(extract(captions, definition, tagger=RuleTagger(), min_images=1).table["phrase"])
    assert said == {"man", "striped sweater", "striped lace"}


def test_an_unknown_word_that_is_also_written_small_is_no_brand():
    captions = [["A Zoggle In A Striped Sweater"], ["a red zoggle with white laces"]] * 5
    assert giveaways_in(captions, np.array([0, 1] * 5), np.ones(10, bool), ["A", "B"]).brands == ()


def test_test_images_are_not_asked():
    is_train = np.arange(15) < 3
    assert giveaways_in(CAPTIONS, TRUE_C, is_train, NAMES) == Giveaways({}, ())


@pytest.mark.parametrize(
    ("attribute", "left"),
    [
        (Attribute("red", "lace"), Attribute("red", "lace")),
        (Attribute("red", "boot"), Attribute("red", "red", "is")),
        (Attribute("", "boot", "noun"), None),
        (Attribute("", "boot lace", "noun"), Attribute("", "lace", "noun")),
        (Attribute("acme", "lace"), Attribute("", "lace", "noun")),
        (Attribute("acme", "boot"), None),
        (Attribute("red", "acme boot"), Attribute("red", "red", "is")),
    ],
)
def test_what_is_left_of_an_attribute(attribute, left):
    assert Giveaways({"boot": ["Boots"]}, ("acme",)).without(attribute) == left


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """Class folders with a caption beside each picture that names the class."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for path in write_classes(tmp_path / "data"):
        kind = path.split("/")[0]
        (tmp_path / "data" / path).with_suffix(".txt").write_text(f"a {kind} with a red lace\n")
    torch.save({}, tmp_path / "any.pth")
    return tmp_path


def inputs(folder: Path, **changes) -> RunInputs:
    network = NetworkSettings(source="torchvision:resnet18")
    given = {"checkpoint": folder / "any.pth", "name": "a", "runs": folder, "network": network}
    return RunInputs(Settings(source=DataSource(folder / "data"), **given, **changes), Ranks())


def test_a_run_leaves_them_out_and_its_manifest_will_tell(folder):
    made = inputs(folder)
    assert made.giveaways is not None
    assert set(made.giveaways.of_class) == {"boot", "cap", "sock"}
    assert any("words that name the class are left out" in each for each in made.words.problems)


def test_captions_of_birds_are_not_searched():
    assert not BIRDS.names_classes


def write_nouns(path: Path, *rows: str, head: str = "noun,number,part,ends_phrase") -> Path:
    path.write_text("\n".join([head, *rows]) + "\n")
    return path


def test_a_table_of_nouns_goes_before_what_captions_say(folder):
    table = write_nouns(folder / "nouns.csv", "lace,mass,closure,yes", "visor,several,,")
    nouns = inputs(folder, nouns=table).dataset.language.with_given(
        Nouns({"lace": "one", "sole": "one"}, {"lace": "lace"}, ends_phrase=frozenset({"sole"}))
    )
    assert [nouns.number_of(noun) for noun in ("lace", "visor", "sole")] == [
        "mass", "several", "one"
    ]  # fmt: skip
    assert nouns.part_of("lace") == "closure"
    assert nouns.ends_phrase == {"lace", "sole"}


def test_two_columns_are_enough(folder):
    table = write_nouns(folder / "nouns.csv", "lace,mass", head="noun,number")
    nouns = inputs(folder, nouns=table).dataset.language.with_given(Nouns())
    assert nouns.number_of("lace") == "mass"


@pytest.mark.parametrize(
    ("rows", "head", "message"),
    [
        (["lace,many,,"], "noun,number,part,ends_phrase", "number of 'lace' is 'many', not one of"),
        ([], "noun,number,part,ends_phrase", "expected rows of the columns noun, number"),
        (["lace,one"], "word,number", "expected rows of the columns noun, number"),
    ],
)
def test_a_malformed_table_of_nouns_is_refused_before_anything_is_computed(
    folder, rows, head, message
):
    table = write_nouns(folder / "nouns.csv", *rows, head=head)
    with pytest.raises(DataError, match=message):
        inputs(folder, nouns=table)


def test_a_missing_table_of_nouns_is_refused(folder):
    with pytest.raises(DataError, match=r"expected a list of nouns at .*gone\.csv, found none"):
        inputs(folder, nouns=folder / "gone.csv")


def test_the_table_of_the_birds_can_be_given(folder):
    birds = BIRDS.folder
    assert birds is not None
    nouns = inputs(folder, nouns=birds / "nouns.csv").dataset.language.with_given(Nouns())
    with (birds / "nouns.csv").open(encoding="utf-8", newline="") as file:
        first = next(csv.DictReader(file))
    assert nouns.number_of(first["noun"]) == first["number"]
