"""``report``: failure report as HTML with images, CSV or JSON."""

import argparse

from fieldmarks.precompute.arguments import add_overwrite, path


def add_parser(subparsers) -> argparse.ArgumentParser:
    """Add the arguments of this command."""
    parser = subparsers.add_parser(
        "report",
        help="write the failures of a run as one HTML file, CSV or JSON",
        description="Write the images that meet all conditions, with diagnoses and verdicts, in "
        "the format that the file's name ends in: .html (with pictures), .csv, .json or .jsonl; "
        "samples.json is in FiftyOne's format.",
    )
    from fieldmarks.core.causes.finding import Pattern

    parser.add_argument("run_name", metavar="RUN")
    parser.add_argument("--out", type=path, required=True, metavar="FILE")
    add_overwrite(parser)
    parser.add_argument("--runs", type=path, metavar="DIR", help="default: FIELDMARKS_RUNS")
    parser.add_argument("--show", choices=("wrong", "right", "all"), default="wrong")
    parser.add_argument("--true", metavar="CLASS", help="true class, by number or name")
    parser.add_argument("--predicted", metavar="CLASS", help="predicted class, by number or name")
    parser.add_argument("--attribute", metavar="PHRASE", help="in the sentence of either class")
    parser.add_argument("--pattern", choices=[str(pattern) for pattern in Pattern])
    parser.add_argument(
        "--confidence", type=float, nargs=2, default=(0.0, 1.0), metavar=("LOW", "HIGH")
    )
    parser.add_argument("--sort", default="most confident", help="as on the page Images")
    return parser


def run(args: argparse.Namespace) -> None:
    """Write the report."""
    from contextlib import closing

    from fieldmarks.core.causes.diagnosis import diagnosed, members
    from fieldmarks.core.errors import DataError
    from fieldmarks.core.outputs import check_output
    from fieldmarks.core.review.report import report_rows, write_report
    from fieldmarks.core.review.verdicts import Verdicts, left_out
    from fieldmarks.core.run.manifest import sources_of
    from fieldmarks.core.run.reading import open_run
    from fieldmarks.core.search.image_selection import ORDERS, Criteria, select_images
    from fieldmarks.core.search.vocabulary import Vocabulary

    if args.sort not in ORDERS:
        raise DataError(f"--sort is one of {', '.join(ORDERS)}, got {args.sort!r}")
    opened = open_run(args.run_name, args.runs)
    check_output(args.out, sources_of(opened.folder, opened.manifest), args.overwrite)
    opened = diagnosed(opened)
    known = Vocabulary.of(opened)

    def meant(written: str | None, what: str, find) -> int | None:
        match = None if written is None else find(written)
        if written is not None and match is None:
            raise DataError(f"run {opened.name!r} has no {what} {written!r}: see its pages")
        return match

    criteria = Criteria(
        show=args.show,
        true=meant(args.true, "class", known.class_of),
        predicted=meant(args.predicted, "class", known.class_of),
        t=meant(args.attribute, "attribute", known.attribute),
        confidence=tuple(args.confidence),
        order=args.sort,
    )
    xs = select_images(opened, criteria, members(opened, args.pattern or ""))
    with closing(Verdicts(runs=args.runs)) as verdicts:
        latest = verdicts.latest(opened.manifest["dataset"])
    table = report_rows(opened, xs, latest)
    write_report(args.out, opened, table, _heading(args))
    print(f"{args.out}: {len(xs):,} images")
    if lacks := left_out(latest):
        print(f"note: {lacks}")


def _heading(args: argparse.Namespace) -> str:
    """Say in words what the images were chosen by."""
    parts = [{"wrong": "Failures", "right": "Right answers", "all": "Test images"}[args.show]]
    conditions = {"labelled": args.true, "taken for": args.predicted, "with": args.attribute}
    parts += [f"{word} {value}" for word, value in conditions.items() if value]
    if args.pattern:
        parts.append(f"diagnosed as {args.pattern}")
    if tuple(args.confidence) != (0.0, 1.0):
        parts.append("confidence {:.2f} to {:.2f}".format(*args.confidence))
    return ", ".join(parts)
