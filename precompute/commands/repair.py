"""``repair``: refit the last layer by a recipe, preview the effect, write checkpoint and run."""

import argparse
from pathlib import Path

from fieldmarks.precompute.arguments import add_overwrite, path


def add_parser(subparsers) -> argparse.ArgumentParser:
    """Add the arguments of this command."""
    parser = subparsers.add_parser(
        "repair",
        help="refit the last layer by a recipe, and show what that fixes and breaks",
        description="Refit the last layer on the stored activations of the training images, or "
        "remove attributes and filters from it. The strength is chosen on one half of the test "
        "images and scored on the other. Nothing is written without --out or --run-name. The "
        "page Compare shows both runs.",
    )
    parser.add_argument(
        "--no-refit",
        action="store_true",
        help="only remove what --off and --filters-off name; nothing is fitted",
    )
    add_recipe_arguments(parser)
    return parser


def add_recipe_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of a recipe, and of what is written."""
    parser.add_argument("name", metavar="RUN")
    doubted = parser.add_mutually_exclusive_group()
    doubted.add_argument(
        "--drop-suspects", action="store_true", help="leave out suspected label errors"
    )
    doubted.add_argument(
        "--correct-suspects", action="store_true", help="give them the suggested class"
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
        help="balance images of each class with and without it, e.g. 'white belly'",
    )
    parser.add_argument(
        "--off", nargs="+", default=[], metavar="ATTRIBUTE", help="remove attributes"
    )
    parser.add_argument(
        "--filters-off", nargs="+", type=int, default=[], metavar="F", help="remove filters"
    )
    parser.add_argument("--balance-classes", action="store_true", help="balance the classes")
    parser.add_argument(
        "--hard", type=float, default=1.0, metavar="N", help="weight of misclassified images"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=path, metavar="FILE", help="patched checkpoint to write")
    add_overwrite(parser)
    parser.add_argument(
        "--run-name", metavar="NAME", help="write the repaired run beside the old one"
    )
    parser.add_argument(
        "--checkpoint",
        type=path,
        metavar="FILE",
        help="default: the checkpoint recorded in the run",
    )
    parser.add_argument("--runs", type=path, metavar="DIR", help="default: FIELDMARKS_RUNS")


def run(args: argparse.Namespace) -> None:
    """Preview the repair, and write it where it is wanted."""
    from fieldmarks.core.repair.preview import REMOVAL, baselines, preview, removal
    from fieldmarks.core.run.reading import open_run

    opened = open_run(args.name, args.runs)
    recipe = recipe_of(args, opened)
    check_outputs(args, opened)
    verdicts = latest_verdicts(opened, args.runs)
    rows = baselines(opened, args.seed)
    removed = removal(opened, recipe, args.seed)
    if removed is not None and recipe.is_refitted:
        rows[REMOVAL] = removed
    repaired = preview(opened, recipe, args.seed, verdicts)
    finish(args, opened, recipe.as_note(opened, args.seed), rows, repaired)


def check_outputs(args: argparse.Namespace, opened) -> None:
    """Refuse, before anything is computed, what a repair could not read or would write over.

    Parameters
    ----------
    args : Namespace
        See `add_recipe_arguments`.
    opened : Run

    Raises
    ------
    FieldmarksError
        If the checkpoint to patch is not there, ``--out`` is one of the inputs or there already, or
        ``--run-name`` is taken.
    """
    from fieldmarks.core.errors import DataError
    from fieldmarks.core.input_file import is_regular
    from fieldmarks.core.outputs import check_output
    from fieldmarks.core.repair.repaired import check_new_name
    from fieldmarks.core.run.manifest import sources_of

    if args.out:
        checkpoint = _checkpoint(args, opened)
        if not is_regular(checkpoint):
            raise DataError(
                f"expected the checkpoint of run {args.name!r} at {checkpoint}, found none: if "
                "it was moved, pass its path as --checkpoint"
            )
        sources = sources_of(opened.folder, opened.manifest)
        check_output(args.out, [checkpoint, *sources], args.overwrite)
    if args.run_name:
        check_new_name(opened, args.run_name)


def _checkpoint(args: argparse.Namespace, opened) -> Path:
    """Return the checkpoint that is patched: the given one, else that of the run."""
    recorded = opened.manifest.get("settings", {}).get("checkpoint") or ""
    return args.checkpoint or Path(recorded)


def latest_verdicts(opened, runs: Path | None):
    """Return the verdicts on the data set of a run, beside which they may lie; say what is lost."""
    from contextlib import closing

    from fieldmarks.core.review.verdicts import Verdicts, left_out

    with closing(Verdicts(runs=runs)) as database:
        verdicts = database.latest(opened.manifest["dataset"])
    if lacks := left_out(verdicts):
        print(f"note: {lacks}")
    return verdicts


def finish(args: argparse.Namespace, opened, note: dict, rows: dict, repaired) -> None:
    """Print a repair below what it is compared with, and write it where it is wanted.

    Parameters
    ----------
    args : Namespace
        See `add_recipe_arguments`.
    opened : Run
    note : dict
        What the manifest of a written run says of the repair.
    rows : dict of str to Judged
    repaired : Judged
    """
    from fieldmarks.core.repair.preview import head_of
    from fieldmarks.core.repair.repaired import write_repaired

    for line in table({**rows, "this repair": repaired}):
        print(line)
    if repaired.p_value >= 0.05:
        print("no significant change")
    if repaired.n_broken:
        print("broken first:", ", ".join(opened.images["path"].iloc[repaired.broken[:5]]))
    if args.out:
        from fieldmarks.precompute.network.patching import patch_head

        checkpoint = _checkpoint(args, opened)
        key = patch_head(checkpoint, args.out, head_of(opened), repaired.head)
        print(f"{args.out}: {checkpoint.name} with another {key}")
    if args.run_name:
        new = write_repaired(opened, repaired.head, args.run_name, note, args.out, True)
        print(f"{new.folder}: compare it with {opened.name!r} on the page Compare")


def recipe_of(args: argparse.Namespace, opened):
    """Return the recipe of the arguments, or raise what is wrong with them."""
    from fieldmarks.core.errors import DataError
    from fieldmarks.core.repair.recipe import Labels, Recipe
    from fieldmarks.core.run.phrases import attribute_named

    F = opened.sizes["F"]
    if any(not 0 <= f < F for f in args.filters_off):
        raise DataError(f"--filters-off names filters from 0 to {F - 1}, got {args.filters_off}")
    if not args.hard > 0:
        raise DataError(f"--hard is a number above 0, got {args.hard}")
    labels = Labels.DROP if args.drop_suspects else Labels.KEEP
    return Recipe(
        labels=Labels.CORRECT if args.correct_suspects else labels,
        ignore_background=args.ignore_background,
        balanced_attributes=tuple(attribute_named(opened, phrase) for phrase in args.balance),
        off_attributes=tuple(attribute_named(opened, phrase) for phrase in args.off),
        off_filters=tuple(args.filters_off),
        balance_classes=args.balance_classes,
        hard_weight=args.hard,
        is_refitted=not args.no_refit,
    )


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
