"""``train``: fine-tune a network on the crops of a data set."""

import argparse

from fieldmarks.precompute.arguments import (
    add_leave_out,
    add_overwrite,
    path,
    pixels,
    positive,
    seed,
    share,
)
from fieldmarks.precompute.data.source import add_data_arguments, source_of
from fieldmarks.precompute.network.settings import add_network_arguments, network_of


def add_parser(subparsers) -> argparse.ArgumentParser:
    """Add the arguments of this command."""
    parser = subparsers.add_parser(
        "train",
        help="fine-tune a network on bounding-box crops",
        description="Fine-tune a network on the bounding-box crops of a CUB-200-2011 folder. "
        "The same command resumes an interrupted training.",
    )
    add_data_arguments(parser)
    add_network_arguments(parser)
    parser.add_argument("--out", type=path, required=True, metavar="FILE", help="checkpoint")
    add_overwrite(parser)
    parser.add_argument("--arch", default="resnet50", metavar="NAME", help="default: resnet50")
    parser.add_argument(
        "--weights",
        type=path,
        metavar="FILE",
        help="state dict or checkpoint to start from (default: torchvision's ImageNet weights)",
    )
    parser.add_argument(
        "--normalise",
        choices=("imagenet", "half"),
        help="what --weights expect: ImageNet's mean and deviation, or [-1, 1] (default: as the "
        "checkpoint says; half where batch norm is folded into the convolutions)",
    )
    parser.add_argument("--epochs", type=positive(int), default=8, metavar="N")
    parser.add_argument("--input-size", type=pixels, default=224, metavar="PIXELS")
    parser.add_argument("--batch-size", type=positive(int, 4096), default=32, metavar="N")
    parser.add_argument("--lr", type=positive(float), metavar="RATE", help="peak, linear layer")
    parser.add_argument("--seed", type=seed, default=0)
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps")
    parser.add_argument(
        "--validate",
        type=share,
        default=0.0,
        metavar="SHARE",
        help="hold out this share of the training split and score on it instead of the test "
        "split: for choosing settings",
    )
    add_leave_out(
        parser,
        "numbers of classes to hold out of training: for scores on unseen classes",
    )
    return parser


def run(args: argparse.Namespace) -> None:
    """Train and write the checkpoint; a second training of the same file is refused."""
    from fieldmarks.core.outputs import check_output
    from fieldmarks.precompute.resume.lock import exclusive

    check_output(args.out, [*source_of(args).paths, args.weights], args.overwrite)
    with exclusive(args.out, f"checkpoint {args.out}", "give another --out"):
        _train(args)


def _train(args: argparse.Namespace) -> None:
    from fieldmarks.precompute.data.read import read_dataset

    dataset = read_dataset(
        source_of(args)
    )  # before torch is loaded: a wrong folder is reported at once
    from fieldmarks.precompute.training.finetune import finetune
    from fieldmarks.precompute.training.loop import TrainingSettings

    settings = TrainingSettings(
        epochs=args.epochs,
        batch_size=args.batch_size,
        input_size=args.input_size,
        seed=args.seed,
        **({"lr": args.lr} if args.lr else {}),
    )
    finetune(
        dataset,
        arch=args.arch,
        out=args.out,
        settings=settings,
        weights=args.weights,
        normalise=args.normalise,
        network=network_of(args),
        device=args.device,
        validate=args.validate,
        leave_out=args.leave_out,
    )
