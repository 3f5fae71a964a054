"""Images that activate a filter, with its word on them: the most active ones, and each meaning."""

import numpy as np
import streamlit as st

from fieldmarks.core.explanations.filter_meanings import Meaning, filter_meanings
from fieldmarks.core.explanations.word_at_peak import WordAtPeak, word_at_peak
from fieldmarks.core.presence.presence import SEEN, features_of, presence_of
from fieldmarks.core.run.per_run import per_run
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import heading, labels, links
from fieldmarks.dashboard.components import gallery
from fieldmarks.dashboard.components.gallery import Line, Mark, Picture
from fieldmarks.dashboard.figures.filter_region import region
from fieldmarks.dashboard.filter import sentences
from fieldmarks.dashboard.filter.view import FilterView

#: Images of each meaning.
N_EACH = 8


def top_activating(view: FilterView, n: int = 12) -> None:
    """Draw the top-activating images, and on each whether the word lies where f is active."""
    heading.section(
        "Top-activating images",
        help="By descending pooled activation φ(f(x)), over all images of the run. The light part "
        "is above half of the feature map's maximum. “Here”: the heatmap of the word, without this "
        "filter, has at least half of its maximum where the filter is most active. White ring: the "
        "maximum of the word's heatmap. Heatmaps are the run's own, not annotations, and can be "
        "wrong.",
    )
    xs = view.run.array("top_images")[view.f, :n]
    xs = xs[xs >= 0]
    word = word_at_peak(view.run, view.f, view.t, xs, view.estimator)
    st.caption(sentences.of_crops(word, view.phrase))
    gallery.show(
        [filter_picture(view, int(x), word, i) for i, x in enumerate(xs)],
        key="filter.top_images",
        width=118,
        slider=True,
        to_top=True,
    )


def most_active(run: Run, f: int, n: int = 12) -> None:
    """Draw the top-activating images of a filter, cropped to what activates it, without words."""
    heading.section(
        "Top-activating images",
        help="By descending pooled activation φ(f(x)), over all images of the run. The light part "
        "is above half of the feature map's maximum.",
    )
    pictures = []
    for x in (int(x) for x in run.array("top_images")[f, :n] if x >= 0):
        part, activation = region(run, f, x), run.array("pooled")[x, f]
        pictures.append(
            Picture(
                src=part.src,
                layer=part.layer,
                alt=f"{labels.image_alt(run, x)}; region that activates filter {f}",
                href=links.image(run, x),
                lines=[Line(labels.class_name(run, int(run.images["true_c"].iloc[x])))],
                badge=f"{activation:.2f}",
                title=f"φ(f(x)) = {activation:.3f}",
            )
        )
    gallery.show(pictures, key="filter.top_images", width=118, slider=True, to_top=True)


def filter_picture(view: FilterView, x: int, word: WordAtPeak | None = None, i: int = 0) -> Picture:
    """Return an image cropped to what activates the filter, with the word of ``word[i]`` on it."""
    run, f = view.run, view.f
    part = region(run, f, x, view.is_whole)
    activation = run.array("pooled")[x, f]
    phrase = labels.phrase(run, view.t)
    label, marks, is_here = "", [], False
    if word is not None and np.isfinite(word.heat[i]):
        is_here = bool(word.is_here[i])
        is_unseen = presence_of(run.source) is not None and not is_seen(run, view.t, x)
        is_here &= not is_unseen
        label = f"{phrase} {'not seen' if is_unseen else 'here' if is_here else 'elsewhere'}"
        row, col = word.place[i].tolist()
        inside = part.inside(row, col)
        marks = [Mark(*inside, "peak", f"Maximum of the heatmap of {phrase}")] if inside else []
    return Picture(
        src=part.src,
        layer=part.layer,
        alt=f"{labels.image_alt(run, x)}; region that activates filter {f}"
        + (f"; {label}" if label else ""),
        href=links.image(run, x, view.t),
        lines=[Line(labels.class_name(run, int(run.images["true_c"].iloc[x])))],
        marks=marks,
        badge=f"{activation:.2f}",
        label=label,
        is_faint=not is_here,
        title=f"φ(f(x)) = {activation:.3f}",
    )


def is_seen(run: Run, t: int, x: int) -> bool:
    """Whether attribute t is seen in image x."""
    presence = presence_of(run.source)
    assert presence is not None
    return bool(presence.q(features_of(run, x), np.array([t]))[0] > SEEN)


def several_meanings(view: FilterView) -> None:
    """Draw each meaning of the filter as a row of crops; nothing where it has only one."""
    several = _meanings(view.run, view.f, view.estimator)
    if len(several) < 2:
        return
    heading.section(
        f"{len(several)} meanings",
        "Its top-activating images fall into groups that look different to the other filters.",
        help="Ward's method on the activations of the other filters at its most active cell. A "
        "division is kept only if it is tighter than 95 % of divisions of one normal distribution "
        "(SigClust). Words are the largest products of p(t | f) and the share of the group's "
        "captions that name t, or what that share exceeds the others by; they were not "
        "used to find the groups.",
    )
    for number, meaning in enumerate(several, start=1):
        words, apart = (_phrases(view, ts) for ts in (meaning.ts, meaning.apart_ts))
        of_all = f"{len(meaning.xs)} of {sum(len(each.xs) for each in several)} images"
        more = (
            f"more than in the others: {apart}" if apart else ("no word distinguishes its captions")
        )
        st.markdown(f"**{number}. {words or 'no captions'}** :gray[· {of_all} · {more}]")
        gallery.show(
            [filter_picture(view, int(x)) for x in meaning.xs[:N_EACH]],
            key=f"filter.meaning.{number}",
            width=118,
            columns=N_EACH,
            to_top=True,
        )


def _phrases(view: FilterView, ts: list[int]) -> str:
    return ", ".join(heading.plain(labels.phrase(view.run, t)) for t in ts)


@per_run(most=256)
def _meanings(run: Run, f: int, estimator: str) -> list[Meaning]:
    return filter_meanings(run, f, estimator)
