"""Review at speed: one key per verdict, several images at once, undo, progress."""

from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from fieldmarks.core.causes.finding import Pattern
from fieldmarks.core.errors import ConflictError, FieldmarksError
from fieldmarks.core.review.verdicts import Verdict
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import data, heading, image_filters, labels, links
from fieldmarks.dashboard.components import gallery
from fieldmarks.dashboard.components.gallery import Picture
from fieldmarks.dashboard.image import diagnosis_card, words
from fieldmarks.dashboard.image.view import view_of
from fieldmarks.dashboard.review import reviewer
from fieldmarks.dashboard.state import Key, number, picked_rows, update
from fieldmarks.dashboard.verdicts import database, dataset, tell_left_out

#: Images in the list from which several are chosen.
N_LISTED = 24
_UNDO, _TOLD, _TABLE = "review.undo", "review.told", "review.table"


def show(run: Run, xs: np.ndarray) -> None:
    """Draw the next image of the list that is not reviewed, and the list behind it."""
    try:
        latest = database().latest(dataset(run))
    except FieldmarksError as error:
        st.error(heading.plain(str(error)), icon=":material/database_off:")
        return
    tell_left_out(latest)
    waiting = waiting_images(run, xs, latest)
    n_done = len(xs) - len(waiting)
    st.progress(n_done / max(len(xs), 1), f"{n_done:,} of {len(xs):,} reviewed")
    if told := st.session_state.pop(_TOLD, ""):
        st.warning(heading.plain(told), icon=":material/group:")
    if not len(waiting):
        st.success("Every image of the list is reviewed.", icon=":material/check:")
        undo_button()
        return
    ahead = from_here(waiting, xs, number(Key.AT, run.sizes["X"], "image"))
    chosen = chosen_images(ahead)
    current = int(ahead[0])
    left, right = st.columns([3, 8], gap="large")
    with left:
        gallery.show(
            [
                Picture(
                    src=data.thumb(run, current),
                    alt=labels.image_alt(run, current),
                    href=links.listed_image(current),
                )
            ],
            key="review.picture",
            width=300,
            fixed=True,
        )
    with right:
        _evidence(run, current)
        _keys(run, chosen if len(chosen) else ahead[:1], ahead, latest)
    _list(run, ahead)


def waiting_images(run: Run, xs: np.ndarray, latest: pd.DataFrame) -> np.ndarray:
    """Return the images of the list that are not marked as reviewed, in its order."""
    reviewed = latest.index[latest["is_reviewed"].astype(bool)]
    return xs[~run.images["path"].iloc[xs].isin(reviewed).to_numpy()]


def from_here(waiting: np.ndarray, xs: np.ndarray, at: int | None) -> np.ndarray:
    """Return the waiting images from image ``at`` of the list on, then those before it."""
    place = np.flatnonzero(xs == at)
    if at is None or not len(place):
        return waiting
    is_ahead = np.isin(waiting, xs[place[0] :])
    return np.concatenate([waiting[is_ahead], waiting[~is_ahead]])


def chosen_images(ahead: np.ndarray) -> np.ndarray:
    """Return the images whose rows are chosen in the list."""
    rows = [row for row in picked_rows(_table_key(ahead)) if row < min(len(ahead), N_LISTED)]
    return ahead[rows]


def _table_key(ahead: np.ndarray) -> str:
    return f"{_TABLE}.{ahead[0]}.{len(ahead)}"  # another list: nothing is chosen in it


def diagnosed_pattern(run: Run, x: int) -> str:
    """Return the pattern of the diagnosis, empty for none or undecided."""
    table = image_filters.diagnoses(run)
    return "" if table is None else str(table["pattern"].iloc[x])


def _evidence(run: Run, x: int) -> None:
    """Draw the cause with its evidence, and the words of both classes with their marks."""
    diagnosis_card.cause(run, x)
    shown = view_of(run, x).words
    if shown is None:
        return

    def link(t: int) -> str:
        return links.image(run, x, t)

    words.contrast(shown, link, key="review.sentence.contrast")
    words.sentences(shown, link, key="review.sentence")


def _keys(run: Run, targets: np.ndarray, ahead: np.ndarray, latest: pd.DataFrame) -> None:
    """Draw the buttons, each with its key; they act on the chosen images, else on the first."""
    n = len(targets)
    pattern = diagnosed_pattern(run, int(ahead[0]))
    what = f"{n} images" if n > 1 else f"image {int(targets[0])}"
    st.markdown(f"**Verdict on {what}** :gray[· diagnosis: {heading.plain(pattern or 'none')}]")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        name = reviewer.box()
        tags = st.multiselect(
            "Tags to add",
            sorted({tag for row in latest["tags"] for tag in row}),
            accept_new_options=True,
            placeholder="type a tag",
            key="review.tags",
            width=300,
        )
    args = (run, targets, ahead, latest, tuple(tags), name)
    with st.container(horizontal=True, gap="small"):
        for label, icon, key, given in (
            ("Accept diagnosis", "check", "A", None),
            ("Wrong label", "label_off", "W", str(Pattern.WRONG_LABEL)),
        ):
            st.button(
                label,
                icon=f":material/{icon}:",
                shortcut=key,
                on_click=_judge,
                args=(*args, given),
                key=f"review.{key}",
            )
        st.button(
            "Skip",
            icon=":material/skip_next:",
            shortcut="S",
            on_click=_skip,
            args=(ahead, targets),
            key="review.S",
        )
        undo_button()


def undo_button() -> None:
    """Draw the button that takes back the last verdicts of this session."""
    st.button(
        "Undo",
        icon=":material/undo:",
        shortcut="U",
        disabled=not st.session_state.get(_UNDO),
        on_click=_undo,
        key="review.U",
    )


def _judge(run, targets, ahead, latest, tags, name, pattern: str | None) -> None:
    """Save one verdict for all targets; without a pattern each keeps that of its diagnosis."""
    saved, conflicts = [], []
    for x in map(int, targets):
        path = str(run.images["path"].iloc[x])
        verdict = Verdict(dataset(run), path)
        if path in latest.index:
            row = latest.loc[path]
            verdict = replace(
                verdict, note=row["note"], tags=tuple(row["tags"]), version=int(row["version"])
            )
        verdict = replace(
            verdict,
            pattern=diagnosed_pattern(run, x) if pattern is None else pattern,
            tags=tuple(dict.fromkeys((*verdict.tags, *tags))),
            is_reviewed=True,
            author=name,
            run=run.name,
        )
        try:
            saved.append(database().save(verdict))
        except ConflictError as conflict:
            conflicts.append(conflict)
        except FieldmarksError as error:
            st.session_state[_TOLD] = str(error)
            break
    if saved:
        st.session_state.setdefault(_UNDO, []).append(saved)
    if conflicts:
        st.session_state[_TOLD] = f"{len(conflicts)} not saved: {conflicts[0]}"
    _skip(ahead, targets)


def _skip(ahead: np.ndarray, targets: np.ndarray) -> None:
    """Go to the next image that none of this was about."""
    following = ahead[~np.isin(ahead, targets)]
    update(**{Key.AT: int(following[0]) if len(following) else None})


def _undo() -> None:
    batches = st.session_state.get(_UNDO) or []
    if not batches:
        return
    conflicts = []
    try:
        for saved in batches.pop():
            try:
                database().undo(saved)
            except ConflictError as conflict:  # theirs stays; the others are still taken back
                conflicts.append(conflict)
    except FieldmarksError as error:
        st.session_state[_TOLD] = str(error)
    if conflicts:
        st.session_state[_TOLD] = f"{len(conflicts)} not taken back: {conflicts[0]}"
    update(**{Key.AT: None})


def _list(run: Run, ahead: np.ndarray) -> None:
    """Draw the next images as rows; what is chosen shares the next verdict."""
    heading.section("Next", "Choose several rows, then one key gives all of them the same verdict.")
    xs = ahead[:N_LISTED]
    images, names = run.images.iloc[xs], run.classes["name"].to_numpy()
    table = pd.DataFrame(
        {
            "picture": [data.thumb(run, int(x)) for x in xs],
            "x": xs,
            "predicted": names[images["predicted_c"]],
            "true": names[images["true_c"]],
            "diagnosis": [diagnosed_pattern(run, int(x)) for x in xs],
            "confidence": images["confidence"].to_numpy(),
        }
    )
    st.dataframe(
        table,
        hide_index=True,
        row_height=56,
        height=430,
        key=_table_key(ahead),
        on_select="rerun",
        selection_mode="multi-row",
        alt="The next images of the list",
        column_config={
            "picture": st.column_config.ImageColumn("", width="small"),
            "x": st.column_config.NumberColumn("Image x", width="small"),
            "predicted": "Predicted",
            "true": "True",
            "diagnosis": "Diagnosis",
            "confidence": st.column_config.NumberColumn("Confidence", format="%.2f"),
        },
    )
