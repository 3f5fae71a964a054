"""The network of a run in a process of its own, for networks that no file holds.

The page process never imports torch. If a network cannot be exported, a worker is started when a
user tries a picture: it holds the network, takes pixels over a socket pair that only the two
processes have, and ends after some minutes without a request, or with the page process.
"""

import io
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from fieldmarks.core.errors import FieldmarksError, RunError, one_line
from fieldmarks.core.head import LocalWeights
from fieldmarks.core.live.network_file import NetworkOutput
from fieldmarks.core.pictures.crop import Size, stated_size

#: Seconds without a question after which a worker ends.
IDLE = 300.0
#: Seconds that a worker may take to start, and to answer.
START, ANSWER = 180.0, 60.0
#: Largest message, bytes: maps of a large network are some megabytes.
_LARGEST = 1 << 28


def serve(
    connection: Connection,
    input_size: Size,
    network: Callable[[np.ndarray], NetworkOutput],
    idle: float = IDLE,
) -> None:
    """Answer pictures until nobody asks any more; runs in the worker.

    Parameters
    ----------
    connection : Connection
        To the page process.
    input_size : Size
        Of the input in pixels.
    network : callable
        Maps pixels (H, W, 3) of bytes to the network's outputs.
    idle : float
        Seconds to wait for a question.
    """
    connection.send_bytes(_packed(input_size=np.array(input_size)))
    while connection.poll(idle):
        try:
            pixels = _unpacked(connection.recv_bytes(_LARGEST))["pixels"]
        except EOFError:
            return
        try:
            output = network(pixels)
        except (FieldmarksError, RuntimeError, MemoryError) as error:
            connection.send_bytes(_packed(error=np.array(one_line(error))))
            continue
        arrays = {"maps": output.maps, "pooled": output.pooled, "logits": output.logits}
        if output.moments is not None:
            arrays["moments"] = output.moments
        if output.local is not None:
            arrays |= {"local_c": output.local.classes, "local_weights": output.local.weights}
        connection.send_bytes(_packed(**arrays))


class NetworkWorker:
    """A worker that is started when it is needed, and again where it ended meanwhile.

    Safe to call from several threads: they wait for each other.

    Parameters
    ----------
    command : sequence of str
        Starts the worker; the number of its end of the socket pair is added.
    folder : Path
        Where it is started.

    Attributes
    ----------
    input_size : Size
        Of the input in pixels.

    Raises
    ------
    RunError
        If the worker does not start, with what it said.
    """

    _process: subprocess.Popen | None = None
    _connection: Connection | None = None

    def __init__(self, command: Sequence[str], folder: Path):
        self._command, self._folder = list(command), folder
        self._lock = threading.Lock()
        self.input_size: Size = self._start()

    def __call__(self, pixels: np.ndarray) -> NetworkOutput:
        """Run one picture.

        Parameters
        ----------
        pixels : ndarray of shape (H, W, 3), uint8
            RGB, see `core.pictures.crop.cut_out`.

        Raises
        ------
        RunError
            If the worker does not answer, or says why it cannot.
        """
        question = _packed(pixels=np.ascontiguousarray(pixels, np.uint8))
        with self._lock:
            reply = self._ask(question)
            if reply is None:  # it ended since it was asked last
                self._start()
                reply = self._ask(question)
        if reply is None:
            raise RunError("the process that runs the network ended: try again")
        if "error" in reply:
            raise RunError(f"the network cannot take this picture: {reply['error']}")
        local = None
        if "local_c" in reply:
            local = LocalWeights(reply["local_c"], reply["local_weights"])
        return NetworkOutput(
            reply["maps"], reply["pooled"], reply["logits"], local, reply.get("moments")
        )

    def close(self) -> None:
        """End the worker."""
        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._connection = self._process = None

    def __del__(self):
        self.close()

    def _ask(self, question: bytes) -> dict[str, np.ndarray] | None:
        """Return the answer, None where the worker is gone."""
        if self._connection is None:
            return None
        try:
            self._connection.send_bytes(question)
            if not self._connection.poll(ANSWER):
                self.close()
                raise RunError(f"the worker did not answer within {ANSWER:.0f} s: try again")
            return _unpacked(self._connection.recv_bytes(_LARGEST))
        except (EOFError, OSError):
            return None

    def _start(self) -> Size:
        """Start the worker and return the input size that it says."""
        self.close()
        ours, theirs = socket.socketpair()
        with ours, theirs, tempfile.TemporaryFile() as said:
            self._process = subprocess.Popen(
                [*self._command, str(theirs.fileno())],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                pass_fds=[theirs.fileno()],
                # its last words are the last line only where none waits in a buffer
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
            theirs.close()  # so that the end of the worker is the end of the connection
            self._connection = Connection(os.dup(ours.fileno()))
            try:
                if not self._connection.poll(START):
                    raise RunError(f"the worker did not start within {START:.0f} s: try again")
                first = _unpacked(self._connection.recv_bytes(_LARGEST))
                return stated_size(first["input_size"].tolist())
            except (EOFError, OSError):
                self._process.wait()
                said.seek(0)
                lines = said.read().decode(errors="replace").strip().splitlines()
                reason = lines[-1].removeprefix("error: ") if lines else "it said nothing"
            finally:
                if sys.exc_info()[0] is not None:
                    self.close()
        self.close()
        raise RunError(f"the network cannot run in a separate process: {reason}")


def _packed(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def _unpacked(message: bytes) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(message), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}
