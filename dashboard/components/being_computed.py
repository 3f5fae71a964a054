"""What stands in the place of a result that a later stage of the run still computes.

The place fills itself: once the stage is whole the run's manifest is another one, and the page is
drawn again.
"""

import streamlit as st

from fieldmarks.core.run.manifest import manifest_stamp
from fieldmarks.core.run.progress import read_progress
from fieldmarks.core.run.run import Run

#: What each later stage computes, as pages name it.
STAGES = {
    "evidence": "heatmaps of parts",
    "diagnoses": "causes of the failures",
    "feeding": "a check of the preprocessing",
    "names": "names of the filters",
    "layout": "the map of images",
    "live": "the network for new pictures",
    "other_estimators": "the other estimators",
    "scores": "scores",
}
#: What stands there until then.
MEANWHILE = {"evidence": " Until then heatmaps are weighted by p(t | f), as in the paper."}


def note(run: Run, stage: str) -> bool:
    """Say in the place of a stage's result that it is still computed.

    Returns
    -------
    bool
        Whether it is; False where the run has the stage, or was made without it.
    """
    if stage not in run.pending:
        return False
    _note(run, stage)
    return True


@st.fragment(run_every=2)
def _note(run: Run, stage: str) -> None:
    if manifest_stamp(run.folder) != run.stamp:
        st.rerun()
    st.caption(f":material/hourglass_top: {words(run, stage)}")


def words(run: Run, stage: str) -> str:
    """Return what is said of a stage that is to be computed."""
    what, progress = STAGES[stage], read_progress(run.folder)
    what = what[0].upper() + what[1:]
    if progress is None:
        return (
            f"{what}: not computed, because the computation stopped early. Run the same "
            "`fieldmarks run` or `demo` command again; it resumes where it stopped."
        )
    if progress.stage == stage:
        said = f"{what}: being computed, {progress.seconds:.0f} s so far."
    else:
        said = f"{what}: computed after {STAGES.get(progress.stage, progress.stage)}."
    return f"{said} This page updates by itself.{MEANWHILE.get(stage, '')}"
