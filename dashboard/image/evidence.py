"""The evidence for an attribute: filter contributions, and the images where it ranks highest."""

import numpy as np
import streamlit as st

from fieldmarks.core.explanations.contributions import (
    class_filter_contributions,
    filter_contributions,
    top_filters,
)
from fieldmarks.core.explanations.word_parts import word_parts
from fieldmarks.core.presence.presence import presence_of
from fieldmarks.core.run.run import Run
from fieldmarks.core.search import search
from fieldmarks.core.search.query import Query, Term
from fieldmarks.dashboard import data, heading, labels, links
from fieldmarks.dashboard.components import being_computed, gallery, ranking
from fieldmarks.dashboard.components.gallery import Line, Picture
from fieldmarks.dashboard.figures.heatmaps import attribute_layer
from fieldmarks.dashboard.labels import filter_label


def selected_attribute(view) -> None:
    """Draw the evidence for the selected attribute of an image."""
    run, x, t = view.run, view.x, view.t
    phrase = labels.phrase(run, t)
    heading.section(f"Evidence for “{heading.plain(phrase)}”", caption_line(run, x, t))
    being_computed.note(run, "evidence")
    left, right = st.columns([5, 6], gap="medium")
    with left:
        st.markdown(
            "**Filter contributions**",
            help="Bar: contribution to the attribute's sum of eq. (5), p(f | x, c) p(t | f). "
            "Number: contribution to the logit, φ(f(x)) W[c, f] / Σ; it can be negative.",
        )
        contributions = filter_contributions(run, x, view.c, t)
        ranking.show(
            [
                ranking.Row(
                    filter_label(run, int(f)),
                    f"{share_of_logit:+.1%}",
                    href=links.filter_(int(f)),
                    bar=float(share / contributions.attribute_share[0]),
                    title=f"contribution: {share:.1%} of the sum, {share_of_logit:+.1%} of the "
                    f"logit of {labels.class_name(run, view.c)}",
                )
                for f, share, share_of_logit in zip(
                    contributions.fs,
                    contributions.attribute_share,
                    contributions.logit_share,
                    strict=True,
                )
            ],
            key="evidence.filters",
            tone="predicted",
        )
        _parts_line(run, x, view.c, t)
        if not len(contributions.fs):
            st.caption(
                "No filter with a positive weight for this class contributes to the attribute here."
            )
    with right:
        st.markdown(heading_of_images(run))
        images_of_attribute(run, t, key="evidence.images", n=12, leave_out=x)
        st.page_link(
            "app_pages/images.py",
            label="All images",
            icon=":material/arrow_forward:",
            query_params=links.params(q=phrase),
        )


def _parts_line(run: Run, x: int, c: int, t: int) -> None:
    parts = word_parts(run, x, c, t)
    if parts is None:
        return
    st.caption(
        f"In sentences it scores {parts.score:.2f} times its mean: {parts.direct:+.2f} from "
        f"these filters, {parts.others:+.2f} from other words that occur with it.",
        help="p(t | x, c) begins with the word's own sum over filters, eq. (5). A regression on "
        "the captions of training images adds what the sums of all other words predict of it.",
    )


def in_class(run: Run, c: int, t: int) -> None:
    """Draw the evidence for an attribute of a class description."""
    phrase = labels.phrase(run, t)
    heading.section(
        f"Evidence for “{heading.plain(phrase)}”",
        "Filters that contribute to the attribute in the class description, and images in whose "
        "explanation it appears.",
    )
    left, right = st.columns([5, 6], gap="medium")
    with left:
        st.markdown(
            "**Filter contributions**",
            help="Contribution of filter f to p(t | c): σ(W[c, f]) p(t | f) / p(t | c).",
        )
        fs, shares = class_filter_contributions(run, c, t)
        ranking.show(
            [
                ranking.Row(
                    filter_label(run, int(f)),
                    f"{share:.1%}",
                    href=links.filter_(int(f)),
                    bar=float(share / shares[0]),
                    title=f"contribution to p(t | c): {share:.1%}",
                )
                for f, share in zip(fs, shares, strict=True)
            ],
            key="evidence.filters",
        )
    with right:
        st.markdown(heading_of_images(run))
        images_of_attribute(run, t, key="evidence.images", n=12)
        st.page_link(
            "app_pages/images.py",
            label="All images",
            icon=":material/arrow_forward:",
            query_params=links.params(q=phrase),
        )


def caption_line(run: Run, x: int, t: int) -> str:
    """Return what the captions of the image say of the attribute."""
    said = search.caption_agreement(run, x, t)
    n_images = int(run.attributes["n_images"].iloc[t])
    return f"This image: {said}. The captions of {n_images:,} images name it."


def images_of_attribute(run: Run, t: int, key: str, n: int, leave_out: int | None = None) -> None:
    """Draw the test images in which the attribute is seen with most certainty.

    Where presence is not claimed, those whose sentence has it, by descending p(t given x, c).
    """
    is_seen = presence_of(run.source) is not None
    ranked = seen_most(run, t) if is_seen else search.rank(run, t)
    if not is_seen and not len(ranked.xs):
        ranked = search.rank(run, t, within=run.sizes["K"])
    pairs = [
        (int(x), float(score))
        for x, score in zip(ranked.xs[: n + 1], ranked.scores[: n + 1], strict=True)
        if x != leave_out
    ][:n]
    if not pairs:
        none = "It is seen in no test image." if is_seen else "No sentence names the attribute."
        st.caption(none)
        return
    gallery.show(
        [
            Picture(
                src=data.thumb(run, x),
                layer=attribute_layer(run, x, t),
                alt=f"{labels.image_alt(run, x)}; heatmap of {labels.phrase(run, t)}",
                href=links.image(run, x, t),
                lines=[Line(labels.class_name(run, labels.true_and_predicted(run, x)[1]))],
                badge=f"{score:.2f}" if is_seen else f"{score:.3f}",
                title=f"{'certainty' if is_seen else 'p(t | x, c)'} {score:.4f}",
            )
            for x, score in pairs
        ],
        key=key,
        width=92,
        hover=True,
        to_top=True,
    )


def seen_most(run: Run, t: int) -> search.RankedImages:
    """Return the test images in which attribute t is seen, most surely first."""
    return search.search(run, Query([Term(t, False, "")]))


def heading_of_images(run: Run) -> str:
    """Return the heading of `images_of_attribute`."""
    how = "is seen with most certainty" if presence_of(run.source) is not None else "counts most"
    return f"**Images where it {how}** :gray[· hover for the heatmap]"


def filters_of_attribute(run: Run, t: int, key: str, n: int = 8) -> None:
    """Draw the filters with the largest weights in the heatmap of an attribute."""
    weights, p = run.array("evidence")[:, t], run.array("p_t_given_f")[:, t]
    fs = top_filters(run, t, n)
    total = max(float(np.clip(weights, 0, None).sum()), 1e-12)
    ranking.show(
        [
            ranking.Row(
                filter_label(run, int(f)),
                f"{weights[f] / total:.1%}",
                href=links.filter_(int(f), labels.phrase(run, t)),
                bar=float(weights[f] / weights[fs[0]]),
                title=f"{weights[f] / total:.2%} of the positive weights of the heatmap; "
                f"p(t | f) = {p[f]:.4f}",
            )
            for f in fs
        ],
        key=key,
        columns=2,
    )
