"""Filters of the image list by diagnosis, verdict, region of the map, saved group and slice."""

import numpy as np
import streamlit as st

from fieldmarks.core.causes.finding import Pattern
from fieldmarks.core.causes.slices import Slice, find_slice, subject
from fieldmarks.core.errors import DataError, FieldmarksError, MissingRunError
from fieldmarks.core.image_map.region import MapRegion
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import data, heading, labels, links
from fieldmarks.dashboard.state import Key, bound, choice, notice, number, text
from fieldmarks.dashboard.verdicts import database, dataset, saved_groups

#: Choices by the latest verdict on an image.
NOTES = {"noted": "with a note", "reviewed": "reviewed", "open": "not reviewed"}


def among(run: Run) -> np.ndarray | None:
    """Return the images that the URL asks for by all filters of this module; None for all."""
    keep = np.ones(run.sizes["X"], dtype=bool)
    table = data.diagnoses(run)
    pattern = choice(Key.CAUSE, list(Pattern), "")
    if table is not None and pattern:
        keep &= (table["pattern"] == pattern).to_numpy()
    note = choice(Key.NOTE, NOTES, "")
    if note:
        keep &= _noted(run, note)
    if tag := text(Key.TAG):
        keep &= _tagged(run, tag)
    region = read_region(run)
    if region is not None:
        keep &= region.contains(run.array("layout"))
    if name := text(Key.SAVED):
        keep &= in_group(run, name)
    found = read_slice(run)
    if found is not None:
        keep &= np.isin(np.arange(len(keep)), found.xs)
    return None if keep.all() else np.flatnonzero(keep)


def read_slice(run: Run) -> Slice | None:
    """Return the slice that the URL names, or None with a notice where there is none such."""
    raw = text(Key.SLICE)
    found = find_slice(run, raw) if raw else None
    if raw and found is None:
        notice("The link asks for a slice that this run does not have.")
    return found


def _tagged(run: Run, tag: str) -> np.ndarray:
    """Return whether the latest verdict on each image has a tag, shape (X,), bool."""
    paths = [path for path, tags in _tags(run).items() if tag in tags]
    return run.images["path"].isin(paths).to_numpy()


def _tags(run: Run) -> dict[str, list[str]]:
    """Return the tags of the latest verdict on each image by path; none without a database."""
    try:
        tags = database().latest(dataset(run))["tags"]
    except FieldmarksError:
        return {}
    return {str(path): list(each) for path, each in tags.items() if each}


def read_region(run: Run) -> MapRegion | None:
    """Return the region of the map that the URL names, or None with a notice where it is none."""
    raw = text(Key.REGION)
    if not raw:
        return None
    try:
        region = MapRegion.parse(raw)
        run.array("layout")
    except DataError as error:
        notice(str(error))
        return None
    except MissingRunError:
        notice("The link asks for a region of the map, but this run has no map.")
        return None
    return region


def in_group(run: Run, name: str) -> np.ndarray:
    """Return whether each image is in a saved group, shape (X,); all are where none is found."""
    try:
        group = saved_groups().get(dataset(run), name)
    except FieldmarksError as error:
        st.warning(heading.plain(str(error)), icon=":material/database_off:")
        return np.ones(run.sizes["X"], dtype=bool)
    if group is None:
        notice(f"There is no saved group “{name[:60]}”.")
        return np.ones(run.sizes["X"], dtype=bool)
    return run.images["path"].isin(group.paths).to_numpy()


def chosen(run: Run) -> list[tuple[str, str]]:
    """Return what the URL chose images by, each with the link to the list without it."""
    words: list[tuple[str, tuple[Key, ...]]] = []
    if raw := text(Key.QUERY):
        words.append((f"Search: {raw[:60]}", (Key.QUERY,)))
    like = number(Key.LIKE, run.sizes["X"], "image")
    if like is not None:
        words.append((f"More like image {like}", (Key.LIKE,)))
    for key, what in ((Key.TRUE, "True"), (Key.PREDICTED, "Predicted")):
        c = number(key, run.sizes["C"], "class")
        if c is not None:
            words.append((f"{what}: {labels.class_name(run, c)}", (key,)))
    if read_region(run) is not None:
        words.append(("In a region of the map", (Key.REGION,)))
    if (found := read_slice(run)) is not None:
        words.append((f"Slice: {subject(run, found)}", (Key.SLICE,)))
    for key, what in (
        (Key.CAUSE, "Cause"),
        (Key.MENTIONS, "Explanation mentions"),
        (Key.SURE, "Confidence"),
        (Key.TAG, "Tag"),
        (Key.SAVED, "Group"),
    ):
        if raw := text(key):
            words.append((f"{what}: {raw[:60]}", (key,)))
    if note := choice(Key.NOTE, NOTES, ""):
        words.append((f"Verdict: {NOTES[note]}", (Key.NOTE,)))
    found = [(said, links.without(*keys)) for said, keys in words]
    everything = [keys[0] for _, keys in words]
    return [*found, ("All filters", links.without(*everything))] if len(found) > 1 else found


def saved_names(run: Run) -> list[str]:
    """Return the names of the saved groups; none where the database cannot be used."""
    try:
        return saved_groups().names(dataset(run))
    except FieldmarksError:
        return []


def saved(run: Run) -> dict[str, tuple[str, ...]]:
    """Return the paths of each saved group by its name; none where they cannot be read."""
    found = {}
    for name in saved_names(run):
        try:
            group = saved_groups().get(dataset(run), name)
        except FieldmarksError:
            continue
        if group is not None:
            found[name] = group.paths
    return found


def _noted(run: Run, note: str) -> np.ndarray:
    try:
        latest = database().latest(dataset(run))
    except FieldmarksError as error:
        st.warning(heading.plain(str(error)), icon=":material/database_off:")
        return np.ones(run.sizes["X"], dtype=bool)
    if note == "noted":
        paths = latest.index[latest["note"].astype(str) != ""]
    else:
        paths = latest.index[latest["is_reviewed"].astype(bool)]
    is_in = run.images["path"].isin(paths).to_numpy()
    return ~is_in if note == "open" else is_in


def cause_box(run: Run) -> None:
    """Draw the choice of a cause, where the run has diagnoses."""
    if data.diagnoses(run) is not None:
        st.selectbox(
            "Cause",
            [str(pattern) for pattern in Pattern],
            index=None,
            placeholder="any cause",
            help="The likeliest cause of the failure by the automatic diagnosis.",
            **bound(
                Key.CAUSE,
                choice(Key.CAUSE, list(Pattern), "") or None,
                lambda value: value,
                scope="images",
                resets=(Key.PAGE,),
            ),
        )


def verdict_boxes(run: Run) -> None:
    """Draw the choices by verdict, tag and saved group."""
    st.selectbox(
        "Verdict",
        list(NOTES),
        format_func=NOTES.__getitem__,
        index=None,
        placeholder="any",
        help="Verdict of a reviewer.",
        **bound(
            Key.NOTE,
            choice(Key.NOTE, NOTES, "") or None,
            lambda value: value,
            scope="images",
            resets=(Key.PAGE,),
        ),
    )

    tags = sorted({tag for each in _tags(run).values() for tag in each} | {text(Key.TAG)} - {""})
    if tags:
        st.selectbox(
            "Tag",
            tags,
            index=None,
            placeholder="any",
            help="A tag of the latest verdict.",
            **bound(
                Key.TAG,
                text(Key.TAG) or None,
                lambda value: value,
                scope="images",
                resets=(Key.PAGE,),
            ),
        )
    group_box(run, "images")


def group_box(run: Run, scope: str) -> None:
    """Draw the choice of a saved group, where there is any; ``scope`` as of `bound`."""
    names = saved_names(run)
    if names:
        st.selectbox(
            "Saved group",
            names,
            index=None,
            placeholder="any",
            help="A group of images that somebody saved.",
            **bound(
                Key.SAVED,
                text(Key.SAVED) if text(Key.SAVED) in names else None,
                lambda value: value,
                scope=scope,
                resets=(Key.PAGE,),
            ),
        )
