"""``fieldmarks caption``: captions of a data set, written by a model."""

import argparse

from fieldmarks.precompute.arguments import path, positive
from fieldmarks.precompute.data.source import add_data_arguments, source_of


def add_parser(subparsers) -> argparse.ArgumentParser:
    """Add the command and its arguments."""
    parser = subparsers.add_parser(
        "caption",
        help="write captions of the images by a model",
        description="A model, on a server or on this machine, describes each image in short "
        "phrases. The same command resumes after an interruption. 'run --captions' reads the "
        "file.",
    )
    add = parser.add_argument
    add_data_arguments(parser)
    add("--out", type=path, required=True, metavar="FILE", help="captions, as JSON lines")
    add("--overwrite", action="store_true", help="replace a file that was written by another model")
    add_model_arguments(parser)
    add(
        "--parts",
        nargs="+",
        default=[],
        metavar="NOUN",
        help="parts to describe, such as wing beak tail; by default the model proposes some once",
    )
    add("--limit", type=positive(int), metavar="N", help="at most so many images, evenly spread")
    add("--side", type=positive(int, 4096), default=768, metavar="PIXELS", help="default: 768")
    return parser


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say which model writes."""
    group = parser.add_argument_group(
        "model", "a server with the OpenAI API, or --model hf:NAME on this machine"
    )
    add = group.add_argument
    add("--server", metavar="URL", help="http://localhost:11434/v1 is Ollama on this machine")
    add(
        "--model",
        required=True,
        metavar="NAME",
        help="a model of the server, or hf:NAME, hf:FOLDER",
    )
    add("--key-env", metavar="VARIABLE", help="environment variable that holds the server's key")
    add(
        "--send-pictures-to",
        metavar="HOST",
        help="allow sending pictures to this host, if --server is not this machine",
    )
    add("--parallel", type=positive(int, 256), default=4, metavar="N", help="parallel requests")
    add(
        "--timeout",
        type=positive(float),
        default=120.0,
        metavar="SECONDS",
        help="time limit of a request",
    )
    add("--tries", type=positive(int, 100), default=5, metavar="N", help="attempts per request")
    add(
        "--max-tokens",
        type=positive(int),
        default=500,
        metavar="N",
        help="length limit of an answer",
    )
    add(
        "--batch-size",
        type=positive(int),
        default=8,
        metavar="N",
        help="batch size of an hf: model",
    )
    add("--device", default="auto", help="device of an hf: model: auto, cpu, cuda or mps")


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
        f"{args.out}: {summary.n_written:,} images written, {summary.n_empty:,} of them without "
        f"a caption, {len(problems):,} without an answer (the same command retries them)"
    )
