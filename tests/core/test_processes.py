"""One process alone, and several that divide what an estimator computes."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Barrier

import numpy as np
import pytest

from fieldmarks.core.estimators import divides, words
from fieldmarks.core.estimators.significance import null_of
from fieldmarks.core.processes import ONE_PROCESS, Processes
from tests.support.planted_inputs import planted_inputs


def test_a_process_alone_has_all_and_sums_to_what_it_has():
    assert ONE_PROCESS.is_first
    assert ONE_PROCESS.share([1, 2, 3]) == [1, 2, 3]
    assert ONE_PROCESS.gather("a") == ["a"]
    assert ONE_PROCESS.total(np.array([1, 2])).tolist() == [1, 2]
    assert list(ONE_PROCESS.in_order(lambda i: i * i, 4)) == [0, 1, 4, 9]


def test_several_processes_share_all_and_share_once():
    items = list(range(11))
    shares = [Processes(rank, 3).share(items) for rank in range(3)]
    assert sorted(x for share in shares for x in share) == items
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
    assert [Processes(rank, 3).is_first for rank in range(3)] == [True, False, False]


@dataclass
class Meeting:
    """Where threads that play processes exchange what each has."""

    size: int
    values: dict[int, object] = field(default_factory=dict)

    def __post_init__(self):
        self.barrier = Barrier(self.size, timeout=60)

    def exchange(self, rank: int, value: object) -> list:
        self.values[rank] = value
        self.barrier.wait()
        values = [self.values[i] for i in range(self.size)]
        self.barrier.wait()
        return values


@dataclass(frozen=True)
class Thread(Processes):
    """A thread that plays one of several processes."""

    meeting: Meeting | None = None

    def total(self, values):
        return sum(self.gather(values))

    def gather(self, value):
        return self.meeting.exchange(self.rank, value)

    def in_order(self, function, n):
        for start in range(0, n, self.size):
            at = start + self.rank
            yield from self.gather(function(at) if at < n else None)[: n - start]


def together(size: int, work: Callable[[Processes], object]) -> list:
    """Return what each of several processes computes."""
    meeting = Meeting(size)
    with ThreadPoolExecutor(size) as pool:
        return list(pool.map(work, [Thread(rank, size, meeting) for rank in range(size)]))


@pytest.mark.parametrize("size", [2, 3, 7])
def test_any_number_of_processes_estimate_what_one_does_bit_for_bit(size):
    inputs = planted_inputs()
    assert divides("mixture")
    assert divides("places")
    alone = words("mixture", inputs)
    for result in together(size, lambda ps: words("mixture", replace(inputs, processes=ps))):
        assert np.array_equal(result, alone)


@pytest.mark.parametrize("size", [2, 3])
def test_any_number_of_processes_find_the_null_of_one_and_each_permutation_once(size):
    inputs = planted_inputs()
    looks = [[] for _ in range(size)]

    def null(processes: Processes):
        look = partial(_note, looks[processes.rank])
        return null_of("mixture", replace(inputs, processes=processes), n_shuffles=5, look=look)

    once = []
    alone = null_of("mixture", inputs, n_shuffles=5, look=partial(_note, once))
    for result in together(size, null):
        assert np.array_equal(result.mean, alone.mean)
        assert np.array_equal(result.spread, alone.spread)
        assert np.array_equal(result.counts, alone.counts)
    assert sorted(each for of_process in looks for each in of_process) == sorted(once)


def _note(noted: list, i: int, p_t_given_f: np.ndarray) -> None:
    noted.append((i, float(p_t_given_f[0, 0])))
