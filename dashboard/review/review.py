"""Review at speed: one key per verdict, several images at once, undo, progress."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from fieldmarks.core.attributes.english import counted
from fieldmarks.core.causes.finding import Pattern
from fieldmarks.core.review.verdicts import Verdict
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import data, heading, labels, links
from fieldmarks.dashboard.components import gallery, paging, table
from fieldmarks.dashboard.components.gallery import Line, Picture
from fieldmarks.dashboard.components.table import Cell, Column, Row
from fieldmarks.dashboard.figures.heatmaps import attribute_layer
from fieldmarks.dashboard.figures.small_picture import small_picture
from fieldmarks.dashboard.image import diagnosis_card, words
from fieldmarks.dashboard.image.view import view_of
from fieldmarks.dashboard.review import reviewer, saving
from fieldmarks.dashboard.state import Key, number, update
from fieldmarks.dashboard.verdicts import latest_of

#: Images in the list from which several are chosen.
N_LISTED = 24
#: Verdicts on a page of those that were given.
PER_PAGE = 50
_NEXT, _GIVEN = "review.next", "review.given"
#: The key of each cause (B: background; Streamlit keeps C for itself).
KEYS = {
    Pattern.MISSING_FEATURE: "F",
    Pattern.IMAGE_QUALITY: "Q",
    Pattern.WRONG_LABEL: "W",
    Pattern.SPURIOUS_CUE: "B",
    Pattern.UNDECIDED: "N",
}


def show(run: Run, xs: np.ndarray) -> None:
    """Draw the next image of the list that is not reviewed, and the list behind it."""
    latest = latest_of(run)
    if latest is None:
        return
    waiting = waiting_images(run, xs, latest)
    n_done = len(xs) - len(waiting)
    st.progress(n_done / max(len(xs), 1), f"{n_done:,} of {len(xs):,} reviewed")
    saving.tell()
    if not len(waiting):
        st.success("Every image of the list is reviewed.", icon=":material/check:")
        _undo_button()
        _reviewed(run, xs, latest)
        return
    ahead = from_here(waiting, xs, number(Key.AT, run.sizes["X"], "image"))
    chosen = chosen_images(ahead)
    current = int(ahead[0])
    left, right = st.columns([3, 8], gap="large")
    with left:
        _picture(run, current)
    with right:
        _keys(run, chosen if len(chosen) else ahead[:1], ahead, latest)
        _evidence(run, current)
    _list(run, ahead)
    _reviewed(run, xs, latest)


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
    """Return the images whose rows are chosen in the list, in its order."""
    listed = ahead[:N_LISTED]
    return listed[np.isin(listed, table.chosen(_NEXT, _list_of(ahead)))]


def _list_of(ahead: np.ndarray) -> str:
    return f"{ahead[0]}.{len(ahead)}"  # another list: nothing is chosen in it


def diagnosed_pattern(run: Run, x: int) -> str:
    """Return the pattern of the diagnosis, empty for none or undecided."""
    table = data.diagnoses(run)
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


def _picture(run: Run, x: int) -> None:
    """Draw the image with the heatmap of the first word for the predicted class."""
    true, predicted = labels.true_and_predicted(run, x)
    layer, caption = "", ""
    if run.has_words:
        first = data.explain(run, x, predicted)
        both = data.compare(run, first, data.explain(run, x, true))
        t = both.for_first[0] if both.for_first else first.main_t
        layer = attribute_layer(run, x, t)
        caption = f"Heatmap of “{labels.phrase(run, t)}”"
    gallery.show(
        [
            Picture(
                src=data.thumb(run, x),
                layer=layer,
                alt=labels.image_alt(run, x),
                href=links.listed_image(x),
                caption=caption,
                lines=[
                    Line(f"predicted {labels.class_name(run, predicted)}", gallery.PREDICTED),
                    Line(f"true {labels.class_name(run, true)}", gallery.TRUE),
                ],
                badge=f"{run.images['confidence'].iloc[x]:.2f}",
            )
        ],
        key="review.picture",
        width=300,
        fixed=True,
        slider=bool(layer),
    )


def _keys(run: Run, targets: np.ndarray, ahead: np.ndarray, latest: pd.DataFrame) -> None:
    """Draw the buttons, each with its key; they act on the chosen images, else on the first."""
    n = len(targets)
    diagnosed = diagnosed_pattern(run, int(ahead[0]))
    what = f"{n} images" if n > 1 else f"image {int(targets[0])}"
    st.markdown(f"**Verdict on {what}** :gray[· diagnosis: {heading.plain(diagnosed or 'none')}]")
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
        st.button(
            "Accept diagnosis",
            icon=":material/check:",
            shortcut="A",
            on_click=_judge,
            args=(*args, None),
            key="review.A",
        )
        for pattern, key in KEYS.items():
            st.button(
                str(pattern).capitalize(),
                icon=f":material/{diagnosis_card.ICONS[pattern]}:",
                shortcut=key,
                on_click=_judge,
                args=(*args, str(pattern)),
                key=f"review.{key}",
            )
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Skip",
            icon=":material/skip_next:",
            shortcut="S",
            on_click=_skip,
            args=(ahead, targets),
            key="review.S",
        )
        _undo_button()


def _undo_button() -> None:
    saving.undo_button("review.U", lambda: update(**{Key.AT: None}))


def _judge(run, targets, ahead, latest, tags, name, pattern: str | None) -> None:
    """Save one verdict for all targets; without a pattern each keeps that of its diagnosis."""

    def change(x: int, verdict: Verdict) -> Verdict:
        given = diagnosed_pattern(run, x) if pattern is None else pattern
        return replace(saving.tagged(verdict, tags), pattern=given, is_reviewed=True)

    saving.save(run, map(int, targets), change, latest, name)
    _skip(ahead, targets)


def _skip(ahead: np.ndarray, targets: np.ndarray) -> None:
    """Go to the next image that none of this was about."""
    following = ahead[~np.isin(ahead, targets)]
    update(**{Key.AT: int(following[0]) if len(following) else None})


def _reviewed(run: Run, xs: np.ndarray, latest: pd.DataFrame) -> None:
    """Draw the verdicts on images of the list, where they can be looked at again and deleted."""
    rows = latest.reindex(run.images["path"].iloc[xs])
    given = rows["version"].notna().to_numpy()
    if not given.any():
        return
    done, rows = xs[given], rows[given]
    heading.section(f"Verdicts: {len(done):,}", "Choose rows to delete their verdicts.")
    page, part = paging.window(len(done), PER_PAGE)
    of = f"{page}.{len(done)}.{rows['version'].sum():.0f}"
    done, rows = done[part], rows.iloc[part]
    given_in = rows[["pattern", "note", "author"]].astype(str).to_numpy().tolist()
    _table(
        run,
        done,
        ("True", "Verdict", "Note", "By"),
        [
            [
                Cell(labels.class_name(run, labels.true_and_predicted(run, x)[0]), "true"),
                *map(Cell, said),
            ]
            for x, said in zip(done.tolist(), given_in, strict=True)
        ],
        _GIVEN,
        "Verdicts on images of the list",
        of,
    )
    paging.control(int(given.sum()), PER_PAGE, page, "review")
    picked = done[np.isin(done, table.chosen(_GIVEN, of))]
    st.button(
        f"Delete {counted(len(picked), 'verdict')}" if len(picked) else "Delete",
        icon=":material/delete:",
        disabled=not len(picked),
        help="With their history, for the whole team. Undo brings them back.",
        on_click=saving.delete,
        args=(run, picked.tolist()),
        key="review.delete",
    )


def _list(run: Run, ahead: np.ndarray) -> None:
    """Draw the next images as rows; what is chosen shares the next verdict."""
    heading.section("Next", "Choose several rows, then one key gives all of them the same verdict.")
    rows = []
    for x in ahead[:N_LISTED].tolist():
        true, predicted = labels.true_and_predicted(run, x)
        cells = [Cell(labels.class_name(run, predicted), "predicted")]
        cells += [Cell(labels.class_name(run, true), "true"), Cell(diagnosed_pattern(run, x))]
        rows.append([*cells, Cell(f"{run.images['confidence'].iloc[x]:.2f}")])
    names = ("Predicted", "True", "Diagnosis", "Confidence")
    shown = ahead[:N_LISTED]
    _table(run, shown, names, rows, _NEXT, "The next images of the list", _list_of(ahead))


def _table(
    run: Run,
    xs: np.ndarray,
    names: Sequence[str],
    cells: list[list[Cell]],
    key: str,
    label: str,
    of: str,
) -> None:
    """Draw images as rows of which several can be chosen, with a small picture each."""
    columns = [
        Column(name, is_number=name in ("Image", "Confidence")) for name in ("Image", *names)
    ]
    rows = [
        Row(
            small_picture(run, x),
            labels.image_alt(run, x),
            links.listed_image(x),
            [Cell(str(x)), *each],
            x,
        )
        for x, each in zip(xs.tolist(), cells, strict=True)
    ]
    table.show(columns, rows, key, label, of)
