"""``fieldmarks evaluate``: score a run again and print the tables of the paper."""

import argparse
import json

from fieldmarks.precompute.arguments import path, seed
from fieldmarks.precompute.commands import experimental


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
    add("--runs", type=path, metavar="DIR", help="default: FIELDMARKS_RUNS, else artifacts")
    add("--json", action="store_true", help="print evaluation.json instead of the tables")
    add(
        "--classes",
        type=int,
        nargs="+",
        metavar="ID",
        help="score only these classes, e.g. held-out ones; writes no file",
    )
    add("--seed", type=seed, default=0, help="of resamples and random baselines")
    add(
        "--experimental",
        action="store_true",
        help="also score the experiments: sentence test, painted interventions, unseen classes",
    )
    return parser


def run(args: argparse.Namespace) -> None:
    """Run the command."""
    from fieldmarks.core.errors import DataError
    from fieldmarks.core.run.reading import open_run
    from fieldmarks.core.scores.evaluation import evaluate
    from fieldmarks.core.scores.result import as_json
    from fieldmarks.core.scores.text_tables import tables
    from fieldmarks.precompute.pipeline.rescore import rescore

    if args.experimental and args.classes is not None:
        raise DataError("--experimental scores all classes: leave out --classes")
    scored = open_run(args.run_name, args.runs)
    if args.classes is None:
        evaluation = rescore(scored, args.seed)
    else:
        evaluation = evaluate(scored, args.classes, args.seed)
    values, text = as_json(evaluation), tables(evaluation)
    if args.experimental:
        experiments = experimental("rescore")
        of_experiments = experiments.score(open_run(args.run_name, args.runs), args.seed)
        values["experimental"] = as_json(of_experiments)
        text += "\n\n" + experiments.tables(of_experiments)
    print(json.dumps(values, indent=1, ensure_ascii=False) if args.json else text)
