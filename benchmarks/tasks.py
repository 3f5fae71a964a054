"""Does the three tasks of a debugger in Chromium: clicks, seconds, and a picture of each step.

    python -m benchmarks.tasks [RUN] [--pictures FOLDER] [--jpeg WIDTH] [--themes light,dark]

1. *cause*: from the Overview to the cause of a failure;
2. *filter*: from the Overview to the distribution of a filter's attributes;
3. *attribute*: from the Overview to the images in which a typed attribute is seen.

Each task begins on the Overview. Clicks are those of the mouse; keys typed are counted apart. The
seconds of a step end when what it is for is drawn, pictures included, and a person's reading is not
in them. The first pass over the tasks warms the server and is not counted.
"""

import argparse
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from playwright.sync_api import Page

from fieldmarks.core.run.files import runs_folder
from fieldmarks.core.run.reading import open_run
from tests.support.browser import launch, serve, settle
from tests.support.screenshots import save


@dataclass(frozen=True)
class Step:
    """What a person does, and what they then see.

    Parameters
    ----------
    said : str
        In words.
    act : callable
    address : str
        What the address then has.
    seen : str
        Selector of what the step is for.
    clicks, keys : int
    """

    said: str
    act: Callable[[Page], None]
    address: str
    seen: str
    clicks: int = 1
    keys: int = 0


def click(selector: str) -> Callable[[Page], None]:
    """Return a click on the first of what a selector finds."""
    return lambda page: page.locator(selector).first.click()


def open_page(name: str) -> Callable[[Page], None]:
    """Return a click on an entry of the navigation."""
    return lambda page: page.get_by_role("link", name=name, exact=True).first.click()


def search_for(phrase: str) -> Callable[[Page], None]:
    """Return what types an attribute into the search and confirms it."""

    def act(page: Page) -> None:
        box = page.get_by_label("Search for attributes").first
        box.click()
        box.fill(phrase)
        box.press("Enter")

    return act


def tasks(phrase: str) -> dict[str, list[Step]]:
    """Return the steps of each task; ``phrase`` is the attribute that is typed."""
    return {
        "cause": [
            Step(
                "click the card of a cause",
                click('[data-testid="stPageLink"] a:has-text("spurious cue")'),
                "cause=",
                "a.frame img",
            ),
            Step("click an image", click("a.frame"), "x=", 'text="Filters that tip the decision"'),
        ],
        "filter": [
            Step("click Filters", open_page("Filters"), "/filters", "a.frame img"),
            Step("click a filter", click("a.frame"), "f=", "ol.ranking .bar"),
        ],
        "attribute": [
            Step("click Images", open_page("Images"), "/images", "a.frame img"),
            Step(
                f"type {phrase!r} and Enter",
                search_for(phrase),
                "q=",
                "a.frame img",
                keys=len(phrase) + 1,
            ),
        ],
    }


def do(page: Page, url: str, steps: list[Step], picture: Callable[[str], None]) -> list[dict]:
    """Do a task and return the seconds of each step."""
    page.goto(url)
    settle(page)
    rows = []
    for i, step in enumerate(steps, 1):
        start = time.perf_counter()
        step.act(page)
        page.wait_for_url(lambda url, step=step: step.address in url)
        settle(page)
        page.locator(step.seen).first.wait_for()
        seconds = time.perf_counter() - start
        picture(str(i))
        rows.append({"step": step.said, "clicks": step.clicks, "keys": step.keys, "s": seconds})
    return rows


def main() -> None:
    """Print a CSV row for each step, then one for each task."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", nargs="?", default="demo")
    parser.add_argument("--attribute", metavar="PHRASE", help="default: the most frequent one")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="where steps are pictured")
    parser.add_argument("--jpeg", type=int, metavar="WIDTH", help="reduce pictures to this width")
    parser.add_argument("--themes", default="light,dark")
    args = parser.parse_args()
    run = open_run(args.run)
    frequent = int(run.attributes["n_images"].to_numpy().argmax())
    steps_of = tasks(args.attribute or str(run.attributes["phrase"].iloc[frequent]))
    if args.pictures:
        args.pictures.mkdir(parents=True, exist_ok=True)
    rows = []
    with serve(runs_folder()) as server, launch() as browser:
        url = f"{server.url}/?run={args.run}"
        for theme in args.themes.split(","):
            page = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme=theme)
            page.set_default_timeout(120_000)
            for is_counted in (False, True):
                for task, steps in steps_of.items():

                    def picture(step: str, of: str = task, page: Page = page) -> None:
                        if args.pictures and is_counted:  # noqa: B023
                            path = args.pictures / f"task_{of}_{step}_{theme}"  # noqa: B023
                            save(page.screenshot(), path, args.jpeg)

                    done = do(page, url, steps, picture)
                    if is_counted:
                        rows += [{"theme": theme, "task": task, **row} for row in done]
            page.close()
    table = pd.DataFrame(rows).assign(machine=platform.machine())
    print(table.round(2).to_csv(index=False))
    totals = table.groupby(["theme", "task"], sort=False)[["clicks", "keys", "s"]].sum()
    print(totals.round(2).to_csv())


if __name__ == "__main__":
    main()
