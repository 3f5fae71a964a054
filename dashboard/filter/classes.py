"""Where a filter is used: the classes of its largest weights, its activations, its captions."""

import numpy as np
import streamlit as st

from fieldmarks.core.explanations.contributions import top_classes
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import heading, labels, links
from fieldmarks.dashboard.components import ranking
from fieldmarks.dashboard.figures import charts
from fieldmarks.dashboard.filter.view import FilterView

#: Images whose activations by class are drawn, evenly spaced over the run.
SAMPLE = 4096


def class_weights(run: Run, f: int) -> None:
    """Draw the classes in whose score the filter has the largest weight."""
    heading.section(
        "Largest class weights",
        help="W[c, f], the weight of filter f in the logit of class c. Positive weights only.",
    )
    weights = run.weights(None)[:, f]
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


def captions(view: FilterView, n: int = 5) -> None:
    """Draw captions of the top-activating images: the evidence for the word."""
    run, f = view.run, view.f
    heading.section(
        "Captions of the top-activating images",
        f"One caption per image: the one that shares most words with “{view.phrase}”.",
    )
    wanted = set(labels.phrase(run, view.t).split())
    shown: list[str] = []
    for x in run.array("top_images")[f].tolist():
        lines = run.captions(x)
        if not lines or len(shown) == n:
            continue
        best = max(lines, key=lambda line: len(wanted & set(line.lower().split())))
        shown.append(f"- {heading.plain(best)} :gray[image {x}]")
    st.markdown("\n".join(shown) or ":gray[None of these images has captions.]")
