"""``suspects``: labels that are likely wrong, as CSV for the label owner."""

import argparse

from fieldmarks.precompute.arguments import add_overwrite, path


def add_parser(subparsers) -> argparse.ArgumentParser:
    """Add the arguments of this command."""
    parser = subparsers.add_parser(
        "suspects",
        help="list labels that are likely wrong",
        description="List the images whose label is likely wrong, the most suspicious first, with "
        "the suggested class and the evidence, as CSV: training and test images, "
        "classified correctly or not.",
    )
    parser.add_argument("run_name", metavar="RUN")
    parser.add_argument("--out", type=path, metavar="FILE", help="default: standard output")
    add_overwrite(parser)
    parser.add_argument("--runs", type=path, metavar="DIR", help="default: FIELDMARKS_RUNS")
    parser.add_argument(
        "--top", type=int, metavar="N", help="at most so many rows, suspected or not"
    )
    return parser


def run(args: argparse.Namespace) -> None:
    """List the suspicious labels."""
    from fieldmarks.core.causes.diagnosis import diagnosed
    from fieldmarks.core.causes.suspects import suspects
    from fieldmarks.core.outputs import atomic_write, check_output
    from fieldmarks.core.review.spreadsheet import to_csv
    from fieldmarks.core.run.manifest import sources_of
    from fieldmarks.core.run.reading import open_run

    opened = open_run(args.run_name, args.runs)
    if args.out is not None:
        check_output(args.out, sources_of(opened.folder, opened.manifest), args.overwrite)
    table = suspects(diagnosed(opened), args.top)
    if args.out is None:
        print(to_csv(table), end="")
        return
    with atomic_write(args.out) as file:
        file.write(to_csv(table).encode("utf-8"))
    print(f"{args.out}: {len(table):,} images")
