"""The evidence for a word: the filters that carry it here, and the images it is seen in most."""

import streamlit as st

from core.explanations.contributions import carriers, carriers_in_class, filters_of
from core.runs.run import Run
from core.search import search
from dashboard import data, heading, labels, links
from dashboard.components import gallery, ranking
from dashboard.components.gallery import Line, Picture
from dashboard.labels import filter_label

MOST_SEEN = "**Images in which the network sees it most** :gray[· point at one to see where]"


def word(view) -> None:
    """Draw what is behind the word in focus of an image view."""
    run, x, t = view.run, view.x, view.t
    phrase = labels.phrase(run, t)
    heading.section(f"Behind “{heading.plain(phrase)}”", caption_line(run, x, t))
    left, right = st.columns([5, 6], gap="medium")
    with left:
        st.markdown(
            "**Filters that carry the word here**",
            help="Bar: share of the word, p(f | x, c) p(t | f) / p(t | x, c). "
            "Number: share of the logit, φ(f(x)) W[c, f] / Σ; it can be negative.",
        )
        carried = carriers(run, x, view.c, t)
        ranking.show(
            [
                ranking.Row(
                    filter_label(run, int(f)),
                    f"{share_of_logit:+.1%}",
                    href=links.filter_(int(f)),
                    bar=float(share / carried.of_word[0]),
                    title=f"carries {share:.1%} of the word and {share_of_logit:+.1%} of the "
                    f"logit of {labels.class_name(run, view.c)}",
                )
                for f, share, share_of_logit in zip(
                    carried.fs, carried.of_word, carried.of_logit, strict=True
                )
            ],
            key="evidence.filters",
            tone="predicted",
        )
        if not len(carried.fs):
            st.caption("No filter that speaks for this class carries the word in this image.")
    with right:
        st.markdown(MOST_SEEN)
        most_seen(run, t, key="evidence.images", n=12, leave_out=x)
        st.page_link(
            "app_pages/search.py",
            label="All of them",
            icon=":material/arrow_forward:",
            query_params=links.params(q=phrase),
        )


def in_class(run: Run, c: int, t: int) -> None:
    """Draw what is behind a word of a class description."""
    phrase = labels.phrase(run, t)
    heading.section(
        f"Behind “{heading.plain(phrase)}”",
        "The filters through which the class speaks of it, and where the network sees it.",
    )
    left, right = st.columns([5, 6], gap="medium")
    with left:
        st.markdown(
            "**Filters that carry it for this class**",
            help="Share of the word: σ(W[c, f]) p(t | f) / p(t | c).",
        )
        fs, shares = carriers_in_class(run, c, t)
        ranking.show(
            [
                ranking.Row(
                    filter_label(run, int(f)),
                    f"{share:.1%}",
                    href=links.filter_(int(f)),
                    bar=float(share / shares[0]),
                    title=f"carries {share:.1%} of the word",
                )
                for f, share in zip(fs, shares, strict=True)
            ],
            key="evidence.filters",
        )
    with right:
        st.markdown(MOST_SEEN)
        most_seen(run, t, key="evidence.images", n=12)
        st.page_link(
            "app_pages/search.py",
            label="All of them",
            icon=":material/arrow_forward:",
            query_params=links.params(q=phrase),
        )


def caption_line(run: Run, x: int, t: int) -> str:
    """Return what the captions of the image say of the attribute."""
    said = search.captions_say(run, x, t)
    n_images = int(run.attributes["n_images"].iloc[t])
    return f"Here: {said}. Named in the captions of {n_images:,} images."


def most_seen(run: Run, t: int, key: str, n: int, leave_out: int | None = None) -> None:
    """Draw the images whose sentence holds the attribute, best first, heatmaps on hover."""
    found = search.rank(run, t)
    if not len(found.xs):
        found = search.rank(run, t, within=run.sizes["K"])
    pairs = [
        (int(x), float(score))
        for x, score in zip(found.xs[: n + 1], found.scores[: n + 1], strict=True)
        if x != leave_out
    ][:n]
    if not pairs:
        st.caption("The network does not name it among the top attributes of any image.")
        return
    gallery.show(
        [
            Picture(
                src=data.thumb(run, x),
                layer=gallery.word_layer(run, x, t),
                alt=f"{gallery.describe_image(run, x)}; heatmap of {labels.phrase(run, t)}",
                href=links.image(run, x, t),
                lines=[Line(labels.class_name(run, labels.answer(run, x)[1]))],
                badge=f"{score:.3f}",
                title=f"p(t | x, c) = {score:.4f}",
            )
            for x, score in pairs
        ],
        key=key,
        width=92,
        hover=True,
        to_top=True,
    )


def carrying_filters(run: Run, t: int, key: str, n: int = 8) -> None:
    """Draw the filters that speak most of an attribute in general."""
    p = run.array("p_t_given_f")[:, t]
    fs = filters_of(run, t, n)
    top = max(float(p[fs[0]]), 1e-12)
    ranking.show(
        [
            ranking.Row(
                filter_label(run, int(f)),
                f"{p[f]:.3f}",
                href=links.filter_(int(f)),
                bar=float(p[f]) / top,
                title=f"p(t | f) = {p[f]:.4f}",
            )
            for f in fs
        ],
        key=key,
        columns=2,
    )
