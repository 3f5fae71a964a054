"""Which image, kind of change and strength of a record is on show."""

from collections.abc import Callable

import streamlit as st

from fieldmarks.core.corruptions.record import STATEMENT, Record, Store
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import labels
from fieldmarks.dashboard.state import Key, bound, choice, notice, text

#: From kind and strength to a strength in its unit, as short as a button.
StrengthLabel = Callable[[str, float], str]


def stamp(run: Run, store: Store) -> int:
    """Return a number that is another one when the record is."""
    path = store.folder(run) / STATEMENT
    return path.stat().st_mtime_ns if path.exists() else 0


def has_pictures(record: Record) -> bool:
    """Return whether a record holds any changed picture."""
    return bool(len(record.xs) and record.kinds)


def ask_for(run: Run, store: Store) -> None:
    """Say by which command the record is made."""
    st.info("No changed images have been computed yet. Compute them:", icon=":material/info:")
    st.code(f"fieldmarks {store.command} {run.name}", language=None, wrap_lines=True)


def pick(
    run: Run, record: Record, store: Store, label: StrengthLabel, help: str | None = None
) -> tuple[int, str, int]:
    """Draw the choice of image, kind of change and strength, and return it.

    Parameters
    ----------
    run : Run
    record : Record
    store : Store
        Of the record.
    label : callable
    help : str, optional
        On the kinds of change.
    """
    xs, scope = [int(x) for x in record.xs], store.name
    x = _asked_image(run, xs, store)
    kind = choice(Key.SHOW, record.kinds, record.kinds[0])
    levels = record.levels(kind)
    usual = list(levels)[len(levels) // 2]
    level = int(choice(Key.LEVEL, map(str, levels), str(usual)))
    left, right = st.columns([3, 7], vertical_alignment="bottom")
    below = st.columns([3, 7])[1]
    with left:
        st.selectbox(
            "Image",
            xs,
            format_func=lambda x: f"{x}  {labels.class_name(run, _true(run, x))}",
            help="The images that were changed.",
            **bound(Key.X, x, default=xs[0], scope=scope),
        )
    with right:
        st.segmented_control(
            "Change",
            record.kinds,
            required=True,
            help=help,
            **bound(Key.SHOW, kind, default=record.kinds[0], scope=scope, resets=(Key.LEVEL,)),
        )
    with below:
        st.segmented_control(
            "Strength",
            list(levels),
            format_func=lambda n: label(kind, levels[n]),
            required=True,
            **bound(Key.LEVEL, level, default=usual, scope=scope),
        )
    return x, kind, level


def _asked_image(run: Run, xs: list[int], store: Store) -> int:
    """Return the image that the URL names, or the first of the record."""
    asked = text(Key.X)
    if not asked:
        return xs[0]
    if asked in map(str, xs):
        return int(asked)
    notice(
        f"Image “{asked[:40]}” has no changed pictures in this run: "
        f"“fieldmarks {store.command} {run.name} --images …” makes some."
    )
    return xs[0]


def _true(run: Run, x: int) -> int:
    return int(run.images["true_c"].iloc[x])
