"""Why this image failed: the patterns by falling score, each with its evidence."""

import streamlit as st

from core.diagnosis.diagnosis import COLUMNS
from core.diagnosis.finding import Pattern
from core.errors import MissingRunError
from core.runs.run import Run
from dashboard import heading

#: Lowest score of each word, falling.
STRENGTHS = ((0.8, "likely"), (0.5, "more likely than not"), (0.2, "possible"), (0.0, "no sign"))
ICONS = {
    Pattern.IMAGE_QUALITY: "blur_on",
    Pattern.WRONG_LABEL: "label_off",
    Pattern.SPURIOUS_CUE: "landscape",
    Pattern.MISSING_FEATURE: "visibility_off",
    Pattern.UNDECIDED: "help",
}


def strength(score: float) -> str:
    """Return a score in words."""
    return next(word for lowest, word in STRENGTHS if score >= lowest)


def show(run: Run, x: int) -> None:
    """Draw the diagnosis of image x, the most likely pattern first."""
    heading.section(
        "Diagnosis",
        "What may have gone wrong, the likeliest first; a strong cause explains weaker ones away.",
        help="Scores are from 0 to 1; at 0.5 a pattern is as likely as not on the synthetic worlds "
        "that thresholds were chosen on.",
    )
    try:
        row = run.table("diagnoses").iloc[x]
    except MissingRunError:
        st.caption(f"Not diagnosed yet: `python -m precompute suspects {run.name}` does it.")
        return
    if not row["pattern"]:
        st.caption("Classified as labelled, and nothing speaks against the label.")
        return
    if row["pattern"] == Pattern.UNDECIDED:
        st.markdown(f":material/{ICONS[Pattern.UNDECIDED]}: **Undecided**: no pattern stands out.")
    ranked = sorted(COLUMNS, key=lambda pattern: -row[COLUMNS[pattern]])
    lines = [_line(pattern, row) for pattern in ranked]
    if row["pattern"] == ranked[0]:
        with st.container(border=True):
            st.markdown(lines.pop(0))
    with st.expander("What else it could be, and why not"):
        st.markdown("\n\n".join(lines))


def _line(pattern: Pattern, row) -> str:
    """Return a pattern with its score and what speaks for it as Markdown."""
    score, reason = float(row[COLUMNS[pattern]]), row[f"{COLUMNS[pattern]}_reason"]
    title = f"{pattern.capitalize()}: {strength(score)} ({score:.2f})"
    return f":material/{ICONS[pattern]}: **{title}**  \n{heading.plain(reason)}"
