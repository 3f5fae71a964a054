"""The card of a filter: its name or that it has none, its p.d.f., what fires it, whom it serves."""

import numpy as np
import streamlit as st

from core.explanations.contributions import classes_of
from core.runs.run import Run
from dashboard import heading, labels, links
from dashboard.components import gallery, ranking
from dashboard.components.gallery import Line, Picture
from dashboard.figures import charts
from dashboard.figures.filter_region import region
from dashboard.labels import MAX_Q, filter_name
from dashboard.state import picked

#: Images that the spread between classes is read from, evenly spaced over the run.
SAMPLE = 4096


def show(run: Run, f: int) -> None:
    """Draw the whole card."""
    step_bar(run, f)
    title(run, f)
    left, right = st.columns([5, 7], gap="large")
    with left:
        pdf(run, f)
    with right:
        top_regions(run, f)
    left, right = st.columns([5, 7], gap="large")
    with left:
        classes(run, f)
    with right:
        spread(run, f)
    captions(run, f)


def step_bar(run: Run, f: int) -> None:
    """Draw the way back to the list and to the neighbours."""
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
    """Draw the filter's name and how far it can be trusted."""
    row = run.filters.iloc[f]
    is_named = row["verdict"] != "no nameable attribute"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.header(
            f"Filter {f}: {heading.plain(filter_name(run, f))}", anchor=False, width="content"
        )
        st.badge(
            str(row["verdict"]),
            color="green" if is_named else "gray",
            icon=":material/verified:" if is_named else ":material/help:",
            help="Named: attributes rise above the null band at a false discovery rate of 5 %.",
        )
    st.caption(
        f"{int(row['n_significant'])} significant attributes · entropy {row['entropy']:.1f} bits "
        f"of {np.log2(run.sizes['T']):.1f} · largest weight for "
        f"{heading.plain(labels.class_name(run, int(row['top_c'])))}"
    )


def pdf(run: Run, f: int, n: int = 14) -> None:
    """Draw the p.d.f. as bars with its null band; a click puts an attribute in focus."""
    heading.section(
        "What it speaks of",
        "Green bars are significant: they name it. What stays inside the grey band is what "
        "shuffled captions would give.",
        help="p(t | f): sums to 1 over all attributes. The band ends at the 95th percentile "
        "under shuffled captions; green is a false discovery rate q below 5 %.",
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
        key="filter.pdf",
        on_select="rerun",
        selection_mode="points",
        config={"displayModeBar": False},
        alt=f"Probabilities of the strongest attributes of filter {f}",
    )
    clicked = picked("filter.pdf")
    t = int(clicked[0]) if clicked and int(clicked[0]) in ts else ts[0]
    phrase = labels.phrase(run, t)
    st.caption(
        f"“{heading.plain(phrase)}”: p(t | f) = {p[t]:.4f}, null band to "
        f"{null_high[ts.index(t)]:.4f}, false discovery rate q = {q[t]:.3f}"
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
            label="Filters that speak of it",
            icon=":material/grid_view:",
            query_params=links.params(t=phrase),
        )


def top_regions(run: Run, f: int, n: int = 12) -> None:
    """Draw the images that fire the filter most, cropped to where it fires."""
    heading.section(
        "What fires it",
        "The strongest images, cropped around the activated region; what does not fire is dark.",
        help="Falling φ(f(x)), over all images of the run. The crop holds the part of the map "
        "above half of its maximum.",
    )
    pooled, images = run.array("pooled"), run.images
    pictures = []
    for x in run.array("top_images")[f, :n].tolist():
        part = region(run, f, x)
        pictures.append(
            Picture(
                src=part.src,
                layer=part.layer,
                alt=f"{gallery.describe_image(run, x)}; where filter {f} fires",
                href=links.image(run, x),
                lines=[Line(labels.class_name(run, int(images["true_c"].iloc[x])))],
                badge=f"{pooled[x, f]:.2f}",
                title=f"φ(f(x)) = {pooled[x, f]:.3f}",
            )
        )
    gallery.show(pictures, key="filter.regions", width=118, slider=True, to_top=True)


def classes(run: Run, f: int) -> None:
    """Draw the classes that lean on the filter."""
    heading.section(
        "Classes that lean on it",
        help="W[c, f], the weight of the filter in the score of class c; positive ones only.",
    )
    weights = run.array("class_weights")[:, f]
    cs = classes_of(run, f)
    if not len(cs):
        st.caption("No class has a positive weight for it: it only ever speaks against.")
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


def spread(run: Run, f: int, n: int = 8) -> None:
    """Draw how strongly the filter fires in the images of its classes and in all others."""
    heading.section(
        "Spread between classes",
        help="φ(f(x)) of images, a dot each. A filter that tells classes apart fires in few.",
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
        charts.strip(
            [values[true_c == c] for c in cs],
            [labels.class_name(run, c) for c in cs],
            cs,
            values[~np.isin(true_c, cs)],
        ),
        key="filter.spread",
        config={"displayModeBar": False},
        alt=f"Activation of filter {f} in the classes where it is highest",
    )
    if len(sample) < n_images:
        st.caption(f"From {len(sample):,} of {n_images:,} images, evenly spaced.")


def captions(run: Run, f: int, n: int = 5) -> None:
    """Draw what people wrote about the images that fire it: the evidence for its name."""
    heading.section(
        "Captions of the images that fire it", "What its p.d.f. was read from. One line an image."
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
