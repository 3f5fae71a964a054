"""``python -m precompute evaluate``: score a run again and print the tables of the paper."""

import argparse
import json
from pathlib import Path


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
    add("--seed", type=int, default=0, help="of resamples and random baselines")
    return parser


def run(args: argparse.Namespace) -> None:
    """Run the command."""
    from core.measures.evaluation import evaluate
    from core.run import open_run
    from core.store import EVALUATION
    from precompute.score_tables import tables

    scored = open_run(args.run_name, args.runs)
    evaluation = evaluate(scored, args.classes, args.seed)
    text = json.dumps(evaluation, indent=1, ensure_ascii=False)
    if args.classes is None:
        beside = scored.folder / f"{EVALUATION}.writing"
        beside.write_text(text, "utf-8")
        beside.replace(scored.folder / EVALUATION)
    print(text if args.json else tables(evaluation))
