"""What of a model's answer becomes a caption, and what is dropped and counted."""

import pytest

from fieldmarks.precompute.captioning.caption import caption_in
from fieldmarks.precompute.captioning.cleaning import (
    BACKGROUND,
    CLASS,
    COUNT,
    DENIED,
    GUESS,
    LONG,
    PICTURE,
    REFUSAL,
    Cleaner,
)
from fieldmarks.precompute.captioning.prompt import list_in, looks_in

CLASSES = ["001.Black_footed_Albatross", "Laysan Albatross", "Brewer's Blackbird", "polar bear"]

LOOKS = {
    "grey, striped": ("a grey wing, a striped wing", None),
    "orange and long": ("an orange wing, a long wing", None),
    "A long, dark grey wing.": ("a long wing, a dark grey wing", None),
    "": ("", None),
    "-": ("", None),
    "black": ("a black wing", None),
    "albatross-like": ("", CLASS),
    "as of a laysan albatross": ("", CLASS),
    "not visible": ("", DENIED),
    "n/a": ("", DENIED),
    "no stripes, red": ("a red wing", DENIED),
    "possibly brown": ("", GUESS),
    "red or orange": ("", GUESS),
    "appears grey": ("", GUESS),
    "two": ("", COUNT),
    "two, red": ("a red wing", COUNT),
    "blurred background": ("", BACKGROUND),
    "shaped like the bow of an old ship": ("", LONG),
    "#ff0000": ("", LONG),
    "rouge éclatant": ("", LONG),
    "I'm sorry, but I cannot identify this": ("", REFUSAL),
}


@pytest.mark.parametrize("text", LOOKS)
def test_adjectives_of_a_part_become_phrases(text):
    caption, reason = LOOKS[text]
    cleaner = Cleaner(CLASSES, ["wing"])
    assert cleaner.caption({"wing": text}) == caption
    assert list(cleaner.dropped) == ([reason] if reason else [])


def test_a_part_is_never_taken_for_a_class():
    cleaner = Cleaner(["red boot", "blue boot"], ["boot"])
    assert cleaner.caption({"boot": "red, shiny boot"}) == "a red boot, a shiny boot"


def test_backgrounds_are_no_parts():
    cleaner = Cleaner(CLASSES, ["background"])
    assert cleaner.caption({"background": "blurred"}) == ""
    assert cleaner.dropped == {BACKGROUND: 1}


PROSE = {
    "a bird with a red head": ("a bird with a red head", ()),
    "The image shows a bird with a red head.": ("a bird with a red head.", (PICTURE,)),
    "This is a close-up photo of a red head.": ("This is a red head.", (PICTURE,)),
    "A red cup. The background is blurred.": ("A red cup.", (PICTURE,)),
    "A red cup. Overall, the image has a calm mood.": ("A red cup.", (PICTURE,)),
    "A Laysan albatross with grey wings.": ("A thing with grey wings.", (CLASS,)),
    "Two polar bears, wet.": ("Two thing, wet.", (CLASS,)),
    "A bird, possibly a gull, with grey wings.": ("A bird, with grey wings.", (GUESS,)),
    "A red cup, which appears to be old.": ("A red cup.", (GUESS,)),
    "A red cup with trees in the background.": ("A red cup.", (BACKGROUND,)),
    "A red cup against a dark background, shiny.": ("A red cup, shiny.", (BACKGROUND,)),
    "A bird with a red beak stands by trees with sails in the background.": (
        "A bird with a red beak stands by trees.",
        (BACKGROUND,),
    ),
    "A bird with a white belly is perched against a background of leaves.": (
        "A bird with a white belly is.",
        (BACKGROUND,),
    ),
    "A large albatross bird with red legs": ("A large bird with red legs", (CLASS,)),
    "An albatross-like bird with red legs": ("An bird with red legs", (CLASS,)),
    "A bird appears to be flying above a beach.": (
        "A bird appears to be flying above a beach.",
        (),
    ),
    "A red cup on a table, creating a calm mood.": ("A red cup on a table.", (PICTURE,)),
    "A digitally altered bird with a red head": ("A bird with a red head", (PICTURE,)),
    "I'm sorry, I can't help with that.": ("", (REFUSAL,)),
    "As an AI, I do not see pictures.": ("", (REFUSAL,)),
    "There is no text in it. A cup.": ("A cup.", (DENIED,)),
    "**A cup** with `red` dots": ("A cup with red dots", ()),
    "...": ("", ()),
}


@pytest.mark.parametrize("text", PROSE)
def test_prose_keeps_what_it_says_of_the_object(text):
    caption, reasons = PROSE[text]
    cleaner = Cleaner(CLASSES)
    assert cleaner.prose(text) == caption
    assert tuple(cleaner.dropped) == reasons


def test_what_was_dropped_is_told_with_counts_and_examples():
    cleaner = Cleaner(CLASSES, ["wing"])
    for _ in range(3):
        cleaner.caption({"wing": "two, possibly red, not visible"})
    cleaner.caption({"wing": "three"})
    assert cleaner.told() == [
        "dropped 4 counts, such as 'two wing'; 'three wing'",
        "dropped 3 guesses, such as 'possibly red wing'",
        "dropped 3 negations, such as 'not visible wing'",
    ]


@pytest.mark.parametrize(
    ("text", "looks"),
    [
        ('{"wing": "grey"}', {"wing": "grey"}),
        ('```json\n{"Wing": ["grey", "long"], "eye": "red"}\n```', {"wing": "grey, long"}),
        ('Sure: {"wing": "grey", "tail_feather": "lo', {"wing": "grey"}),
        ('{"wings": "grey"}', {"wing": "grey"}),
        ('{"tail_feather": "long"}', {"tail feather": "long"}),
        ('{"wing": {"colour": "grey"}}', None),
        ('{"wing": 3}', None),
        ("a grey wing", None),
        ("[]", None),
        ("{" * 100_000, None),
    ],
)
def test_answers_are_read_in_any_wrapping(text, looks):
    assert looks_in(text, ["wing", "tail feather"]) == looks


@pytest.mark.parametrize(
    ("text", "caption"),
    [
        ('{"wing": "grey"}', "a grey wing"),
        ("A grey wing.", "A grey wing."),
        ('{"colour": "grey"}', ""),
        ('{"wi', ""),
        ("", ""),
    ],
)
def test_an_answer_that_is_no_json_is_read_as_prose(text, caption):
    assert caption_in(text, ["wing"], Cleaner(CLASSES, ["wing"])) == caption


def test_lists_are_read_in_any_wrapping():
    assert list_in('```{"parts": ["wing", "long tail"]}```') == ["wing", "long tail"]
    assert list_in("- wing\n- long tail.\n") == ["wing", "long tail"]
    assert list_in("wing, long tail") == ["wing", "long tail"]
