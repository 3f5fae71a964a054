"""Heatmaps of any attributes in an image, compared with the annotated keypoints."""

import numpy as np
import streamlit as st

from fieldmarks.core.explanations.contributions import heatmap_contributions
from fieldmarks.core.explanations.place import places
from fieldmarks.core.explanations.seen import words_of
from fieldmarks.core.run.phrases import t_of_phrase
from fieldmarks.core.run.run import Run
from fieldmarks.core.scores import pck
from fieldmarks.dashboard import data, heading, labels, links
from fieldmarks.dashboard.components import being_computed, gallery, ranking
from fieldmarks.dashboard.components.gallery import Line, Mark, Picture
from fieldmarks.dashboard.figures import overlay
from fieldmarks.dashboard.figures.heatmaps import attribute_heatmap, layer_uri
from fieldmarks.dashboard.image.sections import doubt
from fieldmarks.dashboard.image.view import View
from fieldmarks.dashboard.labels import filter_label
from fieldmarks.dashboard.state import Key, bound, choice, notice, text

TITLE = "Grounding"
MAX_WORDS = 8


def show(view: View) -> None:
    """Draw the heatmaps of the image of a view."""
    run, x = view.run, view.x
    if not data.has_maps(run, x):
        st.caption("The feature maps of this image are not kept.")
        return
    ts = read_words(run) or first_words(view)
    being_computed.note(run, "evidence")
    pick(view, ts)
    pictures(view, ts)
    contributions(run, x, ts)


def first_words(view: View) -> list[int]:
    """Return the attributes that are shown where the URL names none: the sentence's first."""
    assert view.words is not None
    return view.words.first.attributes[:4] or [view.words.t]


def read_words(run: Run) -> list[int]:
    """Return the attributes that the URL names, parted by commas."""
    known = t_of_phrase(run)
    asked = [phrase.strip().lower() for phrase in text(Key.WORDS).split(",") if phrase.strip()]
    missing = [phrase for phrase in asked if phrase not in known]
    if missing:
        notice(f"This run has no attribute “{missing[0][:60]}”. Search suggests similar ones.")
    return list(dict.fromkeys(known[phrase] for phrase in asked if phrase in known))[:MAX_WORDS]


def pick(view: View, ts: list[int]) -> None:
    """Draw the choice of attributes and estimator."""
    run = view.run
    left, right = st.columns([9, 3], vertical_alignment="top")
    with left:
        st.multiselect(
            "Attributes",
            list(t_of_phrase(run)),
            max_selections=MAX_WORDS,
            placeholder="Type an attribute",
            **bound(
                Key.WORDS,
                [labels.phrase(run, t) for t in ts],
                ",".join,
                default=[labels.phrase(run, t) for t in first_words(view)],
                scope="grounding",
            ),
        )
    with right:
        st.selectbox(
            "Estimator",
            run.estimators,
            format_func=lambda name: labels.estimator_label(run, name),
            help="The estimator of p(t | f) and of the weights of the heatmap. "
            f"Sentences use the run's default, `{run.default_estimator}`; `literal` is the "
            "paper's.",
            **bound(
                Key.ESTIMATOR, estimator(run), default=run.default_estimator, scope="grounding"
            ),
        )


def estimator(run: Run) -> str:
    """Return the estimator that the URL names, or the run's default."""
    return choice(Key.ESTIMATOR, run.estimators, run.default_estimator)


def pictures(view: View, ts: list[int]) -> None:
    """Draw the heatmap of each attribute with its peak, the keypoints, and hit or miss."""
    assert view.words is not None
    run, x = view.run, view.x
    name = estimator(run)
    spoken = words_of(run, x, ts, view.words.contrast.logit_part)
    where = places(run, x, ts, name)
    heatmaps = [attribute_heatmap(run, x, t, name) for t in ts]
    pairs = pck.pairs_of(run, np.full(len(ts), x), np.array(ts))
    peaks = pck.peaks(run, pairs, {name: run.array("evidence", name)})[name]
    distances = pck.distance(peaks, pairs.keypoints)
    radius = pck.RADII[0]
    cards = []
    for i, t in enumerate(ts):
        row, col = peaks[i].tolist()
        marks = [Mark(row, col, "peak", "Peak: the maximum of the heatmap")]
        visible = pairs.keypoints[i][np.isfinite(pairs.keypoints[i, :, 0])].tolist()
        marks += [Mark(r, c, "part", "Annotated keypoint of the part") for r, c in visible]
        marks += [
            Mark(r, c, "reach", f"Within {radius}: a hit at PCK@{radius}", radius)
            for r, c in visible
        ]
        cards.append(
            Picture(
                src=data.thumb(run, x),
                layer=layer_uri(heatmaps[i]),
                alt=f"Heatmap of {labels.phrase(run, t)} in image {x}",
                href=links.image(run, x, t),
                caption=labels.phrase(run, t),
                lines=[
                    *(Line(line, "warning") for line in [doubt(spoken[i], where.get(t))] if line),
                    hit_or_miss(run, t, float(distances[i])),
                ],
                marks=marks,
            )
        )
    gallery.show(cards, key="grounding.pictures", width=260, fixed=True, slider=True, to_top=True)
    legend = "White ring: peak of the heatmap."
    if np.isfinite(pairs.keypoints).any():
        legend += (
            f" Green dot: annotated keypoint. Dashed circle: distance of {radius} of the image's "
            f"side, within which the peak is a hit at PCK@{radius}."
        )
    st.caption(legend)
    st.download_button(
        "Download side by side",
        lambda: overlay.side_by_side(
            [overlay.blend(run.packed("thumb", x), heatmap) for heatmap in heatmaps]
        ),
        file_name=f"image_{x}_words.jpg",
        mime="image/jpeg",
        icon=":material/download:",
        on_click="ignore",
    )


def hit_or_miss(run: Run, t: int, distance: float) -> Line:
    """Return the smallest radius at which the peak counts as a hit, as the score board does."""
    if not str(run.attributes["part"].iloc[t]):
        return Line("not scored: the noun is not a part", title="PCK needs an annotated keypoint")
    if not np.isfinite(distance):
        return Line("not scored: no visible keypoint of the part")
    radius = next((r for r in pck.RADII if distance <= r), None)
    result = "miss" if radius is None else f"hit at PCK@{radius}"
    return Line(
        f"{result}, distance {distance:.2f}",
        title="Distance from the peak to the nearest visible keypoint, in units of the image's "
        "side",
    )


def contributions(run: Run, x: int, ts: list[int]) -> None:
    """Draw the filters that contribute most to each heatmap, by its estimator."""
    heading.section(
        "Filters of the heatmaps",
        help="Share of the heatmap's maximum that each filter contributes: its weight for the "
        "attribute times its activation there, by the same estimator as the heatmap. Shares of "
        "all filters sum to 1 and may be negative.",
    )
    name = estimator(run)
    for column, t in zip(st.columns(max(1, min(4, len(ts)))), ts[:4], strict=False):
        phrase = labels.phrase(run, t)
        with column:
            st.markdown(f"**{heading.plain(phrase)}**")
            fs, shares = heatmap_contributions(run, x, t, 5, name)
            ranking.show(
                [
                    ranking.Row(
                        filter_label(run, int(f)),
                        f"{share:.0%}",
                        href=links.filter_(int(f), phrase, estimator_in_link(run, name)),
                        bar=min(1.0, float(share / shares[0])),
                        title=f"contribution to the maximum of the heatmap: {share:.1%}",
                    )
                    for f, share in zip(fs, shares, strict=True)
                ],
                key=f"grounding.filters.{t}",
                tone="predicted",
            )


def estimator_in_link(run: Run, name: str) -> str | None:
    """Return the estimator as a link names it: nothing for the run's default."""
    return None if name == run.default_estimator else name
