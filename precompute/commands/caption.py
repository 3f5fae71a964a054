"""``fieldmarks caption``: captions of a data set, written by a model."""

import argparse

from fieldmarks.precompute.arguments import path, positive
from fieldmarks.precompute.data.source import add_data_arguments, source_of


def add_parser(subparsers) -> argparse.ArgumentParser:
    """Add the command and its arguments."""
    parser = subparsers.add_parser(
        "caption",
        help="write captions of the images by a model",
        description="Write what can be seen in each image as short phrases, by a model of a server "
        "or one that runs here. The same command goes on where it was stopped. 'run --captions' "
        "reads the file.",
    )
    add = parser.add_argument
    add_data_arguments(parser)
    add("--out", type=path, required=True, metavar="FILE", help="captions, as JSON lines")
    add("--overwrite", action="store_true", help="replace a file that another model wrote")
    add_model_arguments(parser)
    add(
        "--parts",
        nargs="+",
        default=[],
        metavar="NOUN",
        help="what is described: wing beak tail; by default the model proposes them once",
    )
    add("--limit", type=positive(int), metavar="N", help="images at most, spread over all")
    add("--side", type=positive(int, 4096), default=768, metavar="PIXELS", help="default: 768")
    return parser


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say which model writes."""
    group = parser.add_argument_group(
        "model", "a server that speaks OpenAI's protocol, or --model hf:NAME"
    )
    add = group.add_argument
    add("--server", metavar="URL", help="http://localhost:11434/v1 is Ollama on this machine")
    add("--model", required=True, metavar="NAME", help="of the server; or hf:NAME, hf:FOLDER")
    add("--key-env", metavar="VARIABLE", help="environment variable that holds the server's key")
    add(
        "--send-pictures-to",
        metavar="HOST",
        help="allow this host of --server, where it is not this machine",
    )
    add("--parallel", type=positive(int, 256), default=4, metavar="N", help="requests at a time")
    add("--timeout", type=positive(float), default=120.0, metavar="SECONDS", help="of a request")
    add("--tries", type=positive(int, 100), default=5, metavar="N", help="of a request")
    add("--max-tokens", type=positive(int), default=500, metavar="N", help="of an answer")
    add("--batch-size", type=positive(int), default=8, metavar="N", help="images at a time of hf:")
    add("--device", default="auto", help="of hf: auto, cpu, cuda or mps")


def writer_of(args: argparse.Namespace):
    """Return the model that the arguments name."""
    import os

    from fieldmarks.core.errors import DataError
    from fieldmarks.precompute.captioning.server import Server
    from fieldmarks.precompute.captioning.writers import ServerWriter

    if args.server is None:
        kind, _, name = args.model.partition(":")
        if kind == "hf" and name:
            from fieldmarks.precompute.captioning.hub import HubWriter

            return HubWriter(name, args.device, args.batch_size, args.max_tokens)
        raise DataError(
            f"{args.model} runs on a server, whose address --server gives: Ollama's is "
            "http://localhost:11434/v1. --model hf:NAME or hf:FOLDER runs here"
        )
    key = os.environ.get(args.key_env) if args.key_env else None
    if args.key_env and not key:
        raise DataError(f"--key-env names {args.key_env}, which is not set")
    server = Server(
        args.server,
        args.model,
        key,
        args.send_pictures_to,
        timeout=args.timeout,
        tries=args.tries,
        max_tokens=args.max_tokens,
    )
    return ServerWriter(server, args.parallel)


def run(args: argparse.Namespace) -> None:
    """Write the captions."""
    from contextlib import closing

    with closing(writer_of(args)) as writer:
        _write(args, writer)


def _write(args: argparse.Namespace, writer) -> None:
    from fieldmarks.precompute.captioning.caption import (
        parts_of,
        propose_parts,
        write_captions,
    )
    from fieldmarks.precompute.data.read import read_dataset

    dataset = read_dataset(source_of(args))
    n = min(args.limit or len(dataset.images), len(dataset.images))
    print(
        f"up to {n:,} pictures of {args.side:,} pixels, a request each, with answers of up to "
        f"{args.max_tokens:,} tokens ({n * args.max_tokens / 1e6:,.1f} million in all); the first "
        "answers tell the time, --limit writes fewer"
    )
    parts = [part.lower() for part in args.parts]
    if not parts and writer.follows_prompts:
        earlier = None if args.overwrite else parts_of(args.out)
        parts = earlier or propose_parts(dataset, writer, args.side)
        if not earlier:
            print(f"parts, proposed by {writer.name}: {', '.join(parts)} (--parts names others)")
    summary = write_captions(
        dataset,
        writer,
        args.out,
        parts,
        side=args.side,
        limit=args.limit,
        overwrite=args.overwrite,
    )
    problems = summary.problems or []
    for line in problems[:5]:
        print(line)
    print(
        f"{args.out}: {summary.n_written:,} images written, {summary.n_empty:,} of them without a "
        f"caption, {len(problems):,} not answered (the same command tries them again)"
    )
