"""Libraries of later pages, loaded while somebody looks at the first one.

Together they take half a second, which the first page does not wait for and the second would.
"""

import importlib
import threading

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


def _load() -> None:
    for library in LIBRARIES:
        importlib.import_module(library)


_THREAD = threading.Thread(target=_load, name="preload", daemon=True)
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
