"""The diagnosis of one image: the causes by descending score, each with its evidence."""

import streamlit as st

from fieldmarks.core.causes.cause import Cause, cause_of
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
    of = cause_of(run, x)
    st.markdown(f"{said}. {_said(of) if of is not None else ''}")
    if of is not None:
        _background(run, of)


def _background(run: Run, of: Cause) -> None:
    """Draw images that show what no word of the cause names."""
    if not len(of.shown):
        return
    st.caption(f"{heading.plain(of.shown_as)}:")
    pictures = [
        Picture(src=data.thumb(run, y), alt=labels.image_alt(run, y), href=links.image(run, y))
        for y in map(int, of.shown)
    ]
    gallery.show(pictures, key="image.background", width=64, fixed=True, to_top=True)


def _said(of: Cause) -> str:
    """Return the cause of a failure with its evidence as Markdown."""
    score = "" if of.pattern is Pattern.UNDECIDED else f" :gray[({of.score:.2f})]"
    before = "" if of.pattern is Pattern.UNDECIDED else f"{strength(of.score)} cause: "
    title = f"{before}{heading.plain(of.title)}"
    said = (
        f":material/{ICONS[of.pattern]}: **{title[:1].upper()}{title[1:]}**{score}: "
        f"{heading.plain(of.reason)}."
    )
    if of.others:
        possible = [f"{heading.plain(title)} :gray[({each:.2f})]" for each, title in of.others]
        said += f" Possible, too: {'; '.join(possible)}."
    return said


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
