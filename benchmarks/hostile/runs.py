"""Hostile runs, addresses, uploads, databases of verdicts, and arguments of commands."""

import json
import random
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pandas as pd

from benchmarks.hostile.data import picture
from benchmarks.hostile.mutations import NUMBERS, TEXTS, as_json, damaged, mutated, odd_file, value
from benchmarks.hostile.world import Case, World, kind

_COMMANDS = (
    *("evaluate m", "evaluate m --json", "report m --show all --out out.html", "suspects m"),
    *("report m --out out.csv --show all", "repair m --balance-classes --hard 2", "synonyms m"),
    *("repair m --drop-suspects --out fixed.pth", "maps m --images all", "export m"),
    *("repair m --off heel --no-refit", "report m --out samples.json --show all", "run m"),
)


def _damage(rng: random.Random, path: Path) -> None:
    if rng.random() < 0.2:
        odd_file(rng, path)
    elif path.suffix == ".json":
        document = mutated(rng, json.loads(path.read_text()))
        path.write_bytes(as_json(document).encode("utf-8", "backslashreplace"))
    elif path.suffix == ".npy" and rng.random() < 0.6:
        array = np.load(path)
        changes: list[Callable[[], np.ndarray]] = [
            lambda: array[..., :-1] if array.ndim else array,
            lambda: array.astype(rng.choice(["f8", "i8", "u1", "c8", "U9", "f2"])),
            lambda: np.where(np.ones_like(array, dtype=bool), rng.choice([np.nan, -np.inf]), array),
            lambda: np.full_like(
                array, 99 if array.dtype.kind in "iu" else -1e30, dtype=array.dtype
            ),
            lambda: array[None],
            lambda: np.asfortranarray(array),
            lambda: np.array([None] * 3, dtype=object),
        ]
        try:
            np.save(path, rng.choice(changes)(), allow_pickle=True)
        except (TypeError, ValueError, OverflowError):
            path.write_bytes(b"")
    elif path.suffix == ".parquet" and rng.random() < 0.7:
        frame = pd.read_parquet(path)
        column = rng.choice(list(frame.columns))
        what = rng.randrange(4)
        if what == 0:
            frame = frame.drop(columns=column)
        elif what == 1:
            frame = frame.iloc[: rng.randrange(len(frame) + 1)]
        elif what == 2:
            frame[column] = frame[column].astype(str) if len(frame) else "x"
        else:
            odd = rng.choice([*NUMBERS, *TEXTS])
            frame[column] = str(odd) if isinstance(odd, int) and abs(odd) > 2**62 else odd
        try:
            frame.to_parquet(path)
        except Exception:  # half a surrogate pair
            path.write_bytes(b"")
    else:
        path.write_bytes(damaged(rng, path.read_bytes()))


def _damaged_run(rng: random.Random, world: World, mine: Path) -> Path:
    place = mine.parent / "runs"
    run = world.copy_of_run(place)
    (run / "notes.txt").write_text("mine")
    files = sorted(path for path in run.rglob("*") if path.is_file() and path.name != "notes.txt")
    manifest = [run / "manifest.json"] if rng.random() < 0.25 else []
    for path in {*rng.sample(files, rng.randint(1, 3) - len(manifest)), *manifest}:
        if rng.random() < 0.1:
            path.unlink()
        else:
            _damage(rng, path)
    if rng.random() < 0.3:
        verdicts(rng, place)
    return place


@kind("damaged runs", 5)
def damaged_runs(rng: random.Random, world: World, mine: Path) -> Case:
    _damaged_run(rng, world, mine)
    command = rng.choice(_COMMANDS)
    if command == "run m":
        return world.run(["--data", str(world.data(mine))], runs=mine.parent / "runs")
    return Case([*command.split(), "--runs", str(mine.parent / "runs")])


def verdicts(rng: random.Random, place: Path) -> None:
    from fieldmarks.core.review.verdicts import Verdict, Verdicts

    path = place / "verdicts.sqlite"
    if rng.random() < 0.3:
        odd_file(rng, path)
        return
    with closing(Verdicts(f"sqlite:///{path}")) as database:
        for x in range(3):
            database.save(Verdict("m", f"boot/{x}.jpg", note="mine", author="Ana"))
    if rng.random() < 0.3:
        path.write_bytes(damaged(rng, path.read_bytes()))
        return
    with closing(sqlite3.connect(path)) as database:
        names = "SELECT name FROM sqlite_master WHERE type = 'table'"
        tables = [row[0] for row in database.execute(names)]
        for _ in range(rng.randint(1, 4)):
            table = rng.choice(tables)
            columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
            odd = rng.choice([*TEXTS, "{", "null", "[[]]", None, 1e300, b"\xff", -1])
            odd = odd.replace("\ud800", "") if isinstance(odd, str) else odd
            try:
                if rng.random() < 0.15:
                    database.execute(f"ALTER TABLE {table} RENAME TO gone")
                    break
                database.execute(f"UPDATE {table} SET {rng.choice(columns)} = ?", (odd,))
            except sqlite3.Error:
                continue
        database.commit()


_PAGES = ("", "images", "causes", "filters", "classes", "review", "repair", "compare", "try")
_PAGES += ("corruptions", "experiments", "lesson", "blind_test", "attacks", "failures", "map")
_KEYS = ("run", "x", "c", "f", "t", "q", "page", "view", "region", "colour", "saved", "tag", "if")
_KEYS += ("off", "labels", "versus", "across", "down", "true", "predicted", "sort", "at", "with")
_KEYS += ("show", "level", "pattern", "estimator", "cause", "answers", "seed", "sure", "note")


def _link(rng: random.Random) -> str:
    given = []
    for key in rng.sample(_KEYS, rng.randint(0, 4)):
        odd = rng.choice(
            [as_json(value(rng, 1)), str(rng.randrange(12)), rng.choice(TEXTS), "a" * 9000]
        )
        given.append(f"{key}={quote(odd, errors='surrogatepass')}")
    return f"{rng.choice(_PAGES)}?{'&'.join(given)}".rstrip("?")


def _wrong_on(app, link: str) -> list[str]:
    said = [f"Traceback on {link}: {each.value}" for each in app.exception]
    long = [each.value for each in app.error if len(each.value) > 1500]
    return [*said, *(f"long message on {link}: {each[:300]}" for each in long)]


def _pages(links: list[str]) -> Callable[[], list[str]]:
    def visit_all() -> list[str]:
        from tests.support.pages import visit

        app, wrong = None, []
        for link in links:
            app = visit(link, app)
            wrong += _wrong_on(app, link)
        return wrong

    return visit_all


@kind("pages of damaged runs", 4)
def pages_of_damaged_runs(rng: random.Random, world: World, mine: Path) -> Case:
    _damaged_run(rng, world, mine)
    return Case([], _pages([f"{page}?run=m" for page in rng.sample(_PAGES, 2)]))


@kind("addresses", 4)
def addresses(rng: random.Random, world: World, mine: Path) -> Case:
    world.copy_of_run(mine.parent / "runs")
    if rng.random() < 0.2:
        verdicts(rng, mine.parent / "runs")
    return Case([], _pages([_link(rng), _link(rng)]))


@kind("uploads", 3)
def uploads(rng: random.Random, world: World, mine: Path) -> Case:
    world.copy_of_run(mine.parent / "runs")
    content = picture(rng)
    named = rng.choice(["a", *TEXTS]).translate(dict.fromkeys([0, 0xD800])) + rng.choice(
        [".jpg", ".PNG", ".webp"]
    )

    def visit_with_picture() -> list[str]:
        from tests.support.pages import visit

        app = visit("try?run=m")
        app.file_uploader[0].set_value((named, content, "image/jpeg")).run()
        return _wrong_on(app, f"an upload of {len(content)} bytes")

    return Case([], visit_with_picture)


_OPTIONS: dict[str, list[str]] = {}
_SAFE = ("run", "evaluate", "report", "repair", "suspects", "maps", "synonyms", "train", "export",
         "robustness")  # fmt: skip


def _options(command: str) -> list[str]:
    if command not in _OPTIONS:
        import contextlib
        import io

        from fieldmarks.__main__ import main

        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
            main([command, "--help"])
        found = sorted(set(re.findall(r"--[a-z][a-z-]+", said.getvalue())))
        kept = {"--help", "--overwrite", "--open", "--compile", "--runs", "--data", "--name"}
        _OPTIONS[command] = [option for option in found if option not in kept]
    return _OPTIONS[command]


@kind("arguments", 6)
def arguments(rng: random.Random, world: World, mine: Path) -> Case:
    world.copy_of_run(mine.parent / "runs")
    data = world.data(mine)
    shutil.copy(world.network, mine / "net.py")
    odd_file(rng, mine / "odd")
    command = rng.choice(_SAFE)
    given: list[str] = []
    paths = [str(mine / each) for each in ("odd", "net.py", "data", "data/boot/0.jpg", "none/x")]
    for option in rng.sample(_options(command), min(rng.randint(1, 3), len(_options(command)))):
        odd = rng.choice([*paths, *TEXTS, *map(str, NUMBERS[:10]), "auto", "all", "1e-9"])
        given += [option] if rng.random() < 0.15 else [option, _argument(odd)]
    if command == "run":
        argv = world.run(["--data", str(data)], runs=mine.parent / "runs").argv
        return Case([*argv, *given])
    if command == "train":
        words = "train --epochs 1 --device cpu --input-size 32 --arch resnet18".split()
        return Case([*words, "--data", str(data), "--out", str(mine.parent / "new.pth"), *given])
    named = rng.choice(["m", "m", "m", _argument(rng.choice([*TEXTS, *paths]))])
    needs = {"report": ["--out", "out.html"], "maps": ["--images", "1"]}.get(command, [])
    return Case([command, named, *needs, "--runs", str(mine.parent / "runs"), *given])


def _argument(text: str) -> str:
    text = text.replace("\0", "").replace("\ud800", "\udcff")
    return "x/" if text in ("/", "~") else text
