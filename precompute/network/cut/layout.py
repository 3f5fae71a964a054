"""How a value of a network holds feature maps: channels first, channels last, or tokens."""

from dataclasses import dataclass
from math import isqrt

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
    side : int
        H = W.
    prefix : int
        Tokens before those of the patches, which have no place in the image.
    """

    kind: str
    side: int
    prefix: int = 0

    def maps(self, value: Tensor) -> Tensor:
        """Return the maps, of shape (n, F, H, W)."""
        return maps_of(value, self.kind, self.side, self.prefix)

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


def maps_of(value: Tensor, kind: str, side: int, prefix: int) -> Tensor:
    """Return the maps in a value; see `Layout`."""
    if kind == "channels last":
        return value.permute(0, 3, 1, 2)
    if kind == "tokens":
        return value[:, prefix:].transpose(1, 2).unflatten(2, (side, side))
    return value


def layouts(value: Tensor) -> list[Layout]:
    """Return the ways in which a value may hold square maps, the likeliest first."""
    candidates = []
    if value.ndim == 4:
        _, first, second, third = value.shape
        if second == third:
            candidates.append(Layout("channels first", second))
        if first == second:
            candidates.append(Layout("channels last", first))
    if value.ndim == 3:
        n_tokens = value.shape[1]
        side = isqrt(n_tokens)
        if side and n_tokens - side * side <= _MAX_PREFIX:
            candidates.append(Layout("tokens", side, n_tokens - side * side))
    return candidates
