"""The frame of every page: navigation, choice of a run, warnings, and what to do without a run."""

from typing import NamedTuple

import streamlit as st

from fieldmarks.core.errors import FieldmarksError, WordlessError
from fieldmarks.core.run.files import runs_folder
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import data, heading, moved
from fieldmarks.dashboard.components import add_words, failures_so_far
from fieldmarks.dashboard.components.register import nav_component, redirect_component
from fieldmarks.dashboard.data import Choice
from fieldmarks.dashboard.state import Key, Page, bound, href


class Entry(NamedTuple):
    """A page: its file, its title, and the section of the navigation that it belongs to.

    ``part`` is its name in the second line of the navigation, empty where there is none.
    """

    file: str
    title: str
    section: str
    part: str = ""


_PAGES = {
    Page.OVERVIEW: Entry("app_pages/overview.py", "Overview", "Overview"),
    Page.IMAGES: Entry("app_pages/images.py", "Images", "Images"),
    Page.TRY: Entry("app_pages/try.py", "Add picture", "Images"),
    Page.CAUSES: Entry("app_pages/causes.py", "Causes", "Causes"),
    Page.FILTERS: Entry("app_pages/filters.py", "Filters", "Filters"),
    Page.CLASSES: Entry("app_pages/classes.py", "Classes", "Classes"),
    Page.REVIEW: Entry("app_pages/review.py", "Review", "Review"),
    Page.REPAIR: Entry("app_pages/repair.py", "Repair", "Improve", "Repair"),
    Page.COMPARE: Entry("app_pages/compare.py", "Compare", "Improve", "Compare"),
    Page.CORRUPTIONS: Entry("app_pages/corruptions.py", "Corruptions", "Improve", "Corruptions"),
    **{
        page: Entry(f"experimental/pages/{page}.py", title, "Experimental", title)
        for page, title in (
            (Page.EXPERIMENTS, "Experiments"),
            (Page.ATTACKS, "Attacks"),
            (Page.LESSON, "Lesson"),
            (Page.BLIND, "Blind test"),
        )
    },
}


def pages() -> list:
    """Return the pages of the app, the first one the default, and those of old addresses."""
    drawn = [
        st.Page(
            entry.file,
            title=entry.title,
            url_path=path or None,
            default=path is Page.OVERVIEW,
        )
        for path, entry in _PAGES.items()
    ]
    return drawn + [st.Page(_nothing, title="Moved", url_path=path) for path in moved.OLD]


def _nothing() -> None:
    """Stand for a page that is somewhere else now; `redirected` leads there."""


def redirected(path: str) -> bool:
    """Lead from an old address to the new one; return whether this was an old one."""
    target = moved.address(path, st.query_params.to_dict())
    if target is None:
        return False
    redirect_component(data={"href": target}, key="redirect")
    return True


def header(choice: Choice, path: str) -> None:
    """Draw the navigation and the choice of a run; ``path`` is that of the page on show."""
    section = _PAGES[Page(path)].section
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="header"):
        first = {entry.section: page for page, entry in reversed(_PAGES.items())}
        _navigation(
            "Main",
            [(each, first[each], each == section) for each in reversed(first)],
            title="Fieldmarks",
        )
        _run_menu(choice)
    parts = [(page, entry) for page, entry in _PAGES.items() if entry.section == section]
    if any(entry.part for _, entry in parts):
        links_of_parts = [(entry.part, page, page == path) for page, entry in parts]
        _navigation(section, links_of_parts, key="parts")


def _navigation(
    label: str, links_: list[tuple[str, Page, bool]], title: str = "", key: str = "navigation"
) -> None:
    entries = [
        {"text": text, "href": href(page), "current": current} for text, page, current in links_
    ]
    nav_component(
        data={"label": label, "title": title, "entries": entries, "is_part": not title},
        key=key,
    )


def _run_menu(choice: Choice) -> None:
    names = [entry.name for entry in choice.entries]
    if not names:
        return
    current = choice.run.name if choice.run else None
    problems = {entry.name: entry.problem for entry in choice.entries}
    others = tuple(set(Key) - {Key.RUN})
    st.selectbox(
        "Run",
        names,
        format_func=lambda name: f"{name} (cannot be opened)" if problems.get(name) else name,
        placeholder="Choose a run",
        label_visibility="collapsed",
        width=120,
        **bound(Key.RUN, current, str, scope="app", resets=others),
    )


def warn_if_open_to_others() -> None:
    """Warn where the server listens on every network interface."""
    if st.get_option("server.address") is None:
        st.warning(
            "The settings of this app were not read, so it listens on every network interface. "
            "Start it from the project's folder, or with `--server.address 127.0.0.1`.",
            icon=":material/public:",
        )


def note_head(run: Run) -> None:
    """Say on every page where weights are gradients and what-if is an estimate."""
    if not run.head.is_exact:
        st.caption(
            ":material/function: First order: this network's class scores are not linear in its "
            "pooled activations. Weights are gradients at each image, and what-if is an estimate.",
            help="The parts of a class score are gradient times activation, for the labelled class "
            "and the classes of the highest scores in each image; for other classes the average "
            "gradient over the training images stands in. Descriptions of classes use averages.",
        )


def draw(page) -> None:
    """Draw a page; what cannot be shown of a run is said in one line in its place."""
    try:
        page.run()
    except WordlessError:
        add_words.show(data.current_run())
    except FieldmarksError as error:
        st.error(heading.plain(str(error)), icon=":material/error:")


def no_run(choice: Choice) -> None:
    """Say why no run is shown and what to do; of one that is computed show the failures so far."""
    if choice.computed:
        failures_so_far.show(choice.computed)
        return
    if choice.problem:
        st.title("This run cannot be opened", anchor=False)
        st.error(heading.plain(choice.problem), icon=":material/error:")
        st.caption("Choose another run above. This one was not changed.")
        return
    st.title("No run yet", anchor=False)
    st.markdown(
        f"There is no run in `{runs_folder()}`. Compute the demo, which takes a few minutes and "
        "needs no data:"
    )
    st.code("fieldmarks demo", language=None, wrap_lines=True)
    st.markdown("or a run of your own images: `fieldmarks run --help`.")
