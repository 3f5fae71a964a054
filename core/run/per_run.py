"""Results that are computed once for a run and kept with it, for as long as the run is."""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, overload

from fieldmarks.core.run.run import Run

P = ParamSpec("P")
R = TypeVar("R")
OfRun = Callable[Concatenate[Run, P], R]
_ABSENT = object()


@overload
def per_run(function: OfRun[P, R], *, most: int | None = None) -> OfRun[P, R]: ...
@overload
def per_run(*, most: int) -> Callable[[OfRun[P, R]], OfRun[P, R]]: ...
def per_run(function: Any = None, *, most: int | None = None) -> Any:
    """Decorate a function of a run: the run keeps its results, one for each further argument.

    Nothing but the run refers to them: they go when it goes. Two threads that ask at the same time
    may both compute; both get the result of the first.

    Parameters
    ----------
    function : callable
        Of a run and hashable further arguments.
    most : int, optional
        Results to keep; the oldest go. By default all.
    """
    if function is None:
        return partial(per_run, most=most)

    @wraps(function)
    def kept(run: Run, *args: Any, **kwargs: Any) -> Any:
        results = run.results.setdefault(function, {})
        key = (args, *sorted(kwargs.items()))
        result = results.get(key, _ABSENT)
        if result is _ABSENT:
            result = results.setdefault(key, function(run, *args, **kwargs))
            while most is not None and len(results) > most:
                results.pop(next(iter([*results])), None)
        return result

    return kept
