"""A thousand page views of a real server: memory, open files, threads, and the time of a view.

    python -m benchmarks.soak RUNS_FOLDER [RUN] [--views 1000] [--sessions 1] [--out FILE]

A view is a websocket session of its own, as a reload of the browser makes it, that asks for one
page and waits for the end of its script. No browser: what is measured is the server.

``--first`` measures the first view of each page instead: after one of the Overview, on a server of
its own that has drawn nothing else, then a second view of the same link. Seconds of processor time
do not depend on what else runs on the machine.
"""

import argparse
import csv
import os
import random
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from websockets.sync.client import connect

from fieldmarks.core.run.reading import open_run
from tests.support import browser
from tests.support.streamlit_internals import BackMsg, ForwardMsg


def links(run) -> list[tuple[str, str]]:
    """Return page and query of every kind of link, with other indices each."""
    X, F, C = (run.sizes[letter] for letter in "XFC")
    rng = random.Random(0)
    phrases = run.attributes["phrase"].tolist()
    kinds = [
        lambda: ("", ""),
        lambda: ("failures", ""),
        lambda: ("failures", f"x={rng.randrange(X)}"),
        lambda: ("filters", f"page={rng.randrange(1, 4)}"),
        lambda: ("filters", f"f={rng.randrange(F)}"),
        lambda: ("search", f"q={rng.choice(phrases).replace(' ', '+')}"),
        lambda: ("grounding", f"x={rng.randrange(X)}&t={rng.choice(phrases).replace(' ', '+')}"),
        lambda: ("classes", f"c={rng.randrange(C)}"),
        lambda: ("patterns", ""),
        lambda: ("confusion", ""),
        lambda: ("map", "colour=pattern"),
        lambda: ("lesson", f"c={rng.randrange(C)}"),
        lambda: ("repair", ""),
        lambda: ("try", f"x={rng.randrange(X)}"),
        lambda: ("robustness", ""),
        lambda: ("compare", ""),
        lambda: ("failures", "view=review"),
        lambda: ("failures", "view=table"),
    ]
    return [kind() for _ in range(200) for kind in kinds]


def thoughtful(url: str, link: tuple[str, str], think: float) -> float:
    """Return the seconds of a view, after somebody has looked at the last page for a while."""
    time.sleep(2 * think * random.random())
    return view(url, *link)


def first_views(runs: Path, run, second: str) -> None:
    """Print the seconds of the first and the second view of each page, and of processor time."""
    pages = {f"{page}?{query}".rstrip("?"): (page, query) for page, query in links(run)[:18]}
    if second:
        pages["compare, two runs"] = ("compare", f"with={second}")
    failure = int(run.failures[0]) if len(run.failures) else 0
    pages["a failure"] = ("failures", f"x={failure}")
    pages["repair, previewed"] = ("repair", "labels=drop")
    for name, (page, query) in pages.items():
        query = f"run={run.name}&{query}"
        with browser.serve(runs) as server:
            view(server.url, "", f"run={run.name}")
            figures = []
            for _ in range(2):
                before = processor_seconds(server.pid)
                figures += [view(server.url, page, query), processor_seconds(server.pid) - before]
        said = "first {:.2f} s, {:.2f} s of processor time; second {:.2f} s, {:.2f} s"
        print(f"{name or 'overview'}: {said.format(*figures)}", flush=True)


def processor_seconds(pid: int) -> float:
    """Return the processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def view(url: str, page: str, query: str) -> float:
    """Open a page in a session of its own; return the seconds until its script has ended."""
    started = time.perf_counter()
    address = url.replace("http", "ws") + "/_stcore/stream"
    with connect(address, subprotocols=["streamlit"], origin=url, max_size=None) as socket:
        ask = BackMsg()
        ask.rerun_script.query_string = query
        ask.rerun_script.page_name = page
        socket.send(ask.SerializeToString())
        while True:
            message = ForwardMsg()
            message.ParseFromString(socket.recv(timeout=120))
            if message.WhichOneof("type") == "script_finished":
                return time.perf_counter() - started


def usage(pid: int) -> tuple[float, int, int]:
    """Return resident memory in MB, open files and threads of a process."""
    status = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
    )
    memory = int(status["RssAnon"].split()[0]) / 1000
    return memory, len([*Path(f"/proc/{pid}/fd").iterdir()]), int(status["Threads"])


def main() -> None:
    """Measure and print a row every fifty views."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path)
    parser.add_argument("run", nargs="?", default="demo")
    parser.add_argument("--views", type=int, default=1000)
    parser.add_argument("--sessions", type=int, default=1)
    parser.add_argument("--think", type=float, default=0, help="mean seconds before each view")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--first", action="store_true", help="the first view of each page instead")
    parser.add_argument("--with", dest="second", default="", help="a run to compare with")
    args = parser.parse_args()
    if args.first:
        first_views(args.runs, open_run(args.run, args.runs), args.second)
        return
    asked = links(open_run(args.run, args.runs))[: args.views]
    rows, seconds = [], []
    with browser.serve(args.runs) as server, ThreadPoolExecutor(args.sessions) as pool:
        for start in range(0, len(asked), 50):
            part = asked[start : start + 50]
            took = list(pool.map(lambda link: thoughtful(server.url, link, args.think), part))
            seconds += took
            time.sleep(0.5)
            rows.append((start + len(part), *usage(server.pid), statistics.median(took), max(took)))
            said = "{} views: {:.0f} MB, {} files, {} threads, median {:.2f} s, longest {:.2f} s"
            print(said.format(*rows[-1]), flush=True)
    seconds = sorted(seconds[50:] or seconds)  # the first fill the caches
    print(f"p50 {seconds[len(seconds) // 2]:.3f} s, p95 {seconds[int(len(seconds) * 0.95)]:.3f} s")
    if args.out:
        with args.out.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("views", "anonymous_mb", "files", "threads", "median_s", "longest_s"))
            writer.writerows(rows)


if __name__ == "__main__":
    main()
