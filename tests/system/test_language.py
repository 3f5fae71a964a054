"""Texts are plain technical English: phrases that were replaced do not come back."""

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest

from tests.system.test_docs import DOCUMENTS, ROOT

#: What is written in their place is in the comment of each line.
REPLACED = (
    "are had",  # has parts
    "draws its bar",  # reports its own progress
    "took part in nothing",  # held out
    "take part in nothing",
    "whoever",  # the label owner, the reviewer, everybody who
    "told where",  # keypoint-supervised upper bound
    "by how true",  # by accuracy
    "how polysemantic",  # number of meanings
    "spoilt",  # corrupted
    "anew",  # again
    "by proof",  # verified numerically
    "no circles",  # no import cycles
    "a circle at",  # a cycle at
    "looked strange",  # anomalies
    "half to choose by",  # validation half
    "images to choose by",  # validation images
    "to judge by",  # held out
    "doubted",  # suspected
    "foretell",  # predict
    "foretold",
    "nothing says how far",  # no reference distances
    "no competitor",  # not comparable
    "classes have exchanged",  # permuted between classes
    "exchanged p.d.f.s",  # permuted distributions
    "exchanged captions",  # permuted captions
    "though another order",  # despite the mismatch
    "as people have them",  # any state dict
    "are told and left out",  # reported and skipped
    "is told",  # is reported
    "are told in",  # are printed
    "made birds",  # painted birds
    "Score board",  # How far to trust this run
    "taken as",  # called B for "t"
    "highest diagnosis score",  # clearest cause
    "explains away weaker",  # a clear cause lowers the other scores
    "weighted for the wrong class",  # counted for
    "no nameable attribute",  # unnamed
    "who is near whom",  # near neighbours are alike
    "Unlike anything",  # unfamiliar
    "Not unlike",  # familiar
    "nobody has counted",  # not checked
    "before you say so",  # until you click Write
    "Beside baselines",  # compared with simpler changes
    "the rooms of",  # packages
    "speaks for",  # counts for
    "speak for",
    "less surely",  # less certain
    "same command goes on",  # resumes
    "goes on where it stopped",
    "struck out",  # excluded
    "images to judge on",  # test images
    "stand more than once",  # occur more than once
    "as people read it",  # as shown
    "nothing is said of them",  # skipped
)
CODE = [
    path
    for folder in ("core", "dashboard", "precompute", "fieldmarks", "examples")
    for path in sorted((ROOT / folder).rglob("*.py"))
]


def texts_of(path: Path) -> str:
    """Return a document, or the strings and comments of code, with single spaces."""
    text = path.read_text("utf-8")
    if path.suffix == ".py":
        tokens = tokenize.generate_tokens(io.StringIO(text).readline)
        parts = [
            _value(token) if token.type == tokenize.STRING else token.string.lstrip("#: ")
            for token in tokens
            if token.type in (tokenize.STRING, tokenize.COMMENT)
        ]
        text = " ".join(parts)
    return re.sub(r"\s+", " ", text)


def _value(token: tokenize.TokenInfo) -> str:
    text = token.string.lstrip("frbFRB")
    value = ast.literal_eval(text) if token.string[0] in "\"'" else text.strip("\"'")
    return value if isinstance(value, str) else ""


@pytest.mark.parametrize("folder", ["documents", "core", "dashboard", "precompute", "fieldmarks"])
def test_no_replaced_phrase_comes_back(folder):
    paths = [path for path in CODE if path.relative_to(ROOT).parts[0] == folder]
    if folder == "documents":
        paths = [path for path in DOCUMENTS if path.name != "CHANGELOG.md"]
    phrases = re.compile("|".join(rf"\b{re.escape(phrase)}\b" for phrase in REPLACED))
    found = {
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in paths
        for match in phrases.finditer(texts_of(path))
    }
    assert sorted(found) == []
