"""Reading probabilities of phrases: a table of images and one column per phrase.

``fieldmarks words`` writes such a table; one of any other program will do. A value is in [0, 1],
an empty cell is unknown.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd

from fieldmarks.core.attributes.attribute import Attribute
from fieldmarks.core.errors import DataError, brief
from fieldmarks.precompute.attributes.synonyms import Synonyms, singular
from fieldmarks.precompute.data.readers.frame import read_frame
from fieldmarks.precompute.data.soft_words import SoftWords

#: Columns that may hold the paths of the images.
FILE_NAMES = ("file_name", "filename", "file", "path", "image")


def merged(soft: SoftWords, synonyms: Synonyms | None) -> SoftWords:
    """Return the attributes in the words of a table; of two that become one the likelier."""
    if synonyms is None:
        return soft
    column_of: dict[str, int] = {}
    attributes, p = [], []
    for a, attribute in enumerate(soft.attributes):
        become = synonyms.merge(attribute)
        if become is None:
            continue
        at = column_of.setdefault(become.phrase, len(attributes))
        if at == len(attributes):
            attributes.append(become)
            p.append(soft.p[:, a])
        else:
            p[at] = np.maximum(p[at], soft.p[:, a])
    columns = np.stack(p, axis=1) if p else soft.p[:, :0]
    return replace(soft, attributes=attributes, p=columns)


def attribute_of(phrase: str) -> Attribute:
    """Return a phrase as an attribute: its last word is the noun, those before it describe it.

    >>> attribute_of("Striped  Wings")
    Attribute(adjective='striped', noun='wing', kind='pair')
    """
    words = phrase.lower().split()
    noun = singular(words[-1])
    if len(words) == 1:
        return Attribute("", noun, "noun")
    return Attribute(" ".join(words[:-1]), noun)


def read_soft_words(path: Path, paths: Sequence[str]) -> SoftWords:
    """Read a table of probabilities for the images of a data set.

    Parameters
    ----------
    path : Path
        CSV, TSV, JSON lines or Parquet.
    paths : sequence of X str
        Image paths below the image folder.

    Raises
    ------
    DataError
        If it has no column of files, no probabilities, or says nothing of these images.
    """
    frame = read_frame(path)
    name = next((each for each in FILE_NAMES if each in frame.columns), None)
    if name is None:
        raise DataError(
            f"expected a column file_name in {path}, found {brief(list(frame.columns), 120)}"
        )
    phrases = [each for each in frame.columns if each != name and str(each).strip()]
    if not phrases:
        raise DataError(f"expected a column of probabilities for each phrase in {path}, found none")
    values = np.stack([_probabilities(path, frame, each) for each in phrases], axis=1)
    rows = _rows_of(frame[name].astype(str).tolist(), paths)
    found = rows >= 0
    if not found.any():
        raise DataError(
            f"{path} names none of the {len(paths)} images, the first of which is {paths[0]}"
        )
    p = np.where(found[:, None], values[rows], np.nan)
    soft = SoftWords(
        [attribute_of(str(each)) for each in phrases],
        np.nan_to_num(p).astype(np.float32),
        np.asarray(np.isfinite(p).any(axis=1)),
    )
    return merged(soft, Synonyms({}, {}))


def _probabilities(path: Path, frame: pd.DataFrame, phrase: str) -> np.ndarray:
    values = np.array([_number(each) for each in frame[phrase].replace("", np.nan).tolist()], float)
    if (wrong := ~np.isnan(values) & ~((values >= 0) & (values <= 1))).any():
        row = int(np.flatnonzero(wrong)[0])
        raise DataError(
            f"column {brief(phrase)} of {path} should hold probabilities in [0, 1], row {row + 1} "
            f"holds {brief(frame[phrase].iloc[row])}"
        )
    return values


def _number(value: Any) -> float:
    try:
        return float(value)
    except (ValueError, TypeError, OverflowError):
        return np.inf  # no probability


def _rows_of(names: Sequence[str], paths: Sequence[str]) -> np.ndarray:
    """Return the row of each image, -1 for none; a name without folders will do if it is unique."""
    row_of: dict[str, int] = {name: row for row, name in enumerate(names)}
    n_named, n_images = Counter(map(_stem, names)), Counter(map(_stem, paths))
    by_stem = {_stem(name): row for row, name in enumerate(names) if n_named[_stem(name)] == 1}
    return np.array(
        [
            row_of.get(each, by_stem.get(_stem(each), -1) if n_images[_stem(each)] == 1 else -1)
            for each in paths
        ],
        int,
    )


def _stem(path: str) -> str:
    return PurePosixPath(path).stem
