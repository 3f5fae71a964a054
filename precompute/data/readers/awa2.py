"""Reads Animals with Attributes 2 (Xian et al., 2018): class folders and attributes of classes.

The attributes belong to classes: weaker supervision, which does not distinguish images of a class.
Its split is one of classes, for zero-shot learning; images are split again.
"""

from dataclasses import replace

import numpy as np

from fieldmarks.core.attributes.attribute import Attribute
from fieldmarks.core.errors import DataError
from fieldmarks.core.input_file import MAX_LIST, MAX_TEXT, read_text, require_file
from fieldmarks.precompute.data.annotated import of_classes
from fieldmarks.precompute.data.captions import Lines, Words
from fieldmarks.precompute.data.dataset import Dataset
from fieldmarks.precompute.data.readers.folders import read_folders
from fieldmarks.precompute.data.registry import register_dataset
from fieldmarks.precompute.data.source import DataSource

N_STATEMENTS = 10


@register_dataset("awa2", recognises=lambda path: (path / "predicates.txt").is_file())
def read_awa2(source: DataSource) -> Dataset:
    """Read the folder that holds ``predicates.txt`` and ``JPEGImages``.

    Raises
    ------
    DataError
        If a file is missing, or the table is not one row per class and one column per predicate.
    """
    folder = source.data
    needed = ("predicates.txt", "classes.txt", "predicate-matrix-binary.txt")
    missing = [name for name in needed if not (folder / name).is_file()]
    if missing:
        raise DataError(f"expected {', '.join(missing)} in {folder}")
    names, predicates = (
        [
            line.split()[-1]
            for line in read_text(folder / name, "a list of names", MAX_LIST).split("\n")
            if line.strip()
        ]
        for name in ("classes.txt", "predicates.txt")
    )
    try:
        table = np.loadtxt(require_file(folder / needed[2], "a table", MAX_TEXT), ndmin=2)
    except ValueError as error:
        raise DataError(f"expected rows of numbers in {folder / needed[2]}: {error}") from None
    if table.shape != (len(names), len(predicates)):
        raise DataError(
            f"expected {len(names)} rows of {len(predicates)} numbers in {folder / needed[2]}, "
            f"found {table.shape[0]} of {table.shape[1]}"
        )
    images = folder / "JPEGImages"
    dataset = read_folders(replace(source, data=images if images.is_dir() else folder))
    row = {name.replace("+", " "): r for r, name in enumerate(names)}
    unknown = [name for name in dataset.class_names if name.replace("+", " ") not in row]
    if unknown:
        raise DataError(f"classes.txt does not name the class folder {unknown[0]!r}")
    share = table[[row[name.replace("+", " ")] for name in dataset.class_names]]
    attributes = [Attribute(name, name, "tag") for name in predicates]
    true_c = dataset.images["true_c"].to_numpy()

    def words() -> Words:
        told = "attributes belong to classes: they do not tell images of a class apart"
        annotated = of_classes(attributes, share, true_c, N_STATEMENTS)
        return Words(Lines([] for _ in true_c), annotated, problems=[told])

    class_names = [name.replace("+", " ") for name in dataset.class_names]
    return replace(dataset, class_names=class_names, read_words=words)
