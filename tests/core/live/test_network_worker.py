"""A worker answers pictures, is started again where it ended, and says why it cannot start."""

import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from fieldmarks.core.errors import RunError
from fieldmarks.core.live import network_worker
from fieldmarks.core.live.network_worker import NetworkWorker

ROOT = Path(__file__).resolve().parents[3]
#: Answers with the sum of the pixels; what else it does is in the place of ``{}``.
SCRIPT = """
import sys, os, time
from multiprocessing.connection import Connection
import numpy as np
from fieldmarks.core.head import LocalWeights
from fieldmarks.core.live.network_file import NetworkOutput
from fieldmarks.core.live.network_worker import serve

def network(pixels):
    total = int(pixels.sum())
    if total == 1:
        raise RuntimeError("no room\\nfor this")
    if total == 2:
        os._exit(3)
    if total == 3:
        time.sleep(60)
    local = LocalWeights(np.array([1, 0]), np.ones((2, 4), np.float32)) if total == 4 else None
    return NetworkOutput(np.zeros((4, 2, 2)), np.ones(4), np.array([total, os.getpid()]), local)

{}
with Connection(int(sys.argv[1])) as connection:
    serve(connection, 32, network, idle=float(sys.argv[2]) if len(sys.argv) > 2 else 60)
"""


def command(extra: str = "", idle: float | None = None) -> list[str]:
    """Return what starts the worker of `SCRIPT`; the socket's number comes first there."""
    code = SCRIPT.format(extra)
    if idle is not None:
        code = code.replace("float(sys.argv[2]) if len(sys.argv) > 2 else 60", str(idle))
    return [sys.executable, "-c", code]


def pixels(total: int) -> np.ndarray:
    image = np.zeros((2, 2, 3), np.uint8)
    image[0, 0, 0] = total
    return image


@pytest.fixture
def worker():
    worker = NetworkWorker(command(), ROOT)
    yield worker
    worker.close()


def test_a_worker_says_its_input_size_and_answers(worker):
    assert worker.input_size == 32
    output = worker(pixels(7))
    assert output.logits[0] == 7
    assert output.maps.shape == (4, 2, 2)
    assert output.local is None


def test_weights_of_a_first_order_head_come_with_the_answer(worker):
    local = worker(pixels(4)).local
    assert local is not None
    assert local.classes.tolist() == [1, 0]
    assert local.weights.shape == (2, 4)


def test_a_picture_that_the_network_cannot_take_is_one_line_and_the_worker_lives(worker):
    before = worker(pixels(7)).logits[1]
    with pytest.raises(RunError, match=r"cannot take this picture: no room$"):
        worker(pixels(1))
    assert worker(pixels(7)).logits[1] == before


def test_a_worker_that_ended_because_nobody_asked_is_started_again():
    worker = NetworkWorker(command(idle=0.2), ROOT)
    first = worker(pixels(7)).logits[1]
    assert worker._process is not None
    worker._process.wait(timeout=20)
    assert worker(pixels(8)).logits[0] == 8
    assert worker(pixels(8)).logits[1] != first
    worker.close()


def test_a_worker_that_ends_at_each_question_is_told(worker):
    with pytest.raises(RunError, match="the process that runs the network ended"):
        worker(pixels(2))


def test_a_worker_that_never_answers_is_ended(worker, monkeypatch):
    monkeypatch.setattr(network_worker, "ANSWER", 0.3)
    with pytest.raises(RunError, match="did not answer within"):
        worker(pixels(3))
    monkeypatch.undo()
    assert worker(pixels(7)).logits[0] == 7


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ("print('loading'); sys.exit('error: expected a checkpoint at a.pth')", "expected a check"),
        ("import no_such_package", "No module named 'no_such_package'"),
        ("os._exit(1)", "it said nothing"),
    ],
)
def test_a_worker_that_does_not_start_says_why_in_one_line(extra, message, monkeypatch):
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    with pytest.raises(RunError) as error:
        NetworkWorker(command(extra), ROOT)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_worker_that_hangs_at_its_start_is_ended(monkeypatch):
    monkeypatch.setattr(network_worker, "START", 0.5)
    with pytest.raises(RunError, match="did not start within"):
        NetworkWorker(command("time.sleep(60)"), ROOT)


def test_a_worker_ends_with_the_process_that_started_it(worker):
    process = worker._process
    assert process is not None
    assert worker._connection is not None
    worker._connection.close()
    assert process.wait(timeout=20) == 0


def test_several_threads_get_their_own_answers(worker):
    answers = {}

    def ask(total: int) -> None:
        answers[total] = int(worker(pixels(total)).logits[0])

    threads = [threading.Thread(target=ask, args=(total,)) for total in range(5, 25)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert answers == {total: total for total in range(5, 25)}
    assert time.perf_counter() - start < 20
