"""How a value of a network holds feature maps: channels first, channels last, or tokens."""

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor

#: Tokens that may stand before those of the patches: class, distillation, registers.
_MAX_PREFIX = 8


@dataclass(frozen=True)
class Layout:
    """How to read maps (n, F, H, W) out of a value.

    Parameters
    ----------
    kind : str
        "channels first" (n, F, H, W), "channels last" (n, H, W, F) or "tokens" (n, L, F).
    rows, columns : int
        H and W.
    prefix : int
        Tokens before those of the patches, which have no place in the image.
    """

    kind: str
    rows: int
    columns: int
    prefix: int = 0

    @property
    def side(self) -> int:
        """The smaller of H and W."""
        return min(self.rows, self.columns)

    def maps(self, value: Tensor) -> Tensor:
        """Return the maps, of shape (n, F, H, W)."""
        return maps_of(value, self.kind, self.rows, self.columns, self.prefix)

    def with_maps(self, value: Tensor, maps: Tensor) -> Tensor:
        """Return the value with other maps in it."""
        value = value.clone()
        if self.kind == "channels last":
            value[:] = maps.permute(0, 2, 3, 1)
        elif self.kind == "tokens":
            value[:, self.prefix :] = maps.flatten(2).transpose(1, 2)
        else:
            value[:] = maps
        return value


def maps_of(value: Tensor, kind: str, rows: int, columns: int, prefix: int) -> Tensor:
    """Return the maps in a value; see `Layout`."""
    if kind == "channels last":
        return value.permute(0, 3, 1, 2)
    if kind == "tokens":
        return value[:, prefix:].transpose(1, 2).unflatten(2, (rows, columns))
    return value


def layouts(value: Tensor, height: int, width: int) -> list[Layout]:
    """Return the ways in which a value may hold maps of the images' shape, the likeliest first.

    Parameters
    ----------
    value : Tensor
    height, width : int
        Of the images.
    """
    candidates = []
    if value.ndim == 4:
        _, first, second, third = value.shape
        if _is_shape(second, third, height, width):
            candidates.append(Layout("channels first", second, third))
        if _is_shape(first, second, height, width):
            candidates.append(Layout("channels last", first, second))
    if value.ndim == 3:
        n_tokens = value.shape[1]
        shapes = (
            Layout("tokens", rows, columns, prefix)
            for prefix in range(min(_MAX_PREFIX + 1, n_tokens))
            for rows, columns in _factors(n_tokens - prefix, height, width)
        )
        candidates += [found for found in [next(shapes, None)] if found is not None]
    return candidates


def _is_shape(rows: int, columns: int, height: int, width: int) -> bool:
    """Return whether cells cover an image of this shape, but for less than one of them."""
    return abs(rows - columns * height / width) < 1 and abs(columns - rows * width / height) < 1


def _factors(n: int, height: int, width: int) -> Iterator[tuple[int, int]]:
    """Yield rows and columns of n cells that cover an image of this shape."""
    rows = round((n * height / width) ** 0.5)
    for each in (rows, rows + 1, rows - 1):
        if each > 0 and n % each == 0 and _is_shape(each, n // each, height, width):
            yield each, n // each
