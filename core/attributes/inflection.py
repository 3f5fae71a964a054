"""The library inflect, imported without the type checks that it builds into itself.

At import typeguard rewrites 23 of inflect's methods and parses the whole module for each: more than
a second of processor time in every process, and on a dashboard's first page. ``python -O`` leaves
the checks out as well; what the methods return is the same.
"""

from unittest.mock import patch

import typeguard

with patch.object(typeguard, "typechecked", lambda method: method):
    from inflect import engine

__all__ = ["engine"]
