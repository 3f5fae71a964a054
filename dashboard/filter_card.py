"""The card of a filter: name, attribute distribution, top-activating images, class weights."""

import numpy as np
import streamlit as st

from core.explanations.contributions import top_classes
from core.name_status import MAX_Q, NameStatus
from core.runs.run import Run
from dashboard import heading, labels, links
from dashboard.components import gallery, ranking
from dashboard.components.gallery import Line, Picture
from dashboard.figures import charts
from dashboard.figures.filter_region import region
from dashboard.labels import filter_name
from dashboard.state import picked

#: Images whose activations by class are drawn, evenly spaced over the run.
SAMPLE = 4096


def show(run: Run, f: int) -> None:
    """Draw the whole card."""
    step_bar(run, f)
    title(run, f)
    left, right = st.columns([5, 7], gap="large")
    with left:
        attribute_distribution(run, f)
    with right:
        top_activating_images(run, f)
    left, right = st.columns([5, 7], gap="large")
    with left:
        class_weights(run, f)
    with right:
        activation_by_class(run, f)
    captions(run, f)


def step_bar(run: Run, f: int) -> None:
    """Draw the links to the list and to the previous and next filter."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.page_link(
            "app_pages/filters.py",
            label="All filters",
            icon=":material/arrow_back:",
            query_params=links.params(),
        )
        st.space("stretch")
        for label, step in (("Previous", -1), ("Next", 1)):
            st.page_link(
                "app_pages/filters.py",
                label=label,
                icon=":material/chevron_left:" if step < 0 else ":material/chevron_right:",
                icon_position="left" if step < 0 else "right",
                query_params=links.params(f=(f + step) % run.sizes["F"]),
                help=f"Filter {(f + step) % run.sizes['F']}",
            )


def title(run: Run, f: int) -> None:
    """Draw the filter's name and the result of its permutation test."""
    row = run.filters.iloc[f]
    is_named = row["verdict"] != NameStatus.NONE
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.header(
            f"Filter {f}: {heading.plain(filter_name(run, f))}", anchor=False, width="content"
        )
        st.badge(
            str(row["verdict"]),
            color="green" if is_named else "gray",
            icon=":material/verified:" if is_named else ":material/help:",
            help="A filter is named by attributes whose p(t | f) is significant against shuffled "
            f"captions, at a false discovery rate of {MAX_Q:.0%}.",
        )
    st.caption(
        f"{int(row['n_significant'])} significant attributes · entropy {row['entropy']:.1f} bits "
        f"of {np.log2(run.sizes['T']):.1f} · largest weight for "
        f"{heading.plain(labels.class_name(run, int(row['top_c'])))}"
    )


def attribute_distribution(run: Run, f: int, n: int = 14) -> None:
    """Draw p(t given f) as bars with its null band; a click selects an attribute."""
    heading.section(
        "Attribute distribution p(t | f)",
        "Green: significant. Grey band: the range of p(t | f) under shuffled captions.",
        help="Sums to 1 over all attributes. The band ends at the 95th percentile under shuffled "
        f"captions; green bars have a false discovery rate q below {MAX_Q:.0%}.",
    )
    p, q = run.array("p_t_given_f")[f], run.array("q_value")[f]
    ts = np.argsort(-(p + (q < MAX_Q)), kind="stable")[:n].tolist()
    null_high = run.array("null_high")[f, ts]
    st.plotly_chart(
        charts.attribute_bars(
            ts,
            p[ts],
            [labels.phrase(run, t) for t in ts],
            colour=np.where(q[ts] < MAX_Q, charts.SIGNIFICANT, charts.NEUTRAL),
            null_high=null_high,
            symbol="p(t | f)",
        ),
        key="filter.p_t_given_f",
        on_select="rerun",
        selection_mode="points",
        config={"displayModeBar": False},
        alt=f"p(t | f) of the most probable attributes of filter {f}",
    )
    clicked = picked("filter.p_t_given_f")
    t = int(clicked[0]) if clicked and int(clicked[0]) in ts else ts[0]
    phrase = labels.phrase(run, t)
    st.caption(
        f"“{heading.plain(phrase)}”: p(t | f) = {p[t]:.4f}, 95th percentile under shuffled "
        f"captions {null_high[ts.index(t)]:.4f}, false discovery rate q = {q[t]:.3f}"
    )
    with st.container(horizontal=True):
        st.page_link(
            "app_pages/search.py",
            label=f"Images with “{heading.plain(phrase)}”",
            icon=":material/search:",
            query_params=links.params(q=phrase),
        )
        st.page_link(
            "app_pages/filters.py",
            label="Filters with this attribute",
            icon=":material/grid_view:",
            query_params=links.params(t=phrase),
        )


def top_activating_images(run: Run, f: int, n: int = 12) -> None:
    """Draw the top-activating images, cropped to the activated region."""
    heading.section(
        "Top-activating images",
        "Cropped to the activated region; the rest of the crop is darkened.",
        help="By descending pooled activation φ(f(x)), over all images of the run. The activated "
        "region is the part of the feature map above half of its maximum.",
    )
    pooled, images = run.array("pooled"), run.images
    pictures = []
    for x in run.array("top_images")[f, :n].tolist():
        part = region(run, f, x)
        pictures.append(
            Picture(
                src=part.src,
                layer=part.layer,
                alt=f"{labels.image_alt(run, x)}; region that activates filter {f}",
                href=links.image(run, x),
                lines=[Line(labels.class_name(run, int(images["true_c"].iloc[x])))],
                badge=f"{pooled[x, f]:.2f}",
                title=f"φ(f(x)) = {pooled[x, f]:.3f}",
            )
        )
    gallery.show(pictures, key="filter.top_images", width=118, slider=True, to_top=True)


def class_weights(run: Run, f: int) -> None:
    """Draw the classes in whose score the filter has the largest weight."""
    heading.section(
        "Largest class weights",
        help="W[c, f], the weight of filter f in the logit of class c. Positive weights only.",
    )
    weights = run.array("class_weights")[:, f]
    cs = top_classes(run, f)
    if not len(cs):
        st.caption("No class has a positive weight for this filter.")
        return
    ranking.show(
        [
            ranking.Row(
                labels.class_name(run, int(c)),
                f"{weights[c]:.3f}",
                href=links.class_(int(c)),
                bar=float(weights[c] / weights[cs[0]]),
                title=f"W[c, f] = {weights[c]:.4f}",
            )
            for c in cs
        ],
        key="filter.classes",
    )


def activation_by_class(run: Run, f: int, n: int = 8) -> None:
    """Draw the pooled activations in the classes where they are highest, and in all others."""
    heading.section(
        "Activation by class",
        help="Pooled activation φ(f(x)), one dot per image, in the classes with the highest mean. "
        "A filter that separates classes is active in few of them.",
    )
    n_images = run.sizes["X"]
    sample = np.unique(np.linspace(0, n_images - 1, min(SAMPLE, n_images)).astype(int))
    values = run.array("pooled")[sample, f]
    true_c = run.images["true_c"].to_numpy()[sample]
    totals = np.bincount(true_c, weights=values, minlength=run.sizes["C"])
    sizes = np.bincount(true_c, minlength=run.sizes["C"])
    means = np.divide(totals, sizes, out=np.full(len(sizes), -np.inf), where=sizes > 0)
    cs = np.argsort(-means, kind="stable")[:n]
    cs = [int(c) for c in cs if sizes[c]]
    st.plotly_chart(
        charts.strip_plot(
            [values[true_c == c] for c in cs],
            [labels.class_name(run, c) for c in cs],
            cs,
            values[~np.isin(true_c, cs)],
        ),
        key="filter.activation_by_class",
        config={"displayModeBar": False},
        alt=f"Pooled activation of filter {f} in the classes with the highest mean",
    )
    if len(sample) < n_images:
        st.caption(f"A sample of {len(sample):,} of {n_images:,} images, evenly spaced.")


def captions(run: Run, f: int, n: int = 5) -> None:
    """Draw captions of the top-activating images: the evidence for the filter's name."""
    heading.section(
        "Captions of the top-activating images",
        "One caption per image: the one that shares most words with the filter's name.",
    )
    t = int(run.filters["name_t"].iloc[f])
    wanted = set(labels.phrase(run, t).split()) if t >= 0 else set()
    shown: list[str] = []
    for x in run.array("top_images")[f].tolist():
        lines = run.captions(x)
        if not lines or len(shown) == n:
            continue
        best = max(lines, key=lambda line: len(wanted & set(line.lower().split())))
        shown.append(f"- {heading.plain(best)} :gray[image {x}]")
    st.markdown("\n".join(shown) or ":gray[None of these images has captions.]")
