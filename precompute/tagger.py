"""Captions to tagged tokens and noun chunks, by spaCy's English model or by built-in rules."""

from collections.abc import Iterable, Iterator
from typing import Protocol

import spacy
from spacy.language import Language

from precompute.chunker import noun_chunks
from precompute.context import correct
from precompute.lexicon import likely_tag
from precompute.phrases import Reading

MODEL = "en_core_web_sm"


class Tagger(Protocol):
    """Anything that reads captions."""

    name: str

    def read(self, captions: Iterable[str]) -> Iterator[Reading]:
        """Yield one reading a caption, in order."""


class RuleTagger:
    """spaCy's tokenizer, a general lexicon, context rules and a chunker; needs no download."""

    name = "built-in rules"

    def __init__(self) -> None:
        self._tokenizer = spacy.blank("en").tokenizer

    def read(self, captions: Iterable[str]) -> Iterator[Reading]:
        """Yield one reading a caption, in order."""
        for caption in captions:
            tokens = [token.text for token in self._tokenizer(caption)]
            words = [token.lower() for token in tokens]
            tags = correct(words, [likely_tag(word) for word in words])
            yield Reading(tokens, tags, noun_chunks(words, tags))


class SpacyTagger:
    """A trained spaCy pipeline with tags and noun chunks.

    Parameters
    ----------
    nlp : Language, optional
        The pipeline; `MODEL` by default.
    """

    def __init__(self, nlp: Language | None = None) -> None:
        self._nlp = nlp or spacy.load(MODEL, exclude=["ner", "lemmatizer"])
        self.name = f"spaCy {self._nlp.meta['name']}"

    def read(self, captions: Iterable[str]) -> Iterator[Reading]:
        """Yield one reading a caption, in order."""
        for doc in self._nlp.pipe(captions, batch_size=256):
            chunks = [(chunk.start, chunk.end) for chunk in doc.noun_chunks]
            yield Reading([t.text for t in doc], [t.tag_ for t in doc], chunks)


def default_tagger() -> Tagger:
    """Return spaCy's model where it is installed, else the built-in rules."""
    return SpacyTagger() if spacy.util.is_package(MODEL) else RuleTagger()
