"""Errors for the user: what was expected, what was given, what to do."""


class FieldmarksError(Exception):
    """Base of all errors raised on purpose; the message is one line for the user."""


class RunError(FieldmarksError, ValueError):
    """A run on disk is malformed, stale, half-written or of another schema."""


class MissingRunError(FieldmarksError, LookupError):
    """There is no such run, or the run lacks an optional part (maps, an estimator)."""


class DataError(FieldmarksError, ValueError):
    """Images, captions, annotations or a checkpoint are not what they should be."""


class ModelError(FieldmarksError, ValueError):
    """A network cannot be explained: no global pooling plus one linear layer, wrong shapes."""


class DatabaseError(FieldmarksError, RuntimeError):
    """The database of verdicts cannot be reached or is not what it should be."""


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
