"""Columns, titles and captions of products: which attributes they give, and how they read."""

import numpy as np
import pandas as pd
import pytest

from fieldmarks.core.attributes.attribute import Attribute
from fieldmarks.core.explanations.attribute_ranking import top_attributes
from fieldmarks.core.explanations.explanation import predicate
from fieldmarks.precompute.attributes.extraction import Definition, extract
from fieldmarks.precompute.attributes.giveaways import brand_words, class_words
from fieldmarks.precompute.attributes.inflection import with_forms
from fieldmarks.precompute.attributes.noun_classes import learn_nouns
from fieldmarks.precompute.attributes.tables.columns import column_of, read_columns
from fieldmarks.precompute.attributes.tables.titles import Titles
from fieldmarks.precompute.attributes.tagger import RuleTagger
from fieldmarks.precompute.data.language import Language

CAPTIONS = [
    "a sneaker with black laces, a white sole and a striped upper",
    "a boot with brown laces and a thick sole",
    "a sneaker with white laces and leather lining",
    "a sandal with a thin sole and leather straps",
    "this sneaker has a mesh upper and black laces",
] * 6


def table(*rows: tuple[str, str, str, str]) -> pd.DataFrame:
    return with_forms(pd.DataFrame(rows, columns=["adjective", "noun", "kind", "number"]))


SENTENCES = {
    "parts": (
        [
            ("black", "lace", "pair", "several"),
            ("white", "sole", "pair", "one"),
            ("striped", "upper", "pair", "one"),
        ],
        "has black laces, a white sole, and a striped upper",
    ),
    "categories": (
        [
            ("for women", "gender", "is", "one"),
            ("navy blue", "colour", "is", "one"),
            ("casual", "usage", "is", "one"),
        ],
        "is navy blue, casual, and for women",
    ),
    "categories and things": (
        [
            ("blue", "colour", "is", "one"),
            ("", "polka dot", "noun", "several"),
            ("", "v neck", "noun", "one"),
        ],
        "is blue, and has polka dots and a v neck",
    ),
    "a thing with and without a word for it": (
        [("", "lace", "noun", "several"), ("red", "lace", "pair", "several")],
        "has red laces",
    ),
    "tags": ([("vintage", "tags", "tag", "one")], "is tagged vintage"),
    "the whole thing": (
        [("red", "sneaker", "pair", "whole"), ("", "leather", "noun", "mass")],
        "is a red sneaker with leather",
    ),
}


@pytest.mark.parametrize("case", SENTENCES)
def test_words_of_products_read_as_english(case):
    rows, expected = SENTENCES[case]
    spans = predicate(list(range(len(rows))), table(*rows))
    assert "".join(span.text for span in spans) == expected
    assert sorted(span.t for span in spans if span.t is not None) == list(range(len(rows)))


def test_a_property_has_one_value_in_an_explanation():
    attributes = table(
        ("blue", "colour", "is", "one"),
        ("black", "colour", "is", "one"),
        ("casual", "usage", "is", "one"),
    )
    assert top_attributes(np.array([[0.5, 0.3, 0.2]]), attributes, 3).tolist() == [[0, 2, -1]]


def test_two_values_of_one_column_are_never_in_one_explanation_even_as_pairs():
    attributes = table(
        ("low", "ratio", "pair", "one"),
        ("high", "ratio", "pair", "one"),
        ("coarse", "granule", "pair", "several"),
        ("red", "granule", "pair", "several"),
    )
    attributes["property"] = ["ratio", "ratio", "granule_type", "granule_colour"]
    attributes["is_exclusive"] = True
    assert top_attributes(np.array([[0.4, 0.3, 0.2, 0.1]]), attributes, 4).tolist() == [
        [0, 2, 3, -1]
    ]


def test_number_and_whole_are_learnt_from_captions():
    nouns = learn_nouns(RuleTagger().read(CAPTIONS))
    number_of = {n: nouns.number_of(n) for n in ("lace", "sole", "sneaker", "boot", "upper")}
    assert number_of == {
        "lace": "several", "sole": "one", "sneaker": "whole", "boot": "whole", "upper": "one"
    }  # fmt: skip


def test_things_of_a_scene_are_no_whole_object():
    captions = ["a playground near a road", "a road near a playground"] * 4
    captions = (captions + ["a playground", "a road"] * 2) * 3
    nouns = learn_nouns(RuleTagger().read(captions))
    assert [nouns.number_of(n) for n in ("playground", "road")] == ["one"] * 2
    spans = predicate([0], table(("", "playground", "noun", nouns.number_of("playground"))))
    assert "".join(span.text for span in spans) == "has a playground"


def test_materials_and_patterns_need_no_captions():
    nouns = learn_nouns([])
    numbers = [nouns.number_of(noun) for noun in ("leather", "stripe", "polka dot", "dial")]
    assert numbers == ["mass", "several", "several", "one"]


def test_a_title_says_whom_a_thing_is_for():
    frame, true_c, names = products()
    frame["name"] = [f"Zog Kids Red {names[c]} {i}" for i, c in enumerate(true_c)]
    read = read_columns(frame.drop(columns="gender"), true_c, np.ones(len(frame), bool), names)
    assert Attribute("for kids", "audience", "is") in read.annotated.attributes


def test_nouns_alone_and_compounds_are_attributes_where_they_are_asked_for():
    lines = [["a dress with polka dots and a v neck"], ["a plain dress with polka dots"]]
    extracted = extract(
        lines,
        Definition(learn_nouns([]), kinds=Language().kinds),
        tagger=RuleTagger(),
        min_images=1,
    )
    kinds = dict(zip(extracted.table["phrase"], extracted.table["kind"], strict=True))
    assert kinds["polka dot"] == "noun"
    assert kinds["plain dress"] == "pair"
    t = extracted.table["phrase"].eq("polka dot").argmax()
    assert extracted.counts.toarray()[:, t].tolist() == [1, 1]


COLUMNS = {
    "flag": (["1", "0", "1", ""], "flag"),
    "celeba flag": (["-1", "1", "1", "-1"], "flag"),
    "category": (["Red", "Blue", "Red", "Red"], "category"),
    "several": (["red;blue", "red", "", "blue"], "several"),
    "lists": ([["red", "blue"], ["red"], [], None], "several"),
    "number": (["12.5", "13", "1,200", "-3"], "number"),
    "empty": (["", None, float("nan"), "n/a"], "empty"),
    "names": ([f"SKU{i:04d}" for i in range(60)], "names"),
    "text": ([f"a red thing number {i}" for i in range(60)], "text"),
    "titles of a small table": ([f"Ekta Oak Chair {i % 8} Legs" for i in range(20)], "text"),
    "several by a semicolon": (["Living room; Bedroom", "Kitchen"] * 4, "several"),
}


@pytest.mark.parametrize("case", COLUMNS)
def test_what_a_column_holds_is_found_out(case):
    values, kind = COLUMNS[case]
    assert column_of(case, values).kind == kind


def products(n: int = 60) -> tuple[pd.DataFrame, np.ndarray, list[str]]:
    rng = np.random.default_rng(0)
    true_c = np.arange(n) % 2
    kinds = np.array(["Boots", "Rain Caps"])
    brand = rng.choice(["Zoggle", "Puma", "Acme Zed"], n)
    look = rng.choice(["Striped", "Printed", "Plain"], n)
    frame = pd.DataFrame(
        {
            "baseColour": rng.choice(["Navy Blue", "Red"], n),
            "gender": rng.choice(["Men", "Women"], n),
            "department": np.array(["Feet", "Heads"])[true_c],
            "price": rng.integers(100, 999, n).astype(str),
            "name": [
                f"{b} {g} {w} {k} {i}"
                for i, (b, g, w, k) in enumerate(
                    zip(brand, rng.choice(["Men", "Women"], n), look, kinds[true_c], strict=True)
                )
            ],
        }
    )
    return frame, true_c, list(kinds)


def test_brands_and_kinds_and_what_restates_the_class_are_left_out_and_told():
    frame, true_c, names = products()
    read = read_columns(frame, true_c, np.ones(len(frame), bool), names)
    phrases = {attribute.phrase for attribute in read.annotated.attributes}
    assert phrases == {
        "navy blue", "red", "for men", "for women", "striped", "printed", "plain"
    }  # fmt: skip
    told = " | ".join(read.problems)
    assert "column department restates the class" in told
    assert "numbers and names, left out: price" in told
    assert "puma" in told
    assert "zoggle" in told
    assert "words that name the kind are left out: boot, cap, rain" in told


def test_words_of_class_names_are_kept_where_other_classes_have_them_too():
    said = [{"sport", "shoe"}] * 5 + [{"sport", "cap"}] * 5
    classes_of_word = class_words(said, np.array([0] * 5 + [1] * 5), ["Sports Shoes", "Caps"])
    assert classes_of_word == {"shoe": ["Sports Shoes"], "cap": ["Caps"]}


def test_a_brand_is_a_word_that_nobody_knows_or_that_stands_where_brands_stand():
    titles = ["Puma Red Cap", "Puma Blue Cap", "Puma Zog Cap", "Flying Machine Red Shoe"]
    titles += ["Flying Machine Blue Shoe", "Flying Machine Red Hat"]
    brands = brand_words([title.split() for title in titles])
    assert {"puma", "flying", "machine", "zog"} == set(brands)


def test_a_column_of_splits_is_no_word_and_its_option_is_named():
    frame, true_c, names = products()
    frame["phase"] = ["training", "test"] * (len(frame) // 2)
    read = read_columns(frame, true_c, np.ones(len(frame), bool), names)
    assert not any("phase" in each.phrase for each in read.annotated.attributes)
    assert "column phase looks like a split: left out; --split phase uses it" in read.problems


def test_a_noun_in_the_titles_of_one_maker_alone_is_the_name_of_a_line():
    kinds = ["Red Air Shoe", "Blue Laces Shoe", "Red Laces Shoe"]
    titles = [f"{maker} {kind}" for maker in ("Puma", "Acme", "Zog") for kind in kinds[1:]] * 3
    titles += [f"Puma {kinds[0]}"] * 4
    brands = brand_words([title.split() for title in titles])
    assert set(brands) == {"puma", "acme", "zog", "air"}


def test_the_words_of_a_shop_with_one_maker_stay():
    titles = [
        f"Acme {colour} Laces {kind}" for colour in ("Red", "Blue") for kind in ("Shoe", "Cap")
    ]
    brands = brand_words([title.split() for title in titles * 3])
    assert not {"laces", "shoe", "cap"} & set(brands)


def test_a_column_of_sentences_is_read_as_captions():
    assert Titles.of(["a red cap", "it has laces", "the sole is thick"]).are_sentences
    assert not Titles.of(["Puma Men Red Cap", "Zog Women Cap"]).are_sentences


def test_an_attribute_of_a_column_wins_over_the_same_word_in_a_title():
    frame, true_c, names = products()
    frame["look"] = ["Striped" if i % 3 else "" for i in range(len(frame))]
    read = read_columns(frame, true_c, np.ones(len(frame), bool), names)
    striped = [each for each in read.annotated.attributes if each.phrase == "striped"]
    assert striped == [Attribute("striped", "look", "is")]
