"""Everything that needs the model or the text; called as a function it computes a run."""

import sys
from types import ModuleType
from typing import Any


class _Package(ModuleType):
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute a run of a network and a data set; see `precompute.notebook.precompute`."""
        from fieldmarks.precompute.notebook.precompute import precompute

        return precompute(*args, **kwargs)


# fm.precompute is the function that a notebook calls, and the package that holds it
sys.modules[__name__].__class__ = _Package
