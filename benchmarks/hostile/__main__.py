"""Thousands of hostile inputs against the real commands and pages.

    python -m benchmarks.hostile [--n 2000] [--seed 0] [--only KIND ...] [--one I]

Input I of a seed is made from a random generator of its own. The command runs in a child that is
forked from a process in which everything is imported. It is judged by its exit code, by what it
prints, by the seconds of the processor (60) and the memory over what it began with (2 GB) that it
takes, and by whether every file of the user's is as it was. ``--one I ...`` makes these inputs
alone and prints what the command said.
"""

import argparse
import gc
import hashlib
import os
import random
import re
import resource
import shutil
import signal
import stat
import sys
import tempfile
import time
import traceback
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import torch

from benchmarks.hostile.world import KINDS, Case, World, environment

SECONDS, WALL, BYTES = 60, 240, 2 << 30
#: A command without its slowest stage; one of so many inputs has it.
WITH_LIVE = 10
_RAISED, _FINDINGS = 97, 96
_OF_LIBRARY = re.compile(r"^\S*site-packages\S+\.py:\d+: \w*Warning", re.MULTILINE)


class Ended(NamedTuple):
    """How a command ended: its code (None if it was stopped), seconds, bytes, what it said."""

    code: int | None
    seconds: float
    bytes: int
    said: str


def tree(folder: Path) -> dict[str, str]:
    """Return what lies in a folder: kinds, sizes and digests by path, links not followed."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        content = f"{stat.S_IFMT(status.st_mode)} "
        if stat.S_ISREG(status.st_mode) and status.st_size >= 1 << 26:
            content += f"{status.st_size}"
        elif stat.S_ISREG(status.st_mode):
            content += hashlib.sha1(path.read_bytes()).hexdigest()
        elif path.is_symlink():
            content += str(path.readlink())
        found[os.fsencode(path.relative_to(folder)).decode(errors="backslashreplace")] = content
    return found


def done(case: Case, place: Path, is_live: bool) -> Ended:
    """Run a case in a child; stop it where it takes too long or too much."""
    said = place / "said"
    started = time.monotonic()
    pid = os.fork()
    if pid == 0:
        _child(case, place, said, is_live)
    # pages of files count once they are used, so a child has less than its parent
    before = _status(pid)["VmRSS"]
    seconds, peak, is_stopped = 0.0, 0, False
    while (waited := os.waitpid(pid, os.WNOHANG))[0] == 0:
        time.sleep(0.02)
        status = _status(pid)
        seconds, peak = status["seconds"], max(peak, status["VmHWM"])
        late = time.monotonic() - started > WALL
        if not is_stopped and (seconds > SECONDS or late or peak - before > 2 * BYTES):
            os.killpg(pid, signal.SIGKILL)
            is_stopped = True
    code = None if is_stopped else os.waitstatus_to_exitcode(waited[1])
    return Ended(code, seconds, max(peak - before, 0), said.read_text(errors="backslashreplace"))


def _status(pid: int) -> dict[str, float]:
    """Return the memory and the seconds of a process, 0 where it has just ended."""
    found: dict[str, float] = {"VmRSS": 0, "VmHWM": 0, "seconds": 0}
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            key, _, rest = line.partition(":")
            if key in found:
                found[key] = int(rest.split()[0]) << 10
        spent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        found["seconds"] = (int(spent[11]) + int(spent[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, IndexError):
        pass
    return found


def _child(case: Case, place: Path, said: Path, is_live: bool) -> None:
    """Do what a case says in this process, and end it."""
    from fieldmarks.__main__ import main
    from tests.support.tiny_birds import without

    os.setsid()
    output = os.open(said, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 31, 1 << 31))
    os.chdir(place / "cwd")
    environment(place)
    code = _RAISED
    try:
        if case.visit is not None:
            wrong = case.visit()
            print("\n".join(wrong))
            code = _FINDINGS if wrong else 0
        elif is_live:
            code = main(case.argv)
        else:
            with without("live"):
                code = main(case.argv)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is not None:
            stream.flush()
    os._exit(code)


def findings(case: Case, ended: Ended, before: dict[str, str], after: dict[str, str]) -> list[str]:
    """Return what is wrong, a line each, the kind of finding first."""
    wrong = [
        f"data loss: {name} {'is gone' if name not in after else 'changed'}"
        for name in before
        if after.get(name) != before[name]
    ]
    said = ended.said.strip()
    last = said.splitlines()[-1][:300] if said else ""
    if ended.bytes > BYTES:
        wrong.append(f"memory: {ended.bytes / 2**30:.1f} GB")
    elif ended.code is None:
        wrong.append(f"hang: {ended.seconds:.0f} s of the processor")
    elif ended.code < 0 or ended.code not in (0, 1, 2, _FINDINGS, _RAISED):
        wrong.append(f"ended by {ended.code}: {last}")
    if ended.code == _RAISED or "Traceback (most" in said or ended.code == _FINDINGS:
        wrong.append(f"traceback: {last}")
    if case.argv and ended.code == 1:
        message = said.rpartition("error: ")[2] if "error: " in said else ""
        if (
            "written in this locale" in message
            or not message
            or message.count("\n") > 2
            or len(message) > 1200
        ):
            wrong.append(f"message: {message[:200] or said[-200:] or 'nothing is said'!r}")
    if case.argv and ended.code == 0 and case.argv[0] == "run" and "m'" not in said:
        wrong.append(f"message: it ends well and says nothing: {said[-200:]!r}")
    if _OF_LIBRARY.search(said):
        wrong.append(f"warning: {_OF_LIBRARY.search(said)[0][-150:]}")
    if any(name.endswith("mark") for name in set(after) - set(before)):
        wrong.append("code of a file ran")
    return wrong


def made(kind: str, seed: str, world: World, place: Path) -> tuple[Case, random.Random]:
    """Make an input in a folder; where a value cannot be written, another one."""
    while True:
        rng = random.Random(seed)
        shutil.rmtree(place, ignore_errors=True)
        (place / "cwd").mkdir(parents=True)
        (place / "mine").mkdir()
        try:
            return KINDS[kind][0](rng, world, place / "mine"), rng
        except Exception:
            seed += " again"


def main() -> None:
    """Make inputs, judge what becomes of them, and print a table by kind."""
    for part in ("data", "networks", "runs"):
        import_module(f"benchmarks.hostile.{part}")
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--n", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", choices=list(KINDS), default=list(KINDS))
    parser.add_argument("--one", type=int, nargs="+", metavar="I")
    parser.add_argument("--log", type=Path, help="a line for each input, with what was said last")
    args = parser.parse_args()
    torch.set_num_threads(1)
    root = Path(tempfile.mkdtemp(prefix="hostile-", dir="/dev/shm"))
    environment(root / "world")
    (root / "world").mkdir()
    world = World(root / "world")
    warm = KINDS["addresses"][0](random.Random(0), world, root / "warm" / "mine").visit
    if warm is not None:
        warm()  # imports the pages
    gc.collect()
    gc.freeze()  # else each child copies what it looks through for garbage
    tables = Counter(), Counter(), Counter(), Counter()
    names = [name for name in args.only for _ in range(KINDS[name][1])]
    slowest = largest = 0.0
    for i in args.one or range(args.n):
        kind, place = names[i * 37 % len(names)], root / str(i)
        case, rng = made(kind, f"{args.seed} {i}", world, place)
        before = tree(place / "mine")
        ended = done(case, place, rng.random() < 1 / WITH_LIVE)
        after = tree(place / "mine")
        wrong = findings(case, ended, before, after)
        counted, refused, bad, seconds = tables
        counted[kind] += 1
        refused[kind] += ended.code in (1, 2)
        bad[kind] += bool(wrong)
        seconds[kind] += ended.seconds
        slowest, largest = max(slowest, ended.seconds), max(largest, ended.bytes)
        for line in wrong:
            print(f"{args.seed}/{i} {kind}: {line}\n    {' '.join(case.argv)[:300]!r}", flush=True)
        if args.log:
            with args.log.open("a") as log:
                last = [line for line in ended.said.splitlines() if line.strip()][-1:]
                figures = f"{ended.seconds:.1f} s {ended.bytes / 2**30:.2f} GB"
                print(f"{args.seed}/{i} {kind}", ended.code, figures, *last, sep=" | ", file=log)
        if args.one:
            print(ended.said)
        shutil.rmtree(place, ignore_errors=True)
    print(f"{'kind':24} inputs refused findings  s each")
    for kind in args.only:
        counts = [table[kind] for table in tables[:3]]
        each = tables[3][kind] / max(counts[0], 1)
        print(f"{kind:24} {counts[0]:6d} {counts[1]:7d} {counts[2]:8d} {each:7.1f}")
    print(f"slowest {slowest:.0f} s, largest {largest / 2**30:.2f} GB more than at the beginning")
    shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
