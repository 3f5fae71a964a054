"""How a query was read, what it can hold, and similar terms for what this run does not know."""

import numpy as np
import streamlit as st

from fieldmarks.core.presence.columns import not_visible
from fieldmarks.core.run.per_run import per_run
from fieldmarks.core.run.run import Run
from fieldmarks.core.search.query import Query, format_query
from fieldmarks.core.search.vocabulary import Vocabulary
from fieldmarks.dashboard import heading, labels, links
from fieldmarks.dashboard.components import query_box, ranking
from fieldmarks.dashboard.components.register import vocabulary_component
from fieldmarks.dashboard.state import Key, Page, here, text


def show(run: Run, query: Query, vocabulary: Vocabulary) -> None:
    """Draw how the query was read, and what can be searched."""
    how_it_was_read(run, query, vocabulary)
    known = st.popover(
        "What can be searched",
        icon=":material/menu_book:",
        type="tertiary",
        key="search.known",
        on_change="rerun",
    )
    if known.open:
        with known:
            if not text(Key.QUERY):
                examples(run, vocabulary)
            everything(run, query, vocabulary)


def how_it_was_read(run: Run, query: Query, vocabulary: Vocabulary) -> None:
    """Draw the terms of the query, with suggestions for unknown ones."""
    if query.terms or query.true is not None or query.predicted is not None:
        with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
            for term in query.terms:
                label = heading.plain(vocabulary.phrases[term.t])
                if not_visible(run)[list(term.ts)].all():
                    st.badge(f"{label}: not visible here", icon=":material/visibility_off:")
                elif term.is_negated:
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
        )


def examples(run: Run, vocabulary: Vocabulary) -> None:
    """Draw example queries."""
    counts = np.where(not_visible(run), 0, run.attributes["n_images"])
    common = [vocabulary.phrases[t] for t in np.argsort(-counts, kind="stable")[:8]]
    st.caption("Examples; terms are separated by commas.")
    queries = ["wrong", f'true:"{labels.class_name(run, 0)}"']
    if common:
        queries += [f"{common[0]}, wrong", f"{common[0]}, not {common[-1]}", *common]
    ranking.show(
        [ranking.Row(each, "", href=links.query(each)) for each in queries],
        key="search.examples",
    )


def everything(run: Run, query: Query, vocabulary: Vocabulary) -> None:
    """Draw all attributes and classes; one that is picked is added to the query."""
    st.caption(
        "Attributes by noun, with the number of images whose captions name each, and classes. "
        "A click adds one to the search."
    )
    typed = text(Key.QUERY) if query.unknown else format_query(query, vocabulary)
    vocabulary_component(
        data={
            "groups": _groups(run),
            "typed": typed,
            "action": here(Page.IMAGES, query_box.KEPT),
            "label": "Find in the list",
        },
        key="search.vocabulary",
    )


@per_run
def _groups(run: Run) -> list[dict]:
    """Return attributes by noun, the noun of most images first, and the classes."""
    counts = run.attributes["n_images"].to_numpy()
    nouns = run.attributes["noun"].astype(str).to_numpy()
    by_noun: dict[str, list[dict]] = {}
    for t in np.argsort(-counts, kind="stable")[: query_box.N_OFFERED].tolist():
        phrase = labels.phrase(run, t)
        unseen = ", not visible here" if not_visible(run)[t] else ""
        item = {"text": phrase, "n": f"{counts[t]:,}{unseen}", "term": phrase}
        by_noun.setdefault(nouns[t] or "other", []).append(item)
    n_test = run.classes["n_test"].tolist()
    names = [labels.class_name(run, c) for c in range(run.sizes["C"])]
    classes = [
        {"text": name, "n": f"{n:,}", "term": f'true:"{name}"'}
        for name, n in zip(names, n_test, strict=True)
    ]
    groups = [{"name": noun, "items": items} for noun, items in by_noun.items()]
    return [*groups, {"name": "true class", "items": classes}]
