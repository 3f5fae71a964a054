"""``repair``: refit the last layer by a recipe, preview the effect, write a patched checkpoint."""

import argparse
from pathlib import Path


def add_parser(subparsers) -> argparse.ArgumentParser:
    """Add the arguments of this command."""
    parser = subparsers.add_parser(
        "repair",
        help="refit the last layer by a recipe, and show what that fixes and breaks",
        description="Refit the last layer on the stored activations of the training images. The "
        "strength is chosen on one half of the test images and judged on the other. Nothing is "
        "written without --out; give the patched checkpoint to 'run' and look at both runs on "
        "the page Compare.",
    )
    parser.add_argument("name", metavar="RUN")
    parser.add_argument(
        "--drop-suspects", action="store_true", help="leave out labels diagnosed as wrong"
    )
    parser.add_argument(
        "--ignore-background",
        action="store_true",
        help="exchange background activations between images (needs maps of the training images)",
    )
    parser.add_argument(
        "--balance",
        nargs="+",
        default=[],
        metavar="ATTRIBUTE",
        help="images of each class with and without it count alike, e.g. 'white belly'",
    )
    parser.add_argument("--balance-classes", action="store_true", help="classes count alike")
    parser.add_argument(
        "--hard", type=float, default=1.0, metavar="N", help="wrong images count N times"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, metavar="FILE", help="patched checkpoint to write")
    parser.add_argument(
        "--checkpoint", type=Path, metavar="FILE", help="default: the one that the run records"
    )
    parser.add_argument("--runs", type=Path, metavar="DIR", help="default: FIELDMARKS_RUNS")
    return parser


def run(args: argparse.Namespace) -> None:
    """Preview the repair, and write it where it is wanted."""
    from core.errors import DataError
    from core.repair.preview import baselines, head_of, preview
    from core.repair.recipe import Recipe
    from core.runs.run import open_run

    opened = open_run(args.name, args.runs)
    phrases = {phrase: t for t, phrase in enumerate(opened.attributes["phrase"])}
    unknown = [phrase for phrase in args.balance if phrase not in phrases]
    if unknown:
        raise DataError(f"run {opened.name!r} has no attribute {unknown[0]!r}")
    if not args.hard > 0:
        raise DataError(f"--hard is a number above 0, got {args.hard}")
    recipe = Recipe(
        drop_suspects=args.drop_suspects,
        ignore_background=args.ignore_background,
        balanced_attributes=tuple(phrases[phrase] for phrase in args.balance),
        balance_classes=args.balance_classes,
        hard_weight=args.hard,
    )
    rows = baselines(opened, args.seed)
    repaired = rows["this repair"] = preview(opened, recipe, args.seed)
    for line in table(rows):
        print(line)
    if repaired.p_value >= 0.05:
        print("no significant change")
    if repaired.n_broken:
        print("broken first:", ", ".join(opened.images["path"].iloc[repaired.broken[:5]]))
    if args.out:
        from precompute.network.patching import patch_head

        recorded = opened.manifest["settings"].get("checkpoint", "")
        checkpoint = args.checkpoint or Path(recorded)
        key = patch_head(checkpoint, args.out, head_of(opened), repaired.head)
        print(f"{args.out}: {checkpoint.name} with another {key}")


def table(rows: dict) -> list[str]:
    """Return the judged heads as lines of text."""
    head = f"{'':24}{'accuracy %':>22}{'difference':>22}{'fixed':>7}{'broken':>8}{'p':>8}"
    lines = [head]
    for name, row in rows.items():
        accuracy, step = row.accuracy, row.difference
        lines.append(
            f"{name:24}"
            f"{accuracy.value:8.1f} [{accuracy.low:4.1f}, {accuracy.high:4.1f}]"
            f"{step.value:+9.1f} [{step.low:+4.1f}, {step.high:+4.1f}]"
            f"{row.n_fixed:7}{row.n_broken:8}{row.p_value:8.3f}"
        )
    return lines
