"""Search: images whose explanation has the attributes of a query."""

import numpy as np
import streamlit as st

from fieldmarks.core.presence.presence import presence_of
from fieldmarks.core.run.run import Run
from fieldmarks.core.search.query import Query, format_query, parse
from fieldmarks.core.search.search import AGREES, caption_agreement, search
from fieldmarks.core.search.vocabulary import Vocabulary
from fieldmarks.dashboard import data, heading, labels, links
from fieldmarks.dashboard.components import gallery, paging, query_box, ranking, synonym_panel
from fieldmarks.dashboard.components.gallery import Line, Picture
from fieldmarks.dashboard.figures.heatmaps import attribute_layer
from fieldmarks.dashboard.image import evidence
from fieldmarks.dashboard.state import Key, text

PER_PAGE = 24


def main() -> None:
    """Draw the page."""
    run = data.current_run()
    vocabulary = data.vocabulary(run)
    heading.page(
        "Search",
        "Images in which the network sees the attributes you type, most certain first. The "
        "certainty comes from its activations, not from the captions of the image.",
    )
    query_box.show(run, text(Key.QUERY))
    query = parse(text(Key.QUERY), vocabulary)
    how_it_was_read(run, query, vocabulary)
    if query.is_empty:
        examples(run, vocabulary)
        synonym_panel.show(run)
        return
    results(run, query, vocabulary)


def how_it_was_read(run: Run, query: Query, vocabulary: Vocabulary) -> None:
    """Draw how the query was parsed, with suggestions for unknown terms."""
    if query.terms or query.true is not None or query.predicted is not None:
        with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
            for term in query.terms:
                label = heading.plain(vocabulary.phrases[term.t])
                if term.is_negated:
                    st.badge(f"not {label}", color="gray", icon=":material/block:")
                else:
                    st.badge(label, color="green", icon=":material/check:")
            if query.true is not None:
                name = heading.plain(labels.class_name(run, query.true))
                st.badge(f"true: {name}", color="blue")
            if query.predicted is not None:
                name = heading.plain(labels.class_name(run, query.predicted))
                st.badge(f"predicted: {name}", color="orange")
            if query.is_right is not None:
                st.badge("right" if query.is_right else "wrong", color="gray")
    for written, similar in query.unknown.items():
        st.caption(f"This run has no “{heading.plain(written)}”. Similar:")
        known = format_query(query, vocabulary)
        ranking.show(
            [
                ranking.Row(phrase, "", href=links.query(f"{known}, {phrase}" if known else phrase))
                for phrase in similar
            ],
            key=f"search.similar.{written}",
            columns=5,
        )


def examples(run: Run, vocabulary: Vocabulary) -> None:
    """Draw example queries."""
    counts = run.attributes["n_images"].to_numpy()
    common = [vocabulary.phrases[t] for t in np.argsort(-counts, kind="stable")[:8]]
    st.caption("Examples; terms are separated by commas.")
    queries = [
        common[0],
        f"{common[1]}, wrong",
        f"{common[0]}, not {common[2 % len(common)]}",
        f'true:"{labels.class_name(run, 0)}"',
        *common[3:],
    ]
    ranking.show(
        [ranking.Row(each, "", href=links.query(each)) for each in queries],
        key="search.examples",
        columns=3,
    )


def results(run: Run, query: Query, vocabulary: Vocabulary) -> None:
    """Draw the images that match, or similar queries."""
    ranked = search(run, query)
    if not len(ranked.xs):
        nothing(run, query, vocabulary)
        return
    page, rows = paging.window(len(ranked.xs), PER_PAGE)
    is_seen = presence_of(run.source) is not None
    score = ("certainty" if is_seen else "p(t | x, c)") if query.wanted else "confidence"
    st.markdown(
        f"**{len(ranked.xs):,}** test images, by descending {score}"
        + (" :gray[· hover for the heatmap]" if query.wanted else ""),
        help="How likely captions name the attributes of the query, given what the network sees; "
        "the least of them. Each attribute has a line, chosen on training images, below which an "
        "image is not listed: one half, lower for what is hard to see."
        if is_seen
        else "Geometric mean over the attributes of the query, for the predicted class c.",
    )
    t = query.wanted[0] if query.wanted else None
    gallery.show(
        [
            card(run, int(x), float(s), t, query)
            for x, s in zip(ranked.xs[rows], ranked.scores[rows], strict=True)
        ],
        key="search.results",
        width=150,
        hover=True,
        to_top=True,
    )
    paging.control(len(ranked.xs), PER_PAGE, page, "search")
    if t is not None:
        heading.section(
            f"Filters behind the heatmap of “{heading.plain(labels.phrase(run, t))}”",
            help="The filters with the largest weights in the heatmap of the attribute.",
        )
        evidence.filters_of_attribute(run, t, key="search.filters")


def card(run: Run, x: int, score: float, t: int | None, query: Query) -> Picture:
    """Return one result: heatmap, score, and whether the captions agree."""
    row = run.images.iloc[x]
    predicted, true = int(row["predicted_c"]), int(row["true_c"])
    lines = [Line(labels.class_name(run, predicted), gallery.PREDICTED, title="Predicted class")]
    if true != predicted:
        lines.append(Line(labels.class_name(run, true), gallery.TRUE, title="True class"))
    for wanted in query.wanted:
        said = caption_agreement(run, x, wanted)
        prefix = "✓ " if said == AGREES else ""
        lines.append(Line(prefix + said, title=labels.phrase(run, wanted)))
    return Picture(
        src=data.thumb(run, x),
        layer="" if t is None else attribute_layer(run, x, t),
        alt=labels.image_alt(run, x),
        href=links.image(run, x, t),
        lines=lines,
        badge=f"{score:.3f}",
        title=f"image {x}, score {score:.4f}",
    )


def nothing(run: Run, query: Query, vocabulary: Vocabulary) -> None:
    """Say that no image matches, and suggest similar queries."""
    st.info("No test image matches the query.", icon=":material/search_off:")
    further = search(run, query, within=run.sizes["K"], by="sentence")
    if len(further.xs):
        st.caption(
            f"{len(further.xs):,} images have it among their {run.sizes['K']} most probable "
            "attributes, without being sure:"
        )
        t = query.wanted[0] if query.wanted else None
        gallery.show(
            [
                card(run, int(x), float(s), t, query)
                for x, s in zip(further.xs[:12], further.scores[:12], strict=True)
            ],
            key="search.further",
            width=150,
            hover=True,
            to_top=True,
        )
    similar = [
        (phrase, links.query(phrase))
        for t in query.wanted
        for phrase in vocabulary.nearest(vocabulary.phrases[t], 6)
        if phrase != vocabulary.phrases[t]
    ]
    if similar:
        st.caption("Similar attributes:")
        ranking.show(
            [ranking.Row(phrase, "", href=href) for phrase, href in similar],
            key="search.similar",
            columns=4,
        )


main()
