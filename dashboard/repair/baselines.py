"""The baselines of a repair: fitted at once where that is quick, else when somebody asks."""

import numpy as np
import streamlit as st

from fieldmarks.core.repair.preview import NO_CHANGE, Judged, baselines, halves, head_of, judged
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import data
from fieldmarks.dashboard.repair import fits

#: Images times filters times classes up to which the baselines take less than a second.
AT_ONCE = 1 << 28


def asked_for(run: Run) -> dict[str, Judged]:
    """Return what the page shows without a recipe: the baselines, or a button that fits them."""
    n_products = run.sizes["X"] * run.sizes["F"] * run.sizes["C"]
    if n_products <= AT_ONCE or st.button(
        "Fit the baselines",
        icon=":material/model_training:",
        help="A plain and a class-balanced refit of the last layer, to compare a repair with. "
        "At this size they take some seconds, once per run; a preview fits them too.",
    ):
        return fitted(run)
    return {NO_CHANGE: unchanged(run)}


def fitted(run: Run) -> dict[str, Judged]:
    """Return all baselines, fitted once."""
    return fits.made_once(
        "Fitting the baselines",
        data.identity(run),
        run,
        lambda progress: baselines(run, progress=progress),
    )


def unchanged(run: Run) -> Judged:
    """Return how the network itself does, cached."""
    return _unchanged(run, data.identity(run))


@st.cache_resource(max_entries=8, show_spinner=False)
def _unchanged(_run: Run, key: str) -> Judged:
    return judged(_run, head_of(_run), halves(_run)[1], np.nan)
