"""The app around the pages: its start, its settings, the choice of a run, broken runs."""

import json
import re
import shutil
import subprocess
import sys
import tomllib

import pytest

from fieldmarks.core.run.files import MANIFEST
from fieldmarks.dashboard import preload
from tests.support.pages import APP, links, visit

pytestmark = pytest.mark.slow

ROOT = APP.parent.parent


@pytest.fixture(autouse=True)
def runs(run, monkeypatch):
    monkeypatch.setenv("FIELDMARKS_RUNS", str(run.folder.parent))
    return run.folder.parent


def test_an_unknown_run_falls_back_to_another(run):
    app = visit("?run=gone")
    assert not app.exception
    assert any("no run “gone”" in info.value for info in app.info)
    assert run.name in app.title[0].value


@pytest.mark.parametrize("name", ["../../etc", "a/b", "..", "a b", "%2e%2e"])
def test_a_run_is_never_a_path(name):
    app = visit(f"?run={name}")
    assert not app.exception
    assert app.error or app.info


def test_without_a_run_the_app_says_how_to_make_one(tmp_path, monkeypatch):
    monkeypatch.setenv("FIELDMARKS_RUNS", str(tmp_path))
    app = visit()
    assert not app.exception
    assert "fieldmarks demo" in app.code[0].value


def broken(kind: str, source, target) -> None:
    shutil.copytree(source, target)
    manifest = target / MANIFEST
    if kind == "older schema":
        text = json.loads(manifest.read_text("utf-8")) | {"schema_version": 0}
        manifest.write_text(json.dumps(text), "utf-8")
    elif kind == "half-written":
        manifest.unlink()
    elif kind == "lost array":
        (target / "arrays" / "pooled.npy").unlink()
    elif kind == "not JSON":
        manifest.write_text("{", "utf-8")


@pytest.mark.parametrize("kind", ["older schema", "half-written", "lost array", "not JSON"])
def test_a_broken_run_says_so_and_the_others_still_open(run, tmp_path, monkeypatch, kind):
    shutil.copytree(run.folder, tmp_path / "good")
    broken(kind, run.folder, tmp_path / "bad")
    monkeypatch.setenv("FIELDMARKS_RUNS", str(tmp_path))
    app = visit("?run=bad")
    assert not app.exception
    assert "precompute" in app.error[0].value
    app.selectbox(key="app.run").select("good").run()
    assert not app.error
    assert "good" in app.title[0].value


def test_the_chosen_run_goes_along_with_every_link(run):
    app = visit(f"?run={run.name}")
    assert all(f"run={run.name}" in link for link in links(app))
    assert all(f"run={run.name}" in link.proto.query_string for link in app.get("page_link"))


FIRST_PAGE = f"""
import streamlit.testing.v1 as testing
app = testing.AppTest.from_file({str(APP)!r}, default_timeout=60).run()
assert not app.exception, app.exception
assert app.title, "nothing was drawn"
"""


def run_isolated(*code: str) -> None:
    """Run code in a process of its own, which knows nothing of this project's folder."""
    result = subprocess.run(
        [sys.executable, "-I", "-c", "".join(code)], capture_output=True, text=True, cwd="/",
        check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr


OTHER_PAGES = """
import sys
for page in ("images", "filters", "review", "classes", "causes"):
    app.switch_page(f"app_pages/{page}.py").run()
    assert not app.exception, app.exception
heavy = {"torch", "torchvision", "spacy", "inflect", "fieldmarks.precompute"} & set(sys.modules)
assert not heavy, heavy
"""


def test_the_app_starts_isolated_and_without_torch(run):
    run_isolated(FIRST_PAGE, OTHER_PAGES)


WATCHED_IMPORTS = f"""
import sys, threading
sys.path.insert(0, {str(ROOT)!r})
from fieldmarks.dashboard.preload import LIBRARIES, finish
assert not set(LIBRARIES) & set(sys.modules)
class Watch:
    def find_spec(self, name, path, target=None):
        if name in LIBRARIES:
            assert threading.current_thread().name == "preload", name
sys.meta_path.insert(0, Watch())
"""


def test_the_first_page_waits_for_no_library_of_later_ones(run):
    all_loaded = "finish()\nassert set(LIBRARIES) <= set(sys.modules)\n"
    run_isolated(WATCHED_IMPORTS, FIRST_PAGE, all_loaded)


def test_a_library_that_is_not_found_at_once_is_loaded_all_the_same(monkeypatch):
    tried = []

    def load(name):
        tried.append(name)
        if tried == ["missed"] or name == "missing":
            raise ModuleNotFoundError(name)

    monkeypatch.setattr(preload, "LIBRARIES", ("missed", "missing"))
    monkeypatch.setattr(preload.importlib, "import_module", load)
    preload.load()
    assert tried == ["missed", "missing"] * 2


def test_the_server_listens_on_this_machine_only_and_reports_nothing():
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))
    assert config["server"]["address"] == "127.0.0.1"
    assert config["server"]["enableXsrfProtection"] is True
    assert config["server"]["enableCORS"] is True
    assert config["server"]["enableStaticServing"] is False
    assert config["browser"]["gatherUsageStats"] is False


def test_an_app_whose_settings_were_not_read_warns(monkeypatch):
    import streamlit

    real = streamlit.get_option
    monkeypatch.setattr(
        streamlit, "get_option", lambda key: None if key == "server.address" else real(key)
    )
    assert any("listens on every network interface" in each.value for each in visit().warning)


@pytest.mark.parametrize(
    "word", ["innerHTML", "outerHTML", "insertAdjacentHTML", "eval(", "write("]
)
def test_no_component_parses_text_as_html(word):
    for path in (APP.parent / "components" / "assets").glob("*.js"):
        assert word not in path.read_text("utf-8"), path.name


def test_no_page_draws_raw_html():
    for path in APP.parent.rglob("*.py"):
        text = path.read_text("utf-8")
        assert "unsafe_allow" not in text, path.name
        assert "st.html" not in text, path.name


def test_the_image_copies_what_there_is_and_the_container_runs_as_no_root():
    lines = (ROOT / "Dockerfile").read_text("utf-8").splitlines()
    copied = [line.split()[1] for line in lines if line.startswith("COPY ")]
    assert copied
    assert [name for name in copied if not (ROOT / name).exists()] == []
    kept = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert [name for name in copied if f"!{name}" not in kept] == []
    assert "USER fieldmarks" in lines
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert set(wheel["only-include"]) <= set(copied)


def test_only_this_machine_reaches_what_compose_starts():
    text = (ROOT / "compose.yaml").read_text("utf-8")
    ports = re.findall(r'- "([^"]*:\d+)"', text)
    assert ports == ["127.0.0.1:8501:8501"]
    assert "FIELDMARKS_DB_PASSWORD:?" in text  # no password, no start
