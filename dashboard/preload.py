"""Libraries of later pages, loaded while somebody looks at the first one.

Together they take half a second, which the first page does not wait for and the second would.
"""

import importlib
import threading
from contextlib import suppress

LIBRARIES = (
    "jinja2",
    "sqlalchemy.dialects.sqlite",
    "scipy.cluster.hierarchy",
    "scipy.stats",
    "sklearn.cluster",
    "sklearn.decomposition",
    "sklearn.metrics",
    "sklearn.preprocessing",
)


def load() -> None:
    """Load them.

    At the end of a script Streamlit may take its folder from the path of modules, and who goes
    along that path then misses an entry: so each is tried twice. What is not found is left to the
    page that needs it.
    """
    for library in (*LIBRARIES, *LIBRARIES):
        with suppress(ImportError):
            importlib.import_module(library)


_THREAD = threading.Thread(target=load, name="preload", daemon=True)
_STARTING = threading.Lock()


def begin() -> None:
    """Begin to load them, once for each server."""
    with _STARTING:
        if _THREAD.ident is None:
            _THREAD.start()


def finish() -> None:
    """Wait for what was begun: two threads that import one library may see the half of it."""
    if _THREAD.ident is not None:
        _THREAD.join()
