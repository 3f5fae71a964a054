"""Half-precision numbers, of which feature maps are made, as float32.

NumPy casts them one by one. The bits of a half-precision number, moved to their place in a float32
number, are that number times 2^-112: sign and fraction are the same, and the exponent lacks the
difference of the two biases, 127 - 15. Three operations on whole blocks do it, ten times as fast.
"""

import numpy as np
from numpy.typing import ArrayLike

#: Bits by which exponent and fraction are moved, and those that the sign leaves between them.
_MOVED, _KEPT = 13, np.int32(-0x70002000)
_UNIT = np.float32(2.0**112)
#: All bits but the sign, and those of infinity: what is no number has larger ones.
_SIZE, _INFINITE = np.int16(0x7FFF), np.int16(0x7C00)
#: Numbers worked on at a time: as many as stay in a core's cache.
_BLOCK = 1 << 15


def to_float32(values: ArrayLike) -> np.ndarray:
    """Return values as float32: the same numbers.

    Parameters
    ----------
    values : array_like
        Of any type that NumPy casts to float32; the fast way is that of float16.

    >>> to_float32(np.array([1.5, -0.25], np.float16))
    array([ 1.5 , -0.25], dtype=float32)
    """
    values = np.asarray(values)
    if values.dtype != np.float16:
        return np.asarray(values, np.float32)
    halves = np.ascontiguousarray(values).reshape(-1)
    out = np.empty(halves.shape, np.float32)
    given, bits = halves.view(np.int16), out.view(np.int32)
    for start in range(0, len(out), _BLOCK):
        block = slice(start, start + _BLOCK)
        moved = bits[block]
        moved[...] = given[block]
        moved <<= _MOVED
        moved &= _KEPT
        out[block] *= _UNIT
        if (given[block] & _SIZE).max() >= _INFINITE:
            out[block] = halves[block]  # infinite, or no number
    return out.reshape(values.shape)


def is_finite(halves: np.ndarray) -> bool:
    """Return whether no half-precision number is infinite or no number.

    >>> is_finite(np.array([1.5, np.nan], np.float16))
    False
    """
    size = np.asarray(halves, np.float16).view(np.int16) & _SIZE
    return not size.size or bool(size.max() < _INFINITE)
