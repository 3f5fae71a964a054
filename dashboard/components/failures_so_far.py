"""A run during the pass over its images: how far it is, and the failures so far.

The page fills itself, and becomes the run's own once that is published.
"""

import time

import streamlit as st

from fieldmarks.core.attributes.english import counted
from fieldmarks.core.run.files import runs_folder
from fieldmarks.core.run.manifest import manifest_stamp
from fieldmarks.core.run.so_far import read_so_far
from fieldmarks.dashboard import heading

#: Seconds without a new picture after which the page says so.
QUIET = 30


@st.fragment(run_every=2)
def show(name: str) -> None:
    """Draw how far a run is and its most confident failures."""
    found = read_so_far(runs_folder(), name)
    if found is None or manifest_stamp(runs_folder() / name):
        st.rerun()
    st.title(f"Run “{name}” is being computed", anchor=False)
    is_passed = found.n_done == found.n_images
    st.progress(
        found.n_done / max(found.n_images, 1),
        f"{found.n_done:,} of {counted(found.n_images, 'image')} have passed the network. "
        + ("Explanations come next. " * is_passed)
        + "This page updates by itself.",
    )
    seconds = time.time() - found.written
    if seconds > QUIET:
        st.caption(
            f":material/hourglass_top: No new images for {seconds:.0f} s. If the command ended, "
            "run it again; it resumes where it stopped."
        )
    st.markdown(
        f"**{found.n_wrong:,} of {counted(found.n_test, 'test image')} fail so far**"
        + (", the most confident first" * bool(found.failures))
    )
    with st.container(horizontal=True):
        for each in found.failures:
            with st.container(width=170, gap="xxsmall"):
                st.image(each.jpeg(), width=160)
                st.markdown(
                    f":small[Predicted :orange[{heading.plain(each.predicted)}] "
                    f"({each.probability:.0%}), true :blue[{heading.plain(each.true)}]]"
                )
