"""Many rows, a block at a time, so that memory does not grow with their number."""

from collections.abc import Iterator

#: Rows worked on at a time.
BLOCK = 512


def blocks(n: int, size: int = BLOCK) -> Iterator[slice]:
    """Yield slices that cover n rows, ``size`` at a time.

    >>> list(blocks(5, 2))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    yield from (slice(start, min(start + size, n)) for start in range(0, n, size))
