"""Try: what the network says to a new picture, and why."""

import streamlit as st

from fieldmarks.core.errors import DataError, FieldmarksError
from fieldmarks.core.live.network_file import Fed
from fieldmarks.core.pictures.upload import Upload
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import data, heading
from fieldmarks.dashboard.components import being_computed
from fieldmarks.dashboard.try_picture import source, view
from fieldmarks.dashboard.try_picture.network import opened_network
from fieldmarks.dashboard.try_picture.trial import TriedPicture, tried


def main() -> None:
    """Draw the page."""
    run = data.current_run()
    heading.page(
        "Try",
        "Give the network a picture: its prediction, the reasons, the runner-up, and whether the "
        "picture is familiar.",
    )
    if being_computed.note(run, "live"):
        return
    try:
        opened_network(run)
    except FieldmarksError as error:
        st.info(heading.plain(str(error)), icon=":material/power_off:")
        return
    left, right = st.columns([4, 9], gap="medium")
    with left:
        picture = source.pick(run)
        if picture is None:
            st.caption("The prediction and its explanation appear here.")
            return
        try:
            fed = Fed.of(run)
            upload = Upload(picture.content, fed.decoding)
            is_of_boxes = fed.crop == "box" and picture.x is None
            with st.expander("Part of the picture", expanded=is_of_boxes, icon=":material/crop:"):
                box = source.pick_box(upload, is_of_boxes)
            trial = tried(run, upload, picture, box)
        except DataError as error:
            st.error(heading.plain(str(error)), icon=":material/broken_image:")
            return
        shown = view.view_of(run, trial)
        view.photo(shown)
    with right:
        explanation(run, picture, shown)
    view.word_heatmaps(shown)
    view.neighbours(shown)


def explanation(run: Run, picture: TriedPicture, shown: view.TrialView) -> None:
    """Draw what is known of the picture."""
    view.familiarity(shown)
    if picture.x is not None:
        view.stored(run, picture.x)
    view.why_and_why_not(shown)
    likely, maps = st.columns([5, 7], gap="medium")
    with likely:
        view.probabilities(shown)
    with maps:
        view.two_class_maps(shown)


main()
