"""The image list as a grid of thumbnails."""

from dataclasses import replace

import streamlit as st

from fieldmarks.core.errors import FieldmarksError
from fieldmarks.core.presence.columns import not_visible
from fieldmarks.core.presence.presence import presence_of
from fieldmarks.core.run.run import Run
from fieldmarks.core.search.search import AGREES, caption_agreement, search
from fieldmarks.dashboard import data, heading, labels, links
from fieldmarks.dashboard.components import gallery, paging, ranking
from fieldmarks.dashboard.components.gallery import Action, Line, Picture
from fieldmarks.dashboard.figures.heatmaps import attribute_layer
from fieldmarks.dashboard.image import evidence
from fieldmarks.dashboard.images import selection
from fieldmarks.dashboard.images.selection import ALIKE, CERTAIN, Selection
from fieldmarks.dashboard.review import reviewer, saving
from fieldmarks.dashboard.state import notice
from fieldmarks.dashboard.verdicts import database, dataset

PER_PAGE = 36


def show(run: Run, asked: Selection) -> None:
    """Draw one page of thumbnails; a click opens the image."""
    page, rows = paging.window(len(asked.xs), PER_PAGE)
    st.caption(legend(run, asked))
    gallery.show(
        [card(run, int(x), asked) for x in asked.xs[rows]],
        key="images.gallery",
        width=138,
        hover=asked.t is not None,
        to_top=True,
        actions=(Action("tag", "Add tag", needs_text=True),),
        on_action=lambda _, xs, tag: add_tag(run, xs, tag),
        text_label="Tag",
    )
    saving.tell()
    paging.control(len(asked.xs), PER_PAGE, page, "images")
    if rows.stop >= len(asked.xs):
        less_certain(run, asked)
    if asked.t is not None:
        heading.section(
            f"Filters behind the heatmap of “{heading.plain(labels.phrase(run, asked.t))}”",
            help="The filters with the largest weights in the heatmap of the attribute.",
        )
        evidence.filters_of_attribute(run, asked.t, key="search.filters")


def add_tag(run: Run, xs: list[int], tag: str) -> None:
    """Add a tag to the verdicts on several images; what else they say stays."""
    try:
        latest = database().latest(dataset(run))
    except FieldmarksError as error:
        notice(str(error))
        return
    saving.save(run, xs, lambda _, verdict: saving.tagged(verdict, [tag]), latest, reviewer.name())


def card(run: Run, x: int, asked: Selection) -> Picture:
    """Return the thumbnail of an image with its predicted and its true class."""
    row = run.images.iloc[x]
    predicted, true = int(row["predicted_c"]), int(row["true_c"])
    lines = [Line(labels.class_name(run, predicted), gallery.PREDICTED, title="Predicted class")]
    if predicted != true:
        lines.append(Line(labels.class_name(run, true), gallery.TRUE, title="True class"))
    else:
        lines = [Line(labels.class_name(run, true), gallery.TRUE, title="Predicted, and true")]
    for wanted in asked.query.wanted:
        said = caption_agreement(run, x, wanted)
        prefix = "✓ " if said == AGREES else ""
        lines.append(Line(prefix + said, title=labels.phrase(run, wanted)))
    badge, title = f"{row['confidence']:.2f}", f"confidence {row['confidence']:.3f}"
    if x in asked.scores:
        what = "cosine" if asked.order == ALIKE else "certainty"
        badge, title = f"{asked.scores[x]:.2f}", f"{what} {asked.scores[x]:.3f}"
    return Picture(
        src=data.thumb(run, x),
        layer="" if asked.t is None else attribute_layer(run, x, asked.t),
        alt=labels.image_alt(run, x),
        href=links.listed_image(x, None if asked.t is None else labels.phrase(run, asked.t)),
        lines=lines,
        badge=badge,
        title=f"Image {x}, {title}",
        id=x,
    )


def legend(run: Run, asked: Selection) -> str:
    """Return what the number on a thumbnail is, and the other signs of a search."""
    if asked.order == ALIKE:
        return f"Number: cosine of the activations with those of image {asked.like}."
    if asked.t is None:
        return "Number: confidence of the prediction."
    phrases = [f"“{heading.plain(labels.phrase(run, t))}”" for t in asked.query.wanted]
    what = phrases[0] if len(phrases) == 1 else f"the least certain of {', '.join(phrases)}"
    number = f"how certain {what} is seen, 0 to 1"
    if asked.order != CERTAIN:
        number = "confidence of the prediction"
    elif presence_of(run.source) is None:
        number = f"p(t | x, c) of {what}"
    return f"Number: {number}. ✓: captions name it. Under the pointer: heatmap of {phrases[0]}."


def less_certain(run: Run, asked: Selection) -> None:
    """Draw the line where certainty ends, and the images that come next, most certain first."""
    scores, presence = selection.below(run, asked), presence_of(run.source)
    if not scores or presence is None:
        return
    lines = ", ".join(
        f"{presence.line[t]:.2f} for “{heading.plain(labels.phrase(run, t))}”"
        for t in asked.query.wanted
    )
    st.divider()
    st.caption(
        "Less certain from here on, and not counted above:",
        help=f"The line is at {lines}. An image counts as found where q(t, x), the probability "
        "that its captions would name the attribute, is above the line. Each attribute has its "
        "own, where search by it was best on the training images, recall counting more than "
        "precision; it is at most one half.",
    )
    lower = replace(asked, scores=scores)
    gallery.show(
        [card(run, x, lower) for x in scores],
        key="images.less_certain",
        width=138,
        hover=True,
        to_top=True,
    )


def uncertain(run: Run, asked: Selection) -> None:
    """Draw images in which the attributes of the query are less certain, and similar queries."""
    query, vocabulary = asked.query, data.vocabulary(run)
    if not_visible(run)[query.wanted].any():
        st.caption(
            "Pictures do not hold what the column of this word says: nothing is found by it."
        )
        return
    further = search(run, query, within=run.sizes["K"], by="sentence")
    if len(further.xs):
        st.caption(
            f"{len(further.xs):,} images have it among their {run.sizes['K']} most probable "
            "attributes, without being sure:"
        )
        gallery.show(
            [card(run, int(x), asked) for x in further.xs[:12]],
            key="search.further",
            width=138,
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
