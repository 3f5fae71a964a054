"""Diverging bars, each a link: positive and negative differences of two distributions."""

from collections.abc import Callable

import numpy as np

from fieldmarks.dashboard.components.register import diverging_component


def rows(
    ts: list[int],
    difference: np.ndarray,
    names: list[str],
    link: Callable[[int], str],
    symbol: str,
    active: int | None = None,
) -> list[dict]:
    """Return the bars: to the right where the first is larger, to the left where the second is.

    Parameters
    ----------
    ts : list of int
        Attributes to draw.
    difference : ndarray of shape (len(ts),)
        p of the first minus p of the second, in any order; bars are drawn in descending order.
    names : list of str
        Their phrases.
    link : callable
        From t to where its bar leads.
    symbol : str
        What the number is called.
    active : int, optional
        The selected attribute.

    Returns
    -------
    list of dict
        ``length`` is in [-1, 1], the longest bar's is 1 or -1.
    """
    values = np.asarray(difference, dtype=float)
    reach = max(np.abs(values).max(initial=0), 1e-12)
    return [
        {
            "label": names[i],
            "value": f"{values[i]:+.4f}",
            "length": float(values[i] / reach),
            "href": link(ts[i]),
            "title": f"{names[i]}: {symbol} = {values[i]:+.5f}",
            "active": ts[i] == active,
        }
        for i in np.argsort(-values, kind="stable")
    ]


def show(bars: list[dict], first: str, second: str, key: str) -> None:
    """Draw the bars, with what is compared in the hues of predicted and true."""
    diverging_component(data={"rows": bars, "first": first, "second": second}, key=key)
