"""Where a data set lies and how it is read: the data arguments of ``run`` and ``train``."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from fieldmarks.core.errors import DataError

#: Where attributes come from, see `DataSource`.
WORDS = ("auto", "captions", "images", "classes")


@dataclass(frozen=True)
class DataSource:
    """What a person says of a data set.

    Parameters
    ----------
    data : Path
        A folder of images, a folder with annotation files, or a table (CSV, JSON lines, Parquet).
    format : str, optional
        Name of the reader, see `precompute.data.registry`; recognised by default.
    images : Path, optional
        The folder that the paths of a table begin at; the table's own folder by default.
    label, file_name, split, text : str, optional
        Columns of a table; the usual names by default.
    captions : Path, optional
        A folder of text files or a JSON lines file.
    attributes : str
        Where attributes come from: ``captions``, annotations of ``images``, annotations of
        ``classes``, or ``auto``: what the data set has, the closest to the image first.
    test_share : float
        Share of each class to hold out where the data set has no split, in (0, 1).
    seed : int
        Of that split.
    ignore : tuple of str
        Columns of a table from which no attribute is made.
    """

    data: Path
    format: str | None = None
    images: Path | None = None
    label: str | None = None
    file_name: str | None = None
    split: str | None = None
    text: str | None = None
    captions: Path | None = None
    attributes: str = "auto"
    test_share: float = 0.3
    seed: int = 0
    ignore: tuple[str, ...] = ()

    def __post_init__(self):
        if self.attributes not in WORDS:
            raise DataError(f"--attributes is one of {', '.join(WORDS)}, got {self.attributes!r}")
        if not 0 < self.test_share < 1:
            raise DataError(f"--test-share is above 0 and below 1, got {self.test_share}")

    @classmethod
    def from_plain(cls, values: dict) -> "DataSource":
        """Return the source that a manifest records, with paths as texts."""
        paths = ("data", "images", "captions")
        given = {key: Path(values[key]) for key in paths if values[key] is not None}
        return cls(**{**values, **given, "ignore": tuple(values.get("ignore", ()))})

    @property
    def name(self) -> str:
        """What the data set is called on the pages: its folder's name, or the table's.

        >>> DataSource(Path("/shop/products.csv")).name, DataSource(Path("/shop/metadata.csv")).name
        ('products', 'shop')
        """
        path = self.data.resolve()
        return path.parent.name if path.stem == "metadata" else path.stem


def add_data_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of a data set."""
    group = parser.add_argument_group(
        "data set", "class folders, a table, or the files of a known data set: docs/how-to/data.md"
    )
    which = group.add_mutually_exclusive_group(required=True)
    which.add_argument("--data", type=Path, metavar="PATH", help="folder or table of images")
    which.add_argument(
        "--cub", type=Path, metavar="DIR", help="CUB_200_2011: the same as --data with --format cub"
    )
    add = group.add_argument
    add("--format", metavar="NAME", help="layout of --data; recognised by default")
    add("--images", type=Path, metavar="DIR", help="where the paths of a table begin")
    add("--label", metavar="COLUMN", help="of the classes; default: label")
    add("--file-name", metavar="COLUMN", help="of the files, suffix or not; default: file_name, id")
    add("--split", metavar="COLUMN", help="of train and test; default: split")
    add("--text", metavar="COLUMN", help="of the captions; default: captions, caption or text")
    add(
        "--test-share",
        type=float,
        default=0.3,
        metavar="SHARE",
        help="of each class, held out where there is no split; default: 0.3",
    )


def source_of(args: argparse.Namespace) -> DataSource:
    """Return the data set that the arguments name."""
    return DataSource(
        data=args.cub or args.data,
        format="cub" if args.cub else args.format,
        images=args.images,
        label=args.label,
        file_name=args.file_name,
        split=args.split,
        text=args.text,
        captions=getattr(args, "captions", None),
        attributes=getattr(args, "attributes", "auto"),
        test_share=args.test_share,
        ignore=tuple(getattr(args, "ignore", ())),
    )
