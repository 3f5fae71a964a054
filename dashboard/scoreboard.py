"""The scores of a run beside their baselines, with 95 % intervals."""

import streamlit as st

from core.run import Run
from dashboard import heading


def show(run: Run) -> None:
    """Draw the score board, or how to make one."""
    heading.section(
        "Score board",
        "Scored on the test split only; grey rows are baselines.",
        help="Each with a bootstrap 95 % interval.",
    )
    scores = run.evaluation()
    if scores is None:
        st.caption("This run has not been scored yet.")
        st.code(f"python -m precompute evaluate {run.name}", language="bash")
