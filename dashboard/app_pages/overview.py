"""Overview: how many images fail and why, where to go next; the figures of the run behind it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from fieldmarks.core.attributes.english import counted
from fieldmarks.core.causes.cause import cause_of
from fieldmarks.core.causes.finding import COLUMNS, Pattern
from fieldmarks.core.causes.suspects import suspects
from fieldmarks.core.presence.columns import not_visible
from fieldmarks.core.run.run import Run
from fieldmarks.core.scores.confusion import confusion_pairs
from fieldmarks.core.search.image_selection import suggested_failures
from fieldmarks.dashboard import data, glossary, heading, labels, links
from fieldmarks.dashboard.causes import suspect_pictures
from fieldmarks.dashboard.components import add_words, being_computed, gallery, ranking
from fieldmarks.dashboard.components.gallery import Picture
from fieldmarks.dashboard.components.register import tour_component
from fieldmarks.dashboard.figures.heatmaps import attribute_layer
from fieldmarks.dashboard.image import diagnosis_card
from fieldmarks.dashboard.labels import Naming
from fieldmarks.dashboard.scores import board
from fieldmarks.dashboard.state import Key, Page, choice, href

VIEWS = ("failures", "about")
#: Pictures of a cause on its card.
N_PICTURES = 3
N_PAIRS, N_SUSPECTS = 9, 8
MEANINGS = {
    Pattern.MISSING_FEATURE: "The attribute that identifies the true class is not seen or not "
    "used.",
    Pattern.IMAGE_QUALITY: "Blur, noise, darkness or something in front hides the object.",
    Pattern.WRONG_LABEL: "The prediction may be right and the label wrong.",
    Pattern.SPURIOUS_CUE: "The background favours the predicted class.",
    Pattern.UNDECIDED: "No cause is clear enough.",
}


def main() -> None:
    """Draw the page."""
    run = data.current_run()
    if choice(Key.VIEW, VIEWS, VIEWS[0]) == "about":
        about(run)
        return
    n_test, n_failures = int(run.is_test.sum()), len(run.failures)
    title(run, n_test, n_failures)
    tour(run)
    notices(run)
    causes(run)
    if run.has_words:
        suggestions(run)
    pairs(run)
    label_errors(run)
    next_steps(run)
    if not run.has_words:
        add_words.show(run)


def title(run: Run, n_test: int, n_failures: int) -> None:
    """Draw how many images fail, one line on the tool, and what the two colours mean."""
    of = f"{n_failures:,} of {n_test:,} test images fail" if n_test else "No test images"
    heading.tab(f"Overview of {run.name}")
    heading.page(
        f"Run “{heading.plain(run.name)}”: {of}",
        "Fieldmarks explains an image classifier in words: what it saw, why it failed, and what "
        "to change. On all pages :blue[■ blue] is the true class and :orange[■ orange] the "
        "predicted one.",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        if n_failures:
            st.page_link(
                "app_pages/images.py",
                label=f"**All {n_failures:,} failures**",
                icon=":material/rule:",
                query_params=links.params(),
            )
        st.page_link(
            "app_pages/overview.py",
            label="About this run",
            icon=":material/info:",
            query_params=links.params(**{Key.VIEW: "about"}),
            help="Network, data, scores with controls, attributes, and a glossary.",
        )
        if n_test:
            right = (n_test - n_failures) / n_test
            st.caption(f"Accuracy {right:.1%} · {what_it_is(run)}", width="content")


def what_it_is(run: Run) -> str:
    """Return the network and the data in a few words."""
    arch, dataset = (heading.plain(str(run.manifest.get(key, "?"))) for key in ("arch", "dataset"))
    return f"network {arch} on {dataset}"


def tour(run: Run) -> None:
    """Draw three first steps, until somebody clicks them away for good in this browser."""
    first = suggested_failures(run, 1)
    counts = np.where(not_visible(run), 0, run.attributes["n_images"])
    t = int(counts.argmax()) if run.sizes["T"] else None
    steps = [
        (
            "Open a failure",
            "Read why the network predicted one class and not the other, word by word.",
            links.image(run, int(first[0])) if len(first) else href(Page.IMAGES),
        ),
        (
            "Click a filter",
            "See which images activate it and which words describe it.",
            href(Page.FILTERS),
        ),
    ]
    if t is not None:
        steps.append(
            (
                f"Type an attribute, such as “{labels.phrase(run, t)}”",
                "Get the images in which the network sees it.",
                links.word(run, t),
            )
        )
    tour_component(
        data={"steps": [dict(zip(("title", "text", "href"), s, strict=True)) for s in steps]},
        key="overview.tour",
    )


def notices(run: Run) -> None:
    """Draw what a person should know before the figures are believed."""
    stated = run.manifest.get("notices")
    kinds = stated.values() if isinstance(stated, dict) else ()
    lines = [str(line) for kind in kinds if isinstance(kind, list) for line in kind]
    if lines:
        text = "\n".join(f"- {heading.plain(line[:1].upper() + line[1:])}" for line in lines)
        st.warning(text, icon=":material/info:")


@dataclass(frozen=True)
class _Cause:
    """A cause with its failures, the clearest first."""

    pattern: Pattern
    xs: np.ndarray


def _causes(run: Run, diagnoses: pd.DataFrame) -> list[_Cause]:
    xs = run.failures
    found = []
    for pattern in Pattern:
        own = xs[(diagnoses["pattern"].iloc[xs] == pattern).to_numpy()]
        if pattern in COLUMNS:
            own = own[np.argsort(-diagnoses[COLUMNS[pattern]].to_numpy()[own], kind="stable")]
        found.append(_Cause(pattern, own))
    return sorted(
        (each for each in found if len(each.xs)),
        key=lambda each: (each.pattern is Pattern.UNDECIDED, -len(each.xs)),
    )


def causes(run: Run) -> None:
    """Draw a card for each cause: its failures in number and pictures."""
    diagnoses = data.diagnoses(run)
    if not len(run.failures):
        st.caption("Every test image is classified correctly. See Filters and Classes.")
        return
    heading.section(
        "Why they fail",
        help="The likeliest cause of each failure by the automatic diagnosis. A reviewer's verdict "
        "does not change these numbers.",
    )
    if being_computed.note(run, "diagnoses"):
        return
    if diagnoses is None:
        st.caption(f"No diagnoses yet; compute them with `fieldmarks suspects {run.name}`.")
        return
    with st.grid(5, min_column_width=200, gap="small"):
        for cause in _causes(run, diagnoses):
            with st.container(border=True, gap="xsmall"):
                # a card has room for two words, and what is longer is cut
                name = cause.pattern.removeprefix("discriminative ")
                st.page_link(
                    "app_pages/images.py",
                    label=f"**{len(cause.xs):,}** {name}",
                    icon=f":material/{diagnosis_card.ICONS[cause.pattern]}:",
                    query_params=links.params(**{Key.CAUSE: str(cause.pattern)}),
                )
                gallery.show(
                    [
                        Picture(
                            src=data.thumb(run, x),
                            alt=labels.image_alt(run, x),
                            href=href(Page.IMAGES, x=x, cause=str(cause.pattern)),
                        )
                        for x in cause.xs[:N_PICTURES].tolist()
                    ],
                    key=f"overview.cause.{cause.pattern}",
                    width=90,
                    columns=N_PICTURES,
                    to_top=True,
                )
                st.caption(MEANINGS[cause.pattern])


def suggestions(run: Run) -> None:
    """Draw a few failures to start with."""
    xs = suggested_failures(run)
    if not len(xs):
        return
    heading.section(
        "Start with these failures",
        help="Confident failures whose sentences for the predicted and the true class differ most: "
        "confidence times the share of the sentence that differs; at most one per pair of "
        "confused classes, with different causes where possible.",
    )
    for column, x in zip(st.columns(3, gap="medium"), xs.tolist(), strict=False):
        with column:
            row = run.images.iloc[x]
            c, true = int(row["predicted_c"]), int(row["true_c"])
            first, second = data.explain(run, x, c), data.explain(run, x, true)
            both = data.compare(run, first, second)
            t = both.for_first[0] if both.for_first else first.main_t
            picture, words = st.columns([5, 7], gap="small")
            with picture:
                gallery.show(
                    [
                        Picture(
                            src=data.thumb(run, x),
                            layer=attribute_layer(run, x, t),
                            alt=labels.image_alt(run, x),
                            href=links.image(run, x),
                            badge=f"{row['confidence']:.2f}",
                        )
                    ],
                    key=f"overview.suggestions.{x}",
                    hover=True,
                    to_top=True,
                )
            with words:
                st.markdown(
                    f"Predicted :orange[**{heading.plain(labels.class_name(run, c))}**]  \n"
                    f"True :blue[**{heading.plain(labels.class_name(run, true))}**]"
                )
                if (of := cause_of(run, x)) is not None:
                    title = heading.plain(of.title)
                    st.markdown(f":material/{diagnosis_card.ICONS[of.pattern]}: {title}")
                st.caption(heading.plain(both.sentence))


def pairs(run: Run, n: int = N_PAIRS) -> None:
    """Draw the most frequent confusions; a click shows those failures."""
    confusions = confusion_pairs(run)
    if not len(confusions):
        return
    heading.section(
        "Most frequent confusions",
        "True class → predicted class.",
        help="Number: test images. Bar: share of the test images of the true class.",
    )
    ranking.show(
        [
            ranking.Row(
                [
                    (labels.class_name(run, true), "true"),
                    ("  →  ", "muted"),
                    (labels.class_name(run, predicted), "predicted"),
                ],
                str(count),
                href=links.failures(true=true, predicted=predicted),
                bar=share,
                title=f"{count} images, {share:.0%} of the test images of "
                f"{labels.class_name(run, true)}",
            )
            for true, predicted, count, share in confusions.head(n).itertuples(index=False)
        ],
        key="overview.pairs",
        tone="predicted",
        columns=3,
    )
    if len(confusions) > n:
        st.page_link(
            "app_pages/images.py",
            label="Confusion matrix",
            icon=":material/grid_on:",
            query_params=links.params(**{Key.VIEW: "confusion"}),
        )


def label_errors(run: Run) -> None:
    """Draw the labels that are suspected most."""
    if data.diagnoses(run) is None:
        return
    table = suspects(run)
    if table.empty:
        return
    heading.section("Suspected label errors")
    suspect_pictures.show(run, table.head(N_SUSPECTS), key="overview.suspects")
    st.page_link(
        "app_pages/causes.py",
        label=f"Check all {len(table):,}",
        icon=":material/label_off:",
        query_params=links.params(),
    )


def next_steps(run: Run) -> None:
    """Draw the pages that act on what was seen."""
    if not len(run.failures):
        return
    heading.section("Next step")
    steps = (
        ("review", f"Review {counted(len(run.failures), 'failure')}", "fact_check"),
        ("repair", "Preview a repair of the last layer", "build_circle"),
        ("causes", "Read the causes in detail", "stethoscope"),
    )
    with st.container(horizontal=True):
        for page, label, icon in steps:
            st.page_link(
                f"app_pages/{page}.py",
                label=label,
                icon=f":material/{icon}:",
                query_params=links.params(),
            )


def about(run: Run) -> None:
    """Draw what the run is made of, how far to trust it, and the glossary."""
    heading.tab(f"About {run.name}")
    heading.page(f"About the run “{heading.plain(run.name)}”", how_it_was_made(run))
    st.page_link(
        "app_pages/overview.py",
        label="Overview",
        icon=":material/arrow_back:",
        query_params=links.params(),
    )
    numbers(run)
    notices(run)
    if run.has_words:
        board.show(run)
        frequent_attributes(run)
    else:
        add_words.show(run, "With words, sentences, heatmaps and filter names are scored too.")
    problems(run)
    glossary.show()


def _input_size(run: Run) -> str:
    stated = run.manifest.get("input_size", "?")
    return " × ".join(map(str, stated)) if isinstance(stated, list) else str(stated)


def how_it_was_made(run: Run) -> str:
    """Return one line on model, data and method."""
    sizes = run.sizes
    made = (
        f"{what_it_is(run)}, input {_input_size(run)} px, "
        f"feature maps {sizes['H']} × {sizes['W']}, "
        f"head: {run.head.kind}; "
    )
    if not run.has_words:
        return f"{made}no words"
    names = ", ".join(labels.estimator_label(run, name) for name in run.estimators)
    return f"{made}estimator “{run.default_estimator}” of {names}"


def numbers(run: Run) -> None:
    """Draw accuracy and sizes."""
    images, classes = run.images, run.classes
    n_test, n_right = int(classes["n_test"].sum()), int(classes["n_right"].sum())
    n_captioned = int((images["n_captions"] > 0).sum())
    namings = labels.namings(run)
    n_seen, n_captions = (int((namings == each).sum()) for each in (Naming.SEEN, Naming.CAPTIONS))
    accuracy = f"{n_right / n_test:.1%}" if n_test else "no test images"
    cells = (
        ("Accuracy", accuracy, f"{n_right:,} of {n_test:,} test images classified correctly"),
        ("Failures", f"{n_test - n_right:,}", "Misclassified test images"),
        ("Images", f"{run.sizes['X']:,}", f"{n_captioned:,} of them have captions"),
        ("Classes", f"{run.sizes['C']:,}", "Number of classes"),
        ("Attributes", f"{run.sizes['T']:,}", "Adjective-noun pairs from the captions"),
        (
            "Named filters",
            "…" if "names" in run.pending else f"{n_seen + n_captions:,} / {run.sizes['F']:,}",
            f"{n_seen:,} by what their most active cells predict, {n_captions:,} more by captions",
        ),
    )
    with st.grid(6, min_column_width=140, gap="small"):
        for label, value, help in cells:
            st.metric(label, value, help=help, border=True)
    being_computed.note(run, "names")


def frequent_attributes(run: Run, n: int = 100) -> None:
    """Draw the attributes that the captions of most images name; a click searches for one."""
    heading.section(
        f"The {min(n, run.sizes['T'])} most frequent attributes",
        "By number of images whose captions name them. Click one to search for it.",
    )
    counts = run.attributes["n_images"].to_numpy()
    ts = np.argsort(-counts, kind="stable")[:n]
    top = max(1, int(counts[ts[0]]))
    ranking.show(
        [
            ranking.Row(
                labels.phrase(run, int(t)),
                f"{counts[t]:,}",
                href=links.word(run, int(t)),
                bar=counts[t] / top,
                title=f"the captions of {counts[t]:,} images name it",
            )
            for t in ts
        ],
        key="overview.attributes",
        columns=5,
    )


def problems(run: Run) -> None:
    """Draw the problems in the data that were found when the run was computed."""
    lines = list(run.manifest.get("problems", []))
    lines += [f"{row.path}: {row.problem}" for row in broken_images(run).itertuples()]
    if not lines:
        return
    with st.expander(f"Problems in the data ({len(lines):,})", icon=":material/report:"):
        st.markdown("\n".join(f"- {heading.plain(str(line))}" for line in lines[:200]))


def broken_images(run: Run):
    """Return the rows of images whose files had a problem."""
    return run.images[run.images["problem"] != ""]


main()
