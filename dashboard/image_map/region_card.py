"""What the map says of a region: its images, what their captions say more, and where to go next."""

import numpy as np
import pandas as pd
import streamlit as st

from fieldmarks.core.image_map.region import MapRegion
from fieldmarks.core.image_map.region_words import RegionWords, words_of_images
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import data, heading, image_filters, labels, links
from fieldmarks.dashboard.components import add_words, gallery, ranking, save_group
from fieldmarks.dashboard.components.gallery import Picture
from fieldmarks.dashboard.state import Key, update
from fieldmarks.dashboard.verdicts import dataset, saved_groups

#: Images of a region that are shown beside the map.
N_PICTURES = 12


@st.cache_data(max_entries=64, show_spinner=False)
def _words(_run: Run, key: str, region: str) -> RegionWords:
    return words_of_images(_run, MapRegion.parse(region).contains(_run.array("layout")))


def show(run: Run, region: MapRegion) -> None:
    """Draw the card of a region."""
    inside = region.contains(run.array("layout"))
    xs = np.flatnonzero(inside)
    is_test, is_right = run.is_test, run.is_right
    n_test = int(is_test[xs].sum())
    n_wrong = int((is_test & ~is_right)[xs].sum())
    heading.section("Region", f"{len(xs):,} images, {n_test:,} of them test images")
    if not len(xs):
        st.info("No image lies in this region.", icon=":material/select:")
        _clear()
        return
    if n_test:
        others = is_test & ~inside
        elsewhere = f"{(~is_right[others]).mean():.1%}" if others.any() else "none"
        st.markdown(
            f"**{n_wrong:,} failures**, {n_wrong / n_test:.1%} of the test images here; "
            f"{elsewhere} elsewhere."
        )
    _classes(run, xs)
    pictures(run, xs)
    with st.container(horizontal=True, vertical_alignment="center"):
        for label, icon, show_ in (("Failures", "rule", None), ("All test images", "image", "all")):
            st.page_link(
                "app_pages/images.py",
                label=label,
                icon=f":material/{icon}:",
                query_params=links.params(**{Key.REGION: region, Key.SHOW: show_}),
            )
        save_group.show(run, xs, "map")
        _clear()
    comparison(run, _words(run, data.identity(run), str(region)))


def _classes(run: Run, xs: np.ndarray, n: int = 3) -> None:
    counts = np.bincount(run.images["true_c"].to_numpy()[xs], minlength=run.sizes["C"])
    most = np.argsort(-counts, kind="stable")[:n]
    names = ", ".join(
        f"{heading.plain(labels.class_name(run, int(c)))} ({counts[c]:,})"
        for c in most
        if counts[c]
    )
    n_more = int((counts > 0).sum()) - n
    st.caption(f"Classes: {names}{f', and {n_more} more' if n_more > 0 else ''}")


def pictures(run: Run, xs: np.ndarray) -> None:
    """Draw some images of the region, failures first, the most confident ones."""
    is_failure = (run.is_test & ~run.is_right)[xs]
    confidence = run.images["confidence"].to_numpy()[xs]
    first = xs[np.lexsort((-confidence, ~is_failure))][:N_PICTURES]
    gallery.show(
        [
            Picture(
                src=data.thumb(run, x),
                alt=labels.image_alt(run, x),
                href=links.image(run, x),
                title=labels.image_alt(run, x),
                tone="" if run.is_right[x] else gallery.PREDICTED,
            )
            for x in first.tolist()
        ],
        key="map.pictures",
        width=64,
        to_top=True,
    )


def _clear() -> None:
    st.button(
        "Clear",
        icon=":material/deselect:",
        type="tertiary",
        on_click=update,
        kwargs={str(Key.REGION): None},
        key="map.clear",
    )


def comparison(run: Run, told: RegionWords) -> None:
    """Draw what captions say more and less often in the region than elsewhere."""
    if not run.has_words:
        add_words.show(run, "With words the region says what its images have more often.")
        return
    if not told.n_inside or not told.n_outside:
        where = "in the region" if not told.n_inside else "outside of the region"
        st.caption(f"No image {where} has captions, so nothing can be compared.")
        return
    heading.section(
        "Named more often here than elsewhere",
        f"Images whose captions name an attribute, of {told.n_inside:,} captioned ones in the "
        f"region and {told.n_outside:,} elsewhere. Right: the difference of the shares in points, "
        "with its 95 % interval.",
        help="Fisher's exact test for each of the attributes that at least five images name, at "
        "a false discovery rate of 5 % over all of them (Benjamini and Hochberg). The interval "
        "is Newcombe's. Images are treated as independent: a region that holds one class "
        "repeats what captions say of that class.",
    )
    if told.table.empty:
        st.caption(
            f"None of the {told.n_tested:,} attributes tested is named significantly more or "
            "less often here than elsewhere."
        )
        return
    for title, table, tone in (
        ("", told.more, "true"),
        ("Named less often here", told.less, "predicted"),
    ):
        if title and len(table):
            st.markdown(f"**{title}**")
        if len(table):
            rows = [_row(run, told, row) for _, row in table.iterrows()]
            ranking.show(rows, key=f"map.words.{tone}", tone=tone)
        elif not title:
            st.caption("No attribute is named significantly more often here.")


def _row(run: Run, told: RegionWords, row: pd.Series) -> ranking.Row:
    t = int(row["t"])
    points, low, high = (f"{100 * row[column]:+.0f}" for column in ("difference", "low", "high"))
    inside, outside = (f"{row[column]:,.0f}" for column in ("named_inside", "named_outside"))
    return ranking.Row(
        [(labels.phrase(run, t), ""), (f"  {inside} here, {outside} elsewhere", "muted")],
        f"{points}\N{NO-BREAK SPACE}[{low},\N{NO-BREAK SPACE}{high}]",
        href=links.word(run, t),
        bar=min(abs(row["difference"]), 1),
        title=f"{inside} of {told.n_inside:,} images here, {outside} of {told.n_outside:,} "
        f"elsewhere; false discovery rate {row['q_value']:.2g}",
    )


def groups(run: Run) -> None:
    """Draw the saved groups, each a link to its images."""
    names = image_filters.saved_names(run)
    if not names:
        return
    heading.section("Saved groups")
    for name in names:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.page_link(
                "app_pages/images.py",
                label=heading.plain(name),
                icon=":material/bookmark:",
                query_params=links.params(**{Key.SAVED: name}),
            )
            st.button(
                "Delete",
                icon=":material/delete:",
                type="tertiary",
                key=f"map.delete.{name}",
                help="Its images and their verdicts stay.",
                on_click=saved_groups().delete,
                args=(dataset(run), name),
            )
