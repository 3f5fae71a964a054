"""Running code of a network's author: errors become one line, torch's defaults are put back."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from fieldmarks.core.errors import FieldmarksError, ModelError, brief, one_line


@contextmanager
def own_code(what: str) -> Iterator[None]:
    """Report errors of foreign code in one line, and keep torch's defaults as they were.

    Parameters
    ----------
    what : str
        Whose code it is, the beginning of the message.

    Raises
    ------
    ModelError
        For whatever the code raises but Ctrl-C, ``SystemExit`` included: it would end the command
        as if all had gone well.
    """
    dtype, device = torch.get_default_dtype(), torch.get_default_device()
    has_gradients = torch.is_grad_enabled()
    try:
        yield
    except (FieldmarksError, KeyboardInterrupt):
        raise
    except SystemExit as error:
        raise ModelError(
            f"{what} ends the program by sys.exit({brief(error.code)}): keep what runs as a script "
            'behind if __name__ == "__main__"'
        ) from None
    except BaseException as error:  # also GeneratorExit and CancelledError
        raise ModelError(f"{what} fails ({type(error).__name__}: {one_line(error)})") from None
    finally:
        torch.set_default_dtype(dtype)
        if torch.get_default_device() != device:
            torch.set_default_device(device)
        torch.set_grad_enabled(has_gradients)
