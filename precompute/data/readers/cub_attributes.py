"""The paper's first route: CUB's annotated attributes, of single images or of classes.

``image_attribute_labels.txt`` says of each image which of 312 attributes an annotator saw, and how
certain; ``class_attribute_labels_continuous.txt`` how many percent of the annotators saw each of a
class. The first has a line per image and attribute, the second does not say how the
images of a class differ.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from fieldmarks.core.attributes.attribute import Attribute
from fieldmarks.core.errors import DataError, one_line
from fieldmarks.core.input_file import MAX_LIST, is_regular, read_text
from fieldmarks.precompute.data.annotated import Annotated, of_classes

N_STATEMENTS = 10
#: What CUB calls a thing, and what captions call it.
_NOUNS = {"": "bird", "primary": "plumage", "upper_tail": "tail", "under_tail": "tail"}
_NAME = re.compile(r"has_(?:(?P<thing>\w+)_)?(?:shape|color|pattern|length|size)::(?P<value>\S+)")
#: Lower certainties ("not visible", "guessing") are not statement; 3 is "probably".
CERTAIN = 3
#: Lines of the largest file read at a time: it has 3.7 million.
_BLOCK = 500_000


def read_class_attributes(cub: Path, class_ids: Sequence[int], true_c: np.ndarray) -> Annotated:
    """Return ten statements of every class: as many tenths name an attribute as annotators did.

    Parameters
    ----------
    cub : Path
        The folder ``CUB_200_2011``; ``attributes.txt`` lies beside it or in ``attributes/``.
    class_ids : sequence of int
        The data set's own number of each class c: its row in the file, from 1.
    true_c : ndarray of shape (X,)

    Raises
    ------
    DataError
        If a file is missing or malformed, or has no row for a class.
    """
    table = cub / "attributes" / "class_attribute_labels_continuous.txt"
    attributes = _names(cub, table)
    try:
        percent = np.loadtxt(table, ndmin=2)
    except ValueError as error:
        raise DataError(f"expected rows of numbers in {table}: {error}") from None
    if percent.shape[1] != len(attributes) or len(percent) < max(class_ids):
        raise DataError(
            f"expected {max(class_ids)} rows or more of {len(attributes)} numbers in {table}, "
            f"found {percent.shape[0]} of {percent.shape[1]}"
        )
    share = percent[np.asarray(class_ids) - 1] / 100
    return of_classes(attributes, share, true_c, N_STATEMENTS)


def read_image_attributes(cub: Path, x_of_id: dict[int, int]) -> Annotated:
    """Return one statement an image: the attributes that an annotator saw with some certainty.

    Parameters
    ----------
    cub : Path
    x_of_id : dict of int to int
        Image x of the data set's own number.

    Raises
    ------
    DataError
        If a file is missing or malformed.
    """
    table = cub / "attributes" / "image_attribute_labels.txt"
    attributes = _names(cub, table)
    unique = list(dict.fromkeys(attributes))
    column = np.array([unique.index(attribute) for attribute in attributes])
    rows, columns, is_seen_in = [], [], np.zeros(len(x_of_id), bool)
    lookup = np.full(max(x_of_id, default=0) + 1, -1)
    lookup[list(x_of_id)] = list(x_of_id.values())
    try:
        # some lines of the original have a sixth or seventh field
        names, kinds = ["image", "attribute", "is_present", "certainty"], np.int64
        blocks = pd.read_csv(
            table, sep=r"\s+", header=None, names=names, usecols=range(4), dtype=kinds,
            chunksize=_BLOCK,
        )  # fmt: skip
        for block in blocks:
            inside = (block["image"] > 0) & (block["image"] < len(lookup))
            block = block[inside & block["attribute"].between(1, len(attributes))]
            x = lookup[block["image"].to_numpy()]
            is_sure = (x >= 0) & (block["certainty"].to_numpy() >= CERTAIN)
            is_seen_in[x[is_sure]] = True
            is_named = is_sure & (block["is_present"].to_numpy() == 1)
            rows.append(x[is_named])
            columns.append(column[block["attribute"].to_numpy()[is_named] - 1])
    except ValueError as error:
        raise DataError(
            f"expected lines of image, attribute, present, certainty in {table}: {one_line(error)}"
        ) from None
    at = np.concatenate(rows), np.concatenate(columns)
    counts = sparse.coo_array((np.ones(len(at[0]), np.int32), at), (len(x_of_id), len(unique)))
    counts = counts.tocsr()
    counts.data[:] = 1
    return Annotated(unique, counts, is_seen_in.astype(int))


def _names(cub: Path, table: Path) -> list[Attribute]:
    candidates = (cub / "attributes" / "attributes.txt", cub.parent / "attributes.txt")
    names = next((path for path in candidates if is_regular(path)), None)
    if names is None or not is_regular(table):
        raise DataError(
            f"expected {table} and attributes.txt beside {cub} or in its attributes folder, found "
            f"{'no attributes.txt' if names is None else 'no table'}: use --attributes captions"
        )
    lines = read_text(names, "a list of attributes", MAX_LIST).split("\n")
    return [attribute_of(line) for line in lines if line.strip()]


def attribute_of(line: str) -> Attribute:
    """Return an attribute of CUB as adjective and noun.

    >>> attribute_of("1 has_bill_shape::curved_(up_or_down)").phrase
    'curved bill'
    >>> attribute_of("236 has_size::large_(16_-_32_in)").phrase
    'large bird'
    >>> attribute_of("73 has_tail_shape::forked_tail").phrase
    'forked tail'
    """
    match = _NAME.fullmatch(line.split(maxsplit=1)[-1].strip())
    if match is None:
        raise DataError(f"expected a name like has_bill_shape::hooked, found {line.strip()!r}")
    thing = match["thing"] or ""
    value = re.sub(r"[-_](tail|wings)$", "", match["value"].partition("_(")[0])
    return Attribute(value.replace("_", "-"), _NOUNS.get(thing, thing))
