"""How nearly the built-in rules find the attributes that spaCy's model finds.

The reference is a gzipped file of JSON lines, one per caption: image, tokens, Penn tags and noun
chunks as ``en_core_web_sm`` reads them. Both readings go through the same definition of an
attribute. The rules were written with the captions of the other classes before the eyes; those
of `HELD_OUT` were not looked at.

    python -m benchmarks.attribute_f1 [REFERENCE]

prints CSV; without an argument the file is the one that FIELDMARKS_REFERENCE names.
"""

import gzip
import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import product
from pathlib import Path

import numpy as np

from fieldmarks.core.attributes.attribute import Attribute
from fieldmarks.precompute.attributes.extraction import Definition
from fieldmarks.precompute.attributes.noun_chunks import noun_chunks
from fieldmarks.precompute.attributes.phrases import Reading
from fieldmarks.precompute.attributes.synonyms import Synonyms
from fieldmarks.precompute.attributes.tagger import read_tokens
from fieldmarks.precompute.attributes.whole_words import whole_words
from fieldmarks.precompute.data.language import BIRDS

HELD_OUT = ("004", "008", "031", "037")
N_BOOTSTRAP = 1000
TABLE = Synonyms.load(BIRDS.synonyms)


def load(path: Path) -> tuple[list[str], list[Reading]]:
    """Return the image and the model's reading of each caption."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    readings = [
        Reading(row["tokens"], row["tags"], [tuple(chunk) for chunk in row["noun_chunks"]])
        for row in rows
    ]
    return [row["image"] for row in rows], readings


def plain(reading: Reading) -> set[Attribute]:
    """Return the strictest definition: words tagged JJ* with the last word of their chunk."""
    return {
        Attribute(reading.tokens[i].lower(), reading.tokens[end - 1].lower())
        for start, end in reading.chunks
        for i in range(start, end - 1)
        if reading.tags[i].startswith("JJ")
    }


DEFINITIONS: dict[str, Callable[[Reading], set[Attribute]]] = {
    "merged": Definition(BIRDS.nouns, TABLE).read,
    "raw": Definition(BIRDS.nouns).read,
    "JJ and last word": plain,
}


def read_with_textblob(tokens: Sequence[str]) -> Reading:
    """Return tokens with the tags of TextBlob's own tagger, and our noun chunks of these tags."""
    from textblob.en import parser

    tagged = parser.find_tags(list(tokens))
    tags = [tag if word.strip() else "_SP" for word, tag in tagged]
    return Reading(tokens, tags, noun_chunks([token.lower() for token in tokens], tags))


READERS = {"built-in rules": read_tokens, "TextBlob": read_with_textblob}


def scores(counts: np.ndarray) -> np.ndarray:
    """Return precision, recall and F1 from counts (..., 3): in both, ours, theirs."""
    both, ours, theirs = np.moveaxis(counts, -1, 0)
    return np.stack([both / ours, both / theirs, 2 * both / (ours + theirs)], axis=-1)


def compare(
    images: list[str],
    theirs: list[Reading],
    define: Callable[[Reading], set[Attribute]],
    read: Callable[[Sequence[str]], Reading] = read_tokens,
) -> tuple[np.ndarray, np.ndarray]:
    """Return precision, recall, F1 (micro, over captions), and the 95 % interval of F1.

    The interval comes from resampling images: captions of one image are alike.
    """
    names = {image: x for x, image in enumerate(dict.fromkeys(images))}
    counts = np.zeros((len(names), 3))
    for image, reading in zip(images, theirs, strict=True):
        extracted = define(whole_words(read(reading.tokens)))
        expected = define(whole_words(reading))
        counts[names[image]] += len(extracted & expected), len(extracted), len(expected)
    rng = np.random.default_rng(0)
    draws = rng.integers(len(names), size=(N_BOOTSTRAP, len(names)))
    f1 = scores(counts[draws].sum(axis=1))[:, 2]
    return scores(counts.sum(axis=0)), np.percentile(f1, [2.5, 97.5])


def rows(path: Path) -> Iterable[str]:
    """Yield one CSV row for each split and definition."""
    images, readings = load(path)
    yield "tagger,split,definition,captions,precision,recall,f1,f1_low,f1_high"
    for split in ("development", "held out"):
        chosen = [
            i for i, image in enumerate(images) if (image[:3] in HELD_OUT) == (split == "held out")
        ]
        for (name, define), (tagger, read) in product(DEFINITIONS.items(), READERS.items()):
            values, interval = compare(
                [images[i] for i in chosen], [readings[i] for i in chosen], define, read
            )
            numbers = ",".join(f"{value:.4f}" for value in [*values, *interval])
            yield f"{tagger},{split},{name},{len(chosen)},{numbers}"


if __name__ == "__main__":
    reference = sys.argv[1] if len(sys.argv) > 1 else os.environ["FIELDMARKS_REFERENCE"]
    for row in rows(Path(reference)):
        print(row)
