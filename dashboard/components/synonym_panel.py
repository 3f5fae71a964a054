"""Suggested synonyms: pairs of words with their counts and images, for a person to accept."""

import streamlit as st

from fieldmarks.core.errors import FieldmarksError, MissingRunError
from fieldmarks.core.review.accepted_synonyms import (
    accept_synonym,
    accepted_synonyms,
    synonym_file,
    withdraw_synonym,
)
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import data, heading, labels, links
from fieldmarks.dashboard.components import gallery
from fieldmarks.dashboard.components.gallery import Picture
from fieldmarks.dashboard.state import notice

#: Candidates on show.
N_CANDIDATES = 10


def show(run: Run) -> None:
    """Draw the candidates that nobody accepted yet, and what was accepted."""
    with st.expander("Possible synonyms", icon=":material/merge:"):
        try:
            table = run.table("synonym_candidates")
        except MissingRunError:
            # no st.code: it loads 1.5 MB of scripts, for a list that few open
            st.caption(
                "Compare the captions of this run's training images by "
                f"`fieldmarks synonyms {run.name}`."
            )
            return
        path = synonym_file(run)
        try:
            rules = accepted_synonyms(path)
        except FieldmarksError as error:
            st.error(heading.plain(str(error)), icon=":material/error:")
            return
        st.caption(
            "Captions of one image use one word or the other, seldom both at once. Captions "
            "also contradict each other, so some pairs are wrong. Nothing is merged until you "
            "accept it and compute the run again."
        )
        accepted(run, rules)
        known = {(kind, word) for kind, word, _ in rules}
        left = [
            row
            for row in table.itertuples(index=False)
            if not {(row.kind, row.word), (row.kind, row.other)} & known
        ]
        for row in left[:N_CANDIDATES]:
            candidate(run, row)


def accepted(run: Run, rules: list[tuple[str, str, str]]) -> None:
    """Draw the accepted rules, and how they come into the run."""
    if not rules:
        return
    path = synonym_file(run)
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
        st.markdown("Accepted:", width="content")
        for kind, word, becomes in rules:
            st.button(
                f"{heading.plain(word)} → {heading.plain(becomes)}",
                icon=":material/close:",
                help="Withdraw",
                type="tertiary",
                key=f"synonym.withdraw.{kind}.{word}",
                on_click=rewrite_file,
                args=(withdraw_synonym, path, kind, word),
            )
    st.caption("To apply them, compute the run again with its arguments and")
    st.code(f"--synonyms {path}", language=None, wrap_lines=True)


def candidate(run: Run, row) -> None:
    """Draw one pair: what was counted, images with both words, and the button."""
    rare, common = (row.word, row.other) if row.n_word < row.n_other else (row.other, row.word)
    said, shown, button = st.columns([5, 4, 3], vertical_alignment="center")
    with said:
        st.markdown(f"{row.kind} **{heading.plain(rare)}** / **{heading.plain(common)}**")
        st.caption(
            f"{row.n_images:,} images; in different captions {row.n_apart:,} times, "
            f"{row.expected_apart:,.0f} by chance; in one caption {row.n_together:,}, "
            f"{row.expected_together:,.0f} by chance"
        )
    with shown:
        xs = [x for x in (row.x1, row.x2, row.x3) if 0 <= x < run.sizes["X"]]
        gallery.show(
            [
                Picture(
                    src=data.thumb(run, x),
                    alt=labels.image_alt(run, x),
                    href=links.image(run, x),
                    title="\n".join(
                        line for line in run.captions(x) if rare in line or common in line
                    ),
                )
                for x in map(int, xs)
            ],
            key=f"synonym.images.{row.kind}.{row.word}.{row.other}",
            width=84,
            fixed=True,
            to_top=True,
        )
    with button:
        st.button(
            f"Accept: {heading.plain(rare)} → {heading.plain(common)}",
            key=f"synonym.accept.{row.kind}.{row.word}.{row.other}",
            on_click=rewrite_file,
            args=(accept_synonym, synonym_file(run), row.kind, rare, common),
        )


def rewrite_file(how, *rule) -> None:
    """Write the file of accepted synonyms; what cannot be written is said on top of the page."""
    try:
        how(*rule)
    except (FieldmarksError, OSError) as error:
        notice(str(error))
