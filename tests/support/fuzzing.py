"""Inputs that nobody thought of, by Hypothesis: mutations of what a reader understands.

Each fuzzer tries ``FIELDMARKS_FUZZ`` inputs, few by default so that they run with all tests; by
hand ``FIELDMARKS_FUZZ=20000 python -m pytest tests/precompute/data/test_fuzz_readers.py``
takes an hour, with another seed each time.
"""

import os
import time
from collections.abc import Callable

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from fieldmarks.core.errors import FieldmarksError

#: Inputs of each fuzzer.
N = int(os.environ.get("FIELDMARKS_FUZZ", "40"))
#: Seconds of the processor that a reader may take for a small file, whatever is in it.
LONGEST = 1.0

fuzz = settings(
    max_examples=N,
    derandomize="FIELDMARKS_FUZZ" not in os.environ,
    database=None,
    deadline=None,  # a wait for other tests is not a fault of the reader
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)

texts = st.one_of(
    st.text(max_size=12),
    st.text(st.characters(categories=["Cs", "Cc", "So", "Nd"]), max_size=6),
    st.sampled_from(["train", "test", "0.jpg", "../x", "/", "a cap", "nan", "1,2,3,4", "0", ""]),
)
numbers = st.one_of(
    st.integers(-3, 600),
    st.integers(min_value=-(10**400), max_value=10**400),
    st.floats(),
    st.booleans(),
)
plain = st.one_of(st.none(), numbers, texts)
values = st.recursive(
    plain,
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.dictionaries(texts, inner, max_size=4),
        inner.map(lambda value: _deep(value, 90)),
    ),
    max_leaves=6,
)


def outcome(read: Callable[[], object]) -> object:
    """Return what a reader returns, None where it refuses in one line; all else is a fault."""
    result, message, taken = _timed(read)
    assert "\n" not in message, "a message is one line"
    assert len(message) < 1200, "a message shows no content at length"
    if taken >= LONGEST:  # the first time may have imported, or collected the garbage of others
        taken = min(taken, _timed(read)[2])
    assert taken < LONGEST, f"it took {taken:.1f} s"
    return result


def _timed(read: Callable[[], object]) -> tuple[object, str, float]:
    """Return the result, the message, and seconds of the processor."""
    start, result, message = time.process_time(), None, ""
    try:
        result = read()
    except FieldmarksError as error:
        message = str(error)
    return result, message, time.process_time() - start


@st.composite
def mutated(draw, document, others=values):
    """Draw a document (dicts, lists, plain values) with up to three of its values exchanged."""
    for _ in range(draw(st.integers(1, 3))):
        document = _exchanged(draw, document, others)
    return document


def _exchanged(draw, node, others):
    if isinstance(node, dict) and node and draw(st.integers(0, 5)):
        key = draw(st.sampled_from(sorted(node)))
        if not draw(st.integers(0, 6)):
            return {k: v for k, v in node.items() if k != key}
        return {**node, key: _exchanged(draw, node[key], others)}
    if isinstance(node, list) and node and draw(st.integers(0, 5)):
        i = draw(st.integers(0, len(node) - 1))
        return [*node[:i], _exchanged(draw, node[i], others), *node[i + 1 :]]
    return draw(others)


@st.composite
def damaged(draw, content: bytes):
    """Draw bytes with some of them exchanged, left out or put in, or cut off."""
    data = bytearray(content)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        data[at : at + draw(st.integers(0, 4))] = draw(st.binary(max_size=4))
    return bytes(data[: draw(st.sampled_from([len(data), len(data), len(data) // 2, 3]))])


def _deep(value, depth: int):
    for _ in range(depth):
        value = [value]
    return value
