"""Reads CelebA's files (Liu et al., 2015): forty attributes an image, the official split.

``list_attr_celeba.txt`` (or ``.csv``) and ``list_eval_partition.txt`` lie in one folder, often
``Anno`` and ``Eval``; the class is the attribute that ``--label`` names, the others are words.
"""

import io
from pathlib import Path

import pandas as pd

from fieldmarks.core.errors import DataError, brief, one_line
from fieldmarks.core.input_file import is_regular, read_text
from fieldmarks.precompute.data.dataset import Dataset
from fieldmarks.precompute.data.readers.columns import Columns
from fieldmarks.precompute.data.readers.table import dataset_of
from fieldmarks.precompute.data.registry import register_dataset
from fieldmarks.precompute.data.source import DataSource

_SPLITS = {"0": "train", "1": "validation", "2": "test"}


def _find(folder: Path, stem: str) -> Path | None:
    candidates = (folder / below / f"{stem}{suffix}" for below in ("", "Anno", "Eval")
             for suffix in (".txt", ".csv"))  # fmt: skip
    return next((path for path in candidates if is_regular(path)), None)


@register_dataset(
    "celeba", recognises=lambda path: path.is_dir() and _find(path, "list_attr_celeba") is not None
)
def read_celeba(source: DataSource) -> Dataset:
    """Read CelebA with one of its attributes as the class.

    Raises
    ------
    DataError
        If a file is missing or malformed, or ``--label`` is not an attribute.
    """
    attributes, parts = (
        _find(source.data, stem) for stem in ("list_attr_celeba", "list_eval_partition")
    )
    if attributes is None or parts is None:
        raise DataError(
            f"expected list_attr_celeba.txt and list_eval_partition.txt in {source.data}"
        )
    frame = _read(attributes, has_count=attributes.suffix == ".txt")
    if source.label is None or source.label not in frame.columns:
        raise DataError(
            f"--label is one of CelebA's attributes, such as {', '.join(frame.columns[1:4])}; got "
            f"{brief(source.label)}"
        )
    split = _read(parts, names=["file_name", "split"]).set_index("file_name")["split"]
    name = source.label.replace("_", " ").lower()
    frame["label"] = frame[source.label].map({"1": name, "-1": f"not {name}", "0": f"not {name}"})
    frame["split"] = frame["file_name"].map(split).map(_SPLITS).fillna("")
    others = [c for c in frame.columns if c not in ("file_name", "label", "split", source.label)]
    folder = source.images or next(
        (path for path in sorted(source.data.rglob("img_align_celeba")) if path.is_dir()),
        source.data,
    )
    columns = Columns("file_name", "label", "split", None, None, tuple(others))
    return dataset_of(frame.fillna(""), columns, folder, source)


def _read(path: Path, names: list[str] | None = None, has_count: bool = False) -> pd.DataFrame:
    """Read a table separated by commas or spaces, whose first column names the file."""
    text = read_text(path, "a table of CelebA")
    try:
        is_csv = path.suffix == ".csv"
        if names is None and not is_csv:
            header = text.split("\n")[int(has_count)].split()
            names = ["file_name", *header]
        skip = 1 if is_csv and names else 2 if has_count else 0
        frame = pd.read_csv(
            io.StringIO(text),
            sep="," if is_csv else r"\s+",
            dtype=str,
            names=names,
            skiprows=skip if names else 0,
        )
    except (ValueError, OSError, IndexError) as error:
        raise DataError(f"{path} cannot be read: {one_line(error)}") from None
    return frame.rename(columns={frame.columns[0]: "file_name"})
