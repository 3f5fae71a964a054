"""The layouts of data sets that can be read, by name.

A new layout is one function from a `DataSource` to a `Dataset`::

    @register_dataset("my_layout", recognises=lambda path: (path / "index.txt").is_file())
    def read_my_layout(source):
        return Dataset(...)

``--format my_layout`` asks for it by name; without ``--format`` the first reader that recognises
the path reads it. ``--format package.module:function`` names a reader that stands elsewhere.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fieldmarks.core.errors import DataError, one_line
from fieldmarks.core.input_file import require_file
from fieldmarks.precompute.data.dataset import Dataset
from fieldmarks.precompute.data.source import DataSource

#: Reads a data set: annotations, and where the images lie; images are not opened.
Reader = Callable[[DataSource], Dataset]


@dataclass(frozen=True)
class DatasetLayout:
    """A reader, and how it knows what it can read.

    Parameters
    ----------
    name : str
    read : callable
        From a `DataSource` to a `Dataset`.
    recognises : callable
        Whether a path, which exists, is in this layout.
    is_fallback : bool
        Asked only where no other reader recognises the path.
    """

    name: str
    read: Reader
    recognises: Callable[[Path], bool]
    is_fallback: bool


_LAYOUTS: dict[str, DatasetLayout] = {}


def register_dataset(
    name: str, recognises: Callable[[Path], bool] = lambda _: False, is_fallback: bool = False
) -> Callable[[Reader], Reader]:
    """Register a reader under ``name``; see `DatasetLayout`."""

    def register(read: Reader) -> Reader:
        _LAYOUTS[name] = DatasetLayout(name, read, recognises, is_fallback)
        return read

    return register


def dataset_formats() -> list[str]:
    """Return the registered names."""
    return sorted(_LAYOUTS)


def reader_of(source: DataSource) -> Reader:
    """Return the reader of a source: the one asked for, or the first that recognises it.

    Raises
    ------
    DataError
        If there is nothing at the path, no reader recognises it, or none has this name.
    """
    if not source.data.exists():
        raise DataError(f"expected a data set at {source.data}, found nothing there")
    if source.format and ":" in source.format:
        return _foreign(source.format)
    if source.format:
        if source.format not in _LAYOUTS:
            raise DataError(
                f"--format is one of {', '.join(dataset_formats())} or package.module:function, "
                f"got {source.format!r}"
            )
        return _LAYOUTS[source.format].read
    for layout in sorted(_LAYOUTS.values(), key=lambda layout: layout.is_fallback):
        if layout.recognises(source.data):
            return layout.read
    entries = sorted(path.name for path in source.data.iterdir()) if source.data.is_dir() else []
    more = ", ..." if len(entries) > 5 else ""
    contents = f"; it holds {', '.join(entries[:5])}{more}" if entries else ""
    if not source.data.is_dir():
        require_file(source.data, "a folder or a table of images")
    raise DataError(
        f"{source.data} is not a data set that can be read: expected class folders of images, a "
        f"table (.csv, .jsonl, .parquet) or one of {', '.join(dataset_formats())}{contents}"
    )


def _foreign(name: str) -> Reader:
    module, _, function = name.partition(":")
    try:
        return getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise DataError(f"--format {name} cannot be imported: {one_line(error)}") from None
