"""What each reviewer did, and how far each two agree."""

import numpy as np
import pandas as pd
import streamlit as st

from fieldmarks.core.experimental.blind_test.agreement import agreements, judgements
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import heading
from fieldmarks.dashboard.verdicts import database, dataset


def show(run: Run) -> None:
    """Draw what each reviewer did, and how far each two agree."""
    judged = judgements(database().versions(dataset(run)))
    if judged.empty:
        return
    heading.section(
        "Reviewers",
        help="Cohen's kappa: agreement beyond chance, 1 for full agreement. The second reviewer "
        "may "
        "have seen the first verdict, so kappa is an upper bound.",
    )
    n_of = judged["author"].value_counts()
    done = " · ".join(f"{heading.plain(str(name))} {n:,}" for name, n in n_of.items())
    st.markdown(f"Reviewed: {done}")
    pairs = agreements(judged)
    if pairs:
        st.dataframe(
            pd.DataFrame(
                {
                    "Reviewers": [f"{pair.first}, {pair.second}" for pair in pairs],
                    "Images": [pair.n for pair in pairs],
                    "Same verdict": [pair.observed for pair in pairs],
                    "Kappa": [_kappa(pair.kappa) for pair in pairs],
                }
            ),
            hide_index=True,
            key="review.agreement",
            column_config={"Same verdict": st.column_config.NumberColumn(format="percent")},
        )


def _kappa(kappa) -> str:
    if not np.isfinite(kappa.value):
        return "not defined: one verdict on all"
    return f"{kappa.value:.2f} [{kappa.low:.2f}, {kappa.high:.2f}]"
