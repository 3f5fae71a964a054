"""``fieldmarks words``: how likely phrases are seen in images, by a contrastive model."""

import argparse

from fieldmarks.precompute.arguments import path, positive
from fieldmarks.precompute.data.source import add_data_arguments, source_of


def add_parser(subparsers) -> argparse.ArgumentParser:
    """Add the command and its arguments."""
    parser = subparsers.add_parser(
        "words",
        help="rate how likely phrases are seen in the images, with an image-text model",
        description="Compute how likely each phrase is seen in each image, with a contrastive "
        "model such as CLIP, calibrated per phrase. 'run --words' reads the table. FILE.html is "
        "a page for excluding wrong phrases: the same command with --strike drops them.",
    )
    add = parser.add_argument
    add_data_arguments(parser)
    add(
        "--out",
        type=path,
        required=True,
        metavar="FILE.parquet",
        help="a page for review is written as FILE.html",
    )
    add("--overwrite", action="store_true", help="replace files that were written otherwise")
    add(
        "--model",
        required=True,
        metavar="SOURCE",
        help="open_clip:MODEL/TAG, hf:NAME or hf:FOLDER of CLIP or SigLIP, or a function: "
        "package.module:function, file.py:function",
    )
    add(
        "--phrases",
        type=path,
        required=True,
        metavar="FILE",
        help="one phrase per line, such as 'striped wing'; if missing, proposed by --server",
    )
    add(
        "--kind",
        default="something",
        metavar="TEXT",
        help="what all pictures show, such as 'a bird'",
    )
    add("--strike", type=path, metavar="FILE", help="phrases to exclude, as the page saves them")
    add("--batch-size", type=positive(int), default=32, metavar="N", help="images at a time")
    add("--device", default="auto", help="auto, cpu, cuda or mps")
    group = parser.add_argument_group(
        "proposal of phrases", "from class names alone; no picture is sent"
    )
    group.add_argument("--server", metavar="URL", help="a chat server, see 'caption'")
    group.add_argument("--writer", metavar="NAME", help="a language model of the server")
    group.add_argument("--propose", type=positive(int, 500), default=60, metavar="N")
    group.add_argument(
        "--key-env", metavar="VARIABLE", help="environment variable that holds the server's key"
    )
    group.add_argument(
        "--send-names-to", metavar="HOST", help="allow sending class names to this host"
    )
    return parser


def run(args: argparse.Namespace) -> None:
    """Compute the probabilities."""
    from fieldmarks.core.errors import DataError
    from fieldmarks.core.outputs import atomic_write, check_output
    from fieldmarks.precompute.captioning import words
    from fieldmarks.precompute.captioning.two_tower import two_tower
    from fieldmarks.precompute.data.read import read_dataset

    if args.out.suffix.lower() != ".parquet":
        raise DataError(f"--out is a file of Parquet, FILE.parquet, got {args.out}")
    page = args.out.with_suffix(".html")
    dataset = read_dataset(source_of(args))
    if not args.phrases.exists():
        _propose(args, dataset)
    phrases = words.read_phrases(args.phrases)
    written_by = {"model": args.model, "phrases": phrases, "kind": args.kind}
    table = words.read_table_of(args.out, written_by)
    if table is None:
        check_output(args.out, overwrite=args.overwrite)
        check_output(page, overwrite=args.overwrite)
        towers = two_tower(args.model, args.device)
        table, told = words.split_told(
            words.phrase_table(dataset, towers, phrases, args.kind, args.batch_size)
        )
        for line in told:
            print(line)
        if not table.phrases:
            raise DataError(
                f"{args.model} cannot distinguish any phrase of {args.phrases} in these images"
            )
    elif len(table.p) != len(dataset.images):
        raise DataError(f"{args.out} was made from other images: use another file, or --overwrite")
    if args.strike is not None:
        table = words.struck_out(table, words.read_phrases(args.strike))
    words.write_table(args.out, dataset, table, written_by)
    with atomic_write(page) as file:
        file.write(words.review_page(dataset, table, f"Words by {args.model}").encode())
    print(
        f"{args.out}: {len(table.phrases)} of {len(phrases)} phrases in {len(table.p):,} images. "
        f"Exclude wrong phrases on {page}, then: run --words {args.out}"
    )


def _propose(args: argparse.Namespace, dataset) -> None:
    """Write the phrases that a language model proposes to the file of phrases."""
    import os
    from contextlib import closing

    from fieldmarks.core.errors import DataError
    from fieldmarks.core.outputs import atomic_write
    from fieldmarks.precompute.captioning.server import Server
    from fieldmarks.precompute.captioning.words import propose_phrases
    from fieldmarks.precompute.captioning.writers import ServerWriter

    if args.server is None or args.writer is None:
        raise DataError(
            f"{args.phrases} does not exist: write one phrase per line, or let a language model "
            "propose them with --server URL and --writer NAME"
        )
    key = os.environ.get(args.key_env) if args.key_env else None
    server = Server(
        args.server, args.writer, key, args.send_names_to, max_tokens=4000, sent="names"
    )
    with closing(ServerWriter(server)) as writer:
        phrases = propose_phrases(dataset, writer, args.propose)
    with atomic_write(args.phrases) as file:
        file.write("".join(f"{phrase}\n" for phrase in phrases).encode())
    print(f"{args.phrases}: {len(phrases)} phrases, proposed by {args.writer}; edit them freely")
