"""Pictures of all pages in both themes: ``python -m tests.support.screenshots RUN FOLDER``.

With ``--jpeg WIDTH`` they are reduced to a width in pixels, as the README shows them.
"""

import argparse
import io
from pathlib import Path
from urllib.parse import quote_plus

from PIL import Image

from fieldmarks.core.run.files import runs_folder
from fieldmarks.core.run.reading import read_run
from fieldmarks.core.run.run import Run
from fieldmarks.core.search.image_selection import Criteria, select_images, suggested_failures
from tests.support.browser import launch, serve, settle


def states(run: Run) -> dict[str, str]:
    """Return a link for each page, at something worth seeing."""
    failures = suggested_failures(run)
    x = (
        int(failures[len(failures) // 2])
        if len(failures)
        else int(select_images(run, Criteria("all"))[0])
    )
    row = run.images.iloc[x]
    t = int(run.array("top_t_predicted")[x, 0])
    phrase = run.attributes["phrase"].iloc[t]
    named = run.filters["entropy"].where(run.filters["name_t"] >= 0)
    f = int(named.idxmin()) if named.notna().any() else 0
    name = f"run={run.name}"
    return {
        "overview": f"?{name}",
        "about": f"?{name}&view=about",
        "review": f"review?{name}",
        "failures": f"images?{name}",
        "failures_table": f"images?{name}&view=table",
        "image": f"images?{name}&x={x}",
        "filters": f"filters?{name}",
        "filter": f"filters?{name}&f={f}",
        "search_empty": f"images?{name}&show=all",
        "search": f"images?{name}&q={quote_plus(phrase)}",
        "grounding": f"images?{name}&x={x}&tab=grounding",
        "class": f"classes?{name}&c={row['true_c']}",
        "classes": f"classes?{name}&c={row['predicted_c']}&versus={row['true_c']}",
        "causes": f"causes?{name}",
        "confusion": f"images?{name}&view=confusion",
        "map": f"images?{name}&view=map&colour=pattern",
        "repair": f"repair?{name}&labels=drop",
        "suggested": f"repair?{name}",
        "compare": f"compare?{name}",
        "corruptions": f"corruptions?{name}",
        "try": f"try?{name}&x={x}",
        "lesson": f"lesson?{name}",
        "blind_test": f"blind_test?{name}",
        "experiments": f"experiments?{name}",
    }


#: Pictures of a tab that is not the first of its page: the page's name above, and the tab.
TABS = {
    "what_if": ("image", "What if"),
}


def show(page, url: str, tab: str) -> None:
    """Open a link, and a tab of it unless that is empty."""
    page.goto(url)
    settle(page)
    if tab:
        page.get_by_role("tab", name=tab).click()
        settle(page)
    page.wait_for_timeout(700)


def save(picture: bytes, path: Path, width: int | None) -> None:
    """Write a PNG as it is, or reduced to a width as a JPEG."""
    if width is None:
        path.with_suffix(".png").write_bytes(picture)
        return
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    size = (width, round(image.height * width / image.width))
    reduced = image.resize(size, Image.Resampling.LANCZOS)
    reduced.save(path.with_suffix(".jpg"), quality=78, optimize=True)


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--width", type=int, default=1440)
    parser.add_argument("--themes", default="light,dark")
    parser.add_argument("--only", default="")
    parser.add_argument("--jpeg", type=int, metavar="WIDTH")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    run = read_run(runs_folder() / arguments.run)
    links = states(run)
    views = {name: (link, "") for name, link in links.items()}
    views |= {name: (links[page], tab) for name, (page, tab) in TABS.items()}
    with serve(runs_folder()) as server, launch() as browser:
        for theme in arguments.themes.split(","):
            page = browser.new_page(
                viewport={"width": arguments.width, "height": 900}, color_scheme=theme
            )
            page.set_default_timeout(180_000)
            for name, (link, tab) in views.items():
                if arguments.only and name not in arguments.only.split(","):
                    continue
                show(page, f"{server.url}/{link}", tab)
                height = page.evaluate(
                    "document.querySelector('[data-testid=stMain]').firstElementChild.scrollHeight"
                )
                page.set_viewport_size({"width": arguments.width, "height": max(900, height)})
                page.wait_for_timeout(300)
                path = arguments.folder / f"{name}_{theme}"
                save(page.screenshot(), path, arguments.jpeg)
                page.set_viewport_size({"width": arguments.width, "height": 900})
                print(name, theme, flush=True)
            page.close()


if __name__ == "__main__":
    main()
