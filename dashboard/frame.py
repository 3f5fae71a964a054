"""The frame of every page: navigation, choice of a run, warnings, and what to do without a run."""

from typing import NamedTuple

import streamlit as st

from fieldmarks.core.errors import FieldmarksError, WordlessError
from fieldmarks.core.run.files import runs_folder
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import data, glossary, heading, links
from fieldmarks.dashboard.components import add_words
from fieldmarks.dashboard.data import Choice
from fieldmarks.dashboard.state import Key, Page, bound


class MenuEntry(NamedTuple):
    """Where a page is found: its file, title, icon, and the menu that lists it, if any."""

    file: str
    title: str
    icon: str
    menu: str = ""


# In the header, what is opened every day; in menus, the rest
_PAGES = {
    Page.OVERVIEW: MenuEntry("app_pages/overview.py", "Overview", "space_dashboard"),
    Page.FAILURES: MenuEntry("app_pages/failures.py", "Failures", "rule"),
    Page.FILTERS: MenuEntry("app_pages/filters.py", "Filters", "grid_view"),
    Page.SEARCH: MenuEntry("app_pages/search.py", "Search", "search"),
    Page.CLASSES: MenuEntry("app_pages/classes.py", "Classes", "category"),
    Page.GROUNDING: MenuEntry("app_pages/grounding.py", "Grounding", "my_location"),
    Page.PATTERNS: MenuEntry("app_pages/patterns.py", "Patterns", "stethoscope", "Debug"),
    Page.CONFUSION: MenuEntry("app_pages/confusion.py", "Confusion", "grid_on", "Debug"),
    Page.MAP: MenuEntry("app_pages/map.py", "Map", "scatter_plot", "Debug"),
    Page.ROBUSTNESS: MenuEntry("app_pages/robustness.py", "Robustness", "shield", "Debug"),
    Page.COMPARE: MenuEntry("app_pages/compare.py", "Compare", "difference", "Improve"),
    Page.REPAIR: MenuEntry("app_pages/repair.py", "Repair", "build_circle", "Improve"),
    Page.TRY: MenuEntry("app_pages/try.py", "Try", "photo_camera", "Debug"),
    **{
        page: MenuEntry(f"experimental/pages/{page}.py", title, icon, "Experimental")
        for page, title, icon in (
            (Page.EXPERIMENTS, "Experiments", "experiment"),
            (Page.ATTACKS, "Attacks", "gpp_maybe"),
            (Page.LESSON, "Lesson", "school"),
            (Page.BLIND, "Blind test", "visibility_off"),
        )
    },
}
_MENUS = {
    "Debug": "bug_report",
    "Improve": "build",
    "Experimental": "science",
}


def pages() -> list:
    """Return the pages of the app, the first one the default."""
    return [
        st.Page(
            entry.file,
            title=entry.title,
            icon=f":material/{entry.icon}:",
            url_path=path or None,
            default=path is Page.OVERVIEW,
        )
        for path, entry in _PAGES.items()
    ]


def header(choice: Choice, title: str) -> None:
    """Draw the page links and the choice of a run; ``title`` is the title of the page on show."""
    entries = _PAGES.values()
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="header"):
        st.markdown("**Fieldmarks**", width="content")
        for entry in entries:
            if not entry.menu:
                _page_link(entry)
        for menu, icon in _MENUS.items():
            listed = [entry for entry in entries if entry.menu == menu]
            shown = title if title in [entry.title for entry in listed] else menu
            with st.popover(shown, icon=f":material/{icon}:", type="tertiary"):
                for entry in listed:
                    _page_link(entry)
        st.space("stretch")
        _run_menu(choice)
        glossary.button()


def _page_link(entry: MenuEntry) -> None:
    st.page_link(
        entry.file,
        label=entry.title,
        icon=f":material/{entry.icon}:",
        query_params=links.params(),
        help="",
        width="content",
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
    """Say why no run is shown and what to do."""
    if choice.problem:
        st.subheader("This run cannot be opened")
        st.error(heading.plain(choice.problem), icon=":material/error:")
        st.caption("Choose another run above. This one was not changed.")
        return
    st.subheader("No run yet")
    st.markdown(
        f"There is no run in `{runs_folder()}`. Compute the demo, which takes a few minutes and "
        "needs no data:"
    )
    st.code("fieldmarks demo", language="bash")
    st.markdown("or a run of your own images: `fieldmarks run --help`.")
