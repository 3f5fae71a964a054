"""Classes: all as a table; the description of one, compared with another one, and its images."""

import numpy as np
import streamlit as st

from fieldmarks.core.attributes.english import counted
from fieldmarks.core.explanations.seen import words_of_class
from fieldmarks.core.presence.presence import presence_of
from fieldmarks.core.run.run import Run
from fieldmarks.core.scores.confusion import confusion_pairs
from fieldmarks.core.search.image_selection import Criteria, select_images
from fieldmarks.dashboard import class_table, data, heading, labels, links
from fieldmarks.dashboard.components import add_words, gallery, marks, ranking, sentence, tabs
from fieldmarks.dashboard.components.gallery import Line, Picture
from fieldmarks.dashboard.figures import charts
from fieldmarks.dashboard.image import evidence
from fieldmarks.dashboard.state import Key, Page, bound, here, number, picked, update


def main() -> None:
    """Draw the page."""
    run = data.current_run()
    c = number(Key.C, run.sizes["C"], "class")
    versus = number(Key.VERSUS, run.sizes["C"], "class")
    if c is None:
        more = "words" if run.has_words else "images"
        heading.page("Classes", f"Accuracy and confusions of each class. Open one for its {more}.")
        class_table.show(run)
        return
    versus = None if versus == c else versus
    name = labels.class_name(run, c)
    of_two = "" if versus is None else f" compared with {labels.class_name(run, versus)}"
    heading.tab(f"{name}{of_two}")
    st.page_link(
        "app_pages/classes.py",
        label="All classes",
        icon=":material/arrow_back:",
        query_params=links.params(),
    )
    heading.page(
        heading.plain(name),
        "Described by p(t | c), the attributes of the filters weighted by the last layer. Click "
        "an attribute for its evidence.",
    )
    pick(run, c, versus)
    if not run.has_words:
        results(run, c)
        confusions(run, c)
        images(run, c)
        add_words.show(
            run, "With words, each class gets a description, and two classes can be contrasted."
        )
        return
    t = data.read_attribute(run)
    described(run, c, versus, t)
    left, right = st.columns([6, 5], gap="large")
    with left:
        bars(run, c, versus)
    with right:
        confusions(run, c)
    evidence.in_class(run, c, data.describe(run, c).attributes[0] if t is None else t)
    images(run, c)


def page_link(**changes) -> str:
    """Return the link to this page with something changed."""
    return here(Page.CLASSES, (Key.C, Key.VERSUS, Key.T, Key.TAB), **changes)


def pick(run: Run, c: int, versus: int | None) -> None:
    """Draw the choice of one class or two."""
    classes = list(range(run.sizes["C"]))
    left, right = st.columns(2)
    with left:
        st.selectbox(
            ":orange[**Class**]",
            classes,
            format_func=lambda each: labels.numbered_name(run, each),
            **bound(Key.C, c, scope="classes"),
        )
    with right:
        st.selectbox(
            ":blue[**Compared with**]",
            [each for each in classes if each != c],
            index=None,
            placeholder="choose a second class",
            format_func=lambda each: labels.numbered_name(run, each),
            **bound(Key.VERSUS, versus, scope="classes"),
        )


def described(run: Run, c: int, versus: int | None, focus: int | None) -> None:
    """Draw the description of one class, or of two with their contrast."""
    first = data.describe(run, c)
    shown = [("predicted" if versus is not None else "", first)]
    if versus is not None:
        shown.append(("true", data.describe(run, versus)))
    has_marks = presence_of(run) is not None
    for tone, explained in shown:
        drawn = marks_of(run, explained.c, explained.attributes) if has_marks else {}
        sentence.show(
            explained.spans,
            lambda t: page_link(t=labels.phrase(run, t)),
            key=f"classes.sentence.{tone}",
            tone=tone,
            active=focus,
            title=lambda t, p=explained.p: f"p(t | c) = {p[t]:.4f}: show its evidence",
            mark=drawn.get,
        )
    if versus is not None:
        both = data.compare(run, first, shown[1][1])
        drawn = {}
        if has_marks:
            drawn = marks_of(run, c, both.for_first) | marks_of(run, versus, both.for_second)
        sentence.show(
            both.spans,
            lambda t: page_link(t=labels.phrase(run, t)),
            key="classes.sentence.contrast",
            active=focus,
            mark=drawn.get,
        )
    if has_marks:
        marks.legend("classes.legend", has_places=False)
        st.caption("Means over the images of the class; in the captions: of at least half of them.")
    results(run, c)


def marks_of(run: Run, c: int, ts: list[int]) -> dict[int, dict]:
    """Return the marks of attributes of class c, as components draw them, by attribute."""
    said, name = words_of_class(run, c, ts), labels.class_name(run, c)
    most = max((word.share for word in said), default=1.0)
    return {word.t: marks.mark_of_class(word, name, most) for word in said}


def results(run: Run, c: int) -> None:
    """Draw how many images of a class there are and are right, and the links to them."""
    row = run.classes.iloc[c]
    n_test, n_right = int(row["n_test"]), int(row["n_right"])
    n_train = int(row["n_train"])
    said = counted(n_train, "training image")
    if n_test:
        said += f", {n_right} of {counted(n_test, 'test image')} right"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":gray[{said}.]", width="content")
        for label, page, icon, key in (
            ("Filters with a positive weight", "filters", "grid_view", "c"),
            ("Failures of this class", "images", "rule", "true"),
        ):
            st.page_link(
                f"app_pages/{page}.py",
                label=label,
                icon=f":material/{icon}:",
                query_params=links.params(**{key: c}),
            )


def bars(run: Run, c: int, versus: int | None, n: int = 15) -> None:
    """Draw p(t given c) as bars, back to back for two classes."""
    heading.section(
        "Attribute distribution p(t | c)",
        help="Class description: p(t | f) averaged over filters with the positive weights of the "
        "class. Sums to 1 over all attributes.",
    )
    p = data.describe(run, c).p
    if versus is None:
        ts = np.argsort(-p, kind="stable")[:n].tolist()
        figure = charts.attribute_bars(ts, p[ts], [labels.phrase(run, t) for t in ts])
    else:
        other = data.describe(run, versus).p
        ts = np.argsort(-np.maximum(p, other), kind="stable")[:n]
        ts = ts[np.argsort(-(p - other)[ts], kind="stable")].tolist()
        figure = charts.mirror_bars(
            ts,
            p[ts],
            other[ts],
            [labels.phrase(run, t) for t in ts],
            (labels.class_name(run, c), labels.class_name(run, versus)),
        )

    def focus() -> None:
        clicked = picked("classes.bars")
        if clicked:
            update(t=labels.phrase(run, int(clicked[0])))

    st.plotly_chart(
        figure,
        key="classes.bars",
        on_select=focus,
        selection_mode="points",
        config={"displayModeBar": False},
        alt=f"Attribute probabilities of {labels.class_name(run, c)}",
    )


def confusions(run: Run, c: int) -> None:
    """Draw what the class is predicted as, and which classes are predicted as it."""
    pairs = confusion_pairs(run)
    for title, role, other, help in (
        ("Predicted as", "true_c", "predicted_c", "Failures of this class, by predicted class."),
        (
            "Mistaken for this class",
            "predicted_c",
            "true_c",
            "Failures of other classes that were predicted as this one.",
        ),
    ):
        heading.section(title, help=help)
        most_frequent = pairs[pairs[role] == c].head(6)
        if not len(most_frequent):
            st.caption("None.")
            continue
        largest = int(most_frequent["n"].max())
        ranking.show(
            [
                ranking.Row(
                    [(labels.class_name(run, int(row[other])), "")],
                    str(int(row["n"])),
                    href=links.failures(true=int(row["true_c"]), predicted=int(row["predicted_c"])),
                    bar=row["n"] / largest,
                    title="Show these failures",
                )
                for _, row in most_frequent.iterrows()
            ],
            key=f"classes.{role}",
            tone="predicted" if role == "true_c" else "true",
        )
        ranking.show(
            [
                ranking.Row(
                    [("compare with ", "muted"), (labels.class_name(run, int(row[other])), "")],
                    "",
                    href=links.class_(c, int(row[other])),
                )
                for _, row in most_frequent.head(1).iterrows()
            ],
            key=f"classes.compare.{role}",
        )


def images(run: Run, c: int, n: int = 12) -> None:
    """Draw canonical images of the class, and its test images by correctness."""
    groups = {
        "Typical": [int(x) for x in run.array("canonical")[c] if x >= 0],
        "Wrong": select_images(run, Criteria("wrong", true=c))[:n].tolist(),
        "Right": select_images(run, Criteria("right", true=c))[:n].tolist(),
    }
    names = {
        "Typical": "Training images whose pooled activations are nearest to the mean of the class.",
        "Wrong": "Test images, by descending confidence.",
        "Right": "Test images, by descending confidence.",
    }
    heading.section("Images")
    for (title, xs), tab in zip(groups.items(), tabs.show(list(groups), "classes"), strict=True):
        if not tab.open:
            continue
        with tab:
            if not xs:
                st.caption("None.")
                continue
            st.caption(names[title])
            gallery.show(
                [picture(run, x) for x in xs],
                key=f"classes.images.{title}",
                width=130,
                fixed=True,
                to_top=True,
            )


def picture(run: Run, x: int) -> Picture:
    """Return the thumbnail of one of its images."""
    row = run.images.iloc[x]
    predicted = int(row["predicted_c"])
    is_wrong = predicted != int(row["true_c"])
    return Picture(
        src=data.thumb(run, x),
        alt=labels.image_alt(run, x),
        href=links.image(run, x),
        lines=[Line(labels.class_name(run, predicted), gallery.PREDICTED)] if is_wrong else [],
        badge=f"{row['confidence']:.2f}",
    )


main()
