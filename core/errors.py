"""Errors for the user: what was expected, what was given, what to do."""

import re

#: What would break a line of a message, and the longest message.
_BREAKS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
_LONGEST = 1000


class FieldmarksError(Exception):
    r"""Base of all errors raised on purpose; the message is one line for the user.

    Whatever names and values a message quotes, it stays one line of bounded length.

    >>> str(FieldmarksError("no file a\nb"))
    'no file a b'
    """

    def __init__(self, message: str = ""):
        line = _BREAKS.sub(" ", message)
        super().__init__(line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3]}...")


class RunError(FieldmarksError, ValueError):
    """A run on disk is malformed, stale, half-written or of another schema."""


class MissingRunError(FieldmarksError, LookupError):
    """There is no such run, or the run lacks an optional part (maps, an estimator)."""


class WordlessError(MissingRunError):
    """A result that needs words was requested of a run without words.

    Parameters
    ----------
    run : str
        Its name.
    what : str
        What was asked for.
    """

    def __init__(self, run: str, what: str):
        super().__init__(
            f"run {run!r} has no words, and {what} needs them: repeat its 'fieldmarks run' with "
            "--captions. 'fieldmarks caption' lets a model write captions, 'fieldmarks words' "
            "rates phrases that you list"
        )


class DataError(FieldmarksError, ValueError):
    """Images, captions, annotations or a checkpoint are invalid."""


class ModelError(FieldmarksError, ValueError):
    """A network cannot be explained: no global pooling plus one linear layer, wrong shapes."""


class DatabaseError(FieldmarksError, RuntimeError):
    """The database of verdicts cannot be reached or is invalid."""


class ConflictError(FieldmarksError):
    """Another user saved a verdict on the same image in the meantime.

    Attributes
    ----------
    theirs : Verdict
        The verdict in the database; the caller's verdict was not written.
    """

    def __init__(self, message: str, theirs):
        super().__init__(message)
        self.theirs = theirs


#: What to do where the locale is ASCII and a path is not.
UTF8_REMEDY = "start with PYTHONUTF8=1 or LC_ALL=C.UTF-8"


def one_line(error: BaseException) -> str:
    r"""Return the first line of a library's error message, for use in our own message.

    >>> one_line(ValueError("no such layer\nstack trace"))
    'no such layer'
    >>> one_line(EOFError())
    'EOFError'
    """
    lines = str(error).strip().splitlines()
    return lines[0][:160] if lines else type(error).__name__


def brief(value: object, longest: int = 60) -> str:
    """Return a value of the user's as it stands in a message: short, and plain Python.

    >>> import numpy as np
    >>> brief(np.str_("chair")), brief(np.float64(0.5)), brief(b"PNG...")
    ("'chair'", '0.5', '6 bytes')
    >>> brief({"bytes": b"PNG...", "path": None})
    "{'bytes': 6 bytes, 'path': None}"
    >>> brief("a" * 100, 9)
    "'aaaaa..."
    """
    try:
        text = _plain_repr(value, longest)
    except RecursionError:
        text = f"a deeply nested {type(value).__name__}"
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def _plain_repr(value: object, longest: int) -> str:
    tolist = getattr(value, "tolist", None)  # NumPy's scalars and small arrays
    if callable(tolist) and getattr(value, "size", longest) < longest:
        value = tolist()
    if isinstance(value, bytes | bytearray | memoryview):
        return f"{len(value):,} bytes"
    if isinstance(value, str):
        return repr(value[:longest])
    if isinstance(value, dict):
        pairs = list(value.items())[:8]
        inside = (f"{_plain_repr(k, longest)}: {_plain_repr(v, longest)}" for k, v in pairs)
        return f"{{{', '.join(inside)}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_plain_repr(each, longest) for each in list(value)[:8])}]"
    try:
        return repr(value)
    except Exception:  # an object of somebody else's
        return type(value).__name__
