"""The command ``fieldmarks``: everything that runs outside the browser, and the dashboard itself.

A command is a file in ``fieldmarks/commands``, in ``precompute/commands``, or of an experiment in
``precompute/experimental/commands``, with ``add_parser(subparsers)`` and ``run(args)``; it imports
what it needs inside ``run``, so that ``--help`` answers at once.
"""

import argparse
import io
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from fieldmarks.commands import dashboard, demo
from fieldmarks.core.errors import UTF8_REMEDY, FieldmarksError
from fieldmarks.precompute import commands

#: Packages that only the extra ``precompute`` installs, by the names they are imported by.
_PRECOMPUTE = {
    "torch",
    "torchvision",
    "spacy",
    "textblob",
    "inflect",
    "openTSNE",
    "tqdm",
    "filelock",
    "safetensors",
    "onnx",
    "onnxscript",
    "gdown",
    "httpx",
    "tenacity",
}


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code: 0, 1 (failed) or 2 (bad arguments)."""
    parser = argparse.ArgumentParser(
        prog="fieldmarks",
        description="A debugger for image classifiers that explains their predictions in words.",
    )
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for module in (dashboard, demo, *commands.modules()):
        module.add_parser(subparsers).set_defaults(run=module.run)
    args = parser.parse_args(argv)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name is reported in any locale
    # what a damaged picture lacks is reported in our words
    warnings.filterwarnings("ignore", module="PIL")
    try:
        with _terminated_like_interrupted():
            args.run(args)
    except FieldmarksError as error:
        message = str(error)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _PRECOMPUTE:
            raise
        message = (
            f"this command needs {error.name}, which is not installed: "
            "pip install 'fieldmarks[precompute]'"
        )
    except OSError as error:
        if error.strerror is None:
            raise
        message = f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    except UnicodeEncodeError as error:
        message = f"{error.object[:200]!a} cannot be written in this locale: {UTF8_REMEDY}"
    except KeyboardInterrupt:
        message = "interrupted; the same command resumes where it stopped"
    else:
        return 0
    print(f"error: {message}", file=sys.stderr)
    return 1


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """Let SIGTERM end a command as Ctrl-C does: with what it was doing put away, and one line."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


if __name__ == "__main__":
    sys.exit(main())
