"""The sections of an image in detail; each draws one thing of a `View`."""

import numpy as np
import streamlit as st
from scipy.special import softmax

from fieldmarks.dashboard import data, heading, labels, links
from fieldmarks.dashboard.components import diverging_bars, gallery, ranking, sentence
from fieldmarks.dashboard.components.gallery import Line, Picture
from fieldmarks.dashboard.figures import overlay
from fieldmarks.dashboard.figures.heatmaps import (
    attribute_heatmap,
    attribute_layer,
    class_heatmaps,
    layer_uri,
)
from fieldmarks.dashboard.image.view import View, usual_versus, view_link
from fieldmarks.dashboard.state import Key, bound

#: A class activation map whose peak is below this share of the larger one's shows nearly nothing.
FAINT = 0.2


def main_picture(view: View) -> None:
    """Draw the image with the heatmap of the selected attribute."""
    run, x = view.run, view.x
    phrase = labels.phrase(run, view.t)
    layer = attribute_layer(run, x, view.t)
    gallery.show(
        [
            Picture(
                src=data.thumb(run, x),
                layer=layer,
                alt=f"{labels.image_alt(run, x)}; heatmap of {phrase}",
                caption=f"Heatmap of “{phrase}”",
                lines=[
                    Line("Compare with other attributes", href=links.grounding(run, x, [view.t])),
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
                attribute_heatmap(run, x, view.t),
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
            f"`fieldmarks maps {run.name} --images {x}` computes them."
        )


def class_choice(view: View) -> None:
    """Draw the choice of the two classes that are explained."""
    run = view.run
    row = run.images.iloc[view.x]
    roles = {int(row["predicted_c"]): "predicted", int(row["true_c"]): "true"}
    if len(roles) == 1:
        roles = dict.fromkeys(roles, "predicted, and true")
    classes = list(range(run.sizes["C"]))
    boxes = st.columns(2)
    usual = usual_versus(run, view.x, view.c)
    for box, key, c, hue, other, default in (
        (boxes[0], Key.C, view.c, "orange", view.versus, int(row["predicted_c"])),
        (boxes[1], Key.VERSUS, view.versus, "blue", view.c, usual),
    ):
        with box:
            st.selectbox(
                f":{hue}[**Why {'this' if hue == 'orange' else 'not'}**] "
                f":gray[{roles.get(c, 'another class')}]",
                [each for each in classes if each != other],
                format_func=lambda each: labels.numbered_name(run, each),
                help="Choose any class: the sentence, the chart and the maps are computed for it.",
                **bound(key, c, default=default, scope="image", resets=(Key.IF,)),
            )


def sentences(view: View) -> None:
    """Draw both sentences and their contrast; each attribute links to its evidence."""
    p_of = (("predicted", view.first), ("true", view.second))
    for tone, explained in p_of:
        sentence.show(
            explained.spans,
            lambda t: view_link(t=labels.phrase(view.run, t)),
            key=f"failures.sentence.{tone}",
            tone=tone,
            active=view.t,
            title=lambda t, p=explained.p: f"p(t | x, c) = {p[t]:.4f}: show its heatmap",
        )
    sentence.show(
        view.contrast.spans,
        lambda t: view_link(t=labels.phrase(view.run, t)),
        key="failures.sentence.contrast",
        active=view.t,
        title=lambda t: (
            f"difference of p(t | x, c): {view.contrast.difference[t]:+.4f}; part of the "
            f"difference of the logits: {view.contrast.logit_part[t]:+.3f}"
        ),
    )


def attribute_differences(view: View, n: int = 14) -> None:
    """Draw the attributes whose probability differs most; a click selects one."""
    heading.section(
        "Attributes that tip the decision",
        "Click a bar to show the heatmap of the attribute.",
        help="p(t | x, c) of the first class minus that of the second. Orange: higher for the "
        "first class. Blue: higher for the second.",
    )
    values = view.contrast.difference
    ts = np.argsort(-np.abs(values), kind="stable")[:n].tolist()
    bars = diverging_bars.rows(
        ts,
        values[ts],
        [labels.phrase(view.run, t) for t in ts],
        lambda t: view_link(t=labels.phrase(view.run, t)),
        "difference of p(t | x, c)",
        active=view.t,
    )
    diverging_bars.show(bars, *view.names, key="failures.difference")


def class_map_strip(view: View) -> None:
    """Draw the class activation maps of both classes on a common scale."""
    run, x = view.run, view.x
    heading.section(
        "Class activation maps",
        "Both on the same scale.",
        help="CAM: the sum over filters of W[c, f] times the feature map of f. Only positive "
        "values, evidence for the class, are coloured.",
    )
    if not data.has_maps(run, x):
        st.caption("The feature maps of this image are not kept.")
        return
    maps = class_heatmaps(run, x, [view.c, view.versus])
    logits = run.array("logits")[x]
    gallery.show(
        [
            Picture(
                src=data.thumb(run, x),
                layer=layer_uri(cam),
                alt=f"Class activation map of {labels.class_name(run, c)} in image {x}",
                href=links.class_(c),
                caption=labels.class_name(run, c),
                lines=[
                    Line(f"logit {logits[c]:.2f}", title="Score before the softmax"),
                    *([Line("almost no positive evidence")] if cam.max() < FAINT else []),
                ],
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


def top_class_probabilities(view: View, n: int = 6) -> None:
    """Draw the most probable classes; a click compares with one of them."""
    run, x = view.run, view.x
    logits = np.asarray(run.array("logits")[x], dtype=float)
    p = softmax(logits)
    row = run.images.iloc[x]
    tones = {int(row["true_c"]): "true", int(row["predicted_c"]): "predicted"}
    heading.section(
        "Class probabilities",
        help="Softmax probability. Click a class to compare the prediction with it.",
    )
    ranking.show(
        [
            ranking.Row(
                [(labels.class_name(run, c), tones.get(c, ""))],
                f"{p[c]:.3f}",
                href=view_link(versus=c) if c != view.c else links.class_(c),
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
    """Draw the canonical images of both classes."""
    run = view.run
    heading.section(
        "Typical training images",
        help="The training images whose pooled activations φ(f(x)) are nearest to the mean of "
        "their class.",
    )
    for c, tone in ((view.c, gallery.PREDICTED), (view.versus, gallery.TRUE)):
        xs = [int(x) for x in run.array("canonical")[c] if x >= 0]
        if not xs:
            st.caption(f"{heading.plain(labels.class_name(run, c))} has no training images.")
            continue
        gallery.show(
            [
                Picture(
                    src=data.thumb(run, x),
                    alt=f"Typical {labels.class_name(run, c)}, image {x}",
                    href=links.image(run, x),
                    title=labels.class_name(run, c),
                    tone=tone,
                )
                for x in xs
            ],
            key=f"failures.canonical.{tone}",
            width=104,
            columns=run.sizes["N"],
            to_top=True,
        )


def about(view: View) -> None:
    """Draw the captions of the image, its file and its split."""
    run, x = view.run, view.x
    row = run.images.iloc[x]
    captions = run.captions(x)
    heading.section("Captions", help="Captions are not an input of the network.")
    if captions:
        half = -(-len(captions) // 2)
        for column, lines in zip(st.columns(2), (captions[:half], captions[half:]), strict=True):
            column.markdown("\n".join(f"- {heading.plain(line)}" for line in lines))
    else:
        st.caption("This image has no captions, so its attributes are unknown.")
    st.caption(
        f"{heading.plain(str(row['path']))} · {int(row['width'])} × {int(row['height'])} pixels · "
        f"{'training' if row['is_train'] else 'test'} split"
        + (f" · {heading.plain(row['problem'])}" if row["problem"] else "")
    )
