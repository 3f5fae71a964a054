"""Where a data set lies and how it is read: the data arguments of ``run`` and ``train``."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fieldmarks.core.errors import DataError
from fieldmarks.precompute.arguments import path

#: Where attributes come from, see `DataSource`.
WORDS = ("auto", "captions", "images", "classes")
#: What a split may mean, and by which suffixes a file that says it is known.
MEANINGS = ("train", "validation", "test")
SPLIT_FILES = (".txt", ".lst", ".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")


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
        Columns of a table; the usual names by default. ``split`` may also be a file, by its suffix:
        a list of images or a table.
    split_names : tuple of str
        What the names of splits mean where they say it otherwise: ``"0,1,2=train"``, ``"3=test"``.
    captions : Path, optional
        A folder of text files or a JSON lines file.
    words : Path, optional
        A table of probabilities that phrases are seen in the images.
    attributes : str
        Where attributes come from: ``captions``, annotations of ``images``, annotations of
        ``classes``, or ``auto``: what the data set has, the closest to the image first.
    test_share : float
        Share of each class to hold out where the data set has no split, in (0, 1).
    seed : int
        Of that split.
    ignore : tuple of str
        Columns of a table from which no attribute is made.
    follow_links : bool
        Read links that lead out of the data folder, not only those to pictures.
    given_splits : callable, optional
        From the paths of images to their splits, as `precompute.data.read` finds them in a
        file.
    """

    data: Path
    format: str | None = None
    images: Path | None = None
    label: str | None = None
    file_name: str | None = None
    split: str | None = None
    text: str | None = None
    split_names: tuple[str, ...] = ()
    captions: Path | None = None
    words: Path | None = None
    attributes: str = "auto"
    test_share: float = 0.3
    seed: int = 0
    ignore: tuple[str, ...] = ()
    follow_links: bool = False
    given_splits: Callable[[Sequence[str]], list[str]] | None = None

    def __post_init__(self):
        self.split_meanings  # noqa: B018  # refused at once
        if self.attributes not in WORDS:
            raise DataError(f"--attributes is one of {', '.join(WORDS)}, got {self.attributes!r}")
        if not 0 < self.test_share < 1:
            raise DataError(f"--test-share is above 0 and below 1, got {self.test_share}")

    @property
    def split_file(self) -> Path | None:
        """The file that says the split, None where ``split`` is a column or nothing."""
        path = Path(self.split or "")
        return path if path.suffix.lower() in SPLIT_FILES else None

    @property
    def split_meanings(self) -> dict[str, str]:
        """What each name of a split means: "train", "validation" or "test"."""
        meanings: dict[str, str] = {}
        for text in self.split_names:
            names, separator, meaning = text.rpartition("=")
            if not separator or not names or meaning not in MEANINGS:
                raise DataError(
                    f"--split-names is NAMES={' or NAMES='.join(MEANINGS)}, such as 0,1,2=train "
                    f"3=test, got {text!r}"
                )
            meanings |= {name.strip(): meaning for name in names.split(",")}
        return meanings

    def splits_of(self, paths: Sequence[str]) -> list[str]:
        """Return the split of each image as a file gives it, nothing where none was given."""
        return [] if self.given_splits is None else self.given_splits(paths)

    def check_wordless(self, n_images: int) -> None:
        """Refuse a data set without words where words were asked for.

        Raises
        ------
        DataError
            If captions, a column of them, or annotations were named.
        """
        attributes = None if self.attributes == "auto" else self.attributes
        asked = {"captions": self.captions, "text": self.text, "attributes": attributes}
        named = [f"--{option} {value}" for option, value in asked.items() if value]
        if named:
            raise DataError(
                f"expected words of the images by {named[0]}, found none for {n_images}: all "
                "captions are empty and no column gives an attribute (docs/how-to/data.md)"
            )

    @classmethod
    def from_plain(cls, values: dict) -> "DataSource":
        """Return the source that a manifest records, with paths as texts."""
        paths = ("data", "images", "captions", "words")
        given = {key: Path(values[key]) for key in paths if values.get(key) is not None}
        lists = {key: tuple(values.get(key, ())) for key in ("ignore", "split_names")}
        return cls(**{**values, **given, **lists})

    @property
    def name(self) -> str:
        """What the data set is called on the pages: its folder's name, or the table's.

        >>> DataSource(Path("/shop/products.csv")).name, DataSource(Path("/shop/metadata.csv")).name
        ('products', 'shop')
        """
        path = self.data.resolve()
        return path.parent.name if path.stem == "metadata" else path.stem

    @property
    def paths(self) -> list[Path]:
        """The files and folders that are read; pictures of a table lie beside it by default."""
        images = self.images or (self.data.parent if self.data.is_file() else self.data)
        return [self.data, images, *filter(None, [self.captions, self.words])]


def add_data_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of a data set."""
    group = parser.add_argument_group(
        "data set", "class folders, a table, or a known data set: docs/how-to/data.md"
    )
    which = group.add_mutually_exclusive_group(required=True)
    which.add_argument("--data", type=path, metavar="PATH", help="folder or table of images")
    which.add_argument(
        "--cub", type=path, metavar="DIR", help="CUB_200_2011: the same as --data with --format cub"
    )
    add = group.add_argument
    add("--format", metavar="NAME", help="layout of --data; recognised by default")
    add(
        "--images",
        type=path,
        metavar="DIR",
        help="folder that the paths of a table are relative to",
    )
    add("--label", metavar="COLUMN", help="column of the class; default: label")
    add(
        "--file-name",
        metavar="COLUMN",
        help="column of the file name, with or without suffix; default: file_name, id",
    )
    add(
        "--split",
        metavar="COLUMN|FILE",
        help="a column of train and test (default: split), or a file: a table of images and "
        "splits, or a list of test images (of training images if the file is called train)",
    )
    add(
        "--split-names",
        nargs="+",
        default=[],
        metavar="NAMES=SPLIT",
        help="meaning of other split names: 0,1,2=train 3=validation 4=test",
    )
    add(
        "--text",
        metavar="COLUMN",
        help="column of the captions; default: captions, caption or text",
    )
    add(
        "--test-share",
        type=float,
        default=0.3,
        metavar="SHARE",
        help="share of each class to hold out if there is no split; default: 0.3",
    )
    add(
        "--follow-links",
        action="store_true",
        help="follow all links that lead out of the data folder, not only those to pictures; only "
        "for data that you trust",
    )


def _absolute(split: str | None) -> str | None:
    """Return a file of splits in full, so that a manifest that holds it can be read anywhere."""
    is_file = split is not None and Path(split).suffix.lower() in SPLIT_FILES
    return str(Path(split).resolve()) if split is not None and is_file else split


def source_of(args: argparse.Namespace) -> DataSource:
    """Return the data set that the arguments name."""
    return DataSource(
        data=args.cub or args.data,
        format="cub" if args.cub else args.format,
        images=args.images,
        label=args.label,
        file_name=args.file_name,
        split=_absolute(args.split),
        split_names=tuple(args.split_names),
        text=args.text,
        captions=getattr(args, "captions", None),
        words=getattr(args, "words", None),
        attributes=getattr(args, "attributes", "auto"),
        test_share=args.test_share,
        ignore=tuple(getattr(args, "ignore", ())),
        follow_links=args.follow_links,
    )
