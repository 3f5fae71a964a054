"""The sections of an image in detail; each draws one thing of a `View`."""

import numpy as np
import streamlit as st
from scipy.special import softmax

from fieldmarks.core.explanations.contributions import lead_of_filters
from fieldmarks.core.explanations.place import Place
from fieldmarks.core.explanations.seen import SeenWord
from fieldmarks.core.presence.columns import not_visible
from fieldmarks.core.presence.presence import features_of, presence_of
from fieldmarks.dashboard import data, heading, labels, links
from fieldmarks.dashboard.components import add_words, diverging_bars, gallery, marks, ranking
from fieldmarks.dashboard.components.gallery import Line, Picture
from fieldmarks.dashboard.figures import overlay
from fieldmarks.dashboard.figures.filter_region import region
from fieldmarks.dashboard.figures.heatmaps import (
    attribute_heatmap,
    attribute_layer,
    class_heatmaps,
    layer_uri,
)
from fieldmarks.dashboard.image import words
from fieldmarks.dashboard.image.view import View, usual_versus, view_link
from fieldmarks.dashboard.image.words import Words
from fieldmarks.dashboard.state import Key, bound

#: A class activation map whose peak is below this share of the larger one's shows nearly nothing.
FAINT = 0.2
#: Attributes and filters that are drawn as tipping the decision.
N_TIPPING = 10
#: Top-activating images beside each of these filters.
N_CROPS = 3


def pictures(view: View) -> None:
    """Draw the image, the heatmap of the selected attribute, and where each class has evidence."""
    run, x = view.run, view.x
    shown = [Picture(src=data.thumb(run, x), alt=labels.image_alt(run, x), caption="Image")]
    has_maps = data.has_maps(run, x)
    if has_maps:
        shown += ([] if view.words is None else [word_picture(view.words)]) + class_pictures(view)
    gallery.show(shown, key="failures.picture", width=300, columns=2, slider=has_maps, sticky=True)
    if not has_maps:
        st.caption(
            f"No heatmap: the feature maps of this image are not kept. "
            f"`fieldmarks maps {run.name} --images {x}` computes them."
        )
    elif view.words is not None:
        download(view, view.words.t)


def word_picture(shown: Words, src: str | None = None) -> Picture:
    """Return an image with the heatmap of the selected attribute and what is wrong with it."""
    run, x, t = shown.run, shown.x, shown.t
    phrase = labels.phrase(run.source, t)
    warning = doubt(shown.selected, shown.places.get(t))
    return Picture(
        src=src or data.thumb(run, x),
        layer=attribute_layer(run, x, t),
        alt=f"Heatmap of {phrase}" + (f" ({warning})" if warning else ""),
        caption=f"Heatmap of “{phrase}”",
        lines=[Line(warning, "warning")] if warning else [],
    )


def doubt(word: SeenWord, place: Place | None) -> str:
    """Return why the heatmap of a word is not to be believed, empty for no reason."""
    parts = []
    if word.q == word.q and not word.is_seen:
        parts.append("not seen here")
    if place is not None and not place.is_on:
        parts.append(f"lies beside the {place.what}")
    return ", ".join(parts)


def download(view: View, t: int) -> None:
    """Draw the button that saves the heatmap of an attribute."""
    run, x = view.run, view.x
    st.download_button(
        "Download heatmap",
        lambda: overlay.blend(run.packed("thumb", x), attribute_heatmap(run, x, t)),
        file_name=f"image_{x}_{labels.phrase(run, t).replace(' ', '_')}.jpg",
        mime="image/jpeg",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
    )


def class_pictures(view: View) -> list[Picture]:
    """Return the class activation maps of both classes on a common scale."""
    run, x = view.run, view.x
    maps = class_heatmaps(run, x, [view.c, view.versus])
    logits = run.array("logits")[x]
    return [
        Picture(
            src=data.thumb(run, x),
            layer=layer_uri(cam),
            alt=f"Class activation map of {labels.class_name(run, c)} in image {x}",
            href=links.class_(c),
            caption=f"Evidence for {labels.class_name(run, c)}",
            lines=[
                Line(
                    f"class activation map, logit {logits[c]:.2f}"
                    + (", almost no positive evidence" if cam.max() < FAINT else ""),
                    title="Sum over filters of W[c, f] times the feature map of f, both classes on "
                    "one scale; only positive values are coloured",
                )
            ],
            tone=tone,
        )
        for c, cam, tone in (
            (view.c, maps[0], gallery.PREDICTED),
            (view.versus, maps[1], gallery.TRUE),
        )
    ]


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
                help="Choose any class: the words, the lists and the maps are computed for it.",
                **bound(key, c, default=default, scope="image", resets=(Key.IF,)),
            )


def reasons(view: View) -> None:
    """Draw the contrast in three parts, both sentences, and what the marks on words mean."""
    shown = view.words
    if shown is None:
        add_words.show(view.run)
        return

    def link(t: int) -> str:
        return view_link(t=labels.phrase(view.run, t))

    words.contrast(shown, link, key="failures.sentence.contrast")
    words.sentences(shown, link, key="failures.sentence")
    if shown.has_presence:
        marks.legend(
            "failures.legend",
            has_captions=shown.has_captions,
            has_places=bool(shown.places),
        )


def tipping_attributes(view: View) -> None:
    """Draw the attributes with the largest parts in the lead of one class over the other."""
    shown = view.words
    if shown is None:
        return
    a, b = map(heading.plain, view.names)
    presence = presence_of(view.run.source)
    part = shown.contrast.logit_part
    is_hidden = not_visible(view.run.source)
    ts = np.argsort(np.where(is_hidden, 0, -np.abs(part)), kind="stable")[:N_TIPPING]
    ts = ts[~is_hidden[ts]].tolist()
    unseen: set[int] = set()
    if presence is not None:
        q = presence.q(features_of(view.run, view.x), np.array(ts))
        unseen = {t for t, each in zip(ts, np.nan_to_num(q), strict=True) if each <= 0.5}
    heading.section(
        "Attributes that tip the decision",
        "Pale: not seen in this image, so not a reason. Click one for its heatmap."
        if unseen
        else "",
        help=f"The exact contribution of each attribute to {a}'s lead over {b}, without the "
        "biases: the sum over filters of φ(f(x)) (W[A, f] - W[B, f]) p(t | f).",
    )
    bars = diverging_bars.rows(
        ts,
        part[ts],
        [labels.phrase(view.run, t) for t in ts],
        lambda t: view_link(t=labels.phrase(view.run, t)),
        "part in the lead",
        active=shown.t,
        pale=unseen,
    )
    diverging_bars.show(bars, *view.names, key="failures.difference")


def tipping_filters(view: View) -> None:
    """Draw the filters with the largest parts in that lead, with what activates them."""
    run, x = view.run, view.x
    a, b = map(heading.plain, view.names)
    heading.section(
        "Filters that tip the decision",
        "First crop: where the filter is active here; then its top-activating images.",
        help=f"The exact contribution of each filter to {a}'s lead over {b}: φ(f(x)) (W[A, f] - "
        "W[B, f]). Click one for its page.",
    )
    fs, part = lead_of_filters(run, x, view.c, view.versus, N_TIPPING)
    top = run.array("top_images")
    bars = diverging_bars.rows(
        fs.tolist(),
        part,
        [labels.filter_text(run, int(f)) for f in fs],
        lambda f: links.filter_(f),
        "part in the lead",
        pictures=[
            [
                region(run, int(f), each).src
                for each in (x, *[int(y) for y in top[f] if y >= 0 and y != x][:N_CROPS])
            ]
            for f in fs
        ],
    )
    diverging_bars.show(bars, *view.names, key="failures.filters", to_top=True)


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
