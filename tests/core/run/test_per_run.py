"""What is computed once for a run is kept with the run, and goes with it."""

import gc
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from fieldmarks.core.explanations.explanation import explain
from fieldmarks.core.run.per_run import per_run
from fieldmarks.core.run.reading import read_run
from fieldmarks.core.run.run import Run


def made() -> Run:
    return Run({"estimators": ["a"], "default_estimator": "a"}, {}, {})


def test_a_result_is_computed_once_for_each_run_and_each_argument():
    calls = []

    @per_run
    def asked(run, t, n=1):
        calls.append((run, t, n))
        return [t, n]

    one, other = made(), made()
    assert asked(one, 3) is asked(one, 3)
    assert asked(one, 3) is not asked(one, 4)
    assert asked(one, 3) is not asked(one, 3, n=2)
    assert asked(one, 3) is not asked(other, 3)
    assert calls == [(one, 3, 1), (one, 4, 1), (one, 3, 2), (other, 3, 1)]


def test_none_is_a_result():
    calls = []

    @per_run
    def nothing(run):
        calls.append(run)

    run = made()
    assert nothing(run) is nothing(run) is None
    assert calls == [run]


def test_of_a_bounded_number_the_oldest_go():
    calls = []

    @per_run(most=2)
    def asked(run, t):
        calls.append(t)
        return t

    run = made()
    assert [asked(run, t) for t in (0, 1, 1, 2, 0, 2)] == [0, 1, 1, 2, 0, 2]
    assert calls == [0, 1, 2, 0]


def test_threads_that_ask_at_once_get_one_result():
    @per_run(most=3)
    def asked(run, t):
        return object() if t is None else t

    run = made()
    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(lambda _: asked(run, None), range(500)))) == 1
        assert [*pool.map(lambda i: asked(run, i), range(5000))] == [*range(5000)]


def test_a_run_that_was_used_is_freed_when_it_is_let_go(run):
    opened = read_run(run.folder)
    for x in range(4):
        explain(opened, x)
    seen = weakref.ref(opened)
    assert opened.results
    gc.disable()
    try:
        del opened
        assert seen() is None
    finally:
        gc.enable()


def test_a_changed_run_has_results_of_its_own(run):
    @per_run
    def first(run):
        return float(run.array("pooled")[0, 0])

    before = first(run)
    other = run.changed({"pooled": np.full_like(run.array("pooled"), before + 1)})
    assert first(run) == before
    assert first(other) == pytest.approx(before + 1)
