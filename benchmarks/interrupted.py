"""Commands that are killed, or whose disk is full, at random moments: is anything lost?

    python -m benchmarks.interrupted [--kills 60] [--full-disks 40] [--seed 0]

A tiny data set, its checkpoint, a person's files in and beside the run's folder, and a database
of verdicts lie on a file system in memory. ``run``, ``evaluate``, ``repair``, ``train`` and
``report`` run in processes of their own, which end by SIGKILL, by SIGTERM, or for want of space.
After each one, every file that the command does not replace has its earlier bytes, a run that
could be opened opens, and the verdict is there. At the end the same commands, not interrupted,
give the run of an undisturbed folder.

Mounting the file system needs root.
"""

import argparse
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

from fieldmarks.core.review.database import database_url
from fieldmarks.core.review.verdicts import Verdict, Verdicts
from fieldmarks.core.run.reading import open_run
from fieldmarks.precompute.resume.lock import locked

SIZE = 192 << 20  #: bytes of the file system
RUN = "tiny"


def commands(folder: Path) -> dict[str, tuple[str, str]]:
    """Return the arguments of each command and the file that it may replace."""
    runs = f"--runs {folder}/runs"
    out = f"--overwrite --out {folder}"
    return {
        "run": ("", ""),
        "run, other settings": ("", ""),
        "evaluate": (f"evaluate {RUN} {runs}", ""),
        "repair": (
            f"repair {RUN} {runs} --balance-classes --hard 2 {out}/fixed.pth --run-name fixed",
            "fixed.pth",
        ),
        "train": (
            (
                f"train --cub {folder}/CUB_200_2011 --arch {RUN} --epochs 2 --input-size 32 "
                f"--device cpu {out}/trained.pth"
            ),
            "trained.pth",
        ),
        "report": (f"report {RUN} {runs} --show all {out}/report.html", "report.html"),
    }


def do(folder: Path, command: str, ended: str) -> None:
    """Do one command in this process; write its exit code and what it printed to a file."""
    from fieldmarks.__main__ import main
    from tests.support.tiny_birds import run_tiny

    with Path(ended).open("w") as said, redirect_stdout(said), redirect_stderr(said):
        if command.startswith("run"):
            way = {} if command == "run" else {"thumb_size": 20, "estimators": ("literal",)}
            try:
                run_tiny(folder, folder / "runs", is_scored=True, **way)
            except (OSError, KeyboardInterrupt) as error:  # as `main` reports them
                sys.exit(f"error: {error!r}")
        else:
            raise SystemExit(main(commands(folder)[command][0].split()))


def protected(folder: Path, command: str) -> dict[str, bytes]:
    """Return every file that the command must leave as it is."""
    replaced = commands(folder)[command][1]
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != replaced and not _is_ours(path.relative_to(folder))
    }


def _is_ours(path: Path) -> bool:
    """Whether a path lies in a run or is one that the tool works in."""
    in_run = path.parts[0] == "runs" and "notes" not in path.name
    return in_run or path.name.endswith((".writing", ".partial")) or "verdicts" in path.name


@contextmanager
def file_system() -> Iterator[Path]:
    """Mount an empty one in memory."""
    folder = Path(tempfile.mkdtemp(prefix="fieldmarks-"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
        folder.rmdir()


def ballast(folder: Path, left: int) -> Path:
    """Write a file that leaves so many bytes."""
    path = folder / "ballast"
    stat = os.statvfs(folder)
    free = stat.f_bavail * stat.f_frsize
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(free - left, 1))
    return path


def what_is_wrong(
    folder: Path, before: dict[str, bytes], command: str, opened: set[str]
) -> list[str]:
    """Return what was lost, a line each."""
    after = protected(folder, command)
    lost = [
        f"{name}: {'gone' if name not in after else 'changed'}"
        for name in before
        if after.get(name) != before[name]
    ]
    for name in opened:
        with locked(folder / "runs", name, is_new=True):  # an interrupted swap is finished
            pass
        try:
            open_run(name, folder / "runs")
        except Exception as error:
            lost.append(f"run {name} no longer opens: {error}")
    notes = [v.note for v in verdicts(folder).history(RUN, "bird.jpg")]
    return lost if notes == ["mine"] else [*lost, f"verdicts: {notes}"]


def verdicts(folder: Path) -> Verdicts:
    """Return the database beside the runs."""
    return Verdicts(database_url(runs=folder / "runs"))


def main() -> None:
    """Interrupt commands and print what was lost."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=60, metavar="N")
    parser.add_argument("--full-disks", type=int, default=40, metavar="N")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    from tests.support.tiny_birds import write_tiny_birds

    rng = random.Random(args.seed)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["tests.support.tiny_birds", "fieldmarks.__main__", "fieldmarks.precompute.training.train"]
    )
    counts, lost, messages = Counter(), [], Counter()
    with file_system() as folder, tempfile.NamedTemporaryFile("r") as ended:
        write_tiny_birds(folder)
        (folder / "photo.png").write_bytes(b"mine")
        (folder / "runs").mkdir()
        (folder / "runs" / "my notes.txt").write_bytes(b"mine")
        print("times, s:", end=" ", flush=True)
        whole = {}
        for command in commands(folder):
            started = time.monotonic()
            process = context.Process(target=do, args=(folder, command, ended.name))
            process.start()
            process.join()
            whole[command] = time.monotonic() - started
            print(f"{command} {whole[command]:.1f}", end="  ", flush=True)
            if process.exitcode:
                sys.exit(f"\n{command} fails undisturbed: {Path(ended.name).read_text()}")
        print()
        (folder / "runs" / RUN / "notes.txt").write_bytes(b"mine")
        verdicts(folder).save(Verdict(RUN, "bird.jpg", note="mine"))
        opened = {RUN, "fixed"}
        todo = ["kill"] * args.kills + ["full disk"] * args.full_disks
        rng.shuffle(todo)
        for i, event in enumerate(todo):
            command = rng.choice(list(whole))
            if rng.random() < 0.5:  # something to do: the run is computed again from its beginning
                os.utime(folder / "tiny.pth")
            if command == "repair":
                opened -= {"fixed"}
                shutil.rmtree(folder / "runs" / "fixed", ignore_errors=True)
            before = protected(folder, command)
            weight = (
                ballast(folder, rng.randrange(0, 1 << rng.randrange(10, 23)))
                if event == "full disk"
                else None
            )
            process = context.Process(target=do, args=(folder, command, ended.name))
            process.start()
            if event == "kill":
                process.join(rng.uniform(0, whole[command]))
                if process.is_alive():
                    os.kill(
                        process.pid or 0,
                        rng.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM]),
                    )
                    counts["killed"] += 1
            process.join(120)
            if process.is_alive():
                lost.append(f"{event} {i} {command}: hangs")
                process.kill()
                process.join()
            if weight:
                weight.unlink()
                counts["disk was full"] += process.exitcode != 0
            said = Path(ended.name).read_text()
            if "Traceback" in said:
                lost.append(f"{event} {i} {command}: {said.splitlines()[-1]}")
            if process.exitcode == 1:
                messages[
                    said.strip().splitlines()[-1][:100] if said.strip() else "(nothing printed)"
                ] += 1
            lost += [
                f"{event} {i} {command}: {line}"
                for line in what_is_wrong(folder, before, command, opened)
            ]
            counts[event] += 1
        print(dict(counts))
        for message, n in messages.most_common():
            print(f"{n:4d}  {message}")
        from tests.support.tiny_birds import content, run_tiny

        shutil.rmtree(folder / "undisturbed", ignore_errors=True)
        for runs in ("undisturbed", "runs"):
            run_tiny(folder, folder / runs, is_scored=True)
        ours, theirs = (content(folder / runs / RUN) for runs in ("runs", "undisturbed"))
        differ = [name for name in theirs if ours.get(name) != theirs[name]]
        if differ:
            lost.append(f"the run differs: {differ}")
    print(f"lost or wrong: {len(lost)}")
    print("\n".join(lost))
    sys.exit(bool(lost))


if __name__ == "__main__":
    main()
