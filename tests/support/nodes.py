"""Two machines that only a cable joins, made of two network namespaces of this one.

Each has addresses and a loopback interface of its own, as two nodes of a cluster do; the files are
shared, as they are there.
"""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator

ADDRESSES = ("10.77.0.1", "10.77.0.2")


@contextlib.contextmanager
def two_nodes() -> Iterator[list[list[str]]]:
    """Yield for each node the words that a command begins with to run on it."""
    mark = f"{os.getpid() % 100_000}"
    names = [f"fm{mark}n{i}" for i in range(2)]
    cable = [f"fm{mark}v{i}" for i in range(2)]
    try:
        for name in names:
            _ip("netns", "add", name)
        _ip("link", "add", cable[0], "type", "veth", "peer", "name", cable[1])
        for name, end, address in zip(names, cable, ADDRESSES, strict=True):
            _ip("link", "set", end, "netns", name)
            _ip("-n", name, "addr", "add", f"{address}/24", "dev", end)
            _ip("-n", name, "link", "set", end, "up")
            _ip("-n", name, "link", "set", "lo", "up")
        yield [
            ["ip", "netns", "exec", name, "env", f"GLOO_SOCKET_IFNAME={end}"]
            for name, end in zip(names, cable, strict=True)
        ]
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)


def why_no_nodes() -> str:
    """Return why there can be no namespaces here, empty where there can be."""
    if shutil.which("ip") is None:
        return "network namespaces need iproute2"
    if os.geteuid() != 0:
        return "network namespaces need root"
    try:
        with two_nodes():
            return ""
    except subprocess.CalledProcessError as error:
        return f"network namespaces are refused: {error.stderr.strip()}"


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], capture_output=True, text=True, check=True)
