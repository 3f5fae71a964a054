"""A PostgreSQL server of its own for tests, from the system's package, gone afterwards."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

USER, PASSWORD = "ana", "quite secret"


def find_binaries() -> Path | None:
    """Return the folder of ``initdb`` and ``pg_ctl``; Debian keeps them off the path."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return installed[-1].parent if installed else None


@contextlib.contextmanager
def serve() -> Iterator[str]:
    """Start a server on a free port of this machine and yield its URL; passwords are asked for."""
    binaries = find_binaries()
    if binaries is None:
        raise RuntimeError("there is no PostgreSQL: apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="fieldmarks-postgres-"))
    # PostgreSQL does not run as root
    other = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
    try:
        secret = folder / "password"
        secret.write_text(PASSWORD)
        if other:
            for path in (folder, secret):
                shutil.chown(path, **other)
        data = folder / "data"
        ask = ["--auth=scram-sha-256", f"--username={USER}", f"--pwfile={secret}"]
        _run([binaries / "initdb", "-D", data, "--no-sync", "--encoding=UTF8", *ask], other)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        options = f"-p {port} -h 127.0.0.1 -k {folder} -c fsync=off"
        control = [binaries / "pg_ctl", "-D", data, "-w", "-t", "120"]
        _run([*control, "-l", folder / "log", "-o", options, "start"], other)
        try:
            yield f"postgresql://{USER}:{PASSWORD.replace(' ', '%20')}@127.0.0.1:{port}/postgres"
        finally:
            _run([*control, "-m", "immediate", "stop"], other)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(command: list, other: dict) -> None:
    # not through pipes: the server would keep them open
    with tempfile.TemporaryFile() as said:
        done = subprocess.run(command, stdout=said, stderr=said, cwd="/", check=False, **other)
        if done.returncode:
            said.seek(0)
            raise RuntimeError(said.read().decode())
