"""Grounding: any image and any attributes side by side, against the parts that people marked."""

import numpy as np
import streamlit as st

from core.explanations import grounding
from core.explanations.contributions import carriers as carriers_of
from core.language.parts import keypoints_of
from core.runs.run import Run
from dashboard import data, heading, labels, links
from dashboard.components import gallery, ranking
from dashboard.components.gallery import Line, Mark, Picture
from dashboard.figures import overlay
from dashboard.labels import filter_label
from dashboard.state import Key, bound, choice, notice, number, text

#: Distances in the unit square at which a peak counts as a hit, as in the paper.
RADII = (0.1, 0.2, 0.3)
MAX_WORDS = 8


def main() -> None:
    """Draw the page."""
    run = data.choose().run
    heading.page(
        "Grounding",
        "Where in an image the network sees a word. Put several side by side, and compare with "
        "the part that people marked.",
    )
    x = number(Key.X, run.sizes["X"], "image")
    x = first_image(run) if x is None else x
    ts = read_words(run) or data.explain(run, x, predicted(run, x)).attributes[:4]
    pick(run, x, ts)
    if not data.has_maps(run, x):
        st.info(
            f"The feature maps of image {x} are not kept in this run. Compute them with "
            f"`python -m precompute maps {run.name} --images {x}`.",
            icon=":material/layers_clear:",
        )
        return
    pictures(run, x, ts)
    carriers(run, x, ts)


def predicted(run: Run, x: int) -> int:
    """Return the predicted class of image x."""
    return int(run.images["predicted_c"].iloc[x])


def first_image(run: Run) -> int:
    """Return the first test image with captions and maps, else the first image."""
    images = run.images
    has_maps = np.asarray(run.array("map_row")) >= 0
    good = has_maps & ~images["is_train"].to_numpy() & (images["n_captions"] > 0).to_numpy()
    return int(good.argmax())


def read_words(run: Run) -> list[int]:
    """Return the attributes that the URL names, parted by commas."""
    known = data.phrases(run)
    asked = [phrase.strip().lower() for phrase in text(Key.T).split(",") if phrase.strip()]
    missing = [phrase for phrase in asked if phrase not in known]
    if missing:
        notice(f"This run has no attribute “{missing[0][:60]}”: try it in Search.")
    return list(dict.fromkeys(known[phrase] for phrase in asked if phrase in known))[:MAX_WORDS]


def pick(run: Run, x: int, ts: list[int]) -> None:
    """Draw the choice of image and attributes."""
    left, right, end = st.columns([2, 8, 2], vertical_alignment="top")
    with left:
        st.number_input(
            "Image x",
            0,
            run.sizes["X"] - 1,
            step=1,
            help="Number of the image in this run.",
            **bound(Key.X, x, scope="grounding"),
        )
    with right:
        st.multiselect(
            "Attributes",
            list(data.phrases(run)),
            max_selections=MAX_WORDS,
            placeholder="Type an attribute",
            **bound(
                Key.T,
                [labels.phrase(run, t) for t in ts],
                ",".join,
                scope="grounding",
            ),
        )
    with end:
        st.selectbox(
            "Estimator",
            run.estimators,
            help="How p(t | f) and its evidence were estimated; all other pages use the run's "
            f"default, `{run.default_estimator}`. `literal` is the paper's.",
            **bound(Key.ESTIMATOR, estimator(run), scope="grounding"),
        )


def estimator(run: Run) -> str:
    """Return the estimator that the URL names, or the run's default."""
    return choice(Key.ESTIMATOR, run.estimators, run.default_estimator)


def pictures(run: Run, x: int, ts: list[int]) -> None:
    """Draw the heatmap of each word with its peak, the marked part, and hit or miss."""
    sheets, shown = [], []
    for t in ts:
        heatmap = grounding.ground(run, x, t, estimator(run), size=overlay.LAYER_SIZE)
        sheets.append((t, heatmap))
        row, col = grounding.peak(heatmap)
        marks = [Mark(row, col, "peak", "The network's place: the maximum of the heatmap")]
        places = part_places(run, x, t)
        marks += [Mark(r, c, "part", "The part as people marked it") for r, c in places]
        marks += [Mark(r, c, "reach", "Within 0.1: a hit at PCK@0.1", RADII[0]) for r, c in places]
        shown.append(
            Picture(
                src=data.thumb(run, x),
                layer=gallery.heat_layer(heatmap),
                alt=f"Heatmap of {labels.phrase(run, t)} in image {x}",
                href=links.image(run, x, t),
                caption=labels.phrase(run, t),
                lines=[verdict(run, x, t, (row, col), places)],
                marks=marks,
            )
        )
    gallery.show(shown, key="grounding.pictures", width=260, fixed=True, slider=True, to_top=True)
    st.caption(
        "White ring: where the heatmap is highest. Green dot: the part as people marked it; the "
        "dashed circle is 0.1 of the image's side."
    )
    st.download_button(
        "Download side by side",
        lambda: overlay.strip(
            [overlay.blend(run.packed("thumb", x), heatmap) for _, heatmap in sheets]
        ),
        file_name=f"image_{x}_words.jpg",
        mime="image/jpeg",
        icon=":material/download:",
        on_click="ignore",
    )


def part_places(run: Run, x: int, t: int) -> list[tuple[float, float]]:
    """Return the visible keypoints of the attribute's part in image x."""
    part = str(run.attributes["part"].iloc[t])
    names = run.manifest.get("part_names", [])
    keypoints = (part,) if part in names else keypoints_of(part) if part else ()
    indices = [names.index(name) for name in keypoints if name in names]
    places = run.array("parts")[x][indices]
    return [(float(row), float(col)) for row, col in places if np.isfinite(row)]


def verdict(run: Run, x: int, t: int, peak, places) -> Line:
    """Return whether the peak lies on the part, by the nearest visible keypoint."""
    if not str(run.attributes["part"].iloc[t]):
        return Line("no part: the noun names no place", title="Hit or miss needs a marked part")
    if not places:
        return Line("the part is not visible or not marked here")
    distance = min(float(np.hypot(peak[0] - row, peak[1] - col)) for row, col in places)
    radius = next((r for r in RADII if distance <= r), None)
    result = "miss" if radius is None else f"hit at PCK@{radius}"
    return Line(
        f"{result}, {distance:.2f} away",
        title="Distance from the peak to the nearest keypoint; the image's side is 1",
    )


def carriers(run: Run, x: int, ts: list[int]) -> None:
    """Draw the filters behind each word in this image."""
    heading.section(
        "Filters that carry them here",
        help="Share of the word: p(f | x, c) p(t | f) / p(t | x, c), c the predicted class, by the "
        "run's default estimator.",
    )
    for column, t in zip(st.columns(max(1, min(4, len(ts)))), ts[:4], strict=False):
        with column:
            st.markdown(f"**{heading.plain(labels.phrase(run, t))}**")
            carried = carriers_of(run, x, predicted(run, x), t, n=5)
            ranking.show(
                [
                    ranking.Row(
                        filter_label(run, int(f)),
                        f"{share:.0%}",
                        href=links.filter_(int(f)),
                        bar=float(share),
                        title=f"carries {share:.1%} of the word",
                    )
                    for f, share in zip(carried.fs, carried.of_word, strict=True)
                ],
                key=f"grounding.filters.{t}",
                tone="predicted",
            )


main()
