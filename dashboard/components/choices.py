"""Boxes to choose a class or an attribute, tied to the URL."""

from collections.abc import Sequence

import streamlit as st

from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import labels
from fieldmarks.dashboard.state import Key, bound


def class_box(
    run: Run,
    label: str,
    key: Key,
    c: int | None,
    scope: str,
    *,
    options: Sequence[int] | None = None,
    none: str = "any class",
    help: str | None = None,
) -> None:
    """Draw the choice of a class or none.

    Parameters
    ----------
    run : Run
    label : str
    key : Key
        Its name in the URL.
    c : int, optional
        The class that the URL names.
    scope : str
        See `dashboard.state.bound`.
    options : sequence of int, optional
        Default: all classes.
    none : str
        What stands there where no class is chosen.
    help : str, optional
    """
    st.selectbox(
        label,
        list(range(run.sizes["C"])) if options is None else list(options),
        format_func=lambda each: labels.numbered_name(run, each),
        placeholder=none,
        index=None,
        help=help,
        **bound(key, c, _number, scope=scope, resets=(Key.PAGE,)),
    )


def attribute_box(
    run: Run,
    label: str,
    t: int | None,
    scope: str,
    *,
    key: Key = Key.T,
    options: Sequence[int] | None = None,
    help: str | None = None,
) -> None:
    """Draw the choice of an attribute or none; the URL has its phrase.

    Parameters
    ----------
    run : Run
    label, scope, help : str
        See `class_box`.
    t : int, optional
        The attribute that the URL names.
    key : Key
        Its name in the URL.
    options : sequence of int, optional
        Default: all attributes.
    """
    st.selectbox(
        label,
        list(range(run.sizes["T"])) if options is None else list(options),
        format_func=lambda each: labels.phrase(run, each),
        placeholder="any attribute",
        index=None,
        help=help,
        **bound(
            key,
            t,
            lambda each: None if each is None else labels.phrase(run, each),
            scope=scope,
            resets=(Key.PAGE,),
        ),
    )


def _number(c: int | None) -> str | None:
    return None if c is None else str(c)
