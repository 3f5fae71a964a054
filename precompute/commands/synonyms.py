"""``synonyms``: words of a run's captions that may mean the same, for a person to accept."""

import argparse

from fieldmarks.precompute.arguments import path


def add_parser(subparsers) -> argparse.ArgumentParser:
    """Add the arguments of this command."""
    parser = subparsers.add_parser(
        "synonyms",
        help="suggest possible synonyms",
        description="Compare the captions of the training images: two words are possible "
        "synonyms if captions of one image use one or the other, seldom both. The candidates "
        "are written into the run and shown on the page Images; accepted ones go into a file "
        "for 'run --synonyms'. Nothing is merged automatically.",
    )
    parser.add_argument("run_name", metavar="RUN")
    parser.add_argument("--runs", type=path, metavar="DIR", help="default: FIELDMARKS_RUNS")
    parser.add_argument("--top", type=int, default=20, metavar="N", help="number of pairs to print")
    return parser


def run(args: argparse.Namespace) -> None:
    """Write and print the candidates."""
    from fieldmarks.core.attributes.synonym_candidates import synonym_candidates
    from fieldmarks.core.outputs import atomic_write
    from fieldmarks.core.run.reading import open_run
    from fieldmarks.precompute.attributes.caption_attributes import caption_attributes
    from fieldmarks.precompute.attributes.synonyms import Synonyms
    from fieldmarks.precompute.data.read import read_dataset
    from fieldmarks.precompute.pipeline.settings import Settings

    opened = open_run(args.run_name, args.runs)
    settings = Settings.of_run(opened)
    language = read_dataset(settings.source).language
    tables = [language.synonyms, settings.synonyms]
    synonyms = Synonyms.load(*filter(None, tables)) if settings.merge else None
    named, image, attributes = caption_attributes(opened, language, synonyms)
    words = (attributes[column].to_numpy() for column in ("adjective", "noun"))
    table = synonym_candidates(named, image, *words)
    with atomic_write(opened.folder / "tables" / "synonym_candidates.parquet") as file:
        table.to_parquet(file, index=False)
    for row in table.head(args.top).itertuples(index=False):
        print(
            f"{row.kind} {row.word!r} and {row.other!r}: {row.n_images} images, apart "
            f"{row.n_apart:.0f} times ({row.expected_apart:.0f} expected), together "
            f"{row.n_together:.0f} ({row.expected_together:.0f})"
        )
    print(f"{len(table):,} candidates in run {opened.name!r}: accept some on the page Images")
