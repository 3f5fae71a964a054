"""Overview: the run, the accuracy of the network, scores, and failures to start with."""

import numpy as np
import streamlit as st

from fieldmarks.core.name_status import NameStatus
from fieldmarks.core.run.run import Run
from fieldmarks.core.search.image_selection import confusion_pairs, suggested_failures
from fieldmarks.dashboard import data, heading, labels, links
from fieldmarks.dashboard.components import gallery, ranking
from fieldmarks.dashboard.components.gallery import Picture
from fieldmarks.dashboard.figures.heatmaps import attribute_layer
from fieldmarks.dashboard.scores import board


def main() -> None:
    """Draw the page."""
    run = data.current_run()
    heading.page(f"Run “{run.name}”", what_it_is(run))
    numbers(run)
    notices(run)
    suggestions(run)
    pairs(run)
    board.show(run)
    frequent_attributes(run)
    problems(run)


def what_it_is(run: Run) -> str:
    """Return one line on model, data and method."""
    manifest, sizes = run.manifest, run.sizes
    arch, dataset = (heading.plain(str(manifest.get(key, "?"))) for key in ("arch", "dataset"))
    return (
        f"{arch} on {dataset}, input {manifest.get('input_size', '?')} px, "
        f"feature maps {sizes['H']} × {sizes['W']}, "
        f"head: {run.head.kind}; "
        f"estimator “{run.default_estimator}” of "
        + ", ".join(labels.estimator_label(run, name) for name in run.estimators)
    )


def numbers(run: Run) -> None:
    """Draw accuracy and sizes."""
    images, classes = run.images, run.classes
    n_test, n_right = int(classes["n_test"].sum()), int(classes["n_right"].sum())
    n_captioned = int((images["n_captions"] > 0).sum())
    verdicts = run.filters["verdict"]
    n_named = int((verdicts != NameStatus.NONE).sum())
    accuracy = f"{n_right / n_test:.1%}" if n_test else "no test images"
    cells = (
        ("Accuracy", accuracy, f"{n_right:,} of {n_test:,} test images classified correctly"),
        ("Failures", f"{n_test - n_right:,}", "Misclassified test images"),
        ("Images", f"{run.sizes['X']:,}", f"{n_captioned:,} of them have captions"),
        ("Classes", f"{run.sizes['C']:,}", "Number of classes"),
        ("Attributes", f"{run.sizes['T']:,}", "Adjective-noun pairs from the captions"),
        (
            "Named filters",
            f"{n_named:,} / {run.sizes['F']:,}",
            "Filters with at least one significant attribute, of all F",
        ),
    )
    with st.grid(6, min_column_width=140, gap="small"):
        for label, value, help in cells:
            st.metric(label, value, help=help, border=True)


def notices(run: Run) -> None:
    """Draw what a person should know before the figures are believed."""
    stated = run.manifest.get("notices")
    kinds = stated.values() if isinstance(stated, dict) else ()
    lines = [str(line) for kind in kinds if isinstance(kind, list) for line in kind]
    if lines:
        text = "\n".join(f"- {heading.plain(line[:1].upper() + line[1:])}" for line in lines)
        st.warning(text, icon=":material/info:")


def suggestions(run: Run) -> None:
    """Draw a few failures to start with."""
    heading.section(
        "Start with these failures",
        "Three confident failures whose sentences for the predicted and the true class differ "
        "most.",
        help="By confidence times the share of the sentence that differs; at most one per pair of "
        "confused classes, with different diagnoses where possible.",
    )
    xs = suggested_failures(run)
    if not len(xs):
        st.caption("Every test image is classified correctly. See Filters and Classes.")
        return
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
                st.caption(heading.plain(both.sentence))


def pairs(run: Run, n: int = 15) -> None:
    """Draw the most frequent confusions; a click shows those failures."""
    heading.section(
        "Most frequent confusions",
        "True class → predicted class. Click a pair to show its failures.",
        help="Number: test images. Bar: share of the test images of the true class.",
    )
    confusions = confusion_pairs(run).head(n)
    if not len(confusions):
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
            for true, predicted, count, share in confusions.itertuples(index=False)
        ],
        key="overview.pairs",
        tone="predicted",
        columns=3,
    )


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
