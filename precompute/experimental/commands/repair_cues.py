"""``repair-cues``: refit the last layer without the spurious cues that failures show."""

import argparse

from fieldmarks.precompute.commands.repair import (
    add_recipe_arguments,
    check_outputs,
    finish,
    latest_verdicts,
    recipe_of,
)


def add_parser(subparsers) -> argparse.ArgumentParser:
    """Add the command and its arguments."""
    parser = subparsers.add_parser(
        "repair-cues",
        help="experimental: repair, without the spurious cues that failures show",
        description="Like 'repair', and also removes the directions of spurious cues from the "
        "activations. Failures of the validation half that were diagnosed or judged as a "
        "spurious cue show the directions and join the fit. It fixes most failures by a planted "
        "cue and costs some accuracy elsewhere; it was not evaluated on photographs "
        "(docs/evidence/index.md).",
    )
    add_recipe_arguments(parser)
    parser.set_defaults(no_refit=False)
    return parser


def run(args: argparse.Namespace) -> None:
    """Preview the repair, and write it where it is wanted."""
    from fieldmarks.core.experimental.cue_repair import preview_without_cues, removal_of_cues
    from fieldmarks.core.repair.preview import REMOVAL, baselines
    from fieldmarks.core.run.reading import open_run

    opened = open_run(args.name, args.runs)
    recipe = recipe_of(args, opened)
    check_outputs(args, opened)
    verdicts = latest_verdicts(opened, args.runs)
    repaired = preview_without_cues(opened, recipe, args.seed, verdicts)
    rows = baselines(opened, args.seed)
    rows[REMOVAL] = removal_of_cues(opened, args.seed, verdicts)
    note = {**recipe.as_note(opened, args.seed), "ignore_cues": True}
    finish(args, opened, note, rows, repaired)
