"""What the points of the map can be coloured by."""

import numpy as np
import streamlit as st

from fieldmarks.core.causes.finding import Pattern
from fieldmarks.core.presence.presence import presence_of, presence_of_word
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import data, labels
from fieldmarks.dashboard.components.choices import class_box
from fieldmarks.dashboard.figures.charts import NEUTRAL, PREDICTED, SIGNIFICANT, TRUE
from fieldmarks.dashboard.image_map.points import Colouring, hues
from fieldmarks.dashboard.state import Key, bound, choice, number

COLOURS = {
    "correct": "Correctness",
    "class": "True class",
    "pattern": "Diagnosed cause",
    "caption": "Attribute in the captions",
    "p": "p(t | x) of an attribute",
}


def controls(run: Run) -> tuple[str, int | None, int | None]:
    """Draw the choice of colours; return it with the class or attribute that it asks for."""
    options = [each for each in COLOURS if each != "pattern" or _has_patterns(run)]
    asked = choice(Key.COLOUR, options, "correct")
    c, t = None, None
    with st.grid(2, min_column_width=220, gap="small"):
        st.selectbox(
            "Colour",
            options,
            format_func=lambda each: _title(run, each),
            **bound(Key.COLOUR, asked, default="correct", scope="map"),
        )
        if asked == "class":
            c = number(Key.C, run.sizes["C"], "class")
            class_box(run, "Only one class", Key.C, c, "map", none="all classes")
        elif asked in ("caption", "p"):
            t = data.read_attribute(run)
            t = most_named(run) if t is None else t
            st.selectbox(
                "Attribute",
                list(range(run.sizes["T"])),
                format_func=lambda t: labels.phrase(run, t),
                **bound(
                    Key.T,
                    t,
                    lambda t: labels.phrase(run, t),
                    default=most_named(run),
                    scope="map",
                ),
            )
    return asked, c, t


def most_named(run: Run) -> int:
    """Return the attribute that the captions of most images name."""
    return int(run.attributes["n_images"].to_numpy().argmax())


def _title(run: Run, colour: str) -> str:
    """Return what a colouring is called."""
    return "Attribute seen" if colour == "p" and _has_presence(run) else COLOURS[colour]


def _has_presence(run: Run) -> bool:
    return presence_of(run.source) is not None


def _has_patterns(run: Run) -> bool:
    return data.diagnoses(run) is not None


def colouring(run: Run, asked: str, c: int | None, t: int | None) -> Colouring:
    """Return the colour of each image, by what `controls` returned."""
    if asked == "class":
        return _by_class(run, c)
    if asked == "pattern":
        patterns = [str(pattern) for pattern in Pattern]
        codes = {pattern: code for code, pattern in enumerate(patterns)}
        values = run.table("diagnoses")["pattern"].map(lambda name: codes.get(name, -1)).to_numpy()
        return Colouring(values, tuple(patterns), hues(len(patterns)), none="no cause")
    if asked == "caption" and t is not None:
        values = (run.counts[:, [t]].toarray()[:, 0] > 0).astype(int)
        values[run.images["n_captions"].to_numpy() == 0] = -1
        phrase = labels.phrase(run, t)
        names = (f"captions without “{phrase}”", f"captions name “{phrase}”")
        return Colouring(values, names, (NEUTRAL, SIGNIFICANT), none="no captions")
    if asked == "p" and t is not None and _has_presence(run):
        seen = f"certainty that “{labels.phrase(run, t)}” is seen"
        return Colouring(presence_of_word(run, t), (), (NEUTRAL, PREDICTED), seen)
    if asked == "p" and t is not None:
        is_t = np.asarray(run.array("top_t_predicted")) == t
        values = (np.asarray(run.array("top_p_predicted")) * is_t).sum(axis=1)
        return Colouring(values, (), (NEUTRAL, PREDICTED), f"p({labels.phrase(run, t)} | x)")
    values = np.where(run.is_test, np.where(run.is_right, 0, 1), -1)
    return Colouring(values, ("right", "wrong"), (TRUE, PREDICTED), none="training image")


def _by_class(run: Run, c: int | None) -> Colouring:
    true_c = run.images["true_c"].to_numpy().astype(int)
    if c is not None:
        values = np.where(true_c == c, 0, -1)
        return Colouring(values, (labels.class_name(run, c),), (TRUE,), none="other classes")
    C = run.sizes["C"]
    return Colouring(true_c, tuple(labels.class_name(run, c) for c in range(C)), hues(C))
