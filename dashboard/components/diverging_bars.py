"""Diverging bars, each a link: what counts for one of two, and what for the other."""

from collections.abc import Callable, Collection, Sequence

import numpy as np

from fieldmarks.dashboard.components.register import diverging_component


def rows(
    ts: list[int],
    difference: np.ndarray,
    names: list[str],
    link: Callable[[int], str],
    symbol: str,
    active: int | None = None,
    pale: Collection[int] = (),
    pictures: Sequence[list[str]] | None = None,
) -> list[dict]:
    """Return the bars: to the right where the first is larger, to the left where the second is.

    Parameters
    ----------
    ts : list of int
        Attributes, or filters.
    difference : ndarray of shape (len(ts),)
        The first minus the second, in any order; bars are drawn in descending order.
    names : list of str
        Their phrases, or names.
    link : callable
        From t to where its bar leads.
    symbol : str
        What the number is called.
    active : int, optional
        The selected one.
    pale : collection of int
        Those that are drawn as no reason.
    pictures : sequence of list of str, optional
        Addresses of small pictures beside each.

    Returns
    -------
    list of dict
        ``length`` is in [-1, 1], the longest bar's is 1 or -1.
    """
    values = np.asarray(difference, dtype=float)
    reach = max(np.abs(values).max(initial=0), 1e-12)
    digits = 4 if reach < 0.1 else 3 if reach < 1 else 2
    return [
        {
            "label": names[i],
            "value": f"{values[i]:+.{digits}f}",
            "length": float(values[i] / reach),
            "href": link(ts[i]),
            "title": f"{names[i]}: {symbol} = {values[i]:+.5f}"
            + ("; not seen here" if ts[i] in pale else ""),
            "active": ts[i] == active,
            "pale": ts[i] in pale,
            "pictures": pictures[i] if pictures is not None else [],
        }
        for i in np.argsort(-values, kind="stable")
    ]


def show(bars: list[dict], first: str, second: str, key: str, *, to_top: bool = False) -> None:
    """Draw the bars, with what is compared in the hues of predicted and true."""
    data = {"rows": bars, "first": first, "second": second, "to_top": to_top}
    diverging_component(data=data, key=key)
