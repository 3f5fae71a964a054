"""The old address of Grounding, which is a tab of the image now."""

import numpy as np
import streamlit as st

from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import data, links
from fieldmarks.dashboard.state import Key, text


def main() -> None:
    """Open the tab of the image that the link names."""
    run = data.current_run()
    asked = {
        Key.X: text(Key.X) or first_image(run),
        Key.WORDS: text(Key.T) or None,
        Key.ESTIMATOR: text(Key.ESTIMATOR) or None,
    }
    st.switch_page("app_pages/failures.py", query_params=links.params(tab="grounding", **asked))


def first_image(run: Run) -> int:
    """Return the first test image with captions and maps, else the first image."""
    has_maps = np.asarray(run.array("map_row")) >= 0
    has_captions = (run.images["n_captions"] > 0).to_numpy()
    return int((has_maps & run.is_test & has_captions).argmax())


main()
