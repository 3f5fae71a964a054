"""The columns of a table as attributes: flags, categories, several values, titles, sentences."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import sparse

from fieldmarks.core.attributes.attribute import Attribute
from fieldmarks.core.errors import DataError
from fieldmarks.precompute.attributes.lexicon import known_share
from fieldmarks.precompute.attributes.synonyms import singular
from fieldmarks.precompute.attributes.tables.column_values import (
    count_attribute,
    flag_attribute,
    is_count,
    is_of_brands,
    is_of_part,
    value_attribute,
    words_of,
)
from fieldmarks.precompute.attributes.tables.restating import restated
from fieldmarks.precompute.attributes.tables.titles import Titles
from fieldmarks.precompute.data.annotated import Annotated, Property
from fieldmarks.precompute.data.captions import Bounded, Lines, Words
from fieldmarks.precompute.data.split import split_of

YES, NO = frozenset({"1", "true", "yes", "y"}), frozenset({"0", "-1", "false", "no", "n"})
#: Marks between several values of one cell.
_BETWEEN = re.compile(r"[;|,]")
#: A column of more different values, for each filled cell, is an identifier or a text.
DISTINCT = 0.5
#: Marks that stand in no value but between several.
_CLEAR = re.compile(r"[;|]")
#: Fewer different values are categories whatever their share.
FEW = 20
#: Values of so many words on average, and more different ones than this, are titles.
TITLE_WORDS, FEW_TITLES = 4, 5
#: Captions of which a smaller share of the words is known are reported.
ENGLISH = 0.6
#: Share of a class's images with one value from which on a column restates the class.
RESTATES = 0.98
#: A column is complete where it says something of this share of the images.
COMPLETE = 0.98


@dataclass(frozen=True)
class Column:
    """A column as it is read.

    Parameters
    ----------
    name : str
    kind : str
        flag, category, several, count, text, number, names or empty.
    cells : list of X list of str
        The values of each image.
    """

    name: str
    kind: str
    cells: list[list[str]]


def column_of(name: str, values: Sequence[object]) -> Column:
    """Find out what a column holds.

    >>> column_of("wet", ["1", "0", "1"]).kind, column_of("price", list("123456789") * 9).kind
    ('flag', 'number')
    >>> column_of("colours", ["red; blue", "red", "blue;green"]).cells[0]
    ['red', 'blue']
    """
    cells = [_cell(value) for value in values]
    filled = [cell[0] for cell in cells if len(cell) == 1]
    every = [value for cell in cells for value in cell]
    if not every:
        return Column(name, "empty", cells)
    if {value.lower() for value in every} <= YES | NO:
        return Column(name, "flag", cells)
    if sum(map(_is_number, every)) > RESTATES * len(every):
        return Column(
            name, "count" if is_count(name) and len(set(every)) < FEW else "number", cells
        )
    is_list = len(filled) < sum(map(bool, cells))
    distinct = set(every)
    if not is_list:
        n_words = np.mean([len(value.split()) for value in every])
        parted = [_parts(value) for value in every]
        n_parts = len({part for parts in parted for part in parts})
        is_several = max(map(len, parted)) > 1 and n_parts <= FEW and n_parts <= len(distinct)
        is_clear = any(map(_CLEAR.search, distinct)) and n_parts <= DISTINCT * len(every)
        if (is_several or is_clear) and n_words < 8:
            split = [[p for value in cell for p in _parts(value) if p] for cell in cells]
            return Column(name, "several", split)
        if n_words >= TITLE_WORDS and len(distinct) > FEW_TITLES:
            return Column(name, "text", cells)
        if len(distinct) > max(FEW, DISTINCT * len(every)):
            return Column(name, "text" if n_words >= 3 else "names", cells)
    return Column(name, "several" if is_list else "category", cells)


def _parts(value: str) -> list[str]:
    return [part.strip() for part in _BETWEEN.split(value)]


def _cell(value: object) -> list[str]:
    if isinstance(value, (list, tuple, np.ndarray)):
        return [str(each).strip() for each in value if str(each).strip()]
    is_nothing = value is None or (isinstance(value, float) and np.isnan(value))
    text = "" if is_nothing else str(value).strip()
    return [text] if text and text.lower() not in ("nan", "none", "null", "n/a", "na") else []


def _is_number(text: str) -> bool:
    number = re.match(r"[-+]?([\d.,]+)(e[-+]?\d+)?%?", text)
    return number is not None and number[0] == text and any(map(str.isdigit, number[1]))


@dataclass(frozen=True)
class ColumnAttributes:
    """What the columns of a table say.

    Parameters
    ----------
    annotated : Annotated, optional
        None where no column gives an attribute.
    sentences : list of X list of str
        Texts that are captions.
    problems : list of str
        What was left out, and why.
    """

    annotated: Annotated | None
    sentences: list[list[str]]
    problems: list[str]


def read_columns(
    frame: pd.DataFrame,
    true_c: np.ndarray,
    is_train: np.ndarray,
    class_names: Sequence[str],
    subject: str = "",
) -> ColumnAttributes:
    """Return the attributes of all columns.

    Parameters
    ----------
    frame : DataFrame of X rows
        Attribute columns only.
    true_c : ndarray of shape (X,)
    is_train : ndarray of shape (X,), bool
        What gives the label away is found in these images.
    class_names : sequence of C str
    subject : str
        What the images show, in the singular, where the table's name says so.
    """
    X = len(frame)
    per_image: list[dict[Attribute, None]] = [{} for _ in range(X)]
    sentences: list[list[str]] = [[] for _ in range(X)]
    problems, texts, left_out, used = [], [], [], []
    bounded = Bounded()
    for name in frame.columns:
        column = column_of(name, frame[name].tolist())
        if is_of_brands(name):
            problems.append(f"column {name} holds brands: left out")
        elif column.kind == "category" and all(split_of(v) for cell in column.cells for v in cell):
            problems.append(f"column {name} looks like a split: left out; --split {name} uses it")
        elif column.kind == "text":
            texts.append(column)
        elif column.kind in ("number", "names"):
            left_out.append(name)
        elif column.kind != "empty":
            used.append(column)
    used, told = _without_restating(used, true_c, is_train, class_names, subject)
    problems += told
    properties: dict[str, Property] = {}
    for column in used:
        _collect(column, per_image, properties, subject)
    if left_out:
        problems.append(f"numbers and names, left out: {', '.join(left_out)}")
    of_columns = list(dict.fromkeys(each for said in per_image for each in said))
    for column in texts:
        titles = Titles.of([cell[0] if cell else "" for cell in column.cells])
        if titles.are_sentences:
            for said, text in zip(sentences, titles.texts, strict=True):
                said.extend(bounded([text]))
            continue
        in_titles, told = titles.attributes(per_image, true_c, is_train, class_names)
        problems += [f"column {column.name}: {sentence}" for sentence in told]
        for said, attributes in zip(per_image, in_titles, strict=True):
            said.update(dict.fromkeys(attributes))
    problems += bounded.problems
    return ColumnAttributes(_annotated(per_image, of_columns, properties), sentences, problems)


def with_columns(
    words: Words,
    true_c: np.ndarray,
    is_train: np.ndarray,
    class_names: Sequence[str],
    name: str = "",
    ignore: Sequence[str] = (),
) -> Words:
    """Return the words with their columns read; see `read_columns`.

    Parameters
    ----------
    name : str
        Of the table: "cells" shows cells.
    ignore : sequence of str
        Columns that a person wants to be left out.

    Raises
    ------
    DataError
        If a column to ignore is not there.
    """
    columns = [] if words.columns is None else list(words.columns.columns)
    if missing := [each for each in ignore if each not in columns]:
        listed = ", ".join(columns[:12]) or "none"
        raise DataError(
            f"--ignore {missing[0]}: there is no such column of attributes; there are {listed}"
        )
    if words.columns is not None:
        subject = singular(words_of(name)[-1]) if words_of(name) else ""
        frame = words.columns.drop(columns=list(ignore))
        read = read_columns(frame, true_c, is_train, class_names, subject)
        lines = words.lines
        if any(read.sentences):
            lines = Lines([*a, *b] for a, b in zip(lines, read.sentences, strict=True))
        told = [f"ignored as asked: {', '.join(ignore)}"] if ignore else []
        problems = [*words.problems, *told, *read.problems]
        words = Words(lines, read.annotated, None, problems, words.n_missing)
    share = known_share(words.lines)
    if share is not None and share < ENGLISH:
        told = f"captions do not look English: {share:.0%} of their words are known"
        words = replace(words, problems=[*words.problems, told])
    return words


def _without_restating(
    columns: list[Column],
    true_c: np.ndarray,
    is_train: np.ndarray,
    class_names: Sequence[str],
    subject: str,
) -> tuple[list[Column], list[str]]:
    """Return the columns that restate neither the class nor another column, and the notices."""
    told, kept = [], []
    for column in columns:
        if not _restates(column, true_c, is_train, len(class_names)):
            kept.append(column)
        elif _looks(column, class_names, subject):
            told.append(
                f"column {column.name} nearly determines the class: kept, as it can be seen"
            )
            kept.append(column)
        else:
            told.append(f"column {column.name} restates the class: left out")
    categories = [column for column in kept if column.kind == "category"]
    needless = restated(
        [column.name for column in categories],
        [[cell[0] if cell else "" for cell in column.cells] for column in categories],
    )
    told += [f"column {name} restates column {other}: merged" for name, other in needless.items()]
    return [column for column in kept if column.name not in needless], told


def _looks(column: Column, class_names: Sequence[str], subject: str) -> bool:
    """Whether a column says what a part is like or that there is one, and names no class."""
    of_classes = {singular(word) for name in class_names for word in words_of(name)}
    texts = {column.name, *(value for cell in column.cells for value in cell)}
    if of_classes & {singular(word) for text in texts for word in words_of(text)}:
        return False
    if column.kind == "flag":
        return len(class_names) > 2  # of two classes it is the class
    return column.kind == "category" and is_of_part(column.name, subject)


def _collect(
    column: Column,
    per_image: list[dict[Attribute, None]],
    properties: dict[str, Property],
    subject: str,
) -> None:
    """Add the attributes of a column to those of each image, and which property they are of."""
    is_complete = sum(map(bool, column.cells)) >= COMPLETE * len(column.cells)
    of_value: dict[str, Attribute | None]
    if column.kind == "flag":
        flag = flag_attribute(column.name, subject)
        of_value = {v: flag[0] for v in YES | NO if flag and (v in YES) == flag[1]}
    elif column.kind == "count":
        of_value = {v: count_attribute(column.name, v) for cell in column.cells for v in cell}
    else:
        of_value = {
            v: value_attribute(column.name, v, subject) for cell in column.cells for v in cell
        }
    is_exclusive = column.kind != "several"
    if not is_exclusive:
        # several values of one property do not exclude each other
        of_value = {
            value: each._replace(noun=each.phrase) if each and each.kind == "is" else each
            for value, each in of_value.items()
        }
    for each in filter(None, of_value.values()):
        properties.setdefault(each.phrase, Property(column.name, is_exclusive, is_complete))
    for said, cell in zip(per_image, column.cells, strict=True):
        values = [value.lower() for value in cell] if column.kind == "flag" else cell
        named = (of_value.get(value) for value in values)
        said.update(dict.fromkeys(each for each in named if each is not None))


def _restates(column: Column, true_c: np.ndarray, is_train: np.ndarray, n_classes: int) -> bool:
    """Whether each class has one value, and classes differ in it."""
    counts = [Counter() for _ in range(n_classes)]
    for x in np.flatnonzero(is_train).tolist():
        counts[true_c[x]][tuple(column.cells[x])] += 1
    tops = [counter.most_common(1)[0] for counter in counts if counter]
    n_top, n = sum(top[1] for top in tops), sum(map(Counter.total, counts))
    return len({top[0] for top in tops}) > 1 and n_top >= RESTATES * n


def _annotated(
    per_image: list[dict[Attribute, None]],
    first: Sequence[Attribute],
    properties: dict[str, Property],
) -> Annotated | None:
    """Join what is said; of attributes with the same phrase the one of a column is taken."""
    attributes = list({each.phrase: each for each in reversed(first)}.values())
    number = {each.phrase: a for a, each in enumerate(attributes)}
    rows, columns = [], []
    for x, said in enumerate(per_image):
        seen = set()
        for attribute in said:
            a = number.setdefault(attribute.phrase, len(attributes))
            if a == len(attributes):
                attributes.append(attribute)
            if a not in seen:
                seen.add(a)
                rows.append(x)
                columns.append(a)
    if not attributes:
        return None
    values = np.ones(len(rows), np.int32)
    counts = sparse.coo_array((values, (rows, columns)), (len(per_image), len(attributes)))
    n_statements = np.array([int(bool(said)) for said in per_image])
    of = [properties.get(each.phrase, Property(each.noun)) for each in attributes]
    return Annotated(attributes, counts.tocsr(), n_statements, properties=of)
