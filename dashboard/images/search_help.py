"""How a query was read, what it can hold, and similar terms for what this run does not know."""

import numpy as np
import streamlit as st

from fieldmarks.core.run.run import Run
from fieldmarks.core.search.query import Query, format_query
from fieldmarks.core.search.vocabulary import Vocabulary
from fieldmarks.dashboard import heading, labels, links
from fieldmarks.dashboard.components import ranking
from fieldmarks.dashboard.state import Key, text


def show(run: Run, query: Query, vocabulary: Vocabulary) -> None:
    """Draw how the query was read, or examples of queries where there is none."""
    how_it_was_read(run, query, vocabulary)
    if not text(Key.QUERY):
        with st.popover("What can be searched", icon=":material/menu_book:", type="tertiary"):
            examples(run, vocabulary)


def how_it_was_read(run: Run, query: Query, vocabulary: Vocabulary) -> None:
    """Draw the terms of the query, with suggestions for unknown ones."""
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
        )


def examples(run: Run, vocabulary: Vocabulary) -> None:
    """Draw example queries."""
    counts = run.attributes["n_images"].to_numpy()
    common = [vocabulary.phrases[t] for t in np.argsort(-counts, kind="stable")[:8]]
    st.caption("Examples; terms are separated by commas.")
    queries = ["wrong", f'true:"{labels.class_name(run, 0)}"']
    if common:
        queries += [f"{common[0]}, wrong", f"{common[0]}, not {common[-1]}", *common]
    ranking.show(
        [ranking.Row(each, "", href=links.query(each)) for each in queries],
        key="search.examples",
    )
