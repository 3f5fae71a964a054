"""Odd values, and documents, bytes and files of which some part is exchanged."""

import json
import os
import random
import socket
from pathlib import Path
from typing import Any

#: What stands where a name or a sentence is expected.
TEXTS = (
    *("", " ", ".", "..", "../x", "/", "~", "-", "--", "%00", "nan", "None", "null", "0", "-1"),
    *(
        "1e999",
        "1,2,3,4",
        "a|b",
        "train",
        "test",
        "val",
        "0.jpg",
        "a\tb",
        "a\nb",
        "a\0b",
        "\ufeffa",
    ),
    *(
        "ünï",
        "日本語",
        "\u202eabc",
        "e\u0301",
        "\ud800",
        "👩‍👩‍👧",
        "<script>x</script>",
        "**b** $x$ `c`",
    ),
    *("=1+1", "'; DROP TABLE x; --", "CON", "a" * 300, "not a wing", "without wings, nor a bill"),
)
NUMBERS = (
    *(0, -1, 1, 3, 255, 2**31, 2**63, 10**400, -(10**30), 0.5, -0.0, 1e308, 1e-320),
    *(float("nan"), float("inf"), float("-inf"), True, False),
)


def value(rng: random.Random, depth: int = 2) -> Any:
    """Return a plain value, a list or a dict."""
    kind = rng.randrange(8 if depth else 5)
    if kind < 2:
        return rng.choice(TEXTS)
    if kind < 4:
        return rng.choice(NUMBERS)
    if kind == 4:
        return None
    if kind == 5:
        return [value(rng, depth - 1) for _ in range(rng.randrange(4))]
    if kind == 6:
        return {rng.choice(TEXTS): value(rng, depth - 1) for _ in range(rng.randrange(4))}
    deep: Any = value(rng, 0)
    for _ in range(rng.choice([3, 90, 2000])):
        deep = [deep]
    return deep


def mutated(rng: random.Random, document: Any, times: int | None = None) -> Any:
    """Return a document (dicts, lists, plain values) with some of its values exchanged."""
    for _ in range(rng.randint(1, 4) if times is None else times):
        document = _exchanged(rng, document)
    return document


def _exchanged(rng: random.Random, node: Any) -> Any:
    if isinstance(node, dict) and node and rng.random() < 0.85:
        key = rng.choice(list(node))
        if rng.random() < 0.15:
            return {k: v for k, v in node.items() if k != key}
        if rng.random() < 0.1:
            return {**node, rng.choice(TEXTS): node[key]}
        return {**node, key: _exchanged(rng, node[key])}
    if isinstance(node, list) and node and rng.random() < 0.85:
        i = rng.randrange(len(node))
        if rng.random() < 0.1:
            return [*node[:i], *node[i:], *node[: rng.randrange(3)]]
        return [*node[:i], _exchanged(rng, node[i]), *node[i + 1 :]]
    return value(rng)


def damaged(rng: random.Random, data: bytes) -> bytes:
    """Return bytes with some exchanged, left out or put in, or cut off."""
    changed = bytearray(data)
    for _ in range(rng.choice([1, 1, 3, 30])):
        at = rng.randrange(len(changed) + 1)
        changed[at : at + rng.choice([0, 1, 4, 200])] = rng.randbytes(rng.choice([0, 1, 4, 9]))
    share = rng.choice([1, 1, 1, 0.5, 0.99, rng.random()])
    return bytes(changed[: int(share * len(changed))])


def text_bytes(rng: random.Random, text: str) -> bytes:
    """Return a text as some editor on some system writes it."""
    text = rng.choice([text, text, text.replace("\n", "\r\n"), text.replace("\n", "\r")])
    names = ("utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252", "utf-7")
    data = text.encode(rng.choice(names), errors="backslashreplace")
    return damaged(rng, data) if rng.random() < 0.15 else data


def as_json(document: Any) -> str:
    """Return JSON, where it can be written; what cannot is written as a text."""
    try:
        return json.dumps(document, default=str)
    except (RecursionError, ValueError):
        return "[" * 3000 + "]" * 3000


#: What else than a file may lie at a path.
ODD_FILES = (
    *("pipe", "socket", "folder", "sparse", "loop", "dangling", "zero", "null", "empty", "above"),
    *("random", "json", "text"),
)


def odd_file(rng: random.Random, path: Path) -> str:
    """Put something at a path that is no file as expected; return what."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    kind = rng.choice(ODD_FILES)
    links = {
        "loop": path.name,
        "dangling": "nowhere",
        "zero": "/dev/zero",
        "null": "/dev/null",
        "above": "..",
    }
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        here = Path.cwd()
        os.chdir(path.parent)  # the path of a socket may have 107 bytes
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name[:90])
        os.chdir(here)
    elif kind == "folder":
        path.mkdir()
    elif kind == "sparse":
        with path.open("wb") as file:
            file.truncate(rng.choice([3, 200]) << 30)
    elif kind in links:
        path.symlink_to(links[kind])
    else:
        content = {"empty": b"", "random": rng.randbytes(4096), "json": b'{"a": [1, null]}'}
        path.write_bytes(content.get(kind, b"no such thing\n" * 40))
    return kind
