"""The diagnosis of one image: the causes by descending score, each with its evidence."""

import streamlit as st

from fieldmarks.core.causes.background_words import background_of, background_phrase
from fieldmarks.core.causes.finding import COLUMNS, DECIDED, Pattern
from fieldmarks.core.errors import MissingRunError
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import data, heading, labels, links
from fieldmarks.dashboard.components import being_computed, gallery
from fieldmarks.dashboard.components.gallery import Picture

#: Lowest score of each word, descending.
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


def cause(run: Run, x: int) -> None:
    """Say in one line what was predicted, and the likeliest cause of the failure with its evidence.

    Parameters
    ----------
    run : Run
    x : int
        Image.
    """
    true, predicted = labels.true_and_predicted(run, x)
    name, label = (heading.plain(labels.class_name(run, c)) for c in (predicted, true))
    confidence = f":gray[({run.images['confidence'].iloc[x]:.2f})]"
    said = f"Predicted :orange[**{name}**] {confidence}, labelled :blue[**{label}**]"
    if true == predicted:
        said = f"Predicted :blue[**{name}**] {confidence}, as labelled"
    st.markdown(f"{said}. {_cause(run, x)}")
    _background(run, x)


def _background(run: Run, x: int) -> None:
    """Draw images with the background of x, where it is the cause and no word names it."""
    if "diagnoses" not in run.table_names:
        return
    known = background_of(run, x)
    is_cause = run.table("diagnoses")["pattern"].iloc[x] == Pattern.SPURIOUS_CUE
    if not is_cause or known is None or known.ts:
        return
    st.caption("No word names its background. Images with a background like it:")
    pictures = [
        Picture(src=data.thumb(run, y), alt=labels.image_alt(run, y), href=links.image(run, y))
        for y in map(int, known.shown)
    ]
    gallery.show(pictures, key="image.background", width=64, fixed=True, to_top=True)


def _cause(run: Run, x: int) -> str:
    """Return the cause of a failure with its evidence as Markdown, empty where there is none."""
    try:
        row = run.table("diagnoses").iloc[x]
    except MissingRunError:
        return ""
    if not row["pattern"]:
        return ""
    if row["pattern"] == Pattern.UNDECIDED:
        return f"**No clear cause**: no score is {DECIDED} or more."
    pattern = Pattern(row["pattern"])
    score, reason = float(row[COLUMNS[pattern]]), row[f"{COLUMNS[pattern]}_reason"]
    reason = heading.plain(reason.removesuffix("."))
    title = f"{strength(score).capitalize()} cause: {pattern}"
    if pattern is Pattern.SPURIOUS_CUE:
        title += f", {heading.plain(background_phrase(run, x))}"
    return f":material/{ICONS[pattern]}: **{title}** :gray[({score:.2f})]: {reason}."


def show(run: Run, x: int) -> None:
    """Draw the diagnosis of image x, the pattern with the highest score first."""
    heading.section(
        "Diagnosis",
        "Possible causes of the failure, by descending score; a clear cause lowers the other "
        "scores.",
        help="Scores from 0 to 1. The thresholds were chosen on synthetic data, where a cause "
        "with a score of 0.5 is as likely present as absent.",
    )
    if being_computed.note(run, "diagnoses"):
        return
    try:
        row = run.table("diagnoses").iloc[x]
    except MissingRunError:
        st.caption(f"No diagnosis yet; compute it with `fieldmarks suspects {run.name}`.")
        return
    if not row["pattern"]:
        st.caption("Classified correctly, with no evidence against the label.")
        return
    if row["pattern"] == Pattern.UNDECIDED:
        st.markdown(
            f":material/{ICONS[Pattern.UNDECIDED]}: **No clear cause**: no score is "
            f"{DECIDED} or more."
        )
    ranked = sorted(COLUMNS, key=lambda pattern: -row[COLUMNS[pattern]])
    lines = [_line(pattern, row) for pattern in ranked]
    if row["pattern"] == ranked[0]:
        with st.container(border=True):
            st.markdown(lines.pop(0))
    with st.expander("Other causes and their scores"):
        st.markdown("\n\n".join(lines))


def _line(pattern: Pattern, row) -> str:
    """Return a pattern with its score and its evidence as Markdown."""
    score, reason = float(row[COLUMNS[pattern]]), row[f"{COLUMNS[pattern]}_reason"]
    title = f"{pattern.capitalize()}: {strength(score)} ({score:.2f})"
    return f":material/{ICONS[pattern]}: **{title}**  \n{heading.plain(reason)}"
