"""One image in detail: why the network said what it said, and what speaks for another class.

The view is made of sections, each a function of what is on show (`View`), so that more can be
placed under them without touching the others.
"""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from core import contrast, grounding
from core.explanation import Explanation
from core.run import Run
from dashboard import charts, data, evidence, gallery, heading, links, overlay, ranking, sentence
from dashboard.gallery import Line, Picture
from dashboard.state import Key, Page, bound, here, number, picked, text, update


@dataclass(frozen=True)
class View:
    """What is on show: image x explained as class c and as class versus, word t in focus."""

    run: Run
    x: int
    c: int
    versus: int
    first: Explanation
    second: Explanation
    contrast: contrast.Contrast
    t: int

    @property
    def names(self) -> tuple[str, str]:
        """Names of the two classes."""
        return links.name(self.run, self.c), links.name(self.run, self.versus)


def read(run: Run, x: int) -> View:
    """Return what the URL asks to see of image x."""
    row = run.images.iloc[x]
    predicted, true = int(row["predicted_c"]), int(row["true_c"])
    c = number(Key.C, run.sizes["C"], "class")
    versus = number(Key.VERSUS, run.sizes["C"], "class")
    c = predicted if c is None else c
    versus = (true if true != c else runner_up(run, x, c)) if versus is None else versus
    first, second = data.explain(run, x, c), data.explain(run, x, versus)
    both = data.compare(run, first, second)
    t = data.read_attribute(run)
    if t is None:
        t = (both.only_first or first.attributes)[0]
    return View(run, x, c, versus, first, second, both, t)


def runner_up(run: Run, x: int, c: int) -> int:
    """Return the most likely class other than c."""
    logits = np.array(run.array("logits")[x])
    logits[c] = -np.inf
    return int(logits.argmax())


def link(**changes) -> str:
    """Return the link to this view with something changed."""
    return here(Page.FAILURES, (*links.LIST_KEYS, Key.X, Key.C, Key.VERSUS, Key.T), **changes)


def show(run: Run, x: int, xs: np.ndarray) -> None:
    """Draw image x; ``xs`` is the list that it was picked from."""
    view = read(run, x)
    step_bar(view, xs)
    left, right = st.columns([4, 9], gap="medium")
    with left:
        main_picture(view)
    with right:
        verdict(view)
        sentences(view)
    chart, where = st.columns([5, 6], gap="medium")
    with chart:
        difference(view)
    with where:
        class_maps(view)
    evidence.word(view)
    tabs = st.tabs(["Class probabilities", "Canonical images", "Captions and file"])
    with tabs[0]:
        probabilities(view)
    with tabs[1]:
        canonical(view)
    with tabs[2]:
        about(view)


def step_bar(view: View, xs: np.ndarray) -> None:
    """Draw the way back to the list and to its next and previous image."""
    place = np.flatnonzero(xs == view.x)
    at = int(place[0]) if len(place) else None
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.page_link(
            "app_pages/failures.py",
            label=f"All {len(xs):,}",
            icon=":material/arrow_back:",
            query_params=links.params(**{str(k): text(k) or None for k in links.LIST_KEYS}),
            help="Back to the list",
        )
        where = f"{at + 1:,} of {len(xs):,}" if at is not None else "not in the list"
        st.markdown(f"**Image {view.x}** :gray[· {where}]", width="content")
        st.space("stretch")
        for label, icon, key, step in (
            ("Previous", "chevron_left", "P", -1),
            ("Next", "chevron_right", "N", 1),
        ):
            target = None if at is None else at + step
            is_there = target is not None and 0 <= target < len(xs)
            st.button(
                label,
                icon=f":material/{icon}:",
                icon_position="left" if step < 0 else "right",
                shortcut=key,
                disabled=not is_there,
                on_click=go,
                args=(int(xs[target]) if is_there else view.x,),
                key=f"failures.{label.lower()}",
            )


def go(x: int) -> None:
    """Open another image of the list; what was chosen for this one does not go along."""
    update(x=x, c=None, versus=None, t=None)


def main_picture(view: View) -> None:
    """Draw the image with the heatmap of the word in focus."""
    run, x = view.run, view.x
    phrase = links.phrase(run, view.t)
    layer = gallery.word_layer(run, x, view.t)
    gallery.show(
        [
            Picture(
                src=data.thumb(run, x),
                layer=layer,
                alt=f"{gallery.describe_image(run, x)}; heatmap of {phrase}",
                caption=f"“{phrase}” in this image",
                lines=[
                    Line("See it beside other words", href=links.grounding(run, x, [view.t])),
                ],
            )
        ],
        key="failures.picture",
        width=430,
        fixed=True,
        slider=bool(layer),
    )
    if layer:
        st.download_button(
            "Download",
            lambda: overlay.blend(
                run.packed("thumb", x),
                grounding.ground(run, x, view.t, size=overlay.LAYER_SIZE),
            ),
            file_name=f"image_{x}_{phrase.replace(' ', '_')}.jpg",
            mime="image/jpeg",
            icon=":material/download:",
            type="tertiary",
            on_click="ignore",
        )
    else:
        st.caption(
            f"No heatmap: the feature maps of this image are not kept. "
            f"`python -m precompute maps {run.name} --images {x}` computes them."
        )


def verdict(view: View) -> None:
    """Draw what was said, what is true, and the choice of other classes in their places."""
    run = view.run
    row = run.images.iloc[view.x]
    roles = {int(row["predicted_c"]): "predicted", int(row["true_c"]): "true"}
    if len(roles) == 1:
        roles = dict.fromkeys(roles, "predicted, and true")
    classes = list(range(run.sizes["C"]))
    boxes = st.columns(2)
    for box, key, c, hue, other in (
        (boxes[0], Key.C, view.c, "orange", view.versus),
        (boxes[1], Key.VERSUS, view.versus, "blue", view.c),
    ):
        with box:
            st.selectbox(
                f":{hue}[**Why {'this' if hue == 'orange' else 'not'}**] "
                f":gray[{roles.get(c, 'neither predicted nor true')}]",
                [each for each in classes if each != other],
                format_func=lambda each: links.numbered_name(run, each),
                help="Any class can be put here: the sentence, the chart and the maps follow.",
                **bound(key, c, scope="image"),
            )


def sentences(view: View) -> None:
    """Draw both sentences and what sets them apart; each word leads to its evidence."""
    p_of = (("predicted", view.first), ("true", view.second))
    for tone, explained in p_of:
        sentence.show(
            explained.spans,
            lambda t: link(t=links.phrase(view.run, t)),
            key=f"failures.sentence.{tone}",
            tone=tone,
            active=view.t,
            title=lambda t, p=explained.p: f"p(t | x, c) = {p[t]:.4f}: show where it lies",
        )
    sentence.show(
        view.contrast.spans,
        lambda t: link(t=links.phrase(view.run, t)),
        key="failures.sentence.contrast",
        active=view.t,
        title=lambda t: f"difference of p(t | x, c): {view.contrast.difference[t]:+.4f}",
    )


def difference(view: View, n: int = 14) -> None:
    """Draw the attributes whose probability differs most, a click puts one in focus."""
    heading.section(
        "What sets them apart",
        "Click a bar to see where in the image the word lies.",
        help="p(t | x, c) for the first class minus that for the second. Orange speaks for the "
        "first, blue for the second.",
    )
    values = view.contrast.difference
    ts = np.argsort(-np.abs(values), kind="stable")[:n].tolist()

    def focus() -> None:
        clicked = picked("failures.difference")
        if clicked:
            update(t=links.phrase(view.run, int(clicked[0])))

    st.plotly_chart(
        charts.difference_bars(
            ts, values[ts], [links.phrase(view.run, t) for t in ts], *view.names
        ),
        key="failures.difference",
        on_select=focus,
        selection_mode="points",
        config={"displayModeBar": False},
        alt=f"Difference of attribute probabilities between {' and '.join(view.names)}",
    )


def class_maps(view: View) -> None:
    """Draw where the evidence for both classes lies, on one scale."""
    run, x = view.run, view.x
    heading.section(
        "Where each class is seen",
        "Class activation maps, both on the same scale.",
        help="CAM: the sum over filters of W[c, f] times the map of f. Only evidence for the "
        "class is coloured.",
    )
    if not data.has_maps(run, x):
        st.caption("The feature maps of this image are not kept.")
        return
    maps = grounding.class_maps(run, x, [view.c, view.versus], size=overlay.LAYER_SIZE)
    logits = run.array("logits")[x]
    gallery.show(
        [
            Picture(
                src=data.thumb(run, x),
                layer=gallery.heat_layer(cam),
                alt=f"Class activation map of {links.name(run, c)} in image {x}",
                href=links.class_(c),
                caption=links.name(run, c),
                lines=[Line(f"logit {logits[c]:.2f}", title="Score before the softmax")],
                tone=tone,
            )
            for c, cam, tone in (
                (view.c, maps[0], gallery.PREDICTED),
                (view.versus, maps[1], gallery.TRUE),
            )
        ],
        key="failures.cam",
        width=270,
        fixed=True,
        slider=True,
        to_top=True,
    )


def probabilities(view: View, n: int = 8) -> None:
    """Draw the most likely classes; a click puts one in the place of the true class."""
    run, x = view.run, view.x
    logits = np.asarray(run.array("logits")[x], dtype=float)
    p = np.exp(logits - logits.max())
    p /= p.sum()
    row = run.images.iloc[x]
    tones = {int(row["true_c"]): "true", int(row["predicted_c"]): "predicted"}
    st.caption("Click a class to ask “why not this one?”")
    ranking.show(
        [
            ranking.Row(
                [(links.name(run, c), tones.get(c, ""))],
                f"{p[c]:.3f}",
                href=link(versus=c) if c != view.c else links.class_(c),
                bar=float(p[c]),
                title=f"softmax probability {p[c]:.4f}, logit {logits[c]:.2f}",
                active=c == view.versus,
                tone=tones.get(c, ""),
            )
            for c in np.argsort(-logits, kind="stable")[:n].tolist()
        ],
        key="failures.probabilities",
        to_top=False,
    )


def canonical(view: View) -> None:
    """Draw typical training images of both classes and say how they were chosen."""
    run = view.run
    st.caption(
        "Canonical images: the training images whose features φ(f(x)) lie nearest to the mean of "
        "their class, which is the network's idea of a typical one."
    )
    pictures = [
        Picture(
            src=data.thumb(run, int(x)),
            alt=f"Canonical {links.name(run, c)}, image {int(x)}",
            href=links.image(run, int(x)),
            lines=[Line(links.name(run, c), tone)],
            tone=tone,
        )
        for c, tone in ((view.c, gallery.PREDICTED), (view.versus, gallery.TRUE))
        for x in run.array("canonical")[c]
        if x >= 0
    ]
    if not pictures:
        st.caption("No training images of these classes.")
        return
    gallery.show(pictures, key="failures.canonical", width=150, fixed=True, to_top=True)


def about(view: View) -> None:
    """Draw what people said of the image and where it comes from."""
    run, x = view.run, view.x
    row = run.images.iloc[x]
    captions = run.captions(x)
    if captions:
        st.caption("What people wrote. The network has not seen these.")
        for line in captions:
            st.markdown(f"- {heading.plain(line)}")
    else:
        st.caption("This image has no captions: unknown, not without attributes.")
    st.caption(
        f"`{row['path']}` · {int(row['width'])} × {int(row['height'])} pixels · "
        f"{'training' if row['is_train'] else 'test'} split"
        + (f" · {heading.plain(row['problem'])}" if row["problem"] else "")
    )
