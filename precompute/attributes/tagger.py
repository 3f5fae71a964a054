"""Captions to tagged tokens and noun chunks, by spaCy's English model or by built-in rules."""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import spacy
from spacy.language import Language

from fieldmarks.precompute.attributes.lexicon import likely_tag
from fieldmarks.precompute.attributes.noun_chunks import noun_chunks
from fieldmarks.precompute.attributes.phrases import Reading
from fieldmarks.precompute.attributes.tag_rules import correct
from fieldmarks.precompute.attributes.whole_words import whole_words

MODEL = "en_core_web_sm"
_MARKS = re.compile(r"[^\w\s]{4,}")
_DASH = re.compile(r"(?<=\s)-+(?=\s)")
#: From here on it pays to start processes for spaCy's model; the rules need none.
MANY_CAPTIONS = 20_000


class Tagger(Protocol):
    """Anything that reads captions."""

    name: str

    def read(self, captions: Iterable[str]) -> Iterator[Reading]:
        """Yield one reading a caption, in order."""
        ...


class RuleTagger:
    """spaCy's tokenizer, a general lexicon, context rules and a chunker; needs no download."""

    name = "built-in rules"

    def __init__(self) -> None:
        self._tokenizer = spacy.blank("en").tokenizer

    def read(self, captions: Iterable[str]) -> Iterator[Reading]:
        """Yield one reading a caption, in order."""
        for caption in captions:
            yield read_tokens([token.text for token in self._tokenizer(_readable(caption))])


def read_tokens(tokens: Sequence[str]) -> Reading:
    """Return whole words with the tags and noun chunks of the built-in rules."""
    words = [token.lower() for token in tokens]
    tags = correct(words, [likely_tag(word) for word in words])
    whole = whole_words(Reading(tokens, tags, []))
    words = [token.lower() for token in whole.tokens]
    return whole._replace(chunks=noun_chunks(words, whole.tags))


class SpacyTagger:
    """A trained spaCy pipeline with tags and noun chunks.

    Parameters
    ----------
    nlp : Language, optional
        The pipeline; `MODEL` by default.
    n_process : int
        Processes that share the work; each loads the pipeline.
    """

    def __init__(self, nlp: Language | None = None, n_process: int = 1) -> None:
        self._nlp = nlp or spacy.load(MODEL, exclude=["ner", "lemmatizer"])
        self._n_process = n_process
        self.name = f"spaCy {self._nlp.meta['lang']}_{self._nlp.meta['name']}"

    def read(self, captions: Iterable[str]) -> Iterator[Reading]:
        """Yield one reading a caption, in order."""
        for doc in self._nlp.pipe(
            map(_readable, captions), batch_size=256, n_process=self._n_process
        ):
            chunks = [(chunk.start, chunk.end) for chunk in doc.noun_chunks]
            yield Reading([t.text for t in doc], [t.tag_ for t in doc], chunks)


def _readable(caption: str) -> str:
    """Return a caption with dashes as commas and long runs of marks cut.

    spaCy's tokenizer takes marks off a word one by one: the square of their number in time.

    >>> _readable("a red cap - it's " + "'" * 1900)
    "a red cap , it's '''"
    """
    return _DASH.sub(",", _MARKS.sub(lambda run: run[0][:3], caption))


def default_tagger(n_captions: int = 0) -> Tagger:
    """Return spaCy's model where it is installed, else the built-in rules.

    Parameters
    ----------
    n_captions : int
        How many are to be read; the model works in one process a core when they are many.
    """
    if not spacy.util.is_package(MODEL):
        return RuleTagger()
    many = n_captions >= MANY_CAPTIONS
    return SpacyTagger(n_process=(os.cpu_count() or 1) if many else 1)
