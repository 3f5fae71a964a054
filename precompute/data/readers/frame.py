"""Reads the rows of a table, whatever file they come in: CSV, JSON lines or Parquet."""

import csv
import io
import re
from collections import Counter
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from fieldmarks.core.errors import DataError, brief, one_line
from fieldmarks.core.input_file import MAX_TEXT, decoded_text, read_json_lines, require_file

SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")
#: Rows of Parquet that are unpacked at a time, and bytes that all of them may come to: a small file
#: may declare any number of rows.
_ROWS, _MAX_UNPACKED = 4096, 4 * MAX_TEXT
#: What pandas calls an index without a name.
_INDEX = re.compile(r"__index_level_\d+__")


def read_frame(path: Path) -> pd.DataFrame:
    """Read a table; in CSV every cell is a text, an empty cell is empty.

    Raises
    ------
    DataError
        If it cannot be read, or has no row.
    """
    suffix = path.suffix.lower()
    require_file(path, "a table", MAX_TEXT)
    try:
        if suffix == ".parquet":
            frame = _read_parquet(path)
        elif suffix in (".jsonl", ".ndjson"):
            frame = pd.DataFrame(read_json_lines(path, "a table"))
        else:
            frame = _read_csv(path)
    except DataError:
        raise
    except (ValueError, OSError, csv.Error, OverflowError) as error:
        raise DataError(f"{path} cannot be read as {suffix[1:]}: {one_line(error)}") from None
    columns = pd.Index([str(column).strip() for column in frame.columns])
    frame.columns = columns
    twice = columns[columns.duplicated()]
    if len(twice):
        raise DataError(f"{path} has two columns called {brief(twice[0])}")
    if not len(frame):
        raise DataError(f"expected rows in {path}, found none")
    return frame


def _read_parquet(path: Path) -> pd.DataFrame:
    """Read Parquet by its columns alone; what pandas wrote beside them may say anything."""
    try:
        with pq.ParquetFile(path) as file:
            batches, n_bytes = [], 0
            for batch in file.iter_batches(_ROWS):
                n_bytes += batch.nbytes
                if n_bytes > _MAX_UNPACKED:
                    raise DataError(
                        f"{path} holds more than {_MAX_UNPACKED >> 30} GB once it is unpacked: "
                        "leave out columns that are not needed"
                    )
                batches.append(batch)
            table = pa.Table.from_batches(batches, file.schema_arrow).replace_schema_metadata()
        table.validate(full=True)  # that texts are UTF-8: else each later use of them may fail
        named = [name for name in table.column_names if not _INDEX.fullmatch(name)]
        return table.select(named).to_pandas(ignore_metadata=True)
    except DataError:
        raise
    except Exception as error:  # Arrow raises many kinds without a common base
        raise DataError(f"{path} cannot be read as parquet: {one_line(error)}") from None


def _read_csv(path: Path) -> pd.DataFrame:
    text = decoded_text(path.read_bytes()).text
    head = text.partition("\n")[0]
    separator = max(",;\t|", key=head.count)
    header = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
    names = [name.strip() for name in next(header, [])]
    if twice := [name for name, n in Counter(names).items() if n > 1]:
        raise DataError(f"{path} has two columns called {brief(twice[0])}")
    frame = pd.read_csv(
        io.StringIO(text),
        sep=separator,
        dtype=str,
        keep_default_na=False,
        skipinitialspace=True,
    )
    if not isinstance(frame.index, pd.RangeIndex):
        raise DataError(f"{path} has more cells in its rows than names in its first line")
    return frame
