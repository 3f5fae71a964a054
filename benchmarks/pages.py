"""How fast pages open and clicks repaint in a real browser, and what the server takes.

``python -m benchmarks.pages [RUN ...]`` measures runs of the runs folder, or without a name a
made-up run of CUB's full size. Prints CSV, one row per page or click. Milliseconds are of the whole
way, browser included; ``server_cpu_ms`` is the server's part, which does not depend on what else
runs on the machine. An opened page counts with the visit to another page before it; the first visit
of all stands beside the median of three. ``--with`` names a second run, for the page Compare;
``--only`` measures the pages of these names alone, without clicks and users, or ``clicks`` alone.
"""

import argparse
import csv
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from fieldmarks.core.run.files import runs_folder
from fieldmarks.core.run.reading import read_run
from fieldmarks.core.run.run import Run
from fieldmarks.core.search.image_selection import Criteria, select_images
from tests.support.browser import Server, launch, serve, settle
from tests.support.screenshots import states
from tests.support.streamlit_internals import ForwardMsg
from tests.support.synthetic_run import write_synthetic_run

CUB_SIZE = {"X": 11_788, "F": 2_048, "T": 9_649, "C": 200, "H": 7, "W": 7, "R": 24, "N": 5}
N_CLICKS, N_USERS = 20, 20
TABS_OF_COMPARE = ("confusion", "groups", "filters")
TIMEOUT = 240_000  #: milliseconds
BREATH = 300  #: milliseconds that a user looks at what was drawn before the next click


def memory(server: Server) -> tuple[int, int]:
    """Return the server's memory in MB: all that is resident, and what is its own.

    The first counts pages of the memory-mapped run that lie in the file cache; the system takes
    those back when it needs them.
    """
    status = Path(f"/proc/{server.pid}/status").read_text("ascii")
    values = {line.split(":")[0]: line.split()[1] for line in status.splitlines() if "kB" in line}
    return int(values["VmRSS"]) // 1024, int(values["RssAnon"]) // 1024


def processor_time(server: Server) -> float:
    """Return the milliseconds of processor time that the server has used."""
    fields = Path(f"/proc/{server.pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()
    return 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def open_pages(page, url: str, run: Run, second: str, only: tuple[str, ...]):
    """Yield the time that each page takes to open by its link, the app being loaded."""
    of_run = f"run={run.name}"
    links = {
        **states(run),
        "review": f"failures?{of_run}&view=review",
        "repair_form": f"repair?{of_run}",
        "lesson_quiz": f"lesson?{of_run}&view=quiz",
        "robustness": f"robustness?{of_run}",
    }
    if second:
        of_both = f"{of_run}&with={second}"
        links["compare"] = f"compare?{of_both}"
        links |= {f"compare_{tab}": f"compare?{of_both}&tab={tab}" for tab in TABS_OF_COMPARE}
    for name, link in links.items():
        if only and name not in only:
            continue
        times = []
        for _ in range(3):
            page.goto(f"{url}/{links['search_empty' if name == 'overview' else 'overview']}")
            settle(page)
            target = f"{url}/{link}"
            times.append(until_drawn(page, lambda to=target: page.evaluate(FOLLOW, to)))
        yield "open", name, times


FOLLOW = """link => {
  window.askedAt = performance.now();
  history.pushState({}, "", link);
  window.dispatchEvent(new PopStateEvent("popstate"));
}"""
#: Notes when the user clicked, when the server's script ended and when the page last changed. The
#: end is read off the socket: a short run comes in one batch, whose states are never drawn.
WATCH = """(() => {
  window.askedAt = window.endedAt = window.changedAt = 0;
  const note = (name) => { window[name] = performance.now(); };
  for (const kind of ["click", "keydown"])
    document.addEventListener(kind, () => note("askedAt"), true);
  document.addEventListener("DOMContentLoaded", () => {
    new MutationObserver(() => note("changedAt")).observe(
      document.body, { subtree: true, childList: true, characterData: true });
  });
  window.WebSocket = class extends WebSocket {
    constructor(...how) {
      super(...how);
      this.addEventListener("message", ({ data }) => {
        const bytes = new Uint8Array(data);
        if (bytes.length < 100 && bytes.at(-2) === SCRIPT_FINISHED) note("endedAt");
      });
    }
  };
})()"""
#: The time is the browser's own, of the last change, and known when nothing has changed since.
DRAWN = """() => {
  const last = Math.max(window.endedAt, window.changedAt);
  return window.endedAt > window.askedAt && performance.now() - last > QUIET
    && document.querySelector('[data-testid="stApp"]').dataset.testScriptState === "notRunning"
    && !document.querySelector('[data-stale="true"]')
    && last - window.askedAt;
}""".replace("QUIET", str(BREATH))


def watched(context) -> None:
    """Have all pages of a browser's context note what `until_drawn` reads."""
    tag = ForwardMsg(script_finished=0).SerializeToString()[0]
    context.add_init_script(WATCH.replace("SCRIPT_FINISHED", str(tag)))


def until_drawn(page, action: Callable[[], None]) -> float:
    """Return the milliseconds from the click of an action to the last change that it makes."""
    page.wait_for_timeout(BREATH)
    action()
    return page.wait_for_function(DRAWN).json_value()


def clicks(page, url: str, run: Run, second: str):
    """Yield the times of clicks: next image, a word, a page of filters, in reviews, on tabs."""
    xs = select_images(run, Criteria())
    page.goto(f"{url}/failures?run={run.name}&x={xs[0]}")
    settle(page)
    page.get_by_role("button", name="Next").wait_for()
    n = min(N_CLICKS, len(xs) - 1)
    button = page.get_by_role("button", name="Next")
    yield "click", "next image", [until_drawn(page, button.click) for _ in range(n)]
    settle(page)
    word = page.locator("a.word:not(.active)").first
    yield "click", "a word", [until_drawn(page, word.click) for _ in range(n)]
    page.goto(f"{url}/classes?run={run.name}&c=0")
    settle(page)
    yield "click", "a word of a class", [until_drawn(page, word.click) for _ in range(n)]
    page.goto(f"{url}/filters?run={run.name}")
    settle(page)
    turn = page.get_by_role("button", name="Next page")
    yield "click", "next page of filters", [until_drawn(page, turn.click) for _ in range(n)]
    yield from reviewing(page, url, run, n)
    if second:
        page.goto(f"{url}/compare?run={run.name}&with={second}")
        settle(page)
        first = page.get_by_role("tab", name="Classes")
        for name in TABS_OF_COMPARE:
            tab, times = page.get_by_role("tab", name=name.capitalize()), []
            for _ in range(3):
                times.append(until_drawn(page, tab.click))
                until_drawn(page, first.click)
            yield "click", f"{name} of Compare", times


def reviewing(page, url: str, run: Run, n: int):
    """Yield the times of a review by its keys; each verdict is taken back."""
    page.goto(f"{url}/failures?run={run.name}&view=review")
    settle(page)
    body, given, back = page.locator("body"), [], []
    for _ in range(n):
        given.append(until_drawn(page, lambda: body.press("w")))
        back.append(until_drawn(page, lambda: body.press("u")))
    yield "click", "a verdict by its key", given
    yield "click", "undo of a verdict", back
    skip = page.get_by_role("button", name="Skip")
    yield "click", "skip an image", [until_drawn(page, skip.click) for _ in range(n)]


def many_users(server: Server, browser, run: Run):
    """Yield the times of twenty users who open different images at once, and count errors."""
    xs = select_images(run, Criteria("all"))[:N_USERS]
    contexts = [browser.new_context() for _ in xs]
    pages = [context.new_page() for context in contexts]
    for page in pages:
        page.set_default_timeout(TIMEOUT)
    start = time.perf_counter()
    for page, x in zip(pages, xs, strict=True):
        page.goto(f"{server.url}/failures?run={run.name}&x={x}", wait_until="commit")
    times = []
    for page, x in zip(pages, xs, strict=True):
        page.get_by_text(f"Image {x}", exact=True).wait_for()
        settle(page)
        times.append(1000 * (time.perf_counter() - start))
    failed = sum(page.locator('[data-testid="stException"]').count() for page in pages)
    for context in contexts:
        context.close()
    yield f"{len(xs)} users at once, {failed} errors", "image", times


def measure(runs: Path, name: str, out, second: str = "", only: tuple[str, ...] = ()) -> None:
    """Measure one run; ``second`` is compared with it, ``only`` names the pages."""
    run = read_run(runs / name)
    sizes = " ".join(f"{letter}={run.sizes[letter]}" for letter in "XFTC")
    with serve(runs) as server, launch() as browser:
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        watched(context)
        page = context.new_page()
        page.set_default_timeout(TIMEOUT)
        page.goto(f"{server.url}/?run={name}")
        settle(page)
        url = server.url
        sources = [] if only == ("clicks",) else [open_pages(page, url, run, second, only)]
        if not only or only == ("clicks",):
            sources.append(clicks(page, url, run, second))
        if not only:
            sources.append(many_users(server, browser, run))
        for source in sources:
            before = processor_time(server)
            for kind, what, times in source:
                used = (processor_time(server) - before) / len(times)
                drawn = (times[0], statistics.median(times), max(times))
                figures = (*drawn, used, *memory(server))
                out.writerow([name, sizes, kind, what, *(f"{figure:.0f}" for figure in figures)])
                sys.stdout.flush()
                before = processor_time(server)


def main() -> None:
    """Measure the named runs, or a made-up one of CUB's size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="*")
    parser.add_argument("--with", dest="second", default="", help="a run to compare with")
    parser.add_argument("--only", default="", help="names of pages, parted by commas")
    arguments = parser.parse_args()
    only = tuple(filter(None, arguments.only.split(",")))
    out = csv.writer(sys.stdout)
    print(f"# {platform.machine()}, {platform.python_version()}")
    out.writerow(
        "run,sizes,kind,what,first_ms,median_ms,worst_ms,server_cpu_ms,resident_mb,own_mb".split(
            ","
        )
    )
    for name in arguments.runs:
        measure(runs_folder(), name, out, arguments.second, only)
    if not arguments.runs:
        with tempfile.TemporaryDirectory() as folder:
            write_synthetic_run(Path(folder), "cub_size", **CUB_SIZE)
            measure(Path(folder), "cub_size", out, only=only)


if __name__ == "__main__":
    main()
