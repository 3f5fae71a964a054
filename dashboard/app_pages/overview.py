"""Overview: what this run is, how good the network is, and where to start."""

import numpy as np
import streamlit as st

from core.runs.run import Run
from core.search.image_selection import confusion_pairs, most_telling
from dashboard import data, heading, labels, links, scoreboard
from dashboard.components import gallery, ranking
from dashboard.components.gallery import Picture


def main() -> None:
    """Draw the page."""
    run = data.choose().run
    heading.page(f"Run “{run.name}”", what_it_is(run))
    numbers(run)
    telling(run)
    pairs(run)
    scoreboard.show(run)
    frequent_attributes(run)
    problems(run)


def what_it_is(run: Run) -> str:
    """Return one line on model, data and method."""
    manifest, sizes = run.manifest, run.sizes
    return (
        f"{manifest.get('arch', 'a network')} on {manifest.get('dataset', 'images')}, input "
        f"{manifest.get('input_size', '?')} px, feature maps {sizes['H']} × {sizes['W']}; "
        f"estimator “{run.default_estimator}” of {', '.join(run.estimators)}"
    )


def numbers(run: Run) -> None:
    """Draw accuracy and sizes."""
    images, classes = run.images, run.classes
    n_test, n_right = int(classes["n_test"].sum()), int(classes["n_right"].sum())
    n_captioned = int((images["n_captions"] > 0).sum())
    verdicts = run.filters["verdict"]
    n_named = int((verdicts != "no nameable attribute").sum())
    accuracy = f"{n_right / n_test:.1%}" if n_test else "no test images"
    cells = (
        ("Accuracy", accuracy, f"{n_right:,} of {n_test:,} test images classified correctly"),
        ("Failures", f"{n_test - n_right:,}", "Test images that the network got wrong"),
        ("Images", f"{run.sizes['X']:,}", f"{n_captioned:,} of them have captions"),
        ("Classes C", f"{run.sizes['C']:,}", "Labels that the network tells apart"),
        ("Attributes T", f"{run.sizes['T']:,}", "Adjective and noun pairs from the captions"),
        (
            "Named filters",
            f"{n_named:,} / {run.sizes['F']:,}",
            "Filters with at least one attribute above the null band, of all F",
        ),
    )
    with st.grid(6, min_column_width=140, gap="small"):
        for label, value, help in cells:
            st.metric(label, value, help=help, border=True)


def telling(run: Run) -> None:
    """Draw the failures to start with."""
    heading.section(
        "Where to start",
        "The three most telling failures: confident ones whose two sentences differ most.",
        help="Confidence times the share of the sentence that would have to change for the true "
        "class; at most one of each confusion pair, and of different diagnoses where there are.",
    )
    xs = most_telling(run)
    if not len(xs):
        st.caption("The network got every test image right: look at Filters and Classes instead.")
        return
    for column, x in zip(st.columns(3, gap="medium"), xs.tolist(), strict=False):
        with column:
            row = run.images.iloc[x]
            c, true = int(row["predicted_c"]), int(row["true_c"])
            first, second = data.explain(run, x, c), data.explain(run, x, true)
            both = data.compare(run, first, second)
            t = (both.only_first or first.attributes)[0]
            picture, words = st.columns([5, 7], gap="small")
            with picture:
                gallery.show(
                    [
                        Picture(
                            src=data.thumb(run, x),
                            layer=gallery.word_layer(run, x, t),
                            alt=gallery.describe_image(run, x),
                            href=links.image(run, x),
                            badge=f"{row['confidence']:.2f}",
                        )
                    ],
                    key=f"overview.telling.{x}",
                    hover=True,
                    to_top=True,
                )
            with words:
                st.markdown(
                    f":orange[**{heading.plain(labels.class_name(run, c))}**]  \n"
                    f"is :blue[**{heading.plain(labels.class_name(run, true))}**]"
                )
                st.caption(heading.plain(both.sentence))


def pairs(run: Run, n: int = 15) -> None:
    """Draw the most frequent confusions; a click opens those failures."""
    heading.section(
        "Most confused",
        "True class, then what it was taken for. A click opens those images.",
        help="Number of test images; the bar is the share of the true class's test images.",
    )
    found = confusion_pairs(run).head(n)
    if not len(found):
        st.caption("No two classes were confused.")
        return
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
            for true, predicted, count, share in found.itertuples(index=False)
        ],
        key="overview.pairs",
        tone="predicted",
        columns=3,
    )


def frequent_attributes(run: Run, n: int = 100) -> None:
    """Draw the attributes that most captions name; a click searches for one."""
    heading.section(
        f"The {min(n, run.sizes['T'])} most frequent attributes",
        "By images whose captions name them. A click shows where the network sees it.",
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
                title=f"named in the captions of {counts[t]:,} images",
            )
            for t in ts
        ],
        key="overview.attributes",
        columns=5,
    )


def problems(run: Run) -> None:
    """Draw what was wrong with the data, counted when the run was made."""
    found = list(run.manifest.get("problems", []))
    found += [f"{row.path}: {row.problem}" for row in broken_images(run).itertuples()]
    if not found:
        return
    with st.expander(f"What was wrong with the data ({len(found):,})", icon=":material/report:"):
        st.markdown("\n".join(f"- {heading.plain(str(line))}" for line in found[:200]))


def broken_images(run: Run):
    """Return the rows of images whose files had a problem."""
    return run.images[run.images["problem"] != ""]


main()
