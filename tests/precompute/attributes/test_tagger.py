import importlib.util

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc

from fieldmarks.core.errors import DataError
from fieldmarks.precompute.attributes import lexicon
from fieldmarks.precompute.attributes.noun_chunks import noun_chunks
from fieldmarks.precompute.attributes.phrases import attributes_in
from fieldmarks.precompute.attributes.tagger import (
    RuleTagger,
    SpacyTagger,
    default_tagger,
    read_tokens,
)
from fieldmarks.precompute.data.language import BIRDS

pytestmark = pytest.mark.slow

PHRASES = {
    "a black and white striped wing": {"black wing", "white wing", "striped wing"},
    "a large, all black bird": {"large bird", "black bird"},
    "its thick, curved, and beige beak": {"thick beak", "curved beak", "beige beak"},
    "it has a very long tail": {"long tail"},
    "a medium sized bird": {"medium-sized bird"},
    "a medium-sized bird": {"medium-sized bird"},
    "a cream colored chin": {"cream-colored chin"},
    "a red-orange bill": {"red-orange bill"},
    "this yellow-billed tern": {"yellow-billed tern"},
    "white breast feathers": {"white breast feathers"},
    "red wings, tail and a grey back": {"red wings", "grey back"},
    "a green crown black throat": {"green crown", "black throat"},
    "this round bird's small head": {"round bird", "small head"},
    "a pointed bill that is long and a buff vent": {"pointed bill", "buff vent"},
    "its bill is curved and black eyes": {"black eyes"},
    "its belly is white": set(),
    "a bird sitting on branches": set(),
    "two white markings around the eye": {"white markings"},
    "a white marking around the eye": {"white marking"},
    "Long Tail and a Red Bill": {"long tail", "red bill"},
    "this orange bird had webbed feet": {"orange bird", "webbed feet"},
    "that bird that points up": set(),
    "a longer neck, an elaborate crest": {"longer neck", "elaborate crest"},
    "brown covering the whole back": {"whole back"},
    "": set(),
    "!!! 3": set(),
}


@pytest.mark.parametrize("caption", PHRASES)
def test_the_rules_find_the_attributes_of(caption):
    (reading,) = RuleTagger().read([caption])
    attributes = attributes_in(reading, BIRDS.nouns.ends_phrase)
    assert {attribute.phrase for attribute in attributes} == PHRASES[caption]


def test_chunks_do_not_overlap_and_end_in_nouns():
    tokens = "the small bird has a red bill , black wings and a very long , forked tail".split()
    reading = read_tokens(tokens)
    ends = [end for _, end in reading.chunks]
    starts = [start for start, _ in reading.chunks]
    assert all(end <= start for end, start in zip(ends, starts[1:], strict=False))
    assert [tokens[end - 1] for end in ends] == ["bird", "bill", "wings", "tail"]


def test_a_chunk_stops_at_the_end_of_the_one_before():
    words = ["wings", "black", "tail"]
    assert noun_chunks(words, ["NNS", "JJ", "NN"]) == [(0, 1), (1, 3)]


def test_a_trained_pipeline_is_read_by_its_tags_and_noun_chunks():
    @Language.component("parse_red_bill")
    def parse(doc: Doc) -> Doc:
        words = [token.text for token in doc]
        return Doc(
            doc.vocab,
            words=words,
            tags=["DT", "JJ", "NN"],
            pos=["DET", "ADJ", "NOUN"],
            deps=["det", "amod", "ROOT"],
            heads=[2, 2, 2],
        )

    nlp = spacy.blank("en")
    nlp.add_pipe("parse_red_bill")
    (reading,) = SpacyTagger(nlp).read(["a red bill"])
    assert reading == (["a", "red", "bill"], ["DT", "JJ", "NN"], [(0, 3)])


def test_the_rules_serve_where_the_model_is_not_installed(monkeypatch):
    monkeypatch.setattr(spacy.util, "is_package", lambda name: False)
    assert isinstance(default_tagger(), RuleTagger)


def test_the_model_serves_where_it_is_installed(monkeypatch):
    loaded = spacy.blank("en")
    monkeypatch.setattr(spacy.util, "is_package", lambda name: name == "en_core_web_sm")
    monkeypatch.setattr(spacy, "load", lambda name, exclude: loaded)
    assert isinstance(default_tagger(), SpacyTagger)


def test_a_missing_lexicon_says_what_to_install(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DataError, match="expected the English lexicon of the textblob package"):
        lexicon.lexicon.__wrapped__()


def test_every_caption_word_has_a_penn_tag():
    known = lexicon.ADJECTIVES | lexicon.PARTICIPLES | lexicon.NOUNS
    known |= {"RB", "VBZ", "IN", "CC", "HYPH", "SYM"}
    words = lexicon.CAPTION_WORDS.read_text("utf-8").splitlines()[1:]
    assert {line.split(",")[1] for line in words} <= known
    assert len({line.split(",")[0] for line in words}) == len(words)
