"""Data sets that hold their pictures inside: Arrow's folders of `datasets`, Parquet, and shards.

``save_to_disk`` leaves ``state.json`` or ``dataset_dict.json``; a folder of the Hub holds Parquet
with a column of bytes and paths; WebDataset's shards are tar archives. ``run`` writes the pictures
to files beside the run.
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from fieldmarks.core.errors import DataError
from fieldmarks.core.input_file import is_regular
from fieldmarks.precompute.data.dataset import Dataset
from fieldmarks.precompute.data.image_file import image_files
from fieldmarks.precompute.data.registry import register_dataset
from fieldmarks.precompute.data.source import DataSource

_SHARDS = (".tar", ".tar.gz", ".tgz")
_SAVED = (("dataset_dict.json",), ("state.json", "dataset_info.json"))


def is_saved(path: Path) -> bool:
    """Whether ``save_to_disk`` of `datasets` wrote a folder."""
    return any(all(is_regular(path / name) for name in names) for names in _SAVED)


def parquet_files(path: Path) -> list[Path]:
    """Return the Parquet files of a folder, hidden folders left out, or the file itself."""
    if path.is_file():
        return [path] if path.suffix.lower() == ".parquet" else []
    below = (each for pattern in ("*.parquet", "*/*.parquet") for each in path.glob(pattern))
    return sorted(
        each for each in below if is_regular(each) and not each.parent.name.startswith(".")
    )


def picture_columns(path: Path) -> list[str]:
    """Return the columns of a Parquet file that hold pictures, none where it cannot be read."""
    try:
        schema = pq.read_schema(path)
    except (OSError, pa.ArrowException):
        return []
    return [
        field.name
        for field in schema
        if pa.types.is_struct(field.type)
        and field.type.get_field_index("bytes") >= 0
        and _is_binary(field.type.field("bytes").type)
    ]


def _is_binary(kind: pa.DataType) -> bool:
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)


def shards(path: Path) -> list[Path]:
    """Return the tar archives of a folder, hidden folders left out, or the file itself.

    None of a folder with pictures: an archive in it is what they were unpacked from.
    """
    if path.is_file():
        return [path] if path.name.lower().endswith(_SHARDS) else []
    below = (each for pattern in ("*.tar*", "*/*.tar*", "*.tgz") for each in path.glob(pattern))
    found = sorted(
        each
        for each in below
        if each.name.lower().endswith(_SHARDS)
        and is_regular(each)
        and not each.parent.name.startswith(".")
    )
    return found if found and next(iter(image_files(path)), None) is None else []


def holds_pictures(path: Path) -> bool:
    """Whether a path is a data set with its pictures inside."""
    return (
        bool(shards(path))
        or (path.is_dir() and is_saved(path))
        or any(map(picture_columns, parquet_files(path)[:1]))
    )


@register_dataset(
    "stored", recognises=lambda path: bool(shards(path)) or (path.is_dir() and holds_pictures(path))
)
def read_stored(source: DataSource) -> Dataset:
    """Say which command reads such a data set.

    Raises
    ------
    DataError
        Always: pictures are read from files.
    """
    raise DataError(
        f"{source.data} holds the pictures themselves: `fieldmarks run` writes them beside the "
        "run, into .NAME.data; give the metadata.jsonl of that folder, with --images for its "
        "pictures, to the other commands"
    )
