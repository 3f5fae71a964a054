"""Hostile names, notes, uploads and exceptions before a real server and a real Chromium."""

import shutil
from urllib.parse import urlsplit

import pytest

from tests.dashboard.test_hostile_names import PAGES
from tests.support.browser import ROOT, find_chromium, follow, serve, serve_at_once, settle
from tests.support.hostile_run import NAME, write_hostile_runs, write_hostile_verdicts
from tests.support.synthetic_run import write_synthetic_run

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.filterwarnings("default"),  # Playwright's own sockets
]
needs_browser = pytest.mark.skipif(find_chromium() is None, reason="no Chromium found")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("browser_hostile")
    write_hostile_runs(folder)
    write_hostile_verdicts(folder, f"sqlite:///{folder}/verdicts.sqlite")
    with serve_at_once(folder) as server:
        yield server


@pytest.fixture(scope="module")
def context(browser):
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(60_000)
    yield context
    context.close()


@pytest.fixture(scope="module")
def page(context):
    return context.new_page()


#: What came out of markup of others, in the page and in the shadow roots of its components.
RENDERED = """() => {
  const roots = [document];
  for (let i = 0; i < roots.length; i++)
    for (const each of roots[i].querySelectorAll("*"))
      if (each.shadowRoot) roots.push(each.shadowRoot);
  const bad = 'a[href*="evil.example"]:not([href*="run="]), a[href^="javascript"], '
    + 'img[src*="evil.example"], a[href^="mailto"], img[src="x"], .katex, [onerror]';
  const rendered = roots.flatMap((root) => [...root.querySelectorAll(bad)]);
  for (const root of roots)
    for (const each of root.querySelectorAll("strong, code, i, td:not([role]), h1, script")) {
      const texts = each.matches("td") ? ["1", "2"] : ["b", "c", "i", "evil", "evil note"];
      if (texts.includes(each.textContent.trim())) rendered.push(each);
    }
  const icons = [...document.querySelectorAll('[data-testid="stIconMaterial"], [role="img"]')];
  rendered.push(...icons.filter((each) => each.textContent.trim() === "home"));
  const drawn = document.body.innerText.match(/🎉.{0,40}/gu) ?? [];
  return [...rendered.map((each) => each.outerHTML.slice(0, 300)), ...drawn];
}"""


@needs_browser
def test_nothing_of_others_is_rendered_or_executed_on_any_page(context, server):
    asked, dialogs = [], []
    tab = context.new_page()
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    tab.goto(server.url)
    settle(tab)
    links = [
        f"{link}{'&' if '?' in link else '?'}run={run}"
        for run, of_run in PAGES.items()
        for link in of_run
        if "JUDGED" not in link
    ]
    for link in links:
        follow(tab, f"{server.url}/{link}")
        assert tab.title() not in ("evil", "evil note"), link
        assert not tab.evaluate(RENDERED), link
        assert not tab.locator('[data-testid="stException"]').count(), link
    tab.close()
    assert not dialogs
    hosts = {urlsplit(url).hostname for url in asked}
    assert hosts <= {urlsplit(server.url).hostname, None}  # no other server: no icon, no font


@needs_browser
def test_a_note_is_read_as_it_was_typed(page, server):
    page.goto(f"{server.url}/failures?run=faulty&x=1")
    settle(page)
    page.get_by_text("History (2)").click()
    written = page.locator('[data-testid="stMarkdownContainer"]', has_text="# evil note").last
    written.wait_for()
    assert f"# evil note  {NAME} ====" in written.text_content().replace("\N{WORD JOINER}", "")


def frames_of(page, url: str) -> bytes:
    """Open an address and return all that the server sent over its websocket."""
    received = []

    def watch(socket) -> None:
        socket.on("framereceived", lambda frame: received.append(frame))

    page.on("websocket", watch)
    page.goto(url)
    page.locator('[data-testid="stException"]').wait_for()
    page.remove_listener("websocket", watch)
    return b"".join(each if isinstance(each, bytes) else each.encode() for each in received)


@needs_browser
@pytest.mark.parametrize("folder", ["the project", "another"])
def test_a_page_that_raises_shows_no_traceback_no_message_and_no_path(page, tmp_path, folder):
    # the app as it is, but one of its pages raises
    copied = tmp_path / "dashboard"
    shutil.copytree(ROOT / "dashboard", copied)
    for part in ("core", "fieldmarks"):
        shutil.copytree(ROOT / part, tmp_path / part)
    (copied / "app_pages" / "causes.py").write_text(
        'raise RuntimeError(f"what nobody may read, in {__file__}")\n'
    )
    write_synthetic_run(tmp_path / "runs")
    cwd = ROOT if folder == "the project" else tmp_path
    arguments = () if folder == "the project" else ("--server.address=127.0.0.1",)
    with serve(tmp_path / "runs", *arguments, script=copied / "app.py", cwd=cwd) as server:
        sent = frames_of(page, f"{server.url}/causes")
        text = page.locator("body").inner_text()
    assert b"RuntimeError" in sent
    for secret in ("what nobody may read", "Traceback", str(tmp_path), str(ROOT), "causes.py"):
        assert secret not in text
    # Streamlit itself sends the script's path when a session begins
    for secret in ("what nobody may read", "Traceback", "causes.py", "line 1"):
        assert secret.encode() not in sent
