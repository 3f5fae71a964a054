"""Opening the dashboard without a browser: a state by its link, links by what components hold."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from streamlit.testing.v1 import AppTest

from fieldmarks.dashboard import moved
from tests.support.streamlit_internals import tree_of

APP = Path(__file__).resolve().parents[2] / "dashboard" / "app.py"
FILES = {"": "app_pages/overview.py", "./": "app_pages/overview.py"}
EXPERIMENTS = ("lesson", "blind_test", "attacks", "experiments")


def visit(link: str = "", app: AppTest | None = None) -> AppTest:
    """Open a link of the app, e.g. ``images?x=3``, in a new session or in that of ``app``.

    Old addresses lead on to the new ones, as in a browser.
    """
    app = app or AppTest.from_file(APP, default_timeout=120)
    parts = urlsplit(link)
    moved_to = moved.address(parts.path, dict(parse_qsl(parts.query)))
    parts = urlsplit(link if moved_to is None else moved_to)
    folder = "experimental/pages" if parts.path in EXPERIMENTS else "app_pages"
    app.switch_page(FILES.get(parts.path, f"{folder}/{parts.path}.py"))
    for key in list(app.query_params):
        del app.query_params[key]
    for key, value in parse_qsl(parts.query):
        app.query_params[key] = value
    return app.run()


@contextmanager
def runs_and_verdicts(folder: Path, monkeypatch) -> Iterator[None]:
    """Let pages show the runs of a folder, with verdicts in a database of its own."""
    from fieldmarks.dashboard import verdicts
    from fieldmarks.dashboard.experimental.answers import answers as blind_answers

    pools = (verdicts.database, verdicts.saved_groups, blind_answers)
    monkeypatch.setenv("FIELDMARKS_RUNS", str(folder))
    monkeypatch.setenv("FIELDMARKS_DB", f"sqlite:///{folder}/verdicts.sqlite")
    for pool in pools:
        pool.clear()
    yield
    for pool in pools:
        pool.clear()


def component_data(app: AppTest, key: str | None = None) -> list[dict]:
    """Return what the page's components were given, or one of them by key."""
    return [
        json.loads(element.proto.json)
        for element in app.get("bidi_component")
        if key is None or element.proto.id.endswith(f"-{key}")
    ]


def links(app: AppTest) -> list[str]:
    """Return the addresses of all links of a page's components, in their order."""
    addresses: list[str] = []

    def walk(value) -> None:
        if isinstance(value, dict):
            if value.get("href"):
                addresses.append(value["href"])
            for each in value.values():
                walk(each)
        elif isinstance(value, list):
            for each in value:
                walk(each)

    walk(component_data(app))
    return addresses


def page_links(app: AppTest) -> list:
    """Return the page's links to pages, each with label and query_string."""
    return [element.proto for element in app.get("page_link")]


def said(app: AppTest) -> str:
    """Return all text of the page."""
    parts = [element.value for kind in ("markdown", "caption", "info", "error", "warning")
             for element in app.get(kind)]  # fmt: skip
    parts += [
        element.value for kind in ("title", "header", "subheader") for element in app.get(kind)
    ]
    return "\n".join(map(str, parts))


#: What is read as Markdown, LaTeX, HTML, an icon, a colour, an entity or a picture.
MARKUP = ["<script", "**b**", "[l](", "$x$", ":red[r]", "`c`", "<a href", "&lt;i", "![p]("]
#: Parts of elements that the browser reads as Markdown, and where an element shows plain text.
_MARKDOWN = {"label", "help", "body", "text", "caption", "content", "title"}
_PLAIN = {"bidi_component", "plotly_chart", "dataframe", "code", "file_uploader"}


def markdown_texts(app: AppTest) -> list[str]:
    """Return every text of the page that the browser reads as Markdown, labels and help too."""
    texts: list[str] = []

    def walk(message) -> None:
        for field, value in message.ListFields():
            for each in value if field.is_repeated else [value]:
                if field.message_type is not None and hasattr(each, "ListFields"):
                    walk(each)
                elif field.name in _MARKDOWN and isinstance(each, str):
                    texts.append(each)

    def nodes(block) -> None:
        for child in block.children.values():
            if child.type not in _PLAIN and hasattr(child.proto, "ListFields"):
                walk(child.proto)
            if hasattr(child, "children"):
                nodes(child)

    nodes(tree_of(app))
    return texts


def read_as_markup(app: AppTest, among: list[str] = MARKUP) -> list[tuple[str, str]]:
    """Return the texts of the page in which a piece of markup stands without a backslash."""
    return [(markup, text[:300]) for text in markdown_texts(app) for markup in among
            if re.search(r"(?<!\\)" + re.escape(markup), text)]  # fmt: skip
