"""What a caption denies, likens, counts or places is not an attribute; the rest of it stays."""

import pytest

from fieldmarks.precompute.attributes.extraction import Definition
from fieldmarks.precompute.attributes.noun_classes import learn_nouns
from fieldmarks.precompute.attributes.synonyms import Synonyms
from fieldmarks.precompute.attributes.tagger import RuleTagger

DEFINITION = Definition(learn_nouns([]), Synonyms.load(), ("pair", "noun"))

DENIED = {
    "a cup without a handle": {"cup"},
    "a cup with no handle and no stripes": {"cup"},
    "a cup with no handle and a red lid": {"cup", "red lid"},
    "a cup without stripes or a collar": {"cup"},
    "a cup without stripes, dots or a lid, on a blue table": {"cup", "blue table"},
    "no handle or lid, blue dots": {"blue dot"},
    "no collar and long sleeves": {"long sleeve"},
    "a shirt without pockets, buttons, and a collar": {"shirt"},
    "a shirt without a collar but with white buttons": {"shirt", "white button"},
    "without stripes on the red handle": {"red handle"},
    "it has no trace of red stripes": set(),
    "the cup doesn't have a handle or stripes": {"cup"},
    "the cup does not have any red stripes, and the lid is blue": {"cup", "lid"},
    "it lacks a handle and a lid": set(),
    "a shirt lacking pockets and with a red collar": {"shirt", "red collar"},
    "there is a lack of red stripes": set(),
    "a shirt that is neither striped nor red": {"shirt"},
    "neither a red handle nor a lid": set(),
    "a white plate free of cracks and stains": {"white plate"},
    "a white plate devoid of any pattern": {"white plate"},
    "note the absence of red stripes in the white plate": {"note", "white plate"},
    "a zip instead of buttons": {"zip"},
    "blue dots rather than red stripes": {"blue dot"},
    "a bird unlike a gull, with red legs": {"bird", "red leg"},
    "this is not a red bird but a blue gull": {"blue gull"},
    "a bird that is not standing on a branch": {"bird"},
    "a cup that never had a handle": {"cup"},
    "not only red stripes but also blue dots": {"red stripe", "blue dot"},
    "its tail is not visible": set(),
    "the red legs and the tail are not clearly visible": set(),
    "a black bird whose tail isn't shown": {"black bird"},
    "the handle is missing, the lid is red": {"lid"},
    "a cup with a missing handle": {"cup"},
    "a non-striped shirt": {"shirt"},
    "a non striped shirt": {"shirt"},
    "a handle-less cup with a fat-free label": {"cup", "label"},
    "a sleeveless shirt with leafless branches": {"sleeveless shirt", "leafless branch"},
    "hardly any spots, a red cap": {"red cap"},
}


def read(caption: str) -> set[str]:
    (reading,) = RuleTagger().read([caption])
    return {attribute.phrase for attribute in DEFINITION.read(reading)}


@pytest.mark.parametrize("caption", DENIED)
def test_what_is_denied_is_not_said(caption):
    assert read(caption) == DENIED[caption]


WHOLE = {
    "a black long-sleeved t-shirt with a v-neck": {
        "black t-shirt", "long-sleeved t-shirt", "v-neck"
    },
    "a shirt with polka-dot sleeves and a high-neck collar": {
        "shirt", "polka-dot sleeve", "high-neck collar"
    },
    "a long sleeved shirt": {"long-sleeved shirt"},
    "a three-quarter-length coat": {"three-quarter-length coat"},
    "black-and-white striped wings": {"black wing", "white wing", "striped wing"},
    "a salt-and-pepper beard": {"salt-and-pepper beard"},
    "a 5-pocket pair of blue jeans": {"blue jean"},
    "trees covered in snow, a snow covered roof": {"tree", "snow", "snow-covered roof"},
    "a red cap - a blue sole": {"red cap", "blue sole"},
    "it has a square handle": {"square handle"},
    "an oval dial, a round handle and a square watch": {
        "oval dial", "round handle", "square watch"
    },
}  # fmt: skip


@pytest.mark.parametrize("caption", WHOLE)
def test_hyphenated_words_and_shapes_stay_whole(caption):
    assert read(caption) == WHOLE[caption]


COUNTED = {
    "a piece of red cake": {"red cake"},
    "a row of white buttons": {"white button"},
    "a large number of stripes": {"stripe"},
    "a wide variety of red flowers, several dots": {"red flower", "dot"},
    "many trees and numerous leafless bushes": {"tree", "leafless bush"},
    "a pair of black laces": {"black lace"},
    "a dog in the middle of a field in front of a house": {"dog", "field", "house"},
    "a red lamp on top of a table, at the end of a road": {"red lamp", "table", "road"},
    "a shirt with a red pocket on the left side": {"shirt", "red pocket"},
    "a red top with a black front": {"red top", "black front"},
    "a gull in flight over a body of water": {"gull", "water"},
    "a bird on a blade of grass in a bed of flowers": {"bird", "grass", "flower"},
    "a bird flying over a river at sunset": {"bird", "river"},
    "a man by a lake during sunrise at the surface of the water": {"man", "lake", "water"},
    "a red sunset with a rough surface": {"red sunset", "rough surface"},
}


@pytest.mark.parametrize("caption", COUNTED)
def test_partitives_measures_and_places_are_no_attributes(caption):
    assert read(caption) == COUNTED[caption]


PROSE = {
    "The image shows a small bird with a red head.": {"small bird", "red head"},
    "A black and white photo of a duck": {"duck"},
    "a close-up view of a red shoe": {"red shoe"},
    "The image features a digital artwork of a grey bird.": {"grey bird"},
    "The bird appears to be a small red finch": {"bird", "small finch", "red finch"},
    "A bird, possibly a sparrow, on a red roof": {"bird", "red roof"},
    "a large bird resembling a duck or goose, near a cliff": {"large bird", "cliff"},
    "The image likely shows a bird with a red head": {"bird", "red head"},
    "a bird that could be a gull": {"bird"},
    "a red bird against a backdrop of tall trees": {"red bird", "tall tree"},
    "a bird in a snowy forest scene": {"bird", "snowy forest"},
    "The scene conveys a serene atmosphere": set(),
    "puffer puffer puffer puffer": {"puffer"},
    "A surfer rides a wave": {"surfer", "wave"},
    "a small bird with brown plumage perches among leaves": {
        "small bird", "brown plumage", "leaf"
    },
    "a bird on a red perch": {"bird", "red perch"},
    "a little boy looking at a bird": {"small boy", "bird"},
    "lush greenery and tall trees": {"lush greenery", "tall tree"},
    "two birds in a tree, featuring brown plumage": {"bird", "tree", "brown plumage"},
    "a landscape showing tall trees": {"landscape", "tall tree"},
    "a bird with its wings spread": {"bird", "wing"},
    "a subtle optical illusion with distorted proportions": set(),
    "a shirt with a picture of a cat": {"shirt", "picture", "cat"},
}  # fmt: skip


@pytest.mark.parametrize("caption", PROSE)
def test_machine_prose_gives_what_is_in_the_picture(caption):
    assert read(caption) == PROSE[caption]
