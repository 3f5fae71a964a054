"""``fieldmarks evaluate``: score a run again and print the tables of the paper."""

import argparse
import json
from pathlib import Path

from fieldmarks.precompute.arguments import seed


def add_parser(subparsers) -> argparse.ArgumentParser:
    """Add the command and its arguments."""
    parser = subparsers.add_parser(
        "evaluate",
        help="score a run, write evaluation.json and print the tables",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("run_name", metavar="RUN", help="name of the run")
    add("--runs", type=Path, metavar="DIR", help="default: FIELDMARKS_RUNS, else artifacts")
    add("--json", action="store_true", help="print evaluation.json instead of the tables")
    add(
        "--classes",
        type=int,
        nargs="+",
        metavar="ID",
        help="score only these classes, e.g. those that nothing was chosen on; writes no file",
    )
    add("--seed", type=seed, default=0, help="of resamples and random baselines")
    return parser


def run(args: argparse.Namespace) -> None:
    """Run the command."""
    from fieldmarks.core.run.run import open_run
    from fieldmarks.core.scores.evaluation import evaluate
    from fieldmarks.core.scores.text_tables import tables
    from fieldmarks.precompute.pipeline.rescore import rescore

    scored = open_run(args.run_name, args.runs)
    if args.classes is None:
        evaluation = rescore(scored, args.seed)
    else:
        evaluation = evaluate(scored, args.classes, args.seed)
    is_text = not args.json
    print(tables(evaluation) if is_text else json.dumps(evaluation, indent=1, ensure_ascii=False))
