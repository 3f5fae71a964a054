"""``fieldmarks run``: all stages of a run; what is current is not computed again."""

import argparse
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from fieldmarks.commands.dashboard import open_meanwhile
from fieldmarks.precompute.arguments import add_leave_out, input_size, path, positive, seed
from fieldmarks.precompute.data.source import add_data_arguments, source_of
from fieldmarks.precompute.network.settings import (
    PRECISIONS,
    add_network_arguments,
    network_of,
)

if TYPE_CHECKING:
    from fieldmarks.precompute.pipeline.settings import Settings


def add_parser(subparsers) -> argparse.ArgumentParser:
    """Add the command and its arguments."""
    parser = subparsers.add_parser(
        "run",
        help="compute a run from a data set and a trained network; captions give it words",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add_data_arguments(parser)
    add(
        "--ignore",
        action="append",
        default=[],
        metavar="COLUMN",
        help="column of a table that gives no attribute; can be repeated",
    )
    add("--captions", type=path, metavar="PATH", help="default: beside the images, text_c10 of CUB")
    add(
        "--words",
        type=path,
        metavar="FILE",
        help="probabilities of phrases, as 'words' writes them: a table with file_name and a "
        "column of probabilities per phrase",
    )
    add(
        "--attributes",
        choices=("auto", "captions", "images", "classes"),
        default="auto",
        help="source of attributes: captions, annotations of images, or (weaker) of classes",
    )
    add(
        "--checkpoint",
        type=path,
        metavar="FILE",
        help="what 'train' wrote, or with --network any state dict",
    )
    add_network_arguments(parser)
    add(
        "--classes",
        metavar="FILE",
        help="one class a line in the order of the class scores, or class_to_idx.json; or "
        "'natural': 2 before 10 (default: class_to_idx.json beside the checkpoint or in the data "
        "folder, the weights, else the data set's order)",
    )
    add("--keep-class-order", action="store_true", help="keep the order despite the mismatch")
    add(
        "--layer",
        metavar="NAME",
        help="explain the maps of this layer by gradient times activation",
    )
    add("--name", required=True, help="of the run")
    add("--arch", help="the architecture that the checkpoint must hold")
    add("--runs", type=path, metavar="DIR", help="default: FIELDMARKS_RUNS, else artifacts")
    add(
        "--input-size",
        type=input_size,
        metavar="PIXELS",
        help="side of a square, or HEIGHTxWIDTH such as 192x256 (default: as in training)",
    )
    add(
        "--maps",
        default="all",
        metavar="WHICH",
        help="images whose feature maps are kept: all, test, none or how many test images",
    )
    add(
        "--synonyms",
        type=path,
        metavar="FILE",
        help="further synonyms, accepted on the page Images (kind,word,becomes)",
    )
    add(
        "--nouns",
        type=path,
        metavar="FILE",
        help="nouns that are parts, objects or materials (noun,number,part,ends_phrase; number "
        "is one, several, mass or whole); the rest is learned from the captions",
    )
    add("--no-merge", action="store_true", help="keep synonyms apart")
    add(
        "--min-images",
        type=positive(int),
        metavar="N",
        help="drop attributes that fewer images have",
    )
    add("--estimators", nargs="+", metavar="NAME", help="default: all")
    add(
        "--keypoints",
        action="store_true",
        help="experimental: also compute the keypoint-supervised upper bound, never the default",
    )
    add("--thumb-size", type=int, default=224, metavar="PIXELS")
    add_leave_out(parser, "classes that 'train' held out: no estimate uses their images")
    add("--seed", type=seed, default=0)
    add("--batch-size", type=positive(int), metavar="N", help="images per forward pass")
    add(
        "--workers",
        type=positive(int),
        metavar="N",
        help="threads that decode images; default: all cores",
    )
    add("--device", default="auto", help="auto, cpu, cuda or mps")
    add(
        "--precision",
        choices=PRECISIONS,
        help="what the network computes in (default: float32 on a processor, mixed on a GPU); "
        "auto: bfloat16 also on a processor that has it, if at most 0.5 %% of predictions change",
    )
    add(
        "--open",
        action="store_true",
        help="open the dashboard at once: it shows the failures that the pass finds, then the "
        "explanations, and the rest when it is computed",
    )
    add("--compile", action="store_true", help="compile the network: slower start, faster passes")
    return parser


def run(args: argparse.Namespace) -> None:
    """Run the command."""
    from fieldmarks.core.estimators import ESTIMATORS, EXPERIMENTAL
    from fieldmarks.core.run.files import check_name, runs_folder
    from fieldmarks.precompute.data.readers.stored import holds_pictures
    from fieldmarks.precompute.pipeline.class_order import class_file
    from fieldmarks.precompute.pipeline.settings import Settings

    given = {
        name: getattr(args, name)
        for name in ("min_images", "estimators", "input_size", "batch_size", "workers", "arch")
        if getattr(args, name) is not None
    }
    if args.estimators:
        given["estimators"] = tuple(args.estimators)
    if args.keypoints:
        without = given.get("estimators", sorted(ESTIMATORS))
        given["estimators"] = tuple(dict.fromkeys((*without, *EXPERIMENTAL)))
    runs = args.runs or runs_folder()
    source, network = source_of(args), network_of(args)
    folder = runs.resolve() / f".{check_name(args.name)}.data"
    if holds_pictures(source.data):
        from fieldmarks.precompute.notebook.stored_sets import with_files

        source, network = with_files(source, network, folder)
    elif source.data.exists():
        from fieldmarks.precompute.data.remote import with_fetched

        source = with_fetched(source, folder)
    if network.source is not None and network.classes is None:
        found = class_file(args.checkpoint, args.data or args.cub)
        if found is not None:
            print(f"note: {found} gives the order of the classes; --classes gives another")
            network = replace(network, classes=str(found))
    settings = Settings(
        source=source,
        checkpoint=args.checkpoint,
        network=network,
        name=args.name,
        runs=runs,
        maps=args.maps,
        merge=not args.no_merge,
        synonyms=args.synonyms,
        nouns=args.nouns,
        thumb_size=args.thumb_size,
        leave_out=tuple(sorted(set(args.leave_out))),
        seed=args.seed,
        device=args.device,
        compile=args.compile,
        precision=args.precision,
        **given,
    )
    with open_meanwhile(settings.name, args.runs) as open_dashboard:
        _compute(settings, open_dashboard if args.open else lambda: None)


def _compute(settings: "Settings", on_open: Callable[[], None]) -> None:
    """Compute the run and say what is in it."""
    from fieldmarks.precompute.pipeline.pipeline import precompute

    finished = precompute(settings, on_open=on_open)
    sizes = finished.sizes
    print(
        f"run {finished.name!r}: {sizes['X']:,} images, {sizes['F']:,} filters, "
        f"{sizes['T']:,} attributes, {sizes['C']:,} classes in {finished.folder}",
        flush=True,
    )
    if not finished.has_words:
        print(
            "no captions were found, so the run has no words. You can add them later without "
            "running the network again: the same command with --captions (fieldmarks caption, "
            "fieldmarks words)"
        )
